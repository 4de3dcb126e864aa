import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { UserdockerError } from '../../src/domain/errors.ts';
import type { EngineView } from '../../src/mounts/engine-view.ts';
import { collectPins } from '../../src/mounts/pins.ts';
import {
  type MountPlan,
  type MountQuestion,
  makesReadOnlyRecursively,
  planMounts,
} from '../../src/mounts/plan.ts';
import { realiseMounts } from '../../src/mounts/realise.ts';
import { mountParts, pinDirectory } from '../../src/policy/mount-render.ts';
import { parseVolume } from '../../src/policy/mount-syntax.ts';
import { judgeMounts, type MountVerdict } from '../../src/policy/mounts.ts';
import { caller, type Lists, mountPolicy, must } from '../support/mounts.ts';
import { makeTree, openBelow, removeTree } from '../support/tree.ts';

// Children and mounts take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const alice = caller(54_321);
let here = '';
let plan: MountPlan | undefined;
beforeAll(() => {
  here = makeTree({
    run: { mode: 0o700 },
    home: {},
    'home/alice': { uid: alice.uid },
    'home/alice/work': { uid: alice.uid },
    'home/alice/to-etc': { uid: alice.uid, link: '/etc' },
    scratch: { mode: 0o1777 },
    secret: { mode: 0o700 },
    'secret/data': {},
    'secret/data/file': { text: 'for everybody, by rule' },
    data: { link: 'home' },
  });
});
afterAll(() => removeTree(here));
afterEach(() => {
  plan?.close();
  collectPins({ pins: `${here}/run/pins`, uid: alice.uid, isInUse: () => false });
  expect(openBelow(here, readdirSync('/proc/self/fd'))).toEqual([]);
});

/** The engine's view does not matter here; src/mounts/engine-view.ts has tests of its own. */
async function ask(
  lists: Lists,
  requests: readonly string[],
  more: Partial<MountQuestion> = {},
): Promise<MountVerdict> {
  const inPlace = (texts: readonly string[] = []): readonly string[] =>
    texts.map((text) => text.replace(/HERE/g, here));
  const policy = {
    ...mountPolicy({
      always: inPlace(lists.always),
      available: inPlace(lists.available),
      default: inPlace(lists.default),
    }),
    docker_host: 'unix:///nonexistent',
  };
  plan?.close();
  plan = await planMounts({
    caller: alice,
    policy,
    requests: inPlace(requests).map((value) => must(parseVolume(value))),
    noDefaultMounts: false,
    engineVersion: '20.10.24',
    workingDirectory: '',
    imageVolumes: [],
    layers: undefined,
    view: { kind: 'same' },
    ...more,
  });
  return judgeMounts(policy, plan.selection, plan.facts, false);
}

function realise(
  { mounts, reasons }: MountVerdict,
  nonce = 'nonce',
  view: EngineView = { kind: 'same' },
): readonly string[] {
  expect(reasons).toEqual([]);
  const directory = pinDirectory(`${here}/run`, alice.uid, nonce);
  realiseMounts({ caller: alice, mounts, directory, view });
  return mountParts(mounts, directory).flatMap(({ words }) =>
    words.map((word) => word.replace(here, 'HERE')),
  );
}

describe('a run without mounts', () => {
  it('asks nothing and changes nothing', async () => {
    expect(realise(await ask({}, []))).toEqual([]);
    expect(existsSync(`${here}/run/pins`)).toBe(false);
  });
});

