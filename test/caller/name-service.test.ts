import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isPlausibleName, parseAccount, parseGroups, systemNames } from '../../src/caller/name-service.ts';
import { UserdockerError } from '../../src/domain/errors.ts';
import { type Gid, parseGid, parseUid } from '../../src/domain/ids.ts';

function gid(number: number): Gid {
  const parsed = parseGid(String(number));
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
const root = parseUid('0');
if (!root.ok) throw new Error(root.error);

describe('an entry of passwd', () => {
  it.each([
    [
      'alice:x:1000:100:Alice A.,,,:/home/alice:/bin/bash\n',
      { name: 'alice', uid: 1000, gid: 100, home: '/home/alice' },
    ],
    ['a b:*:1000:100:::\n', { name: 'a b', uid: 1000, gid: 100, home: '' }],
    ['', undefined],
  ])('%j', (output, account) => {
    expect(parseAccount(output)).toEqual(account);
  });

  it.each([
    [
      'a GECOS with colons would move the home',
      'alice:x:1000:100:Alice:/root:/bin/sh:/home/alice:/bin/bash\n',
    ],
    ['a GECOS with one colon', 'alice:x:1000:100:Ali:ce:/home/alice:/bin/bash\n'],
    [
      'a GECOS with a newline and a home of its own',
      'alice:x:1000:100:A:/root:/bin/sh\n:/home/alice:/bin/bash\n',
    ],
    ['two entries', 'alice:x:1000:100::/a:/b\nalice:x:1000:100::/a:/b\n'],
    ['no newline at the end', 'alice:x:1000:100::/home/alice:/bin/bash'],
    ['too few fields', 'alice:x:1000:100::/home/alice\n'],
    ['no name', ':x:1000:100::/home/alice:/bin/bash\n'],
    ['a uid that is none', 'alice:x:-1:100::/home/alice:/bin/bash\n'],
    ['a gid that is none', 'alice:x:1000:0100::/home/alice:/bin/bash\n'],
    ['an empty line', '\n'],
  ])('refused: %s', (_, output) => {
    expect(() => parseAccount(output)).toThrow(UserdockerError);
  });
});

describe('entries of group', () => {
  const wanted = [gid(27), gid(100), gid(5000)];
  it.each([
    [
      'video:x:27:alice,bob\nusers:x:100:\n',
      [
        [27, 'video'],
        [100, 'users'],
      ],
    ],
    ['domain users:*:5000:\n', [[5000, 'domain users']]],
    ['', []],
    ['a\u009bb:x:27:\n', []],
    ['../user/config_bob:x:27:\n', []],
  ])('%j', (output, names) => {
    expect([...parseGroups(output, wanted)]).toEqual(names);
  });
  it.each([
    ['a group nobody asked for', 'admins:x:28:\n'],
    ['the same gid twice', 'video:x:27:\nadmins:x:27:\n'],
    ['a member list with a colon', 'video:x:27:a:b\n'],
    ['a member list with a newline', 'video:x:27:a\nb\n'],
    ['no gid', 'video:x::\n'],
    ['no name', ':x:27:\n'],
    ['no newline at the end', 'video:x:27:'],
  ])('refused: %s', (_, output) => {
    expect(() => parseGroups(output, wanted)).toThrow(UserdockerError);
  });
});

describe("this system's name service", () => {
  it('knows root', () => {
    expect(systemNames.userById(root.value)).toMatchObject({ name: 'root', uid: 0, gid: 0, home: '/root' });
    expect(systemNames.userByName('root')).toEqual(systemNames.userById(root.value));
  });
  it.each(['nobody-of-that-name', '0', '-i', '--help', '', 'root\0', 'root\n'])(
    'knows no user %j',
    (name) => {
      expect(systemNames.userByName(name)).toBeUndefined();
    },
  );
  it('knows no user with a uid that nobody has', () => {
    const uid = parseUid('4294967294');
    if (!uid.ok) throw new Error(uid.error);
    expect(systemNames.userById(uid.value)).toBeUndefined();
  });
  it('names groups, leaving out those without a name', () => {
    expect([...systemNames.groupNamesOf([gid(0), gid(4294967293)])]).toEqual([[0, 'root']]);
    expect([...systemNames.groupNamesOf([])]).toEqual([]);
  });
  it('finds groups by name; a name of digits is no gid', () => {
    expect([...systemNames.groupIdsByName(['root', 'no-such-group', '0', '--help'])]).toEqual([['root', 0]]);
  });
});

describe.runIf(process.getuid?.() === 0)('initgroups, as root', () => {
  const kernelGroups = () => /^Groups:.*$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[0];

  it('gives what id(1) gives, for every user of the system', () => {
    const users = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .slice(0, 30);
    for (const line of users) {
      const account = parseAccount(`${line}\n`);
      if (account === undefined) throw new Error(line);
      const expected = execFileSync('/usr/bin/id', ['-G', account.name], { encoding: 'utf8' })
        .trim()
        .split(' ')
        .map(Number);
      expect(systemNames.groupIdsOf(account.name, account.gid)).toEqual(
        expected.sort((one, other) => one - other),
      );
    }
  });
  it("does not count this process's own group in: that is root's", () => {
    expect(systemNames.groupIdsOf('no-such-user', gid(4242))).toEqual([4242]);
  });
  it("leaves this process's groups as they were", () => {
    const before = kernelGroups();
    systemNames.groupIdsOf('no-such-user', gid(4242));
    expect(kernelGroups()).toBe(before);
  });
});

describe('plausible names', () => {
  it.each(['a', 'a-b', 'a b', 'DOM\\a', 'ä', '0'])('%j', (name) => expect(isPlausibleName(name)).toBe(true));
  it.each(['', '.', '..', '-a', 'a/b', 'a:b', 'a\tb', '\ufffd'])('not %j', (name) =>
    expect(isPlausibleName(name)).toBe(false),
  );
});
