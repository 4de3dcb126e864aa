/**
 * Acting with the calling user's own rights, for the one stretch of code that looks at what the user names.
 *
 * Invariants
 * 1. Inside, the kernel checks every path with the caller's uid, gid and groups, and with no capability.
 * 2. Outside, the process is root again, with the groups it had. If that can't be reached, it ends at once: going on
 *    half as root and half as the user would make every later check wrong.
 * 3. Nothing asynchronous runs inside: the ids belong to the whole process, and whatever else was waiting would run
 *    under the wrong ones.
 *
 * The real and saved uids stay 0, so the user can neither signal nor trace the process meanwhile (kill(2), ptrace(2)).
 */
import process from 'node:process';
import type { Caller } from '../domain/caller.ts';
import type { Gid, Uid } from '../domain/ids.ts';

/** What of a caller decides what the kernel allows. */
export interface Rights {
  readonly uid: Uid;
  readonly gid: Gid;
  readonly groups: readonly Gid[];
}

export function rightsOf(caller: Caller): Rights {
  return { uid: caller.uid, gid: caller.gid, groups: caller.groups.map(({ gid }) => gid) };
}

/**
 * Runs `action` with the caller's rights and returns what it returns. Synchronous file system calls only.
 *
 * @throws whatever `action` throws, and where the rights can't be taken on
 */
export function withCallerRights<T>(rights: Rights, action: () => T): T {
  const ids = idCalls();
  if (ids.geteuid() !== 0) throw new Error('only root can take on the rights of somebody else');
  if (rights.uid === 0) return action();
  const before = { groups: ids.getgroups(), gid: ids.getegid() };
  try {
    takeOn(ids, rights);
    const result = action();
    if (result instanceof Promise)
      throw new Error('only synchronous work can be done with the rights of a user');
    return result;
  } finally {
    becomeRootAgain(ids, before);
  }
}

/** Groups first and the uid last: after it there is no right left to change the others. */
function takeOn(ids: IdCalls, { uid, gid, groups }: Rights): void {
  ids.setgroups([...groups]);
  ids.setegid(gid);
  ids.seteuid(uid);
  const foreign = ids.getgroups().some((group) => group !== gid && !groups.some((own) => own === group));
  if (ids.geteuid() !== uid || ids.getegid() !== gid || foreign) {
    throw new Error('the rights of the user could not be taken on');
  }
}

function becomeRootAgain(
  ids: IdCalls,
  before: { readonly groups: readonly number[]; readonly gid: number },
): void {
  try {
    ids.seteuid(0);
    ids.setegid(before.gid);
    ids.setgroups([...before.groups]);
    if (ids.geteuid() === 0 && ids.getegid() === before.gid) return;
  } catch {
    // Falls through: there is nothing left to try.
  }
  process.abort();
}

type IdCalls = Required<
  Pick<typeof process, 'geteuid' | 'getegid' | 'getgroups' | 'seteuid' | 'setegid' | 'setgroups'>
>;

/** Node's types leave these calls open, since Windows has none. */
function idCalls(): IdCalls {
  const { geteuid, getegid, getgroups, seteuid, setegid, setgroups } = process;
  if (!geteuid || !getegid || !getgroups || !seteuid || !setegid || !setgroups) {
    throw new Error('this system has no user ids');
  }
  return { geteuid, getegid, getgroups, seteuid, setegid, setgroups };
}
