import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { holdDirectory, release } from '../../src/mounts/descriptors.ts';
import { engineProblem, findEngineView, lookAgain } from '../../src/mounts/engine-view.ts';
import { readMountTable } from '../../src/mounts/mount-table.ts';
import { makeTree, removeTree } from '../support/tree.ts';

// Children and mounts take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** A stand-in for an engine: a program of that name, root's, that listens at the socket. */
const listen = `
require('node:net').createServer().listen(process.argv[2]);
setInterval(() => {}, 1000);
`;

let here = '';
const children: ChildProcess[] = [];
beforeAll(() => {
  here = makeTree({
    data: {},
    'data/sub': {},
    run: {},
    open: { mode: 0o777 },
    'open/x': {},
    programs: {},
    'listen.cjs': { text: listen },
  });
  for (const name of ['dockerd', 'something']) placeNode(`${here}/programs/${name}`);
});
afterAll(() => removeTree(here));
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** The program's own file name is what counts, so a link is not enough. */
function placeNode(path: string): void {
  try {
    linkSync(process.execPath, path);
  } catch {
    copyFileSync(process.execPath, path);
  }
}

let sockets = 0;
async function engine(program = 'dockerd', prepare = ':', ...around: readonly string[]): Promise<string> {
  sockets += 1;
  const socket = `${here}/run/${sockets}.sock`;
  const script = `${prepare}; exec "$0" "$@"`;
  const words = ['/bin/sh', '-c', script, `${here}/programs/${program}`, `${here}/listen.cjs`, socket];
  const [command = '/bin/sh', ...rest] = [...around, ...words];
  const child = spawn(command, rest, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: '/usr/bin:/bin' },
  });
  children.push(child);
  for (let tries = 0; !existsSync(socket); tries += 1) {
    if (tries > 300) throw new Error('the stand-in does not listen');
    await sleep(20);
  }
  return socket;
}

describe('an engine', () => {
  it('that sees what we see', async () => {
    expect(findEngineView(`unix://${await engine()}`)).toEqual({ kind: 'same' });
  });

  it('is found over its pid file, and over a link to its socket', async () => {
    const socket = await engine();
    writeFileSync(`${here}/run/docker.pid`, `${children[0]?.pid}\n`);
    symlinkSync(`${here}/run`, `${here}/run-link`);
    expect(findEngineView(`unix://${here}/run-link/${socket.split('/').at(-1)}`)).toEqual({ kind: 'same' });
    // A wrong one misleads nobody.
    writeFileSync(`${here}/run/docker.pid`, `${process.pid}\n`);
    expect(findEngineView(`unix://${socket}`)).toEqual({ kind: 'same' });
  });

  it.each([
    ['a program of another name', () => engine('something')],
    ["somebody else's", () => engine('dockerd', ':', '/usr/bin/setpriv', '--reuid=54321', '--clear-groups')],
    ["half somebody else's", () => engine('dockerd', ':', '/usr/bin/setpriv', '--ruid=54321')],
  ])('is not %s', async (_what, start) => {
    spawnSync('/bin/chmod', ['0777', `${here}/run`]);
    const view = findEngineView(`unix://${await start()}`);
    expect(view).toMatchObject({ kind: 'unknown', why: expect.stringContaining('could not be found') });
  });

  it('is not this process, though it listens at that path', async () => {
    const socket = `${here}/run/own.sock`;
    const server = createServer().listen(socket);
    await new Promise((resolve) => server.once('listening', resolve));
    expect(findEngineView(`unix://${socket}`)).toMatchObject({ kind: 'unknown' });
    server.close();
  });

  it.each(['tcp://10.0.0.1:2376', 'ssh://root@host', 'npipe:////./pipe/docker', ''])(
    'at %j is not on this machine',
    (host) => {
      expect(findEngineView(host)).toMatchObject({
        kind: 'unknown',
        why: expect.stringContaining('another machine'),
      });
    },
  );

  it('that is not running is unknown', () => {
    expect(findEngineView(`unix://${here}/run/none.sock`)).toMatchObject({ kind: 'unknown' });
  });
});

describe('an engine with mounts of its own', () => {
  const apart = ['/usr/bin/unshare', '--mount', '--propagation', 'private'];
  function problem(socket: string, path: string): string | undefined {
    const view = findEngineView(`unix://${socket}`);
    expect(view.kind).toBe('other');
    const held = holdDirectory(path);
    try {
      return engineProblem(lookAgain(view), readMountTable(), path, held.stat);
    } finally {
      release(held.descriptor);
    }
  }

  it('sees the same where nothing is different', async () => {
    const socket = await engine('dockerd', ':', ...apart);
    expect(problem(socket, `${here}/data`)).toBeUndefined();
    expect(problem(socket, '/')).toBeUndefined();
  });

  it('sees something else where it has mounted something', async () => {
    const socket = await engine('dockerd', `mount -t tmpfs -o mode=755 view-test ${here}/data`, ...apart);
    expect(problem(socket, `${here}/data`)).toContain('the engine sees something else there');
    expect(problem(socket, `${here}/data/sub`)).toContain('the engine does not see it');
    expect(problem(socket, `${here}/run`)).toBeUndefined();
    expect(problem(socket, here)).toContain('other file systems mounted below');
  });

  it('does not see what is mounted here only', async () => {
    const socket = await engine('dockerd', ':', ...apart);
    mkdirSync(`${here}/late`);
    spawnSync('/bin/mount', ['-t', 'tmpfs', 'view-test', `${here}/late`]);
    try {
      expect(problem(socket, `${here}/late`)).toContain('the engine sees something else there');
    } finally {
      spawnSync('/bin/umount', [`${here}/late`]);
    }
  });

  it('is not trusted with a path that others can change', async () => {
    const socket = await engine('dockerd', ':', ...apart);
    expect(problem(socket, `${here}/open/x`)).toContain('others than root could change');
    expect(problem(socket, `${here}/open`)).toBeUndefined();
  });
});

it('a view that is the same, or unknown, needs no second look', () => {
  const nothing = { dev: 0n, ino: 0n };
  expect(engineProblem({ kind: 'same' }, readMountTable(), '/nowhere', nothing)).toBeUndefined();
  expect(engineProblem({ kind: 'unknown', why: 'because' }, readMountTable(), '/', nothing)).toBe('because');
  expect(lookAgain({ kind: 'same' })).toEqual({ kind: 'same' });
});
