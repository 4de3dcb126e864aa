import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { UserdockerError } from '../../src/domain/errors.ts';
import { type Held, holdAny, holdDirectory, release } from '../../src/mounts/descriptors.ts';
import { readMountTable } from '../../src/mounts/mount-table.ts';
import { collectPins, makePins, pinsMax } from '../../src/mounts/pins.ts';
import { caller } from '../support/mounts.ts';
import { makeTree, removeTree } from '../support/tree.ts';

// Children and mounts take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const { uid } = caller(54_321);
let here = '';
let pins = '';
let server: Server;

beforeAll(async () => {
  here = makeTree({
    run: { mode: 0o700 },
    alice: { uid },
    'alice/data': { uid },
    'alice/data/file': { uid, text: 'of alice' },
    'alice/data/below': { uid },
    'alice/file': { uid, text: 'a file' },
    other: {},
  });
  server = createServer().listen(`${here}/alice/socket`);
  await new Promise((resolve) => server.once('listening', resolve));
});
afterAll(() => {
  server.close();
  removeTree(here);
});

beforeEach(() => {
  pins = `${here}/run/pins`;
});
afterEach(() => {
  collect();
  expect(mountsBelow()).toEqual([]);
});

function collect(...inUse: readonly string[]): number {
  return collectPins({ pins, uid, isInUse: (nonce) => inUse.includes(nonce) });
}

function mountsBelow(): readonly string[] {
  return readMountTable()
    .below(pins)
    .map(({ path }) => path.replace(`${pins}/${uid}/`, ''));
}

function withHeld<T>(names: readonly string[], action: (held: readonly Held[]) => T): T {
  const held = names.map((name) =>
    name.endsWith('/') ? holdDirectory(`${here}/${name}`) : holdAny(`${here}/${name}`),
  );
  try {
    return action(held);
  } finally {
    for (const { descriptor } of held) release(descriptor);
  }
}

function pin(nonce: string, ...names: readonly string[]): string {
  const directory = `${pins}/${uid}/${nonce}`;
  withHeld(names, (held) =>
    makePins(
      directory,
      held.map((each, number) => ({ held: each, number, recursive: false })),
    ),
  );
  return directory;
}

describe('a pin', () => {
  it('shows what was held, wherever its path leads by then', () => {
    const held = holdDirectory(`${here}/alice/data`);
    renameSync(`${here}/alice/data`, `${here}/alice/moved`);
    mkdirSync(`${here}/alice/data`);
    makePins(`${pins}/${uid}/n`, [{ held, number: 0, recursive: false }]);
    release(held.descriptor);
    expect(readFileSync(`${pins}/${uid}/n/0/file`, 'utf8')).toBe('of alice');
    rmdirSync(`${here}/alice/data`);
    renameSync(`${here}/alice/moved`, `${here}/alice/data`);
  });

  it('can be of directories, files and sockets', () => {
    const directory = pin('n', 'alice/data/', 'alice/file', 'alice/socket');
    expect(readFileSync(`${directory}/0/file`, 'utf8')).toBe('of alice');
    expect(readFileSync(`${directory}/1`, 'utf8')).toBe('a file');
    expect(statSync(`${directory}/2`).isSocket()).toBe(true);
  });

  it('lies where nobody else can go', () => {
    const directory = pin('n', 'alice/data/');
    for (const path of [pins, `${pins}/${uid}`, directory]) {
      expect(statSync(path)).toMatchObject({ uid: 0, mode: 0o40_700 });
    }
  });

  it('is private, so that nothing that happens in it is passed on', () => {
    pin('n', 'alice/data/');
    expect(readMountTable().below(pins)).toMatchObject([{ shared: false }]);
  });

  it('made before is used again', () => {
    pin('n', 'alice/data/');
    pin('n', 'alice/data/');
    expect(mountsBelow()).toEqual(['n/0']);
  });

  it('made before of something else is covered', () => {
    pin('n', 'other/');
    const directory = pin('n', 'alice/data/');
    expect(existsSync(`${directory}/0/file`)).toBe(true);
  });

  it('takes along what is mounted below only if it is to', () => {
    const below = `${here}/alice/data/below`;
    run('/bin/mount', '-t', 'tmpfs', 'pins-test', below);
    try {
      withHeld(['alice/data/'], ([held]) => {
        if (held === undefined) throw new Error('not held');
        makePins(`${pins}/${uid}/n`, [
          { held, number: 0, recursive: false },
          { held, number: 1, recursive: true },
        ]);
      });
      expect(mountsBelow()).toEqual(['n/0', 'n/1', 'n/1/below']);
    } finally {
      run('/bin/umount', below);
    }
  });

  it("is refused where the place is not root's alone", () => {
    run('/bin/chown', '54321', `${here}/run`);
    expect(() => pin('n', 'alice/data/')).toThrow(UserdockerError);
    run('/bin/chown', '0', `${here}/run`);
  });

  it('is refused where there are too many', () => {
    const full = `${pins}/${uid}/full`;
    mkdirSync(full, { recursive: true, mode: 0o700 });
    for (let count = 0; count < pinsMax; count += 1) writeFileSync(`${full}/${count}`, '');
    expect(() => pin('n', 'alice/data/')).toThrow(
      expect.objectContaining({ failure: expect.objectContaining({ code: 'denied' }) }),
    );
    collect();
    expect(existsSync(full)).toBe(false);
    pin('n', 'alice/data/');
  });
});

