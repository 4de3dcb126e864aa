/** The user and group databases of containers. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { groupFile, passwdFile, prepareAccounts } from '../../src/state/accounts.ts';
import { alice, bob, person, policyOf, root, wordsOf } from '../support/builders.ts';

const state = mkdtempSync(join(tmpdir(), 'accounts-'));
afterAll(() => rmSync(state, { recursive: true }));
const on = { names_in_container: true, user_in_container: true };
const directory = join(state, 'accounts', '1000');

describe('the files', () => {
  test('name the user, root, nobody, and the groups that have names', () => {
    expect(passwdFile(alice)).toBe(
      'alice:x:1000:100::/home/alice:/bin/sh\nroot:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/nonexistent:/bin/false\n',
    );
    expect(groupFile(alice)).toBe('users:x:100:alice\nlab:x:2000:alice\nroot:x:0:\nnogroup:x:65534:\n');
  });
  test('name each number and each name once, the user first', () => {
    expect(passwdFile(root)).toMatch(/^root:x:0:0:.*\nnobody:.*\n$/);
    expect(groupFile(root)).toBe('root:x:0:root\nnogroup:x:65534:\n');
    expect(passwdFile(person('nobody', 65_534, '65534:nogroup'))).toMatch(/^nobody:.*\nroot:.*\n$/);
    expect(passwdFile(person('root', 1000, '100:users'))).not.toContain('root:x:0');
  });
  test.each([
    ['a number', '995'],
    ['two fields', 'a:x:0'],
    ['two lines', 'a\nb'],
    ['nothing', ''],
  ])('leave out a group that is called by %s', (_what, name) => {
    const groups = alice.groups.map((group) => ({ ...group, name }));
    expect(groupFile({ ...alice, groups })).toBe('root:x:0:\nnogroup:x:65534:\n');
  });
  test('a user whose home would be two lines has no name there', () => {
    expect(passwdFile({ ...alice, user: 'a\nb' })).not.toContain('1000');
  });
});

describe('prepareAccounts', () => {
  test.each([
    { names_in_container: false, user_in_container: true },
    { names_in_container: true, user_in_container: false },
  ])('makes nothing for %j', (policy) => {
    prepareAccounts(alice, policy, state);
    expect(existsSync(directory)).toBe(false);
  });
  test('makes them for root to write and everybody to read, and leaves nothing else', () => {
    const before = process.umask(0o077);
    prepareAccounts(alice, on, state);
    process.umask(before);
    expect(readdirSync(directory).toSorted()).toEqual(['group', 'passwd']);
    expect(readFileSync(join(directory, 'passwd'), 'utf8')).toBe(passwdFile(alice));
    expect(statSync(join(directory, 'group')).mode & 0o777).toBe(0o644);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });
  test('writes only what has changed, and never into the file that a container has', () => {
    const inode = (name: string) => statSync(join(directory, name)).ino;
    const before = [inode('passwd'), inode('group')];
    prepareAccounts(alice, on, state);
    expect([inode('passwd'), inode('group')]).toEqual(before);
    prepareAccounts({ ...alice, groups: alice.groups.slice(0, 1) }, on, state);
    expect(inode('passwd')).toBe(before[0]);
    expect(readFileSync(join(directory, 'group'), 'utf8')).not.toContain('lab');
  });
  test('removes what a killed call left behind', () => {
    for (const name of ['old', 'new']) writeFileSync(join(directory, name), 'half');
    utimesSync(join(directory, 'old'), 1, 1);
    prepareAccounts(alice, on, state);
    expect(readdirSync(directory).toSorted()).toEqual(['group', 'new', 'passwd']);
  });
});

describe('the mounts', () => {
  const rules = (yaml: string, caller = alice) =>
    policyOf(yaml, caller).volume_mounts.always.map(({ text }) => text);
  test('are rules of the policy, for the caller’s own files and read-only', () => {
    expect(rules('names_in_container: true')).toEqual([
      '/var/lib/userdocker/accounts/1000/passwd:/etc/passwd:ro',
      '/var/lib/userdocker/accounts/1000/group:/etc/group:ro',
    ]);
    expect(rules('names_in_container: true', bob)[0]).toContain('/1001/');
    expect(
      policyOf('names_in_container: true').volume_mounts.always.map(({ origin }) => origin.line),
    ).toEqual([1, 1]);
  });
  test('are not there by default, nor where the image says who runs', () => {
    expect(rules('')).toEqual([]);
    expect(rules('{names_in_container: true, user_in_container: false}')).toEqual([]);
    expect(wordsOf('run debian').join(' ')).not.toContain('/etc/passwd');
  });
});
