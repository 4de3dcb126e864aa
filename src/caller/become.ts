/**
 * Becoming the caller for good: what this process does from then on it does with the caller's rights, and there is no way back.
 *
 * 1. Groups first, then the group, then the user: behind that there is no right left to change anything.
 * 2. All threads: the runtime's own may do file system calls. Each one's ids are read back from the kernel.
 * 3. Anything else than complete success ends the call.
 *
 * The kernel makes such a process undumpable (prctl(2), PR_SET_DUMPABLE): the caller can't trace it, nor use its descriptors.
 */
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import type { Rights } from './as-user.ts';

/**
 * The caller's umask, which the launcher has replaced: the parent still has it (proc_pid_status(5)). Others may never write what
 * they are not allowed to; where nobody knows, they may not read it either.
 */
export function callersUmask(parent: number = process.ppid): number {
  try {
    const status = readFileSync(`/proc/${parent}/status`, 'latin1');
    const umask = /^Umask:\s*([0-7]{3,4})$/m.exec(status)?.[1];
    return umask === undefined ? 0o077 : Number.parseInt(umask, 8) | 0o022;
  } catch {
    return 0o077;
  }
}

/** @throws where a right of root's would be left */
export function becomeCallerForGood({ uid, gid, groups }: Rights): void {
  if (uid === 0) return;
  const { setgroups, setgid, setuid } = process;
  if (!setgroups || !setgid || !setuid) throw new Error('this system has no user ids');
  setgroups([...groups]);
  setgid(gid);
  setuid(uid);
  for (const thread of readdirSync('/proc/self/task')) assertOnly(thread, uid, gid, groups);
}

function assertOnly(thread: string, uid: number, gid: number, groups: readonly number[]): void {
  const status = readFileSync(`/proc/self/task/${thread}/status`, 'latin1');
  const field = (name: string) =>
    (new RegExp(`^${name}:\\s*(.*?)\\s*$`, 'm').exec(status)?.[1] ?? '').split(/\s+/);
  const allowed = new Set([gid, ...groups].map(String));
  const isIt =
    field('Uid').every((id) => id === String(uid)) &&
    field('Gid').every((id) => id === String(gid)) &&
    field('Groups').every((id) => id === '' || allowed.has(id)) &&
    ['CapPrm', 'CapEff', 'CapInh', 'CapAmb'].every((name) => /^0+$/.test(field(name)[0] ?? ''));
  if (!isIt) throw new Error("root's rights could not be given up");
}
