import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectEngine, type Engine } from '../../src/docker/engine.ts';
import {
  engineVersion,
  inspectContainer,
  inspectImage,
  listContainers,
  listImages,
} from '../../src/docker/facts.ts';
import { makeTree, removeTree } from '../support/tree.ts';
import { answering, httpEngine } from './fake-engine.ts';

const id = 'c'.repeat(64);
const engine = async (answers: { readonly [path: string]: unknown }) =>
  connectEngine(await answering(answers));

/** Says what it was asked. */
function listening(answer: unknown): { engine: Engine; asked: string[] } {
  const asked: string[] = [];
  const get = async (path: string) => {
    asked.push(decodeURIComponent(path));
    return answer;
  };
  return { asked, engine: { socketPath: '/x', get } };
}

describe('listContainers', () => {
  test('as data', async () => {
    const entry = {
      Id: id,
      Names: ['/alice_1', '/x/y'],
      Image: 'debian',
      State: 'running',
      Created: 7,
      Labels: { a: 'b', c: 1 },
    };
    const answer = await listContainers(await engine({ '/containers/json': [entry] }), {});
    expect(answer).toEqual([
      { id, names: ['alice_1', 'x/y'], image: 'debian', state: 'running', created: 7, labels: { a: 'b' } },
    ]);
  });
  test('what is missing is empty, and no label comes out of nowhere', async () => {
    const [container] = await listContainers(
      await engine({ '/containers/json': [{ Id: id, Labels: null }] }),
      {},
    );
    expect(container).toEqual({ id, names: [], image: '', state: '', created: 0, labels: {} });
  });
  test('in every state, by these filters', async () => {
    const { engine: listener, asked } = listening([]);
    await listContainers(listener, { label: ['a=b'] });
    expect(asked).toEqual(['/containers/json?all=1&filters={"label":["a=b"]}']);
  });
  // An empty list would undo limits, and make everybody's ownership be forgotten.
  test.each([[undefined], [null], [{}], ['[]'], [[{}]], [[{ Id: 'short' }]], [[null]]])(
    'an answer of %j is none',
    async (answer) => {
      await expect(listContainers(listening(answer).engine, {})).rejects.toThrow('unavailable');
    },
  );
});

describe('inspectContainer', () => {
  const raw = { Id: id, Name: '/alice_1', Config: { Labels: { a: 'b' } }, State: { Status: 'exited' } };
  test('as data', async () => {
    expect(await inspectContainer(await engine({ '/containers/alice_1/json': raw }), 'alice_1')).toEqual({
      id,
      name: 'alice_1',
      labels: { a: 'b' },
      state: 'exited',
      raw,
    });
  });
  test('what is not there', async () => {
    expect(await inspectContainer(await engine({}), 'alice_1')).toBeUndefined();
  });
  test('an answer without a full id', async () => {
    const { engine: short } = listening({ ...raw, Id: id.slice(1) });
    expect(await inspectContainer(short, 'alice_1')).toBeUndefined();
  });
  test.each(['', '.', '..', '../images', 'a/b', 'a?x', 'a#x', 'a%2f', '-a', '_a', 'a b', 'a\n', 'é', '/a'])(
    '%j is not even asked for',
    async (name) => {
      const { engine: listener, asked } = listening(raw);
      expect(await inspectContainer(listener, name)).toBeUndefined();
      expect(asked).toEqual([]);
    },
  );
  test.each(['a', 'a..', 'json', id, 'A_b.c-d'])('%s is', async (name) => {
    const { engine: listener, asked } = listening(raw);
    expect(await inspectContainer(listener, name)).toBeDefined();
    expect(asked).toEqual([`/containers/${name}/json`]);
  });
});

describe('inspectImage', () => {
  test('as data, whatever an image may say of itself', async () => {
    const raw = {
      Id: 'sha256:1',
      RepoTags: ['debian:12', 5],
      RepoDigests: null,
      Config: { ExposedPorts: { '80/tcp': {} }, Volumes: { '/v': {} }, WorkingDir: '/w', User: '0' },
      RootFS: { Type: 'layers', Layers: ['sha256:2'] },
    };
    expect(await inspectImage(await engine({ '/images/debian:12/json': raw }), 'debian:12')).toMatchObject({
      id: 'sha256:1',
      repoTags: ['debian:12'],
      repoDigests: [],
      exposedPorts: ['80/tcp'],
      volumes: ['/v'],
      workdir: '/w',
      user: '0',
      layers: ['sha256:2'],
    });
  });
  test('Config: null', async () => {
    const found = await inspectImage(
      await engine({ '/images/a/b:1/json': { Id: 'x', Config: null } }),
      'a/b:1',
    );
    expect(found).toMatchObject({ id: 'x', workdir: '', exposedPorts: [], volumes: [] });
  });
  test('what is not there', async () => {
    expect(await inspectImage(await engine({}), 'debian:12')).toBeUndefined();
  });
});

describe('engineVersion', () => {
  let notes = '';
  beforeEach(() => {
    notes = makeTree({});
  });
  afterEach(() => removeTree(notes));

  test.each([
    ['28.2.2', 28],
    ['20.10.24+dfsg1', 20],
    ['dev', 0],
    ['', 0],
  ])('%j', async (version, major) => {
    const Components = [
      { Name: 'containerd', Version: '1.6.20' },
      { Name: 'runc', Version: '1.1.5+ds1' },
    ];
    const answer = { Version: version, ApiVersion: '1.41', Arch: 'amd64', Components };
    expect(await engineVersion(await engine({ '/version': answer }), '/dev/null/run')).toEqual({
      version,
      major,
      apiVersion: '1.41',
      architecture: 'amd64',
      runc: '1.1.5+ds1',
    });
  });
  test('is asked for once', async () => {
    const { engine: listener, asked } = listening({ Version: '28.2.2' });
    const here = { ...listener, socketPath: '/dev/null' };
    for (const _ of [1, 2]) expect(await engineVersion(here, notes)).toMatchObject({ major: 28 });
    expect(asked).toEqual(['/version']);
  });
  test('no answer', async () => {
    await expect(engineVersion(await engine({}), '/dev/null/run')).rejects.toThrow('unavailable');
  });
});

test('listImages', async () => {
  expect(await listImages(await engine({ '/images/json': [{ Id: 'x' }] }))).toEqual([{ Id: 'x' }]);
  await expect(listImages(await engine({}))).rejects.toThrow('unavailable');
});

test('a reading program asks by GET and nothing else', async () => {
  const methods: (string | undefined)[] = [];
  const host = await httpEngine((request, response) => {
    methods.push(request.method);
    response.writeHead(200);
    response.end('[]');
  });
  await listContainers(connectEngine(host), {});
  await listImages(connectEngine(host));
  expect(methods).toEqual(['GET', 'GET']);
});
