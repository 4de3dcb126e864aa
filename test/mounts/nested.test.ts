import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rightsOf, withCallerRights } from '../../src/caller/as-user.ts';
import { holdAny, release } from '../../src/mounts/descriptors.ts';
import { lookInside } from '../../src/mounts/nested.ts';
import { caller } from '../support/mounts.ts';
import { makeTree, openBelow, removeTree } from '../support/tree.ts';

const alice = 54_321;
let here = '';
beforeAll(() => {
  here = makeTree({
    source: {},
    'source/dir': {},
    'source/dir/deep': {},
    'source/dir/file': { text: '' },
    'source/dir/link': { link: 'deep' },
    'source/link': { link: 'dir' },
    'source/out': { link: '/etc' },
    'source/locked': { mode: 0o700 },
    'source/locked/x': {},
    'source/alice': { uid: alice },
    'source/alice/x': {},
    'source/alice/gone': { link: 'nothing' },
  });
});
afterAll(() => removeTree(here));

function look(from: string, ...names: readonly string[]): unknown {
  const held = holdAny(`${here}/${from}`);
  try {
    return withCallerRights(rightsOf(caller(alice)), () => lookInside(held, names));
  } finally {
    release(held.descriptor);
  }
}

describe('inside a source there is', () => {
  it.each([
    [['dir'], 'directory', true],
    [['dir', 'deep'], 'directory', true],
    [['dir', 'file'], 'file', true],
    [['alice'], 'directory', true],
    [['alice', 'x'], 'directory', false],
    [['none'], 'absent', undefined],
    [['dir', 'none'], 'absent', undefined],
    [['none', 'none'], 'absent', undefined],
    [['link'], 'link', undefined],
    [['link', 'deep'], 'link', undefined],
    [['dir', 'link', 'x'], 'link', undefined],
    [['out', 'passwd'], 'link', undefined],
    [['alice', 'gone'], 'link', undefined],
    [['dir', 'file', 'x'], 'other', undefined],
    [['locked', 'x'], 'unreachable', undefined],
    [['a'.repeat(300)], 'unreachable', undefined],
  ])('%j: %s', (names, state, stable) => {
    expect(look('source', ...names)).toMatchObject({ state, ...(stable === undefined ? {} : { stable }) });
  });

  it('nothing, where the source is a file', () => {
    expect(look('source/dir/file', 'x')).toEqual({ state: 'absent', stable: false });
  });

  it('and nothing stays open', () => {
    expect(openBelow(here, readdirSync('/proc/self/fd'))).toEqual([]);
  });
});
