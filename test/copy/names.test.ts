import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { outsideName } from '../../src/copy/names.ts';

const scratch = mkdtempSync(`${tmpdir()}/userdocker-names-`);
beforeAll(() => {
  mkdirSync(`${scratch}/directory/inner`, { recursive: true });
  writeFileSync(`${scratch}/file`, 'x');
  symlinkSync('directory', `${scratch}/link`);
  symlinkSync('nowhere', `${scratch}/broken`);
  spawnSync('/usr/bin/mkfifo', [`${scratch}/pipe`]);
});
afterAll(() => rmSync(scratch, { recursive: true }));

const look = (path: string, contents = false) =>
  outsideName({ path: path.startsWith('/') ? path : `${scratch}/${path}`, contents });

describe('what is copied is called as docker cp calls it', () => {
  test.each([
    ['a file', 'file', false, { name: 'file', directory: false, contents: false }],
    ['a directory', 'directory', false, { name: 'directory', directory: true, contents: false }],
    ['what is in it', 'directory', true, { name: 'directory', directory: true, contents: true }],
    ['a directory by a slash', 'directory/', false, { name: 'directory', directory: true, contents: false }],
    ['a link is the link', 'link', false, { name: 'link', directory: false, contents: false }],
    [
      'a link with a slash is where it goes',
      'link/',
      false,
      { name: 'link', directory: true, contents: false },
    ],
    ['a link to nothing is a link', 'broken', false, { name: 'broken', directory: false, contents: false }],
    ['"." by its real name', 'directory/.', false, { name: 'directory', directory: true, contents: false }],
    [
      '".." by its real name',
      'directory/..',
      false,
      { name: basename(scratch), directory: true, contents: false },
    ],
    [
      '"../" by its real name',
      'directory/inner/../',
      false,
      { name: 'directory', directory: true, contents: false },
    ],
    ['the root by its contents alone', '/', false, { name: 'root', directory: true, contents: true }],
  ])('%s', (_what, path, contents, expected) => {
    expect(look(path, contents)).toEqual(expected);
  });
});

describe('what can not be copied', () => {
  test.each([
    ['nothing', 'missing', false, /missing can't be read with your rights: ENOENT/],
    ['below a file', 'file/below', false, /ENOTDIR/],
    ['the contents of a file', 'file', true, /file is no directory/],
    [
      'a file with a slash',
      'file/',
      false,
      /file\/ (?:is no directory|can't be read with your rights: ENOTDIR)/,
    ],
    ['a link to nothing with a slash', 'broken/', false, /ENOENT/],
    ['a pipe, which would never end', 'pipe', false, /pipe is neither a file nor a directory/],
    ['a device', '/dev/zero', false, /is neither a file nor a directory/],
  ])('%s', (_what, path, contents, message) => {
    expect(() => look(path, contents)).toThrow(
      expect.objectContaining({
        failure: expect.objectContaining({ message: expect.stringMatching(message) }),
      }),
    );
  });
});
