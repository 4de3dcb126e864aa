/**
 * How docker is told which GPUs a container gets, always by UUID, and how an image is kept from taking any by itself.
 *
 * The NVIDIA toolkit reads the container's environment, so an image with `NVIDIA_VISIBLE_DEVICES=all` takes every GPU wherever the default
 * runtime is nvidia. Therefore each run sets that variable, in every mode:
 *
 * | gpus:   | docker is given                                     | NVIDIA_VISIBLE_DEVICES |
 * |---------|-----------------------------------------------------|------------------------|
 * | (none)  |                                                     | void                   |
 * | nv_gpu  | NV_GPU=u1,u2 in nvidia-docker's own environment     | u1,u2                  |
 * | runtime | --runtime=nvidia                                    | u1,u2                  |
 * | flag    | --gpus="device=u1,u2" (quoted: it is a CSV record)  | u1,u2                  |
 * | cdi     | --device=nvidia.com/gpu=u1 --device=...=u2          | void                   |
 *
 * nvidia-docker 2 and the engine's `--gpus` add the same value themselves, before or after ours: whichever wins, it is the same. With CDI the
 * engine does all, and a default runtime nvidia must do nothing. CDI names are UUIDs where the specification was made with
 * `nvidia-ctk cdi generate --device-name-strategy=uuid` (part of the default since toolkit 1.15).
 */
import type { GpuUnit } from '../domain/gpu.ts';
import type { GpuMode } from '../domain/policy.ts';
import { assertNever } from '../domain/result.ts';
import { renderCsvRecord } from './csv.ts';

/**
 * More that the toolkit takes from the environment, and what the Python program left there. An empty value switches each of them off:
 * nvidia-container-runtime-hook takes the MIG and IMEX variables for absent when they are empty (any other text, "void" too,
 * stops the container or is looked up), and the others count only when they are "enabled".
 * `NVIDIA_DRIVER_CAPABILITIES` is left to images and users: it chooses driver files, not devices.
 */
export const blankedVariables: readonly string[] = [
  'NVIDIA_MIG_CONFIG_DEVICES',
  'NVIDIA_MIG_MONITOR_DEVICES',
  'NVIDIA_IMEX_CHANNELS',
  'NVIDIA_MOFED',
  'NVIDIA_GDS',
  'NVIDIA_GDRCOPY',
  'NVIDIA_NVSWITCH',
  'USERDOCKER_NV_GPU',
  'USERDOCKER_NV_VISIBLE_DEVICES',
];

export interface GpuArguments {
  /** Options of `docker run`. */
  readonly words: readonly string[];
  /** Set in the container, each as `--env=NAME=value`; nobody else may set them. */
  readonly environment: { readonly [name: string]: string };
  /** Set for docker itself. */
  readonly dockerEnvironment: { readonly [name: string]: string };
  /** The value of the label `userdocker.gpus`. */
  readonly label: string;
}

/** @param mode `undefined`: the executor gives no GPUs */
export function gpuArguments(mode: GpuMode | undefined, units: readonly GpuUnit[]): GpuArguments {
  const uuids = units.map(({ uuid }) => uuid);
  const list = uuids.join(',');
  if (mode === undefined || list === '')
    return { words: [], environment: visible('void'), dockerEnvironment: {}, label: '' };
  const told = { words: [], environment: visible(list), dockerEnvironment: {}, label: list };
  switch (mode) {
    case 'nv_gpu':
      return { ...told, dockerEnvironment: { NV_GPU: list } };
    case 'runtime':
      return { ...told, words: ['--runtime=nvidia'] };
    case 'flag':
      return { ...told, words: [`--gpus=${renderCsvRecord([`device=${list}`])}`] };
    case 'cdi':
      return {
        ...told,
        words: uuids.map((uuid) => `--device=nvidia.com/gpu=${uuid}`),
        environment: visible('void'),
      };
    default:
      return assertNever(mode);
  }
}

/**
 * `DOCKER_RESOURCE_GPU` is what the toolkit's option `swarm-resource` is made for (config.toml): where an admin switched it on, it takes the
 * place of NVIDIA_VISIBLE_DEVICES, so it must say the same.
 */
function visible(value: string): { readonly [name: string]: string } {
  return {
    NVIDIA_VISIBLE_DEVICES: value,
    DOCKER_RESOURCE_GPU: value,
    ...Object.fromEntries(blankedVariables.map((name) => [name, ''])),
  };
}
