/** What the configuration of everybody says about the machine: programs, sockets, files, limits. */

import { buildPolicy } from '../../../config/build.ts';
import { defaultLayer } from '../../../config/load.ts';
import type { ArgumentRule, Executor, GpuMode, LoadedPolicy, Policy } from '../../../domain/policy.ts';
import { everybodysPolicies, standIn } from '../../check.ts';

export interface Settings {
  readonly executors: readonly (Executor & { readonly name: string })[];
  /** `unix:///var/run/docker.sock`. */
  readonly dockerHosts: readonly string[];
  readonly dockerConfigs: readonly string[];
  readonly smis: readonly string[];
  readonly gpuModes: readonly GpuMode[];
  readonly auditFiles: readonly string[];
  readonly auditRequired: boolean;
  readonly limits: readonly Policy['limits'][];
  readonly processes: readonly ProcessBound[];
}

/** What one user's containers can have together (src/policy/process-limit.ts); `undefined`: no bound. */
export interface ProcessBound {
  readonly containers: number | undefined;
  readonly pids: number | undefined;
  /** RLIMIT_NPROC over all of them: an admin's own number, or userdocker's share of what the machine has. */
  readonly together: number | 'share' | undefined;
}

/** With the shipped defaults where a mistake leaves nothing else to go by. */
export function gatherSettings(directory: string): Settings {
  const policies = everybodysPolicies(directory).map(({ policy }: LoadedPolicy) => policy);
  return settingsOf(policies.length > 0 ? policies : shippedPolicy(directory));
}

export function settingsOf(policies: readonly Policy[]): Settings {
  const executors = policies.flatMap((policy) =>
    Object.entries(policy.executors).map(([name, executor]) => ({ name, ...executor })),
  );
  return {
    executors: distinct(executors, ({ name, path, gpus }) => JSON.stringify([name, path, gpus])),
    dockerHosts: distinct(policies.map(({ docker_host }) => docker_host)),
    dockerConfigs: distinct(policies.map(({ docker_config }) => docker_config)),
    smis: distinct(policies.map(({ nvidia }) => nvidia.smi)),
    gpuModes: distinct(executors.flatMap(({ gpus }) => (gpus === undefined ? [] : [gpus]))),
    auditFiles: distinct(policies.map(({ audit }) => audit.file)),
    auditRequired: policies.some(({ audit }) => audit.required),
    limits: distinct(
      policies.map(({ limits }) => limits),
      (limits) => JSON.stringify(limits),
    ),
    processes: distinct(policies.map(processBound), (bound) => JSON.stringify(bound)),
  };
}

function processBound({ limits, user_in_container, args }: Policy): ProcessBound {
  const { containers, pids } = limits;
  const own = [...(args['run']?.always ?? []), ...(args['run']?.default ?? [])].flatMap(nprocOf).at(-1);
  // The kernel does not count root's processes, and root is who the image may choose.
  const together = user_in_container ? (own ?? (pids === undefined ? undefined : 'share')) : undefined;
  return { containers, pids, together };
}

/** `--ulimit=nproc=1000:2000`: the hard limit is the last number. */
function nprocOf({ flags, values }: ArgumentRule): readonly number[] {
  if (!flags.includes('--ulimit') || values.kind !== 'one-of') return [];
  return values.values.flatMap((value) => {
    const hard = /^nproc=(?:[0-9]+:)?([0-9]+)$/.exec(value)?.[1];
    return hard === undefined ? [] : [Number(hard)];
  });
}

function shippedPolicy(directory: string): readonly Policy[] {
  const built = buildPolicy(defaultLayer(directory).tree, standIn());
  return built.ok ? [built.value] : [];
}

function distinct<T>(values: readonly T[], key: (value: T) => unknown = (value) => value): readonly T[] {
  return [...new Map(values.map((value) => [key(value), value])).values()];
}
