/**
 * The directories in a directory, as the caller sees them. A child with the caller's own rights looks, never this process: it may
 * hang on a dead file server, and it can be left behind. The caller could trace the child and make it say anything
 * (ptrace(2)); what it says is only offered to that same caller, and then goes through the filter of candidate.ts.
 */
import { spawn } from 'node:child_process';
import type { Rights } from '../caller/as-user.ts';
import { asCaller, setpriv } from '../mounts/probe.ts';

/** Bytes. */
const largestOutput = 256 * 1024;

/**
 * @param path absolute
 * @param hidden also names that begin with a dot
 * @param timeout milliseconds
 */
export function listDirectories(
  rights: Rights,
  path: string,
  hidden: boolean,
  timeout: number,
): Promise<readonly string[]> {
  return new Promise((resolve) => {
    // -p: a slash behind directories; -L: also behind links to them.
    const ls = ['/bin/ls', '-1pL', ...(hidden ? ['-A'] : []), '--', path];
    const child = spawn(setpriv, [...asCaller(rights), ...ls], {
      stdio: ['ignore', 'pipe', 'ignore'],
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    });
    let output = '';
    const finish = (): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      child.stdout.destroy();
      child.unref();
      // The last line may be cut.
      const lines = output.split('\n').slice(0, -1);
      resolve(lines.flatMap((line) => (line.endsWith('/') ? [line.slice(0, -1)] : [])));
    };
    const timer = setTimeout(finish, timeout);
    child.once('error', finish);
    child.once('close', finish);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.length > largestOutput) finish();
    });
  });
}
