import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UserdockerError } from '../../src/domain/errors.ts';
import { privateDirectory } from '../../src/state/directory.ts';

let base: string;
beforeEach(() => {
  base = fs.mkdtempSync(path.join(os.tmpdir(), 'userdocker-directory-'));
});
afterEach(() => fs.rmSync(base, { recursive: true }));

function mode(file: string): number {
  return fs.lstatSync(file).mode & 0o777;
}

test('is made with all its levels, for us alone, whatever the umask', () => {
  const before = process.umask(0);
  const made = privateDirectory(path.join(base, 'run'), 'users', '1000');
  process.umask(before);
  expect(made).toBe(path.join(base, 'run', 'users', '1000'));
  expect([mode(path.join(base, 'run')), mode(path.dirname(made)), mode(made)]).toEqual([0o700, 0o700, 0o700]);
  expect(privateDirectory(path.join(base, 'run'), 'users', '1000')).toBe(made);
});

test('is closed where an admin left it readable', () => {
  fs.chmodSync(base, 0o755);
  privateDirectory(base);
  expect(mode(base)).toBe(0o700);
});

function directoryWith(mode: number) {
  return (at: string) => {
    fs.mkdirSync(at);
    fs.chmodSync(at, mode);
  };
}

function foreign(at: string): void {
  fs.mkdirSync(at);
  fs.chownSync(at, 1000, 1000);
}

test.each<readonly [string, (at: string) => void]>([
  ['writable by the group', directoryWith(0o770)],
  ['writable by all', directoryWith(0o1777)],
  ['a link to a directory', (at) => fs.symlinkSync(base, at)],
  ['a link to nothing', (at) => fs.symlinkSync('/nonexistent', at)],
  ['a file', (at) => fs.writeFileSync(at, '')],
  ...(process.geteuid?.() === 0 ? [["somebody else's", foreign] as const] : []),
])('is refused if it is %s', (_title, make) => {
  make(path.join(base, 'users'));
  expect(() => privateDirectory(base, 'users', '1000')).toThrow(UserdockerError);
});
