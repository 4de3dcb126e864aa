import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inspectDataRoot, isTraversable } from '../../src/docker/data-root.ts';
import { connectEngine } from '../../src/docker/engine.ts';
import { makeTree, removeTree } from '../support/tree.ts';
import { answering, httpEngine } from './fake-engine.ts';

let folder = '';
beforeEach(() => {
  folder = makeTree({
    open: {},
    'open/docker': { mode: 0o711 },
    'open/shut': { mode: 0o710 },
    'open/group': { mode: 0o750 },
    'open/readable': { mode: 0o744 },
    closed: { mode: 0o700 },
    'closed/docker': { mode: 0o755 },
    'closed/door': { link: 'HERE/open/docker' },
    'open/hall': { link: 'HERE/closed/docker' },
    run: { mode: 0o700 },
  });
});
afterEach(() => removeTree(folder));

describe('isTraversable', () => {
  test.each([
    ['open/docker', true],
    ['open/shut', false],
    ['open/group', false],
    ['open/readable', false],
    ['closed/docker', false],
    // Where it really is counts, not how one says it.
    ['closed/door', true],
    ['open/hall', false],
    ['open/missing', false],
    ['open/../open/docker', true],
  ])('%s: %s', (path, traversable) => expect(isTraversable(`${folder}/${path}`)).toBe(traversable));
});

describe('inspectDataRoot', () => {
  const runtime = () => `${folder}/run`;
  const count = async () => {
    let asked = 0;
    const host = await httpEngine((_request, response) => {
      asked += 1;
      response.writeHead(200);
      response.end(JSON.stringify({ DockerRootDir: `${folder}/open/docker` }));
    });
    return { engine: connectEngine(host), asked: () => asked };
  };

  test('asks the engine once, and looks at the directory each time', async () => {
    const { engine, asked } = await count();
    expect(await inspectDataRoot(engine, runtime())).toEqual({
      path: `${folder}/open/docker`,
      traversable: true,
    });
    rmSync(`${folder}/open/docker`, { recursive: true });
    mkdirSync(`${folder}/open/docker`, { mode: 0o700 });
    expect(await inspectDataRoot(engine, runtime())).toEqual({
      path: `${folder}/open/docker`,
      traversable: false,
    });
    expect(asked()).toBe(1);
  });
  test('asks again after a restart of the engine, which makes a new socket', async () => {
    const { engine, asked } = await count();
    await inspectDataRoot(engine, runtime());
    utimesSync(engine.socketPath, 1, 1);
    await inspectDataRoot(engine, runtime());
    expect(asked()).toBe(2);
  });
  test('another engine is asked for itself', async () => {
    const one = connectEngine(await answering({ '/info': { DockerRootDir: `${folder}/closed/docker` } }));
    const { engine } = await count();
    await inspectDataRoot(engine, runtime());
    expect((await inspectDataRoot(one, runtime())).path).toBe(`${folder}/closed/docker`);
  });
  test('its note is root’s, and none is left half written', async () => {
    const { engine } = await count();
    await inspectDataRoot(engine, runtime());
    expect(readdirSync(runtime())).toEqual(['data-root']);
    expect(statSync(`${runtime()}/data-root`).mode & 0o777).toBe(0o600);
  });
  test.each(['', 'x', '\n', 'key\n/tmp\n'])('a note that says %j is not believed', async (text) => {
    const { engine, asked } = await count();
    writeFileSync(`${runtime()}/data-root`, text);
    expect((await inspectDataRoot(engine, runtime())).path).toBe(`${folder}/open/docker`);
    expect(asked()).toBe(1);
    expect(readFileSync(`${runtime()}/data-root`, 'utf8')).toContain('/open/docker');
  });
  test('works without a place for notes', async () => {
    const { engine, asked } = await count();
    symlinkSync('/dev/null', `${folder}/nowhere`);
    for (const _ of [1, 2]) await inspectDataRoot(engine, `${folder}/nowhere/run`);
    expect(asked()).toBe(2);
  });
  test.each([{}, { DockerRootDir: 5 }, []])('an engine that answers %j does not say', async (answer) => {
    const engine = connectEngine(await answering({ '/info': answer }));
    await expect(inspectDataRoot(engine, runtime())).rejects.toThrow('unavailable');
  });
});
