/**
 * What keeps a container's processes the caller's own: user, groups, capabilities, no-new-privileges, pids. The user
 * may say again what is enforced anyway, in any of docker's spellings, and nothing else.
 */
import type { Caller } from '../domain/caller.ts';
import type { Part } from '../domain/decision.ts';
import type { Reason } from '../domain/errors.ts';
import type { Policy } from '../domain/policy.ts';

/** Flags that this file judges; they need no entry in `args.run`. */
export const confinementFlags = [
  '--user',
  '--group-add',
  '--cap-drop',
  '--cap-add',
  '--security-opt',
  '--pids-limit',
] as const;

export interface ConfinementVerdict {
  readonly parts: readonly Part[];
  readonly reasons: readonly Reason[];
}

/**
 * @param given the user's values for one of `confinementFlags`
 * @param groupsSafe whether the image leaves the numbers of groups what they are (src/mounts/image-accounts.ts)
 */
export function judgeConfinement(
  policy: Policy,
  caller: Caller,
  given: (flag: (typeof confinementFlags)[number]) => readonly string[],
  groupsSafe: boolean,
): ConfinementVerdict {
  const reasons = [
    ...refused(
      '--user',
      'user_in_container',
      given('--user'),
      allowedUsers(policy, caller),
      userHint(policy, caller),
    ),
    ...refused(
      '--group-add',
      'groups_in_container',
      given('--group-add'),
      allowedGroups(policy, caller),
      allowedGroups(policy, caller).length === 0
        ? 'leave it out'
        : 'leave it out: your own groups are put in anyway',
    ),
    ...refusedCapabilities('--cap-drop', 'caps_drop', given('--cap-drop'), policy.caps_drop),
    ...refusedCapabilities('--cap-add', 'caps_add', given('--cap-add'), policy.caps_add),
    ...refused(
      '--security-opt',
      'no_new_privileges',
      given('--security-opt'),
      allowedSecurityOptions(policy),
    ),
    ...refusedPids(policy, given('--pids-limit')),
    ...refusedIds(policy, caller),
  ];
  return { parts: enforcedParts(policy, caller, groupsSafe, given('--pids-limit').at(-1)), reasons };
}

/** The options that `src/exec` looks for again, just before docker is started. */
export function enforcedParts(
  policy: Policy,
  caller: Caller,
  groupsSafe: boolean,
  pids?: string,
): readonly Part[] {
  const pidsLimit = pids ?? (policy.limits.pids === undefined ? undefined : String(policy.limits.pids));
  return [
    ...enforcedUser(policy, caller),
    ...(groupsSafe ? supplementaryGroups(policy, caller) : []).map((gid) =>
      part('groups_in_container', `--group-add=${gid}`),
    ),
    ...policy.caps_drop.map((capability) => part('caps_drop', `--cap-drop=${capability}`)),
    ...policy.caps_add.map((capability) => part('caps_add', `--cap-add=${capability}`)),
    ...(policy.no_new_privileges ? [part('no_new_privileges', '--security-opt=no-new-privileges')] : []),
    ...(pidsLimit === undefined ? [] : [part('limits.pids', `--pids-limit=${pidsLimit}`)]),
  ];
}

/** Who the processes are; `docker exec` can become anybody, whatever user the container was started with. */
export function enforcedUser(policy: Policy, caller: Caller): readonly Part[] {
  return policy.user_in_container ? [part('user_in_container', `--user=${userWord(caller)}`)] : [];
}

function part(rule: string, word: string): Part {
  return { words: [word], source: 'enforced', rule };
}

/** docker's `user:group`, both by number: names would be looked up in the image's files. */
function userWord({ uid, gid }: Caller): string {
  return `${uid}:${gid}`;
}

/** Without the caller's user they would be root's helpers. */
function supplementaryGroups(policy: Policy, caller: Caller): readonly number[] {
  if (!policy.groups_in_container || !policy.user_in_container) return [];
  return caller.groups.map(({ gid }) => gid).filter((gid) => gid !== caller.gid);
}

function refused(
  flag: string,
  rule: string,
  given: readonly string[],
  allowed: readonly string[],
  instead?: string,
): readonly Reason[] {
  const hint =
    instead ??
    (allowed.length === 0 ? 'leave it out' : `leave it out: ${flag}=${allowed[0]} is put in anyway`);
  return given
    .filter((value) => !allowed.includes(value))
    .map((value) => ({ rule, message: `${flag} ${value} is not allowed`, instead: hint }));
}

/** What the user may say of it. */
export function allowedUsers(policy: Policy, caller: Caller): readonly string[] {
  return policy.user_in_container ? [userWord(caller), `${caller.uid}`] : [];
}

function userHint(policy: Policy, caller: Caller): string {
  return policy.user_in_container
    ? `containers run as you: leave it out (--user=${userWord(caller)} is put in anyway)`
    : 'leave it out: the image says which user runs';
}

function allowedGroups(policy: Policy, caller: Caller): readonly string[] {
  return supplementaryGroups(policy, caller).map(String);
}

/** docker takes `no-new-privileges`, `...:true` and `...=true` for the same (moby daemon/daemon_unix.go). */
function allowedSecurityOptions(policy: Policy): readonly string[] {
  return policy.no_new_privileges
    ? ['no-new-privileges', 'no-new-privileges:true', 'no-new-privileges=true']
    : [];
}

function refusedCapabilities(
  flag: string,
  rule: string,
  given: readonly string[],
  enforced: readonly string[],
): readonly Reason[] {
  const plain = (name: string) => name.toUpperCase().replace(/^CAP_/, '');
  const allowed = enforced.map(plain);
  // Dropping one more where all are dropped changes nothing.
  if (flag === '--cap-drop' && allowed.includes('ALL'))
    return refused(
      flag,
      rule,
      given.filter((name) => !/^\w+$/.test(name)),
      [],
    );
  return refused(
    flag,
    rule,
    given.filter((name) => !allowed.includes(plain(name))),
    [],
    flag === '--cap-add' ? 'leave it out; capabilities are up to the admin (caps_add)' : undefined,
  );
}

function refusedPids(policy: Policy, given: readonly string[]): readonly Reason[] {
  const limit = policy.limits.pids;
  const fits = (text: string) =>
    /^[1-9][0-9]{0,8}$/.test(text) && (limit === undefined || Number(text) <= limit);
  return given
    .filter((text) => !fits(text))
    .map((text) => ({
      rule: 'limits.pids',
      message: `--pids-limit ${text} is not allowed`,
      instead: limit === undefined ? 'give a plain positive number' : `at most ${limit}`,
    }));
}

/** The engine takes ids up to 2^31-1 (moby/sys/user); directory services give out larger ones now and then. */
const largestId = 0x7fff_ffff;

function refusedIds(policy: Policy, caller: Caller): readonly Reason[] {
  const ids = policy.user_in_container
    ? [caller.uid, caller.gid, ...supplementaryGroups(policy, caller)]
    : [];
  const tooLarge = ids.find((id) => id > largestId);
  if (tooLarge === undefined) return [];
  const message = `docker can't run processes with the id ${tooLarge}: it is larger than ${largestId}`;
  return [{ rule: 'user_in_container', message, instead: 'ask an admin: the account needs a smaller id' }];
}
