import { describe, expect, it } from 'vitest';
import { callerForUser, type IdentitySources, identifyCaller } from '../../src/caller/identity.ts';
import type { Account, NameService } from '../../src/caller/name-service.ts';
import { UserdockerError, unavailable } from '../../src/domain/errors.ts';
import { type Gid, parseGid, parseUid, type Uid } from '../../src/domain/ids.ts';

function uid(number: number): Uid {
  const parsed = parseUid(String(number));
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
function gid(number: number): Gid {
  const parsed = parseGid(String(number));
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

const alice: Account = { name: 'alice', uid: uid(1000), gid: gid(100), home: '/home/alice' };
const root: Account = { name: 'root', uid: uid(0), gid: gid(0), home: '/root' };
const groupNames = new Map([
  [gid(0), 'root'],
  [gid(27), 'video'],
  [gid(100), 'users'],
]);

/** A directory with root and alice, who is in 27 (video), 100 (users) and the nameless 5000. */
function directory(...accounts: readonly Account[]): NameService {
  const all = [root, ...(accounts.length > 0 ? accounts : [alice])];
  return {
    userById: (wanted) => all.find((account) => account.uid === wanted),
    userByName: (wanted) => all.find((account) => account.name === wanted),
    groupIdsOf: (user, primary) => (user === 'root' ? [primary] : [gid(27), primary, gid(5000)]),
    groupNamesOf: (gids) => new Map([...groupNames].filter(([id]) => gids.includes(id))),
    groupIdsByName: () => new Map(),
  };
}

const asRoot = { uid: 0, euid: 0, gid: 0, egid: 0 };
const sudo = {
  SUDO_UID: '1000',
  SUDO_GID: '100',
  SUDO_USER: 'alice',
  SUDO_COMMAND: '/usr/local/bin/userdocker ps',
};

function identify(changes: Partial<IdentitySources>) {
  return identifyCaller({ ids: asRoot, env: sudo, names: directory(), ...changes });
}
function caller(changes: Partial<IdentitySources>) {
  const identity = identify(changes);
  if (identity.kind !== 'caller') throw new Error(identity.kind);
  return identity.caller;
}
function failureOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (!(error instanceof UserdockerError)) throw error;
    const { failure } = error;
    return `${failure.code}: ${failure.code === 'denied' ? failure.reasons[0]?.message : JSON.stringify(failure)}`;
  }
  throw new Error('no failure');
}

describe('under sudo', () => {
  it('the caller is who SUDO_UID says, as the databases describe them', () => {
    expect(caller({})).toEqual({
      uid: 1000,
      user: 'alice',
      gid: 100,
      group: 'users',
      home: '/home/alice',
      groups: [
        { gid: 27, name: 'video' },
        { gid: 100, name: 'users' },
        { gid: 5000, name: undefined },
      ],
      isRoot: false,
    });
  });

  it('nothing else of the environment is believed', () => {
    const lies = { USER: 'root', LOGNAME: 'root', HOME: '/', SUDO_USER: 'root', UID: '0', SUDO_HOME: '/' };
    expect(caller({ env: { ...sudo, ...lies } })).toEqual(caller({}));
  });

  it.each([
    ['100', 100, 'users'],
    ['27', 27, 'video'],
    ['5000', 5000, '5000'],
    ['0', 100, 'users'],
    ['28', 100, 'users'],
    ['4294967294', 100, 'users'],
  ])('SUDO_GID=%s: the group is %i (%s)', (text, number, name) => {
    expect(caller({ env: { ...sudo, SUDO_GID: text } })).toMatchObject({ gid: number, group: name });
  });

  it('root may be in SUDO_UID: root itself', () => {
    expect(caller({ env: { SUDO_UID: '0', SUDO_GID: '0' } })).toMatchObject({
      uid: 0,
      isRoot: true,
      home: '/root',
    });
  });
});

