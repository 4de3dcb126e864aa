/** What several kinds of state files have in common. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { namesIn, readIfThere, removeLeftBehind, replaceFile, tryToNote } from '../../src/state/files.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'files-'));
});
afterEach(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);

describe('what is not there is nothing, what can not be read is an error', () => {
  test('a directory', () => {
    expect(namesIn(directory)).toEqual([]);
    writeFileSync(at('a'), '');
    expect(namesIn(directory)).toEqual(['a']);
    expect(namesIn(at('missing'))).toEqual([]);
    expect(() => namesIn(at('a'))).toThrow(/ENOTDIR/);
  });
  test('a file', () => {
    writeFileSync(at('a'), 'ä\n');
    mkdirSync(at('b'));
    symlinkSync('loop', at('loop'));
    expect(readIfThere(at('a'))).toBe('ä\n');
    expect(readIfThere(at('missing'))).toBeUndefined();
    expect(() => readIfThere(at('b'))).toThrow(/EISDIR/);
    expect(() => readIfThere(at('loop'))).toThrow(/ELOOP/);
  });
});

test('what is left behind is removed, what is new or belongs there is not', () => {
  const now = Date.now() / 1000;
  const ages = { new: 0, young: 30, old: 90, ahead: -90, kept: 90 };
  for (const [name, age] of Object.entries(ages)) {
    writeFileSync(at(name), '');
    utimesSync(at(name), now - age, now - age);
  }
  removeLeftBehind(directory, 60_000, ['kept']);
  expect(readdirSync(directory).toSorted()).toEqual(['kept', 'new', 'young']);
});

describe('a file is there as a whole or not at all', () => {
  const modeOf = (name: string) => statSync(at(name)).mode & 0o777;
  test('replaced, over what a killed call has left', () => {
    writeFileSync(at('a'), 'old');
    const before = statSync(at('a')).ino;
    writeFileSync(at('a.draft'), 'half of a longer text', { mode: 0o600 });
    replaceFile(at('a'), 'new');
    expect(readFileSync(at('a'), 'utf8')).toBe('new');
    expect(statSync(at('a')).ino).not.toBe(before);
    expect(modeOf('a')).toBe(0o600);
    expect(readdirSync(directory)).toEqual(['a']);
  });
  test('or an error', () => {
    expect(() => replaceFile(at('missing/a'), 'new')).toThrow(/ENOENT/);
  });
  test('noted, with its directory', () => {
    tryToNote([at('base'), 'notes'], 'a', 'first');
    tryToNote([at('base'), 'notes'], 'a', 'second');
    expect(readFileSync(at('base/notes/a'), 'utf8')).toBe('second');
    expect([modeOf('base'), modeOf('base/notes'), modeOf('base/notes/a')]).toEqual([0o700, 0o700, 0o600]);
    expect(readdirSync(at('base/notes'))).toEqual(['a']);
  });
  test('or not noted: over nobody’s draft, below no directory that others can write', () => {
    writeFileSync(at('target'), 'mine');
    mkdirSync(at('base'), { mode: 0o700 });
    symlinkSync(at('target'), at(`base/a.${process.pid}`));
    tryToNote([at('base')], 'a', 'first');
    expect(readFileSync(at('target'), 'utf8')).toBe('mine');
    expect(readdirSync(at('base'))).toEqual([]);
    chmodSync(at('base'), 0o777);
    tryToNote([at('base')], 'a', 'second');
    expect(readdirSync(at('base'))).toEqual([]);
  });
});
