/**
 * The number of the caller's own group, which is always given (`--user=UID:GID`), and what makes a name of it.
 *
 * runc before 1.3 looks each supplementary group up in the /etc/group that it finds in the container, by name before number
 * (libcontainer, GetAdditionalGroups), and docker since 20.10.18 gives it the caller's first group among them: where a group
 * of the image is called `1001` and is number 6, the caller is in the host's group `disk`. Leaving out --group-add does
 * not help there: nothing that the image, or the container's processes, could have written may stand in that file.
 */
import type { Caller } from '../domain/caller.ts';
import type { Reason } from '../domain/errors.ts';
import type { Policy } from '../domain/policy.ts';

/**
 * @param problem why the numbers of groups could mean something else in the image (src/mounts/image-accounts.ts)
 * @param runc the engine's, `1.1.5`; empty: not known
 */
export function judgeGroupNames(
  { user_in_container }: Pick<Policy, 'user_in_container'>,
  { isRoot }: Pick<Caller, 'isRoot'>,
  problem: string | undefined,
  runc: string,
): readonly Reason[] {
  if (problem === undefined || !user_in_container || isRoot || !looksUpNumbers(runc)) return [];
  const version = runc === '' ? 'the runtime' : `runc ${runc}`;
  return [
    {
      rule: 'user_in_container',
      message: `you could be in another group than yours there: ${problem}, and ${version} of this engine reads it`,
      instead:
        'an image whose /etc/group only root can write and where no group has a number for its name; with runc 1.3 any',
    },
  ];
}

/** runc 1.3.0 is the first that takes numbers for numbers (its CHANGELOG, #3999). */
export function looksUpNumbers(runc: string): boolean {
  const [, major, minor] = /^([0-9]+)\.([0-9]+)/.exec(runc) ?? [];
  if (major === undefined || minor === undefined) return true;
  return Number(major) < 1 || (Number(major) === 1 && Number(minor) < 3);
}
