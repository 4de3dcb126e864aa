/**
 * How many processes all containers of a user may have together. `limits.pids` bounds each container alone, and many containers times
 * many processes are more than the kernel has numbers for: then nobody on the machine can start anything. RLIMIT_NPROC counts every
 * process of a user id, in whichever container, and outside of them (getrlimit(2)).
 */
import type { Caller } from '../domain/caller.ts';
import type { Part } from '../domain/decision.ts';
import type { Policy } from '../domain/policy.ts';

/** One user leaves the other three quarters to root and the others. */
export const share = 4;

/**
 * @param machine the most processes that the machine can have at a time
 * @param ulimits the values of --ulimit that the container gets anyway: an admin's own bound stays
 */
export function processLimitParts(
  policy: Policy,
  caller: Caller,
  machine: number,
  ulimits: readonly string[],
): readonly Part[] {
  // The kernel does not count root's processes. Where one container may have any number, the sum is not bounded either.
  if (!policy.user_in_container || caller.isRoot || policy.limits.pids === undefined) return [];
  if (ulimits.some((ulimit) => ulimit.startsWith('nproc='))) return [];
  const most = Math.max(1, Math.floor(machine / share));
  return [{ words: [`--ulimit=nproc=${most}`], source: 'enforced', rule: 'limits.pids' }];
}
