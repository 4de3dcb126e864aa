/**
 * Whether a file server answers, found out by a child that may hang in our place: a system call on a dead NFS server
 * can't be interrupted, not even by SIGKILL. The child has the caller's rights and follows the path itself. Its output
 * is not looked at, since the caller could trace the child and write it (ptrace(2)); that it answers at all is enough.
 */
import { spawn } from 'node:child_process';
import type { Rights } from '../caller/as-user.ts';

export type Probe = 'answers' | 'hangs' | 'impossible';

/** Longer than any healthy server takes, an automounter's first mount included. */
export const probeTimeout = 5_000;

/** util-linux. It becomes the program it is given, with the ids it is given. */
export const setpriv = '/usr/bin/setpriv';

/** @param timeout milliseconds */
export function probeDirectory(rights: Rights, path: string, timeout: number = probeTimeout): Promise<Probe> {
  return new Promise((resolve) => {
    // -U: nothing is sorted, so the first entry comes at once, also from a directory with a million.
    const child = spawn(setpriv, [...asCaller(rights), '/bin/ls', '-U1', '--', path], {
      stdio: ['ignore', 'pipe', 'ignore'],
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    });
    const finish = (probe: Probe): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      child.stdout.destroy();
      // In an uninterruptible wait it does not die; it must not keep this process waiting too.
      child.unref();
      resolve(probe);
    };
    const timer = setTimeout(() => finish('hangs'), timeout);
    child.once('error', () => finish('impossible'));
    child.once('exit', (code) => finish(code === 127 ? 'impossible' : 'answers'));
    child.stdout.once('data', () => finish('answers'));
  });
}

/** Options of setpriv(1), `--` included. */
export function asCaller({ uid, gid, groups }: Rights): readonly string[] {
  const ids = [`--reuid=${uid}`, `--regid=${gid}`];
  return [
    ...ids,
    groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`,
    '--no-new-privs',
    '--',
  ];
}
