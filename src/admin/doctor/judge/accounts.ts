/** Groups whose members are root, with or without userdocker. Pure. */
import { type Finding, fault, few, note, warning, word } from '../finding.ts';
import type { Accounts, Group } from '../gather/accounts.ts';

export interface AccountFacts {
  readonly accounts: Accounts | undefined;
  /** The groups that the engine's sockets belong to, where these may use it. */
  readonly socketGids: readonly number[];
}

/** What each of them leads to. */
const powerful: ReadonlyMap<string, string> = new Map([
  ['disk', 'they read and write the disks themselves'],
  ['lxd', 'they start containers of LXD as root'],
  ['incus', 'they start containers of Incus'],
  ['incus-admin', 'they start containers of Incus as root'],
  ['libvirt', 'they give virtual machines the disks of this one'],
  ['shadow', "they read everybody's password hashes"],
  ['kmem', "they read the kernel's memory"],
  ['sudo', 'sudo lets them run everything'],
  ['wheel', 'sudo lets them run everything'],
  ['admin', 'sudo lets them run everything'],
]);

export function judgeAccounts({ accounts, socketGids }: AccountFacts): readonly Finding[] {
  if (accounts === undefined) {
    return [
      warning(
        'accounts-silent',
        "the system's databases of users and groups do not answer",
        'getent passwd; getent group: is the directory service up?',
      ),
    ];
  }
  const ofTheEngine = accounts.groups.filter(
    ({ name, gid }) => gid !== 0 && (name === 'docker' || socketGids.includes(gid)),
  );
  return [
    ...ofTheEngine.flatMap((group) => judgeEngineGroup(accounts, group)),
    ...accounts.groups.flatMap((group) => judgePowerful(accounts, group)),
    ...judgeSecondRoots(accounts),
  ];
}

function judgeEngineGroup(accounts: Accounts, group: Group): readonly Finding[] {
  const members = membersOf(accounts, group);
  if (members.length === 0) return [];
  return [
    fault(
      'accounts-docker',
      `${few(members)} may use docker's socket as members of the group ${group.name}: they are root on this machine, past userdocker`,
      members.length === 1
        ? `gpasswd --delete ${word(members[0] ?? '')} ${word(group.name)}`
        : `for each: gpasswd --delete NAME ${word(group.name)}`,
    ),
  ];
}

function judgePowerful(accounts: Accounts, group: Group): readonly Finding[] {
  const why = powerful.get(group.name);
  const members = membersOf(accounts, group);
  if (why === undefined || members.length === 0) return [];
  const means = `${few(members)}: members of the group ${group.name} are root, since ${why}`;
  return [
    note('accounts-group', means, `fine for admins; otherwise gpasswd --delete NAME ${word(group.name)}`),
  ];
}

function judgeSecondRoots({ users }: Accounts): readonly Finding[] {
  const others = [
    ...new Set(users.filter(({ uid, name }) => uid === 0 && name !== 'root').map(({ name }) => name)),
  ];
  if (others.length === 0) return [];
  return [
    note(
      'accounts-root',
      `${few(others)} have uid 0 as well: they are root`,
      'vipw, unless they are meant to be',
    ),
  ];
}

/** Everybody in a group, those among them whose primary group it is. */
function membersOf({ users }: Accounts, { gid, members }: Group): readonly string[] {
  const primary = users.filter((user) => user.gid === gid).map(({ name }) => name);
  return [...new Set([...members, ...primary])].filter((name) => name !== 'root').sort();
}