describe('from the request to the words for docker', () => {
  it('a path that only root can change is mounted as it is', async () => {
    expect(realise(await ask({ default: ['HERE/data/alice:/home/alice'] }, []))).toEqual([
      '--mount=type=bind,source=HERE/home/alice,target=/home/alice',
    ]);
    expect(existsSync(`${here}/run/pins`)).toBe(false);
  });

  it('a path that the user could change is pinned', async () => {
    expect(realise(await ask({ available: ['HERE/data/**:'] }, ['HERE/data/alice/work/:/w:ro']))).toEqual([
      '--mount=type=bind,source=HERE/run/pins/54321/nonce/0,target=/w,readonly',
    ]);
    expect(statSync(`${here}/run/pins/54321/nonce/0`).ino).toBe(statSync(`${here}/home/alice/work`).ino);
  });

  it("a rule's own path need not be within the user's reach", async () => {
    expect(realise(await ask({ available: ['HERE/secret/data:/d:ro'] }, ['HERE/secret/data:/d']))).toEqual([
      '--mount=type=bind,source=HERE/secret/data,target=/d,readonly',
    ]);
    const tree = await ask({ available: ['HERE/secret/**:'] }, ['HERE/secret/data:/d']);
    expect(tree.reasons).toMatchObject([
      { rule: 'mounts.source', message: expect.stringContaining('permission denied') },
    ]);
  });

  it('where no links of the image can be seen, only what the caller may write is mounted to be written', async () => {
    const lists = { available: ['HERE/**:'] };
    const judge = async (source: string, layers?: readonly string[]) =>
      (await ask(lists, [`HERE/${source}:/d`], { layers })).reasons.map(({ rule }) => rule);
    expect(await judge('home')).toEqual(['mounts.engine']);
    expect(await judge('home', [])).toEqual([]);
    expect(await judge('home/alice')).toEqual([]);
    expect(await judge('scratch')).toEqual([]);
  });

  it("a link of the user's does not stretch a rule", async () => {
    const { reasons } = await ask({ available: ['HERE/home/alice/to-etc:'] }, ['HERE/home/alice/to-etc:/d']);
    expect(reasons).toMatchObject([{ message: expect.stringContaining('leads to /etc') }]);
    const usual = await ask({ default: ['HERE/home/alice/to-etc:/d'] }, []);
    expect(usual.reasons).toMatchObject([{ rule: 'volume_mounts.default' }]);
  });

  it('a socket is no source, but for a rule that names it', async () => {
    spawnSync(process.execPath, [
      '-e',
      `require('node:net').createServer().listen('${here}/home/s', () => process.exit())`,
    ]);
    spawnSync('/usr/bin/mkfifo', ['-m', '666', `${here}/home/fifo`]);
    const named = await ask({ available: ['HERE/home/fifo:/s'] }, ['HERE/home/fifo:/s']);
    expect(named.reasons).toEqual([]);
    const tree = await ask({ available: ['HERE/home/**:'] }, ['HERE/home/fifo:/s', '/dev/null:/n']);
    expect(tree.reasons.map(({ message }) => message)).toEqual([
      expect.stringContaining('no rule allows'),
      expect.stringContaining('no rule allows /dev/null'),
    ]);
  });

  it('a working directory inside a mount must be there', async () => {
    const lists = { default: ['HERE/home/alice:/home/alice'] };
    const there = await ask(lists, [], { workingDirectory: '/home/alice/work' });
    expect(there.reasons).toEqual([]);
    const missing = await ask(lists, [], { workingDirectory: '/home/alice/none' });
    expect(missing.reasons).toMatchObject([{ rule: 'mounts.nested' }]);
    const link = await ask(lists, [], { imageVolumes: ['/home/alice/to-etc'] });
    expect(link.reasons).toMatchObject([{ message: expect.stringContaining('symbolic link') }]);
  });

  it('an engine that nobody knows gets nothing of the host', async () => {
    const { reasons } = await ask({ available: ['HERE/home:'] }, ['HERE/home:/h'], { view: undefined });
    expect(reasons).toMatchObject([{ rule: 'mounts.engine' }]);
    expect((await ask({}, [], { view: undefined })).reasons).toEqual([]);
  });
});

describe('a directory that a rule creates', () => {
  const lists = { available: ['HERE/scratch/alice/job:/job+create'] };
  it("is made with the user's rights, and only once it is allowed", async () => {
    const verdict = await ask(lists, ['HERE/scratch/alice/job:/job']);
    expect(existsSync(`${here}/scratch/alice`)).toBe(false);
    expect(realise(verdict)).toEqual(['--mount=type=bind,source=HERE/run/pins/54321/nonce/0,target=/job']);
    const made = statSync(`${here}/scratch/alice/job`);
    expect(made).toMatchObject({ uid: alice.uid, gid: alice.gid });
    expect(made.mode & 0o027).toBe(0);
    expect(statSync(`${here}/run/pins/54321/nonce/0`).ino).toBe(made.ino);
  });

  it('is used where it has come into being meanwhile', async () => {
    const verdict = await ask({ available: ['HERE/scratch/late:/job+create'] }, ['HERE/scratch/late:/job']);
    spawnSync('/bin/mkdir', [`${here}/scratch/late`]);
    expect(realise(verdict)).toHaveLength(1);
  });

  it.each([
    ['a link', ['/bin/ln', '-s', '/etc']],
    ['a file', ['/usr/bin/touch']],
  ])('is not where %s has come into being', async (_what, [command = '', ...words]) => {
    const path = `${here}/scratch/taken-by-${words.length}`;
    const verdict = await ask({ available: [`${path}:/job+create`] }, [`${path}:/job`]);
    spawnSync(command, [...words, path]);
    expect(() => realise(verdict)).toThrow(UserdockerError);
  });

  it('is not made where the user may not', async () => {
    const verdict = await ask({ available: ['HERE/home/new:/job+create'] }, ['HERE/home/new:/job']);
    expect(() => realise(verdict)).toThrow(UserdockerError);
    expect(existsSync(`${here}/home/new`)).toBe(false);
  });
});

describe('pins', () => {
  it('are refused where the engine would not see them', async () => {
    const verdict = await ask({ available: ['HERE/home/**:'] }, ['HERE/home/alice/work:/w']);
    expect(() => realise(verdict, 'n', { kind: 'unknown', why: 'nobody knows' })).toThrow(UserdockerError);
  });

  it('show files too', async () => {
    spawnSync('/bin/sh', ['-c', `echo text > ${here}/home/alice/work/file`]);
    realise(await ask({ available: ['HERE/home/**:'] }, ['HERE/home/alice/work/file:/f']), 'f');
    expect(readFileSync(`${here}/run/pins/54321/f/0`, 'utf8')).toBe('text\n');
  });
});

describe('read-only together with what is mounted below', () => {
  it.each([
    ['25.0.0', '5.12.0', true],
    ['28.2.2', '6.18.44-fc', true],
    ['25.0.0-rc.1', '5.15.0-91-generic', true],
    ['24.0.9', '6.1.0', false],
    ['20.10.24+dfsg1', '6.1.0', false],
    ['28.2.2', '5.11.22', false],
    ['28.2.2', '4.18.0-553.el8.x86_64', false],
    ['5.4.0', '6.1.0', false],
    ['', '', false],
    ['dev', '6.1', false],
  ])('engine %s on Linux %s: %s', (engine, kernel, able) => {
    expect(makesReadOnlyRecursively(engine, kernel)).toBe(able);
  });
});
