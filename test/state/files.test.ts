/** What several kinds of state files have in common. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { namesIn, readIfThere, removeLeftBehind } from '../../src/state/files.ts';

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
