/**
 * Reads a small file that the caller has named, with the caller's rights and no others.
 *
 * 1. A child of the caller's own ids opens and reads it. Root opens nothing, so links, races and permissions are the kernel's affair.
 * 2. It may hang in our place (a FIFO without a writer, a dead file server); it has a time limit.
 * 3. What it says is bounded here: /dev/zero or a pipe without an end takes no memory.
 * 4. The caller could trace the child and make it say anything (ptrace(2)): that would be the caller's own words, as any
 *    file of theirs. It holds no descriptor but the three standard ones.
 */
import { assertNever, err, ok, type Result } from '../domain/result.ts';
import { ask } from '../exec/ask.ts';
import type { Rights } from './as-user.ts';
import { withRightsOf } from './setpriv.ts';

/** Longer than any healthy file server takes, and long enough for a command behind a pipe. Milliseconds. */
export const readTimeout = 10_000;

/** Bytes: what cat complains of, which has the path in it. */
const complaint = 1000;

/** Standard input under its names: the descriptor is read as it is. Opened anew it would need rights to sudo's own pipe. */
const standardInput = new Set(['/dev/stdin', '/dev/fd/0', '/proc/self/fd/0']);

export interface Reading {
  readonly rights: Rights;
  /** As the caller wrote it; from the current directory where it is relative. */
  readonly path: string;
  /** Bytes; of a longer file nothing is given. */
  readonly limit: number;
  /** Milliseconds. */
  readonly timeout?: number;
}

/** @returns the bytes, or why not, to stand behind "can't be read: " */
export async function readAsUser(reading: Reading): Promise<Result<Buffer>> {
  const { rights, path, limit, timeout = readTimeout } = reading;
  if (path === '') return err('it has no name');
  // `-` is standard input for cat, and a file of that name for docker.
  const named = standardInput.has(path) ? [] : ['--', path.startsWith('/') ? path : `./${path}`];
  const stdin = named.length === 0 ? { stdin: 0 } : {};
  const command = withRightsOf(rights, '/bin/cat', named);
  const bounds = { timeout, largest: limit, stderr: complaint };
  const answer = await ask({ ...command, ...stdin, ...bounds, cwd: undefined });
  switch (answer.end) {
    case 'late':
      return err(`nothing more came within ${timeout / 1000} s`);
    case 'endless':
      return err(`it is larger than ${limit} bytes`);
    case 'unstartable':
      return err('no process could be started for it');
    case 'exited':
      return answer.status === 0 ? ok(answer.stdout) : err(reasonIn(answer.stderr.toString('utf8')));
    default:
      return assertNever(answer);
  }
}

/** `/bin/cat: x: Permission denied` */
function reasonIn(complaint: string): string {
  const reason = /: ([^:\n]{1,80})\n$/.exec(complaint)?.[1];
  return reason?.toLowerCase() ?? 'it could not be opened with your rights';
}
