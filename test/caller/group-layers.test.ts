import { describe, expect, it } from 'vitest';
import { assertGroupLayersResolve, groupsAreLocal } from '../../src/caller/group-layers.ts';
import type { NameService } from '../../src/caller/name-service.ts';
import type { Caller } from '../../src/domain/caller.ts';
import { UserdockerError } from '../../src/domain/errors.ts';
import { type Gid, parseAbsolutePath, parseGid, parseUid } from '../../src/domain/ids.ts';
import type { Result } from '../../src/domain/result.ts';

function valid<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}
const gid = (number: number): Gid => valid(parseGid(String(number)));

const caller: Caller = {
  uid: valid(parseUid('1000')),
  user: 'alice',
  gid: gid(100),
  group: 'users',
  home: valid(parseAbsolutePath('/home/alice')),
  groups: [{ gid: gid(100), name: 'users' }],
  isRoot: false,
};

/** Answers for `users` (100) and `video` (27), and counts how often it is asked. */
function directory(known: ReadonlyMap<string, Gid>) {
  const asked: unknown[] = [];
  const names: NameService = {
    userById: () => undefined,
    userByName: () => undefined,
    groupIdsOf: () => [],
    groupNamesOf: (gids) => {
      asked.push(...gids);
      return new Map([...known].filter(([, id]) => gids.includes(id)).map(([name, id]) => [id, name]));
    },
    groupIdsByName: (wanted) => {
      asked.push(...wanted);
      return new Map([...known].filter(([name]) => wanted.includes(name)));
    },
  };
  return { names, asked };
}
const up = new Map([
  ['users', gid(100)],
  ['video', gid(27)],
]);
const ldap = 'group: files ldap\n';

function check(names: readonly string[], gids: readonly Gid[], known = up, nsswitch = ldap) {
  const { names: service, asked } = directory(known);
  assertGroupLayersResolve({ names, gids }, caller, service, nsswitch);
  return asked;
}

describe('layers of groups that the caller is not in', () => {
  it.each([
    ['known ones', ['video'], [gid(27)]],
    ['none', [], []],
    ['only the own', ['users'], [gid(100)]],
  ])('%s: fine', (_, names, gids) => {
    expect(() => check(names, gids)).not.toThrow();
  });
  it.each([
    ['a name nobody knows', ['students'], []],
    ['a gid nobody knows', [], [gid(28)]],
    ['one of several', ['users', 'video', 'students'], [gid(27)]],
  ])('%s: the directory may be down', (_, names, gids) => {
    expect(() => check(names, gids)).toThrow(UserdockerError);
  });
  it('a directory that is down refuses everything but the own groups', () => {
    expect(() => check(['video'], [], new Map())).toThrow(UserdockerError);
    expect(() => check(['users'], [], new Map())).not.toThrow();
  });
  it('the own groups are not asked for again', () => {
    expect(check(['users', 'video'], [gid(100)])).toEqual(['video']);
  });
  it('local files are never down: nobody is asked', () => {
    expect(check(['students'], [gid(28)], new Map(), 'group: files systemd\n')).toEqual([]);
  });
});

describe('where groups come from', () => {
  it.each([
    '',
    'group: files\n',
    'group:files systemd',
    'passwd: files ldap\ngroup: files\n',
    '# group: ldap\ngroup: files # ldap\n',
    'group: db files\ninitgroups: files\n',
    'group:\n',
    'group: files [NOTFOUND=return] systemd\n',
    'netgroup: nis\n',
  ])('local: %j', (text) => expect(groupsAreLocal(text)).toBe(true));
  it.each([
    'group: files sss\n',
    'group: sss files',
    'group: files [SUCCESS=merge] ldap\n',
    'group: files [ NOTFOUND = return UNAVAIL = continue ] ldap\n',
    'group: files\ninitgroups: sss\n',
    '  group : compat\n',
    'group:\tfiles\twinbind\n',
    'group: Files\n',
  ])('not local: %j', (text) => expect(groupsAreLocal(text)).toBe(false));
});
