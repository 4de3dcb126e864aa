/** Which GPUs a container has, read from the container. */
import { type GpuFact, type GpuHold, gpuUnits } from '../domain/gpu.ts';
import { findGpu } from './gpu-names.ts';
import { countsAsRunning } from './limits.ts';

/** The label of our own containers: UUIDs, separated by commas. */
export const gpusLabel = 'userdocker.gpus';

export interface GpuContainer {
  readonly id: string;
  readonly name: string;
  /** The engine's word. */
  readonly state: string;
  /** Proven by its ownership file; `undefined`: not started by this program, its labels mean nothing. */
  readonly owner: { readonly uid: number; readonly user: string } | undefined;
  readonly labels: { readonly [name: string]: string };
  /** `NAME=value`, from `inspect`; only looked at where there is no owner. */
  readonly environment: readonly string[];
  /** Seconds since the epoch. */
  readonly since: number | undefined;
}

/** The holds of all containers that run or are paused; others hold nothing. */
export function holdsOfContainers(
  containers: readonly GpuContainer[],
  gpus: readonly GpuFact[],
): readonly GpuHold[] {
  return containers
    .filter(({ state }) => countsAsRunning(state))
    .flatMap((container) => {
      const { id, name, since, owner } = container;
      const who = owner ?? pythonOwner(container.environment);
      return gpusOfContainer(container, gpus).map((uuid) => ({
        uuid,
        user: who?.user,
        uid: who?.uid,
        container: { id, name },
        pid: undefined,
        since,
      }));
    });
}

/**
 * UUIDs. Containers of the Python program say in their environment what they were given: indices or UUIDs in `USERDOCKER_NV_GPU`
 * (2.x), UUIDs in `USERDOCKER_NV_VISIBLE_DEVICES` (the fork). Ours carry a label; an image's own label is overridden by it, and the
 * two variables are blank in them.
 * What asks docker for GPUs without either program (an exporter that watches all GPUs, say) holds none: whether it uses one shows in its memory.
 */
export function gpusOfContainer(
  { owner, labels, environment }: Pick<GpuContainer, 'owner' | 'labels' | 'environment'>,
  gpus: readonly GpuFact[],
): readonly string[] {
  if (owner !== undefined) return Object.hasOwn(labels, gpusLabel) ? listed(labels[gpusLabel] ?? '') : [];
  const names = ['USERDOCKER_NV_GPU', 'USERDOCKER_NV_VISIBLE_DEVICES'].flatMap((name) =>
    listed(variableIn(environment, name) ?? ''),
  );
  if (names.some((name) => name.toLowerCase() === 'all')) return gpuUnits(gpus).map(({ uuid }) => uuid);
  return [...new Set(names.flatMap((name) => heldUuids(name, gpus)))];
}

/** A GPU that is in MIG mode by now is held with all its instances. */
function heldUuids(name: string, gpus: readonly GpuFact[]): readonly string[] {
  const whole = gpus.find(
    ({ index, uuid }) => String(index) === name || uuid.toLowerCase() === name.toLowerCase(),
  );
  if (whole !== undefined) return [whole.uuid];
  const found = findGpu(name, gpus);
  return found.ok ? [found.value.uuid] : [];
}

function pythonOwner(environment: readonly string[]): { uid: number; user: string } | undefined {
  const user = variableIn(environment, 'USERDOCKER_USER');
  const uid = variableIn(environment, 'USERDOCKER_UID');
  return user !== undefined && uid !== undefined && /^[0-9]{1,10}$/.test(uid)
    ? { uid: Number(uid), user }
    : undefined;
}

function variableIn(environment: readonly string[], name: string): string | undefined {
  // docker appends what `-e` says to what the image says; the last one counts.
  return environment.findLast((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}

function listed(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((name) => name !== '');
}
