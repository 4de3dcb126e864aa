/**
 * What nvidia-smi prints, of drivers from R390 (Kepler, 2018) on. NVIDIA promises no stable output (nvidia-smi(1)), so whatever is
 * not understood is an error: a GPU too few is better than one given twice.
 */
import type { GpuFact, MigFact } from '../domain/gpu.ts';
import { isObject, objectAt, textAt } from '../domain/json.ts';
import { err, ok, type Result } from '../domain/result.ts';

/** `mig.mode.current` came with R450, and an unknown field makes the whole query fail. */
export const queryFields = 'index,uuid,name,memory.used,memory.total,mig.mode.current';
export const queryFieldsBeforeMig = 'index,uuid,name,memory.used,memory.total';

const uuidForm = /^GPU-[0-9a-f-]{8,64}$/i;
/** What stands where a value should be: unknown to this GPU, to this driver, or because the GPU is gone. */
const noValue = /^\[?(?:N\/A|Not Supported|Unknown Error|GPU is lost|Insufficient Permissions)\]?$/i;

const isLost = /GPU is lost|Unknown Error/i;

/** The driver is older than MIG. */
export function lacksMigField(text: string): boolean {
  return /Field "mig\.mode\.current" is not a valid field to query/i.test(text);
}

export function saysNoDevices(text: string): boolean {
  return /^No devices were found\s*$/im.test(text);
}

/**
 * The rows of `--query-gpu=... --format=csv,noheader,nounits`. A GPU that fell off the bus is left out: nobody
 * can use it.
 */
export function parseQuery(text: string, withMig: boolean): Result<readonly GpuFact[]> {
  const gpus: GpuFact[] = [];
  for (const line of lines(text)) {
    const row = parseRow(line, withMig);
    if (!row.ok) return row;
    if (row.value !== undefined) gpus.push(row.value);
  }
  const distinct = new Set(gpus.flatMap(({ index, uuid }) => [String(index), uuid.toLowerCase()]));
  return distinct.size === 2 * gpus.length ? ok(gpus) : err('two GPUs have the same index or UUID');
}

function parseRow(line: string, withMig: boolean): Result<GpuFact | undefined> {
  const fields = line.split(', ').map((field) => field.trim());
  const trailing = withMig ? 3 : 2;
  const [indexText, uuid] = fields;
  const [used, total, mig] = fields.slice(-trailing);
  const name = fields.slice(2, -trailing).join(', ');
  const index = integer(indexText);
  const memoryUsedMiB = amount(used);
  const memoryTotalMiB = amount(total);
  const migEnabled = withMig ? migMode(mig) : false;
  if (fields.length < 3 + trailing || index === undefined || uuid === undefined) return unknownLine(line);
  if (memoryUsedMiB === 'unreadable' || memoryTotalMiB === 'unreadable' || migEnabled === undefined)
    return unknownLine(line);
  if (noValue.test(uuid) || [used, total].some((text) => isLost.test(text ?? ''))) return ok(undefined);
  if (!uuidForm.test(uuid)) return unknownLine(line);
  return ok({ index, uuid, name, memoryUsedMiB, memoryTotalMiB, migEnabled, instances: [] });
}

function migMode(text: string | undefined): boolean | undefined {
  if (text === 'Enabled') return true;
  return text !== undefined && (text === 'Disabled' || noValue.test(text)) ? false : undefined;
}

/** A MIG instance as `nvidia-smi -L` lists it. */
export interface ListedInstance {
  readonly gpuUuid: string;
  readonly index: number;
  readonly profile: string;
  readonly uuid: string;
}

/**
 * `nvidia-smi -L`, the only place where MIG instances have their UUIDs. Lines of another form are left out: an instance that is not
 * listed is not given to anybody.
 */