describe('what sudo would never say is refused', () => {
  it.each([
    '',
    ' ',
    '-1',
    '+1000',
    '01000',
    '0x3e8',
    '1e3',
    '1000 ',
    ' 1000',
    '1000\n',
    '1.0',
    '1000,0',
    '4294967295',
    '4294967296',
    '99999999999',
    'alice',
    '１０００',
    '#1000',
  ])('SUDO_UID=%j', (text) => {
    expect(failureOf(() => identify({ env: { ...sudo, SUDO_UID: text } }))).toMatch(
      /^denied: SUDO_UID is not a user id/,
    );
  });
  it.each(['', '-1', '0100', '100 ', '4294967295', 'users'])('SUDO_GID=%j', (text) => {
    expect(failureOf(() => identify({ env: { ...sudo, SUDO_GID: text } }))).toMatch(
      /^denied: SUDO_GID is not a group id/,
    );
  });
  it.each(['SUDO_UID', 'SUDO_GID'])('%s missing', (name) => {
    expect(failureOf(() => identify({ env: { ...sudo, [name]: undefined } }))).toMatch(
      /^denied: only one of/,
    );
  });
  it.each(['SUDO_USER', 'SUDO_COMMAND', 'DOAS_USER', 'PKEXEC_UID'])(
    '%s alone does not make a user root',
    (name) => {
      expect(failureOf(() => identify({ env: { [name]: 'alice' } }))).toMatch(
        new RegExp(`^denied: ${name} is set, but not SUDO_UID`),
      );
    },
  );
  it('a uid that nobody has', () => {
    expect(failureOf(() => identify({ env: { ...sudo, SUDO_UID: '1001' } }))).toMatch(
      /^denied: the system knows no user with uid 1001/,
    );
  });
});

describe('called without sudo', () => {
  it('by root: root', () => {
    expect(caller({ env: {} })).toMatchObject({ uid: 0, user: 'root', gid: 0, group: 'root', isRoot: true });
  });
  it.each([
    ['nothing', {}],
    ['a forged SUDO_UID', sudo],
    ["root's SUDO_UID", { SUDO_UID: '0', SUDO_GID: '0' }],
  ])('by a user with %s in the environment: sudo is next', (_, env) => {
    const user = { uid: 1000, euid: 1000, gid: 100, egid: 100 };
    expect(identify({ ids: user, env })).toEqual({ kind: 'needs-sudo' });
  });
});

describe('started as a setuid or setgid program', () => {
  it.each([
    { uid: 1000, euid: 0, gid: 100, egid: 100 },
    { uid: 0, euid: 1000, gid: 0, egid: 0 },
    { uid: 1000, euid: 1000, gid: 100, egid: 0 },
    { uid: 1000, euid: 0, gid: 100, egid: 0 },
    { uid: 0, euid: 0, gid: 100, egid: 0 },
  ])('refused: %j', (ids) => {
    expect(failureOf(() => identify({ ids }))).toMatch(/^denied: userdocker was started as a setuid/);
  });
});

describe('names and homes of the database', () => {
  const withAccount = (changes: Partial<Account>) => ({ names: directory({ ...alice, ...changes }) });

  it.each(['alice', 'DOM\\alice', 'alice@example.org', 'al ice', 'élise', 'a', '1000', 'a-b', '.hidden'])(
    'name %j',
    (name) => {
      expect(caller(withAccount({ name })).user).toBe(name);
    },
  );
  it.each(['', '.', '..', '-alice', 'a/b', '../root', 'a\nb', 'a\u0000b', 'a\u009bb', 'a\ufffd', 'a:b'])(
    'name %j: refused',
    (name) => {
      expect(failureOf(() => identify(withAccount({ name })))).toMatch(
        /^denied: uid 1000 has a name that can't be used/,
      );
    },
  );

  it.each([
    ['/home/alice', '/home/alice'],
    ['/home/alice/', '/home/alice'],
    ['//home///alice//', '/home/alice'],
    ['/', '/'],
    ['///', '/'],
    ['/home/al ice', '/home/al ice'],
    ['/home/a..b', '/home/a..b'],
  ])('home %j is %j', (home, path) => {
    expect(caller(withAccount({ home })).home).toBe(path);
  });
  it.each([
    '',
    'home/alice',
    '~',
    '/home/../etc',
    '/home/./alice',
    '/home/a\nb',
    '/home/..',
    '/home/a\ufffd',
  ])('home %j: refused', (home) => {
    expect(failureOf(() => identify(withAccount({ home })))).toMatch(
      /^denied: the home directory of alice can't be used/,
    );
  });
});

describe('a look-up that fails refuses the call', () => {
  const down = () => {
    throw unavailable('down');
  };
  it.each(['userById', 'groupIdsOf', 'groupNamesOf'] as const)('%s', (name) => {
    expect(failureOf(() => identify({ names: { ...directory(), [name]: down } }))).toMatch(/^unavailable/);
  });
});

describe('any user, for the admin', () => {
  it.each(['alice', '1000'])('%s', (user) => {
    expect(callerForUser(user, directory())).toEqual(caller({}));
  });
  it('a name of digits comes before the uid', () => {
    const names = directory(alice, { ...alice, name: '1000', uid: uid(1001) });
    expect(callerForUser('1000', names).uid).toBe(1001);
  });
  it.each(['bob', '1001', '01000', ''])('%j: nobody', (user) => {
    expect(failureOf(() => callerForUser(user, directory()))).toMatch(/^denied/);
  });
});
