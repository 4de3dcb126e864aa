/**
 * Reads a small file that the caller has named, with the caller's rights and no others.
 *
 * 1. A child of the caller's own ids opens and reads it. Root opens nothing, so links, races and permissions are the kernel's affair.
 * 2. It may hang in our place (a FIFO without a writer, a dead file server); it has a time limit.
 * 3. What it says is bounded here: /dev/zero or a pipe without an end takes no memory.
 * 4. The caller could trace the child and make it say anything (ptrace(2)): that would be the caller's own words, as any
 *    file of theirs. It holds no descriptor but the three standard ones.
 */
import { spawn } from 'node:child_process';
import { err, ok, type Result } from '../domain/result.ts';
import type { Rights } from './as-user.ts';

const setpriv = '/usr/bin/setpriv';
/** Longer than any healthy file server takes, and long enough for a command behind a pipe. Milliseconds. */
export const readTimeout = 10_000;

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
export function readAsUser({ rights, path, limit, timeout = readTimeout }: Reading): Promise<Result<Buffer>> {
  if (path === '') return Promise.resolve(err('it has no name'));
  // `-` is standard input for cat, and a file of that name for docker.
  const named = standardInput.has(path) ? [] : ['--', path.startsWith('/') ? path : `./${path}`];
  return new Promise((resolve) => {
    const child = spawn(setpriv, [...asCaller(rights), '/bin/cat', ...named], {
      stdio: [named.length === 0 ? 0 : 'ignore', 'pipe', 'pipe'],
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    });
    const chunks: Buffer[] = [];
    let length = 0;
    let complaint = '';
    const finish = (result: Result<Buffer>): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      child.stdout?.destroy();
      child.stderr?.destroy();
      // In an uninterruptible wait it does not die; it must not keep this process waiting too.
      child.unref();
      resolve(result);
    };
    const timer = setTimeout(() => finish(err(`nothing more came within ${timeout / 1000} s`)), timeout);
    child.once('error', () => finish(err('no process could be started for it')));
    child.stdout?.on('data', (data: Buffer) => {
      chunks.push(data);
      length += data.length;
      if (length > limit) finish(err(`it is larger than ${limit} bytes`));
    });
    child.stderr?.on('data', (data: Buffer) => {
      if (complaint.length < 1000) complaint += data.toString('utf8');
    });
    child.once('close', (code) => finish(code === 0 ? ok(Buffer.concat(chunks)) : err(reasonIn(complaint))));
  });
}

/** `/bin/cat: x: Permission denied` */
function reasonIn(complaint: string): string {
  const reason = /: ([^:\n]{1,80})\n$/.exec(complaint)?.[1];
  return reason?.toLowerCase() ?? 'it could not be opened with your rights';
}

function asCaller({ uid, gid, groups }: Rights): readonly string[] {
  const supplementary = groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`;
  return [`--reuid=${uid}`, `--regid=${gid}`, supplementary, '--no-new-privs', '--'];
}
