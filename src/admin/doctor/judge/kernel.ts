/** The kernel, and how many processes it has for everybody. Pure. */
import { share } from '../../../policy/process-limit.ts';
import { type Finding, fault, note, warning } from '../finding.ts';
import type { KernelFacts } from '../gather/kernel.ts';
import type { ProcessBound, Settings } from '../gather/settings.ts';
import { compareVersions, parseVersion } from '../versions.ts';

/** What install.sh demands. */
const oldest = '5.1';
/** mount_setattr(2), for `ro` on what is mounted below. */
const withRecursiveReadOnly = '5.12';

export function judgeKernel(facts: KernelFacts, { processes }: Settings): readonly Finding[] {
  return [...judgeRelease(facts), ...judgeProcesses(facts, processes), ...judgeLinks(facts)];
}

function judgeRelease({ release }: KernelFacts): readonly Finding[] {
  if (isOlder(release, oldest))
    return [
      fault('kernel-old', `Linux ${release} is too old for userdocker`, `boot Linux ${oldest} or newer`),
    ];
  if (isOlder(release, withRecursiveReadOnly))
    return [
      note(
        'kernel-read-only',
        `Linux ${release} can't make what is mounted below a directory read-only: such :ro mounts are refused`,
        `boot Linux ${withRecursiveReadOnly} or newer`,
      ),
    ];
  return [];
}

function isOlder(release: string, wanted: string): boolean {
  const [own, other] = [parseVersion(release), parseVersion(wanted)];
  return own !== undefined && other !== undefined && compareVersions(own, other) < 0;
}

/**
 * `limits.pids` is a container's, so a user has as many processes as both limits multiplied, where nothing bounds them together.
 * Whoever takes the last process number keeps everybody from starting anything, root among them.
 */
function judgeProcesses(
  { pidMax, threadsMax }: KernelFacts,
  bounds: readonly ProcessBound[],
): readonly Finding[] {
  const most = Math.min(pidMax ?? Number.POSITIVE_INFINITY, threadsMax ?? Number.POSITIVE_INFINITY);
  if (!Number.isFinite(most)) return [];
  const worst = bounds
    .map((bound) => ({ ...bound, number: processesOf(bound, most) }))
    .toSorted((one, other) => other.number - one.number)[0];
  if (worst === undefined || worst.number <= most / 2) return [];
  const { containers = 'no limit', pids = 'no limit', number } = worst;
  const can = Number.isFinite(number) ? `${number} processes` : 'as many processes as they like';
  const smaller = Math.max(1, Math.floor(most / 2 / (typeof containers === 'number' ? containers : 1)));
  return [
    warning(
      'kernel-processes',
      `one user can have ${can} (limits.containers: ${containers}, limits.pids: ${pids}), but the kernel has ${most} for everybody (kernel.pid_max, kernel.threads-max): one user can keep all others from starting anything`,
      `user_in_container: true with a number in limits.pids, which bounds them together; or limits: {pids: ${smaller}}; or kernel.pid_max = 4194304 in a file in /etc/sysctl.d`,
    ),
  ];
}

function processesOf({ containers, pids, together }: ProcessBound, most: number): number {
  const apart = (containers ?? Number.POSITIVE_INFINITY) * (pids ?? Number.POSITIVE_INFINITY);
  if (together === undefined) return apart;
  return Math.min(apart, together === 'share' ? most / share : together);
}

function judgeLinks({ protectedSymlinks, protectedHardlinks }: KernelFacts): readonly Finding[] {
  const off = [
    ...(protectedSymlinks === 0 ? ['fs.protected_symlinks'] : []),
    ...(protectedHardlinks === 0 ? ['fs.protected_hardlinks'] : []),
  ];
  return off.map((name) =>
    note(
      'kernel-links',
      `${name} is off: in /tmp users can lay links for root's programs`,
      `${name} = 1 in a file in /etc/sysctl.d`,
    ),
  );
}
