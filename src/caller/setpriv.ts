/** A program that is started with a user's rights and no others: setpriv(1) of util-linux, which becomes the program. */
import type { Rights } from './as-user.ts';

export const setpriv = '/usr/bin/setpriv';

/**
 * All ids, all groups, no capability and no way back (execve(2) of a setuid program included).
 * @param program absolute
 */
export function withRightsOf(
  { uid, gid, groups }: Rights,
  program: string,
  args: readonly string[],
): { readonly program: string; readonly args: readonly string[] } {
  const supplementary = groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`;
  const ids = [`--reuid=${uid}`, `--regid=${gid}`, supplementary];
  const capabilities = ['--inh-caps=-all', '--bounding-set=-all', '--no-new-privs'];
  return { program: setpriv, args: [...ids, ...capabilities, '--', program, ...args] };
}
