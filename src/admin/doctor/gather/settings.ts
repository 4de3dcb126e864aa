/** What the configuration of everybody says about the machine: programs, sockets, files, limits. */

import { buildPolicy } from '../../../config/build.ts';
import { defaultLayer } from '../../../config/load.ts';
import type { Executor, GpuMode, LoadedPolicy, Policy } from '../../../domain/policy.ts';
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
  };
}

function shippedPolicy(directory: string): readonly Policy[] {
  const built = buildPolicy(defaultLayer(directory).tree, standIn());
  return built.ok ? [built.value] : [];
}

function distinct<T>(values: readonly T[], key: (value: T) => unknown = (value) => value): readonly T[] {
  return [...new Map(values.map((value) => [key(value), value])).values()];
}
