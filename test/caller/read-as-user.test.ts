/** Files that a user names: read with the user's rights, and nothing that a file does may take time or memory without end. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rightsOf } from '../../src/caller/as-user.ts';
import { readAsUser } from '../../src/caller/read-as-user.ts';
import { person } from '../support/builders.ts';

const alice = rightsOf(person('alice', 54_321, 54_321, 54_400));
const limit = 100_000;
let folder = '';

const read = async (path: string, timeout = 10_000) => {
  const result = await readAsUser({ rights: alice, path, limit, timeout });
  return result.ok ? result.value.toString('utf8') : `refused: ${result.error}`;
};

beforeAll(() => {
  folder = mkdtempSync('/srv/read-as-user-');
  chmodSync(folder, 0o755);
  writeFileSync(`${folder}/open`, 'A=b\n');
  writeFileSync(`${folder}/-`, 'dash');
  writeFileSync(`${folder}/secret`, 'of root', { mode: 0o600 });
  writeFileSync(`${folder}/group`, 'of the group', { mode: 0o640 });
  chownSync(`${folder}/group`, 0, 54_400);
  symlinkSync('secret', `${folder}/link`);
  mkdirSync(`${folder}/closed`, { mode: 0o700 });
  writeFileSync(`${folder}/closed/file`, 'behind a closed door');
  writeFileSync(`${folder}/largest`, 'x'.repeat(limit));
  writeFileSync(`${folder}/larger`, 'x'.repeat(limit + 1));
  spawnSync('mkfifo', ['-m', '666', `${folder}/fifo`]);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('reads', () => {
  it.each([
    ['open', 'A=b\n'],
    ['group', 'of the group'],
  ])('%s', async (name, content) => expect(await read(`${folder}/${name}`)).toBe(content));
  it('from the current directory, also what is called -', async () => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      expect(await read('open')).toBe('A=b\n');
      expect(await read('-')).toBe('dash');
    } finally {
      process.chdir(before);
    }
  });
  it('as much as is allowed', async () => expect(await read(`${folder}/largest`)).toHaveLength(limit));
  it('an empty file', async () => expect(await read('/dev/null')).toBe(''));
});

describe('refuses', () => {
  it.each([
    ['secret', 'permission denied'],
    ['link', 'permission denied'],
    ['closed/file', 'permission denied'],
    ['closed', 'permission denied'],
    ['', 'is a directory'],
    ['missing', 'no such file or directory'],
    ['larger', `it is larger than ${limit} bytes`],
  ])('%j', async (name, why) => expect(await read(`${folder}/${name}`)).toBe(`refused: ${why}`));
  it('where only a few bytes are wanted, in the same words', async () => {
    const few = (path: string) => readAsUser({ rights: alice, path: `${folder}/${path}`, limit: 3 });
    expect(await few('secret')).toEqual({ ok: false, error: 'permission denied' });
    expect(await few('open')).toEqual({ ok: false, error: 'it is larger than 3 bytes' });
    expect(await readAsUser({ rights: alice, path: 'x'.repeat(131_071), limit: 3 })).toEqual({
      ok: false,
      error: 'no process could be started for it',
    });
  });
  it('what has no name', async () => expect(await read('')).toBe('refused: it has no name'));
  it('what has no end', async () => {
    expect(await read('/dev/zero')).toBe(`refused: it is larger than ${limit} bytes`);
  });
  it('what never says anything', async () => {
    expect(await read(`${folder}/fifo`, 200)).toBe('refused: nothing more came within 0.2 s');
  });
  it.each(['/etc/shadow', '/proc/1/environ', `/proc/${process.pid}/environ`])('%s', async (path) => {
    expect(await read(path)).toBe('refused: permission denied');
  });
});
