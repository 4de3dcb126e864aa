/**
 * Whether a file server answers, found out by a child that may hang in our place: a system call on a dead NFS server
 * can't be interrupted, not even by SIGKILL. The child has the caller's rights and follows the path itself. Its output
 * is not looked at, since the caller could trace the child and write it (ptrace(2)); that it answers at all is enough.
 */
import type { Rights } from '../caller/as-user.ts';
import { withRightsOf } from '../caller/setpriv.ts';
import { assertNever } from '../domain/result.ts';
import { ask } from '../exec/ask.ts';

export type Probe = 'answers' | 'hangs' | 'impossible';

/** Longer than any healthy server takes, an automounter's first mount included. */
export const probeTimeout = 5_000;

/** setpriv(1): "127 is returned if program could not be found". */
const notFound = 127;

/** @param timeout milliseconds */
export async function probeDirectory(
  rights: Rights,
  path: string,
  timeout: number = probeTimeout,
): Promise<Probe> {
  // -U: nothing is sorted, so the first entry comes at once, also from a directory with a million.
  const command = withRightsOf(rights, '/bin/ls', ['-U1', '--', path]);
  const answer = await ask({ ...command, timeout, largest: 0, stderr: 0 });
  switch (answer.end) {
    case 'late':
      return 'hangs';
    case 'endless':
      return 'answers';
    case 'unstartable':
      return 'impossible';
    case 'exited':
      return answer.status === notFound ? 'impossible' : 'answers';
    default:
      return assertNever(answer);
  }
}
