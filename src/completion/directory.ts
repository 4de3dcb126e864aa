/**
 * The directories in a directory, as the caller sees them. A child with the caller's own rights looks, never this process: it may
 * hang on a dead file server, and it can be left behind. The caller could trace the child and make it say anything
 * (ptrace(2)); what it says is only offered to that same caller, and then goes through the filter of candidate.ts.
 */
import type { Rights } from '../caller/as-user.ts';
import { withRightsOf } from '../caller/setpriv.ts';
import { ask } from '../exec/ask.ts';

/** Bytes. */
const largestOutput = 256 * 1024;

/**
 * @param path absolute
 * @param hidden also names that begin with a dot
 * @param timeout milliseconds
 */
export async function listDirectories(
  rights: Rights,
  path: string,
  hidden: boolean,
  timeout: number,
): Promise<readonly string[]> {
  // -p: a slash behind directories; -L: also behind links to them.
  const command = withRightsOf(rights, '/bin/ls', ['-1pL', ...(hidden ? ['-A'] : []), '--', path]);
  const { stdout } = await ask({ ...command, timeout, largest: largestOutput, stderr: 0 });
  // What came until then is offered. The last line may be cut.
  const lines = stdout.toString('utf8').split('\n').slice(0, -1);
  return lines.flatMap((line) => (line.endsWith('/') ? [line.slice(0, -1)] : []));
}