export function parseList(text: string): readonly ListedInstance[] {
  const instances: ListedInstance[] = [];
  let gpuUuid: string | undefined;
  for (const line of lines(text)) {
    const gpu = /^GPU +[0-9]+: .*\(UUID: (GPU-[0-9a-f-]+)\)$/i.exec(line);
    if (/^GPU\b/.test(line)) gpuUuid = gpu?.[1];
    const mig = /^\s+MIG +(\S+) +Device +([0-9]{1,4}): +\(UUID: +(MIG-[0-9a-z/-]+)\)$/i.exec(line);
    const [, profile, index, uuid] = mig ?? [];
    if (gpuUuid !== undefined && profile !== undefined && index !== undefined && uuid !== undefined) {
      instances.push({ gpuUuid, index: Number(index), profile, uuid });
    }
  }
  return instances;
}

/** What only `nvidia-smi -q -x` says of an instance. It does not say its UUID; `gpuUuid` and `index` identify it. */
export interface InstanceDetails {
  readonly gpuUuid: string;
  readonly index: number;
  readonly gpuInstance: number | undefined;
  readonly computeInstance: number | undefined;
  readonly memoryUsedMiB: number | undefined;
  readonly memoryTotalMiB: number | undefined;
}

/** @param document the XML as nested objects, as src/nvidia/smi.ts has it made: all values text, `gpu` and `mig_device` lists */
export function parseDetails(document: unknown): Result<readonly InstanceDetails[]> {
  const gpus = objectAt(document, 'nvidia_smi_log')['gpu'];
  if (!Array.isArray(gpus)) return err('it lists no GPUs');
  return ok(
    gpus.flatMap((gpu: unknown) => {
      const gpuUuid = textAt(gpu, 'uuid');
      const devices = objectAt(gpu, 'mig_devices')['mig_device'];
      if (gpuUuid === undefined || !Array.isArray(devices)) return [];
      return devices.flatMap((device: unknown) => instanceDetails(gpuUuid, device));
    }),
  );
}

function instanceDetails(gpuUuid: string, device: unknown): readonly InstanceDetails[] {
  const index = integer(textAt(device, 'index'));
  if (!isObject(device) || index === undefined) return [];
  const memory = objectAt(device, 'fb_memory_usage');
  return [
    {
      gpuUuid,
      index,
      gpuInstance: integer(textAt(device, 'gpu_instance_id')),
      computeInstance: integer(textAt(device, 'compute_instance_id')),
      memoryUsedMiB: mebibytes(textAt(memory, 'used')),
      memoryTotalMiB: mebibytes(textAt(memory, 'total')),
    },
  ];
}

/** Puts the instances under their GPUs. */
export function withInstances(
  gpus: readonly GpuFact[],
  listed: readonly ListedInstance[],
  details: readonly InstanceDetails[],
): readonly GpuFact[] {
  return gpus.map((gpu) => {
    const own = <T extends { gpuUuid: string }>(all: readonly T[]) =>
      all.filter(({ gpuUuid }) => gpuUuid.toLowerCase() === gpu.uuid.toLowerCase());
    const instances: readonly MigFact[] = own(listed).map(({ uuid, index, profile }) => {
      const detail = own(details).find((candidate) => candidate.index === index);
      return {
        uuid,
        index,
        profile,
        gpuInstance: detail?.gpuInstance,
        computeInstance: detail?.computeInstance,
        memoryUsedMiB: detail?.memoryUsedMiB,
        memoryTotalMiB: detail?.memoryTotalMiB,
      };
    });
    return { ...gpu, instances };
  });
}

/** Without empty lines and warnings ("WARNING: infoROM is corrupted at gpu ..."), which stand among the output. */
function lines(text: string): readonly string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '' && !/^WARNING:/i.test(line));
}

function unknownLine(line: string): Result<never> {
  return err(`it printed a line that is not understood: ${line.slice(0, 200)}`);
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
}

function amount(text: string | undefined): number | undefined | 'unreadable' {
  if (text !== undefined && noValue.test(text)) return undefined;
  return integer(text) ?? 'unreadable';
}

function mebibytes(text: string | undefined): number | undefined {
  return integer(/^([0-9]+) MiB$/.exec(text ?? '')?.[1]);
}
