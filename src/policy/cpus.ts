/**
 * CPUs, as the Python program gives them: a share (`--cpus`) comes with a set of that many processors
 * (`--cpuset-cpus`), so that libraries which count processors start no more threads than the share carries.
 */
import type { Part } from '../domain/decision.ts';
import type { Policy } from '../domain/policy.ts';

/**
 * @param cpus the value of `--cpus` among the listed options, a plain decimal
 * @param cpuset the value of `--cpuset-cpus` there
 * @param online the machine's processors in the order in which they shall be taken
 */
export function cpuParts(
  policy: Policy,
  cpus: string | undefined,
  cpuset: string | undefined,
  online: readonly number[],
): readonly Part[] {
  const fallback = Math.min(policy.cpus_default, online.length);
  const share = cpus === undefined ? fallback : Number(cpus);
  if (!(share > 0)) return [];
  const processors = online.slice(0, Math.ceil(share));
  const set = [...processors].sort((a, b) => a - b).join(',');
  const part = (word: string): Part => ({ words: [word], source: 'default', rule: 'cpus_default' });
  return [
    ...(cpus === undefined ? [part(`--cpus=${share}`)] : []),
    ...(cpuset === undefined && processors.length < online.length ? [part(`--cpuset-cpus=${set}`)] : []),
  ];
}

/** `/sys/devices/system/cpu/online`: `0-3,8`. */
export function parseCpuList(text: string): readonly number[] {
  return text
    .trim()
    .split(',')
    .flatMap((range) => {
      const match = /^([0-9]{1,6})(?:-([0-9]{1,6}))?$/.exec(range);
      if (match === null) return [];
      const first = Number(match[1]);
      const last = Number(match[2] ?? match[1]);
      return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
    });
}
