/** The kernel, and how many processes it has for everybody. Pure. */
import type { Policy } from '../../../domain/policy.ts';
import { type Finding, fault, note, warning } from '../finding.ts';
import type { KernelFacts } from '../gather/kernel.ts';
import type { Settings } from '../gather/settings.ts';
import { compareVersions, parseVersion } from '../versions.ts';

/** What install.sh demands. */
const oldest = '5.1';
/** mount_setattr(2), for `ro` on what is mounted below. */
const withRecursiveReadOnly = '5.12';

export function judgeKernel(facts: KernelFacts, { limits }: Settings): readonly Finding[] {
  return [...judgeRelease(facts), ...judgeProcesses(facts, limits), ...judgeLinks(facts)];
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
 * `limits.pids` is a container's, so a user has as many processes as both limits multiplied. Whoever takes the last process
 * number keeps everybody from starting anything, root among them.
 */
function judgeProcesses(
  { pidMax, threadsMax }: KernelFacts,
  limits: readonly Policy['limits'][],
): readonly Finding[] {
  const most = Math.min(pidMax ?? Number.POSITIVE_INFINITY, threadsMax ?? Number.POSITIVE_INFINITY);
  if (!Number.isFinite(most)) return [];
  const products = limits.map(({ containers, pids }) => ({
    containers,
    pids,
    product: (containers ?? Number.POSITIVE_INFINITY) * (pids ?? Number.POSITIVE_INFINITY),
  }));
  const worst = products.reduce<(typeof products)[number] | undefined>(
    (one, other) => (one === undefined || other.product > one.product ? other : one),
    undefined,
  );
  if (worst === undefined || worst.product <= most / 2) return [];
  const { containers = 'no limit', pids = 'no limit', product } = worst;
  const can = Number.isFinite(product) ? `${product} processes` : 'as many processes as they like';
  const smaller = Math.max(1, Math.floor(most / 2 / (typeof containers === 'number' ? containers : 1)));
  const raise =
    pidMax !== undefined && pidMax < 4_194_304 && Number.isFinite(product) && product * 2 <= (threadsMax ?? 0)
      ? `kernel.pid_max = 4194304 in a file in /etc/sysctl.d (sysctl --system)`
      : undefined;
  const fix = [raise, `limits: {pids: ${smaller}}, or fewer containers`].filter((part) => part !== undefined);
  return [
    warning(
      'kernel-processes',
      `one user can have ${can} (limits.containers: ${containers}, limits.pids: ${pids}), but the kernel has ${most} for everybody (kernel.pid_max, kernel.threads-max): one user can keep all others from starting anything`,
      fix.join('; or '),
    ),
  ];
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