describe('collecting', () => {
  it('removes the pins of runs that are over, and of no others', () => {
    pin('old', 'alice/data/', 'alice/file');
    pin('used', 'alice/data/');
    expect(collect('used')).toBe(1);
    expect(mountsBelow()).toEqual(['used/0']);
    expect(readdirSync(`${pins}/${uid}`)).toEqual(['used']);
  });

  it('leaves what the pins showed', () => {
    pin('n', 'alice/data/', 'alice/file', 'alice/socket');
    collect();
    expect(readFileSync(`${here}/alice/data/file`, 'utf8')).toBe('of alice');
    expect(readFileSync(`${here}/alice/file`, 'utf8')).toBe('a file');
    expect(existsSync(`${here}/alice/socket`)).toBe(true);
    expect(readdirSync(`${pins}/${uid}`)).toEqual([]);
  });

  it('leaves what the pins show even where they can not be unmounted', () => {
    const directory = pin('n', 'alice/data/', 'alice/file');
    // What removal does once the unmounting has failed: the kernel has to refuse it.
    expect(() => rmdirSync(`${directory}/0`)).toThrow(/EBUSY/);
    expect(() => unlinkSync(`${directory}/1`)).toThrow(/EBUSY/);
    expect(() => rmdirSync(directory)).toThrow(/ENOTEMPTY/);
  });

  it('unmounts nothing of the original, where mounts are passed on between places', () => {
    const shared = `${here}/other`;
    run('/bin/mount', '--bind', shared, shared);
    run('/bin/mount', '--make-shared', shared);
    mkdirSync(`${shared}/deep`);
    run('/bin/mount', '-t', 'tmpfs', 'pins-test', `${shared}/deep`);
    try {
      // Killed before the pin was made private: a recursive bind that still passes everything on.
      mkdirSync(`${pins}/${uid}/n/0`, { recursive: true, mode: 0o700 });
      run('/bin/mount', '--rbind', shared, `${pins}/${uid}/n/0`);
      expect(readMountTable().below(pins)[0]?.shared).toBe(true);
      collect();
      expect(mountsBelow()).toEqual([]);
      expect(readMountTable().at(`${shared}/deep`)?.fsType).toBe('tmpfs');
    } finally {
      run('/bin/umount', '-R', shared);
    }
  });

  it.each([
    ['a directory without a mount', () => mkdirSync(`${pins}/${uid}/n/0`, { recursive: true })],
    ["nothing but the run's directory", () => mkdirSync(`${pins}/${uid}/n`, { recursive: true })],
    ['two mounts on one place', () => [pin('n', 'other/'), pin('n', 'alice/data/')]],
    ['a busy one', () => spawnSync('/bin/sh', ['-c', `cd ${pin('n', 'alice/data/')}/0 && exec sleep 0.1 &`])],
  ])('finds %s', (_what, leave) => {
    leave();
    collect();
    expect(readdirSync(`${pins}/${uid}`)).toEqual([]);
  });

  it('of somebody who has none does nothing', () => {
    expect(collectPins({ pins, uid: caller(54_999).uid, isInUse: () => false })).toBe(0);
  });
});

function run(command: string, ...words: readonly string[]): void {
  const { status, stderr } = spawnSync(command, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${words.join(' ')}: ${stderr}`);
}
