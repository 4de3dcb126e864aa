/** GPUs as nvidia-smi tells of them, and what of them can be given to a container. Plain data. */

/** One instance of a GPU in MIG mode. */
export interface MigFact {
  /** `MIG-<uuid>`; drivers before R470 say `MIG-GPU-<uuid>/<gpu instance>/<compute instance>`. */
  readonly uuid: string;
  /** Position on its GPU: the 1 of `0:1`. */
  readonly index: number;
  /** `3g.20gb` */
  readonly profile: string;
  readonly gpuInstance: number | undefined;
  readonly computeInstance: number | undefined;
  readonly memoryUsedMiB: number | undefined;
  readonly memoryTotalMiB: number | undefined;
}

export interface GpuFact {
  readonly index: number;
  /** As nvidia-smi writes it, `GPU-…`. */
  readonly uuid: string;
  readonly name: string;
  /** `undefined`: nvidia-smi does not say (unified memory, a GPU that fell off the bus). */
  readonly memoryUsedMiB: number | undefined;
  readonly memoryTotalMiB: number | undefined;
  readonly migEnabled: boolean;
  readonly instances: readonly MigFact[];
}

/** What can be given to a container: a whole GPU, or one instance of a GPU in MIG mode (such a GPU itself computes nothing). */
export interface GpuUnit {
  readonly uuid: string;
  /** `3`, or `0:1` for an instance: short, and accepted by NV_GPU again. */
  readonly id: string;
  readonly name: string;
  readonly gpu: GpuFact;
  /** `undefined`: the whole GPU. */
  readonly instance: MigFact | undefined;
  readonly memoryUsedMiB: number | undefined;
  readonly memoryTotalMiB: number | undefined;
}

/** Who has a GPU: a running container, or a call that is just starting one. */
export interface GpuHold {
  /** The unit's UUID. */
  readonly uuid: string;
  /** `undefined`: the container does not say. */
  readonly user: string | undefined;
  readonly uid: number | undefined;
  readonly container: { readonly id: string; readonly name: string } | undefined;
  /** The process that starts the container. */
  readonly pid: number | undefined;
  /** Seconds since the epoch. */
  readonly since: number | undefined;
}

/** All units, GPUs by index, instances by index within their GPU. */
export function gpuUnits(gpus: readonly GpuFact[]): readonly GpuUnit[] {
  return [...gpus].sort((a, b) => a.index - b.index).flatMap(unitsOf);
}

export function sameUuid(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** `GPU-8f1511d6`: enough for people to tell GPUs apart, and a prefix that is accepted again. */
export function shortUuid(uuid: string): string {
  return /^(?:MIG-)?(?:GPU-)?[0-9a-f]{1,8}/i.exec(uuid)?.[0] ?? uuid;
}

function unitsOf(gpu: GpuFact): readonly GpuUnit[] {
  const { uuid, name, memoryUsedMiB, memoryTotalMiB } = gpu;
  if (!gpu.migEnabled) {
    return [{ uuid, id: String(gpu.index), name, gpu, instance: undefined, memoryUsedMiB, memoryTotalMiB }];
  }
  return [...gpu.instances]
    .sort((a, b) => a.index - b.index)
    .map((instance) => ({
      uuid: instance.uuid,
      id: `${gpu.index}:${instance.index}`,
      name: `${name} MIG ${instance.profile}`,
      gpu,
      instance,
      memoryUsedMiB: instance.memoryUsedMiB,
      memoryTotalMiB: instance.memoryTotalMiB,
    }));
}
