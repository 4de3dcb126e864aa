/** Which GPU a name means. All spellings of one GPU lead to the same unit, and only its full UUID is handed on. */
import { nearest } from '../args/nearest.ts';
import { type GpuFact, type GpuUnit, gpuUnits, sameUuid } from '../domain/gpu.ts';
import { err, ok, type Result } from '../domain/result.ts';

export interface NameProblem {
  readonly message: string;
  readonly instead: string;
}

/** @param name of a form that gpu-request.ts lets through */
export function findGpu(name: string, gpus: readonly GpuFact[]): Result<GpuUnit, NameProblem> {
  const units = gpuUnits(gpus);
  if (/^[0-9]+$/.test(name)) {
    const gpu = gpus.find(({ index }) => String(index) === name);
    return gpu === undefined ? err(unknown(name, units)) : wholeGpu(gpu, units);
  }
  if (/^[0-9]+:[0-9]+$/.test(name)) {
    const unit = units.find(({ id, instance }) => instance !== undefined && id === name);
    return unit === undefined ? err(unknown(name, units)) : ok(unit);
  }
  if (/^GPU-/i.test(name)) {
    const found = byUuid(name, gpus, ({ uuid }) => uuid);
    return found.ok ? wholeGpu(found.value, units) : err(found.error ?? unknown(name, units));
  }
  const instances = units.filter(({ instance }) => instance !== undefined);
  const old = oldInstanceName(name, instances);
  if (old !== undefined) return ok(old);
  const found = byUuid(name, instances, ({ uuid }) => uuid);
  return found.ok ? found : err(found.error ?? unknown(name, units));
}

/**
 * A UUID or the beginning of one, in any case (libnvidia-container compares with strcasecmp), if it fits one thing only. At least one
 * digit must follow `GPU-` and `MIG-`: the prefix alone is no name.
 */
function byUuid<T>(
  name: string,
  candidates: readonly T[],
  uuidOf: (candidate: T) => string,
): Result<T, NameProblem | undefined> {
  const wanted = name.toLowerCase();
  const exact = candidates.find((candidate) => sameUuid(uuidOf(candidate), name));
  if (exact !== undefined) return ok(exact);
  if (!/^(?:mig-)?(?:gpu-)?[0-9a-f]/.test(wanted)) return err(undefined);
  const matches = candidates.filter((candidate) => uuidOf(candidate).toLowerCase().startsWith(wanted));
  const [first] = matches;
  if (first !== undefined && matches.length === 1) return ok(first);
  if (first === undefined) return err(undefined);
  const instead = `write more of it: ${matches.map(uuidOf).join(', ')}`;
  return err({ message: `"${name}" fits ${matches.length} GPUs`, instead });
}

/** `MIG-GPU-<uuid>/<gpu instance>/<compute instance>`: what drivers before R470 and scripts of that time call an instance. */
function oldInstanceName(name: string, instances: readonly GpuUnit[]): GpuUnit | undefined {
  const match = /^MIG-(GPU-[0-9a-f-]+)\/([0-9]+)\/([0-9]+)$/i.exec(name);
  if (match === null) return undefined;
  const [, uuid = '', gpuInstance, computeInstance] = match;
  return instances.find(
    ({ gpu, instance }) =>
      sameUuid(gpu.uuid, uuid) &&
      String(instance?.gpuInstance) === gpuInstance &&
      String(instance?.computeInstance) === computeInstance,
  );
}

function wholeGpu(gpu: GpuFact, units: readonly GpuUnit[]): Result<GpuUnit, NameProblem> {
  const unit = units.find((candidate) => candidate.instance === undefined && candidate.gpu.uuid === gpu.uuid);
  if (unit !== undefined) return ok(unit);
  const instances = units.filter((candidate) => candidate.gpu.uuid === gpu.uuid);
  const names = instances.map(({ id, instance }) => `${id} (${instance?.profile})`).join(', ');
  return err({
    message: `GPU ${gpu.index} is in MIG mode, only its instances can be used`,
    instead: names === '' ? 'it has none at present: please ask an admin' : `name one: ${names}`,
  });
}

function unknown(name: string, units: readonly GpuUnit[]): NameProblem {
  const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name;
  const all = units.map(({ id }) => id).join(', ');
  const near = /^(?:GPU|MIG)-/i.test(name)
    ? nearest(
        name,
        units.map(({ uuid }) => uuid),
      )
    : undefined;
  const meant = near === undefined ? '' : `did you mean ${near}? `;
  return {
    message: `there is no GPU "${shown}"`,
    instead: all === '' ? 'nvidia-smi finds none here' : `${meant}there are: ${all}`,
  };
}
