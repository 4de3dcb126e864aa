/**
 * Which GPUs a user asks for: `NV_GPU`, `NVIDIA_VISIBLE_DEVICES`, `--gpus`. Only the form is judged here; gpu-names.ts knows which
 * GPUs there are.
 */
import { err, ok, type Result } from '../domain/result.ts';
import { parseCsvRecord } from './csv.ts';

export type GpuSource = 'NV_GPU' | 'NVIDIA_VISIBLE_DEVICES' | '--gpus';

export type GpuRequest =
  | { readonly kind: 'none'; readonly source: GpuSource }
  | { readonly kind: 'all'; readonly source: GpuSource }
  | { readonly kind: 'count'; readonly source: GpuSource; readonly count: number }
  | { readonly kind: 'names'; readonly source: GpuSource; readonly names: readonly string[] };

export interface GpuWords {
  /** Variables of the caller's environment. Empty means unset, as nvidia-docker has it (`[ ! -z $NV_GPU ]`). */
  readonly NV_GPU?: string | undefined;
  readonly NVIDIA_VISIBLE_DEVICES?: string | undefined;
  /** The value of `--gpus`. */
  readonly option?: string | undefined;
}

/** A machine has 16 GPUs or so, each at most 7 instances. */
const mostNames = 128;

/** One request for each place where the user says something; none: the default. `error` is a wrong usage. */
export function parseGpuRequest(words: GpuWords): Result<readonly GpuRequest[]> {
  const results = [
    ...variable('NV_GPU', words.NV_GPU),
    ...variable('NVIDIA_VISIBLE_DEVICES', words.NVIDIA_VISIBLE_DEVICES),
    ...(words.option === undefined ? [] : [parseOption(words.option)]),
  ];
  const requests: GpuRequest[] = [];
  for (const result of results) {
    if (!result.ok) return result;
    requests.push(result.value);
  }
  return ok(requests);
}

function variable(
  source: 'NV_GPU' | 'NVIDIA_VISIBLE_DEVICES',
  text: string | undefined,
): readonly Result<GpuRequest>[] {
  if (text === undefined || text === '') return [];
  if (text === 'all') return [ok({ kind: 'all', source })];
  // "none" and "void" differ in what the NVIDIA toolkit mounts; neither gives a GPU.
  if (text === 'none' || text === 'void') return [ok({ kind: 'none', source })];
  return [parseNames(source, text.split(','))];
}

function parseNames(source: GpuSource, names: readonly string[]): Result<GpuRequest> {
  if (names.length > mostNames) return err(`${source} names more than ${mostNames} GPUs`);
  for (const name of names) {
    const problem = nameProblem(name);
    if (problem !== undefined) return err(`${source}: ${problem}`);
  }
  return ok({ kind: 'names', source, names });
}

/** The forms are those of nvidia-smi and the NVIDIA container toolkit. */
function nameProblem(name: string): string | undefined {
  const forms =
    /^(?:[0-9]+|[0-9]+:[0-9]+|GPU-[0-9a-f-]+|MIG-[0-9a-f-]+|MIG-GPU-[0-9a-f-]+\/[0-9]+\/[0-9]+)$/i;
  if (name === '') return 'there is nothing between two commas, or at an end; write 0,1';
  if (/\s/.test(name)) return `"${name}" has a space in it; write 0,1`;
  if (/^-[0-9]/.test(name)) return `"${name}" is no GPU; indices begin with 0`;
  if (/^(?:all|none|void)$/i.test(name)) return `"${name}" stands alone, in lower case`;
  if (!forms.test(name)) return `"${name}" is no index (0), UUID (GPU-…) or MIG instance (0:1, MIG-…)`;
  if (/^(?:[0-9]+:)?0[0-9]|^0[0-9]+:/.test(name)) return `"${name}" has a leading zero`;
  return undefined;
}

/**
 * `--gpus` as docker's client takes it apart (cli/opts/gpus.go): a CSV record of `key=value`, or a bare count. A list of devices must
 * be quoted there (`'"device=0,1"'`); that the quotes are forgotten is so common, and docker's answer so odd ("cannot set both
 * Count and DeviceIDs"), that `device=0,1` is taken for what it means.
 */
function parseOption(text: string): Result<GpuRequest> {
  const source = '--gpus';
  if (/[\r\n]/.test(text)) return err(`${source}: there is a line end in it`);
  const fields = parseCsvRecord(text);
  if (!fields.ok) return err(`${source}: ${fields.error}`);
  let devices: readonly string[] | undefined;
  let count: string | undefined;
  for (const field of fields.value) {
    const { key, value } = keyAndValue(field, devices !== undefined);
    const seen = key === 'count' ? count !== undefined : key === 'device' && devices !== undefined;
    if (seen) return err(`${source}: ${key} is given twice`);
    if (key === 'device') devices = value.split(',');
    else if (key === 'more') devices = [...(devices ?? []), value];
    else if (key === 'count') count = value;
    else if (key !== 'driver' || value !== 'nvidia') return err(`${source}: ${otherKey(field)}`);
  }
  if (devices !== undefined && count !== undefined)
    return err(`${source}: name GPUs or their number, not both`);
  if (devices !== undefined) return parseNames(source, devices);
  return parseCount(count ?? '1');
}

function keyAndValue(field: string, afterDevice: boolean): { key: string; value: string } {
  const equals = field.indexOf('=');
  if (equals >= 0) return { key: field.slice(0, equals), value: field.slice(equals + 1) };
  return { key: afterDevice ? 'more' : 'count', value: field };
}

function parseCount(text: string): Result<GpuRequest> {
  const source = '--gpus';
  if (text === 'all') return ok({ kind: 'all', source });
  if (!/^[1-9][0-9]{0,2}$/.test(text)) {
    return err(`${source}: "${text}" is no number of GPUs (1 to 999), not "all" and no "device=…"`);
  }
  return ok({ kind: 'count', source, count: Number(text) });
}

function otherKey(field: string): string {
  if (!/^(?:capabilities|options)=/.test(field)) return `"${field}" is not understood`;
  return `"${field}" can't be given here; -e NVIDIA_DRIVER_CAPABILITIES=compute,utility does the same`;
}
