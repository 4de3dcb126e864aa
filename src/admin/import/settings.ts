/**
 * The Python program's settings, and what userdocker calls them. A setting that can't be said is never left to userdocker's own
 * default, which could allow more: it is written as undecided, and refuses every call until an admin has decided it.
 */
import type { Scalar } from '../../config/node.ts';
import { knownSubcommands, type Subcommand } from '../../config/subcommands.ts';
import { convertArguments } from './arguments.ts';
import {
  type Converted,
  capabilityEntry,
  entry,
  gpuEntry,
  lost,
  mountEntry,
  patternEntry,
  templateOf,
} from './entries.ts';
import { convertEnvironment, convertExecutorEnvironment } from './environment.ts';
import type { Layer } from './follow.ts';
import type { Outcome, OutputItem } from './outcome.ts';
import type { Program } from './python-defaults.ts';
import { doubt, ListValue, literal, MapValue, type Value } from './value.ts';

export interface Job {
  readonly layer: Layer;
  readonly program: Program;
  /** The first file says everything; the others say what they change. */
  readonly isFirst: boolean;
  /** Those that any file allows or has options for. */
  readonly commands: readonly Subcommand[];
  /** The names of the environment variables that config.py sets. */
  readonly variables: readonly string[];
  readonly outcome: Outcome;
}

type Converter = (job: Job, value: Value, name: string) => undefined;

const list =
  (path: readonly string[], kind: ListKind, convert: (value: Value) => Converted): Converter =>
  (job, value, name) =>
    convertList(job, { path, kind, name, value, convert });
const scalar =
  (path: readonly string[], read: (value: Value) => Scalar | undefined, comment?: string): Converter =>
  ({ outcome }, value) => {
    const plain = read(value);
    if (plain === undefined)
      outcome.undecided(path, value.spot, doubt(value)?.why ?? 'a value of another kind');
    else outcome.scalar(path, plain, value.spot, comment);
  };
const truth = (value: Value) => (value.kind === 'truth' ? value.value : undefined);
const integer = (least: number) => (value: Value) =>
  value.kind === 'number' && Number.isSafeInteger(value.value) && value.value >= least
    ? value.value
    : undefined;
const word =
  (...words: readonly string[]) =>
  (value: Value) =>
    words.find((known) => known === literal(value));
const path = (value: Value) => {
  const template = templateOf(value);
  return template.ok && /^\/[^/]/.test(template.value) && !/\/\.{0,2}(?:\/|$)/.test(template.value)
    ? template.value
    : undefined;
};

const settings: { readonly [name: string]: Converter } = {
  LOGLVL: scalar(['log_level'], (value) => word('debug', 'info', 'warning', 'error')(lowered(value))),
  EXECUTORS: convertExecutors,
  EXECUTOR_DEFAULT: scalar(['executor_default'], (value) => literal(value)),
  ALLOWED_SUBCOMMANDS: list(['allowed_subcommands'], 'grants', subcommandEntry),
  VOLUME_MOUNTS_ALWAYS: list(['volume_mounts', 'always'], 'enforces', mountEntry('always')),
  VOLUME_MOUNTS_AVAILABLE: list(['volume_mounts', 'available'], 'grants', mountEntry('available')),
  VOLUME_MOUNTS_DEFAULT: list(['volume_mounts', 'default'], 'grants', mountEntry('default')),
  PROBE_USED_MOUNTS: scalar(['volume_mounts', 'probe'], truth),
  ALLOWED_IMAGE_REGEXPS: convertImages,
  RUN_PULL: scalar(['images', 'pull'], word('default', 'never', 'always')),
  USER_IN_CONTAINER: scalar(['user_in_container'], truth),
  CAPS_DROP: list(['caps_drop'], 'enforces', capabilityEntry),
  CAPS_ADD: list(['caps_add'], 'grants', capabilityEntry),
  ALLOWED_PORT_MAPPINGS: list(['allowed_port_mappings'], 'grants', patternEntry),
  ENV_VARS: convertEnvironment,
  ENV_VARS_EXT: convertExecutorEnvironment,
  NUM_CPUS_DEFAULT: scalar(['cpus_default'], (value) =>
    value.kind === 'number' && value.value >= 0 ? value.value : undefined,
  ),
  NVIDIA_SMI: scalar(['nvidia', 'smi'], path),
  NV_ALLOWED_GPUS: convertAllowedGpus,
  NV_DEFAULT_GPU_COUNT_RESERVATION: scalar(['nvidia', 'default_gpu_count_reservation'], integer(0)),
  NV_MAX_GPU_COUNT_RESERVATION: scalar(['nvidia', 'max_gpu_count_reservation'], integer(-1)),
  NV_GPU_UNAVAILABLE_ABOVE_MEMORY_USED: scalar(
    ['nvidia', 'gpu_unavailable_above_memory_used'],
    integer(-1),
    'MiB. An idle GPU shows a few, an idle MIG instance a few dozen: userdocker itself would say 64',
  ),
  NV_EXCLUSIVE_CONTAINER_GPU_RESERVATION: scalar(['nvidia', 'exclusive_container_gpu_reservation'], truth),
  NV_ALLOW_OWN_GPU_REUSE: scalar(['nvidia', 'allow_own_gpu_reuse'], truth),
};

/** Options are one setting in three names, and are converted together. */
const argumentNames = ['ARGS_ALWAYS', 'ARGS_DEFAULT', 'ARGS_AVAILABLE'] as const;
/** Of version 1, which had other ways; and of forks. */
const otherNames: { readonly [name: string]: string } = {
  PRIVILEGED: 'userdocker has no such setting: containers are never privileged by it',
  ALLOWED_PUBLISH_PORTS_ALL: 'a setting of version 1: say args.run.available [-P, --publish-all]',
  ENV_VARS_SET_USERDOCKER_META_INFO: 'a setting of version 1: userdocker always does that',
  ADDITIONAL_ARGS: 'a setting of a fork: say args.run.always',
  NV_USE_CUDA_VISIBLE_DEVICES: 'a setting of a fork, which userdocker does not have',
  SLURM_BIND_GPU: 'a setting of a fork, which userdocker does not have',
  SLURM_NETWORK_SUBNET: 'a setting of a fork, which userdocker does not have',
};

export function convertSettings(job: Job): undefined {
  const { before, after } = job.layer;
  for (const [name, convert] of Object.entries(settings)) {
    const value = after.get(name);
    if (value !== undefined && (job.isFirst || isChanged(value, before.get(name)))) convert(job, value, name);
  }
  const isTouched = argumentNames.some((name) => {
    const value = after.get(name);
    return value !== undefined && isChanged(value, before.get(name));
  });
  if (job.isFirst || isTouched) convertArguments(job);
  for (const [name, why] of Object.entries(otherNames)) {
    const value = after.get(name);
    if (value !== undefined && value !== before.get(name)) job.outcome.mark(value.spot, `${name}: ${why}`);
  }
}

/** Lists and maps are the inherited ones until something is done to them. */
function isChanged(value: Value, before: Value | undefined): boolean {
  if (value !== before) return true;
  if (value instanceof ListValue) {
    const { change } = value;
    if (value.spoilt !== undefined || change === undefined || change.added.length + change.removed.length > 0)
      return true;
    return value.items.some((item) => isChanged(item, item));
  }
  if (!(value instanceof MapValue)) return false;
  if (value.spoilt !== undefined || value.deleted.size > 0) return true;
  return [...value.entries].some(
    ([key, inner]) => isInheritedElsewhere(value, key, inner) || isChanged(inner, inner),
  );
}

/** What was put into an inherited map does not say that it comes from there. */
function isInheritedElsewhere(map: MapValue, key: string, inner: Value): boolean {
  const own = `${map.path}.${key}`;
  if (inner instanceof ListValue) return inner.change?.path !== own;
  if (inner instanceof MapValue) return inner.path !== own;
  return map.fresh.has(key);
}

type ListKind =
  /** What is left out is refused. */
  | 'grants'
  /** What is left out is not enforced any more: rather the whole setting is undecided. */
  | 'enforces';

export interface ListJob {
  readonly path: readonly string[];
  readonly kind: ListKind;
  /** The Python name, with `.key` for a map's entry. */
  readonly name: string;
  readonly value: Value;
  readonly convert: (value: Value) => Converted;
  /** Where what is taken away is another matter. */
  readonly convertRemoved?: (value: Value) => Converted;
  /** What the program itself adds to the list. */
  readonly builtIn?: readonly OutputItem[];
}

export function convertList({ outcome, isFirst }: Job, wanted: ListJob): undefined {
  const { path, kind, name, value, builtIn = [] } = wanted;
  if (!(value instanceof ListValue) || value.spoilt !== undefined)
    return outcome.undecided(path, value.spot, doubt(value)?.why ?? 'no list');
  const { change } = value;
  if (isFirst || change?.path !== name) {
    if (value.uncertain)
      return outcome.undecided(path, value.spot, 'other files of groups or users may change it');
    const items = convertItems(outcome, value.items, wanted.convert);
    if (items.failed !== undefined && kind === 'enforces')
      return outcome.undecided(path, value.spot, items.failed);
    return outcome.list(path, '', [...items.converted, ...builtIn], value.spot);
  }
  const removed = convertItems(outcome, change.removed, wanted.convertRemoved ?? wanted.convert);
  const added = convertItems(outcome, change.added, wanted.convert);
  const failed = kind === 'grants' ? removed.failed : added.failed;
  if (failed !== undefined) return outcome.undecided(path, value.spot, failed);
  for (const [operator, { converted }] of [['-', removed] as const, ['+', added] as const]) {
    const [first] = converted;
    if (first !== undefined) outcome.list(path, operator, converted, first.spot);
  }
}

function convertItems(
  outcome: Outcome,
  values: readonly Value[],
  convert: (value: Value) => Converted,
): { readonly converted: readonly OutputItem[]; readonly failed: string | undefined } {
  const converted: OutputItem[] = [];
  let failed: string | undefined;
  for (const value of values) {
    const unknown = doubt(value);
    const result = unknown === undefined ? convert(value) : lost(unknown.why);
    if (result.kind === 'entry') converted.push({ value: result.value, spot: value.spot });
    else if (result.kind === 'needless') outcome.note(value.spot, result.why);
    else {
      outcome.mark(value.spot, result.why);
      failed ??= result.why;
    }
  }
  return { converted, failed };
}

function subcommandEntry(value: Value): Converted {
  const name = literal(value);
  const known = knownSubcommands.find((command) => command === name);
  return known === undefined ? lost(`userdocker does not have the command ${name ?? ''}`) : entry(known);
}

function lowered(value: Value): Value {
  const word = literal(value);
  return word === undefined || value.kind !== 'text' ? value : { ...value, pieces: [word.toLowerCase()] };
}

/** No expression at all lets every image through in the Python program, and none in userdocker. */
function convertImages(job: Job, value: Value, name: string): undefined {
  const where = ['images', 'allowed'];
  const before = job.layer.before.get(name);
  const isList = value instanceof ListValue && value.spoilt === undefined;
  const wasEmpty = before instanceof ListValue && before.items.length === (before.change?.added.length ?? 0);
  const shrinks = isList && (value.change?.removed.length ?? 0) > 0;
  if (isList && !job.isFirst && value.uncertain && (wasEmpty || shrinks))
    return job.outcome.undecided(where, value.spot, 'whether the list is empty depends on other files');
  if (isList && value.items.length === 0 && !value.uncertain) {
    const comment = 'an empty list lets every image through in the Python program';
    return job.outcome.list(where, '', [{ value: '.*', spot: value.spot }], value.spot, comment);
  }
  const whole = isList && !job.isFirst && wasEmpty ? detached(value) : value;
  convertList(job, { path: where, kind: 'grants', name, value: whole, convert: patternEntry });
}

/** The same list as one that was not inherited. */
function detached(value: ListValue): ListValue {
  return new ListValue(value.flavour, value.items, value.spot);
}

function convertAllowedGpus(job: Job, value: Value, name: string): undefined {
  const where = ['nvidia', 'allowed_gpus'];
  if (literal(value) === 'ALL') return job.outcome.scalar(where, 'ALL', value.spot);
  if (value.kind === 'none') return job.outcome.list(where, '', [], value.spot);
  convertList(job, { path: where, kind: 'grants', name, value, convert: gpuEntry });
}

function remarkOn(program: string): string | undefined {
  return program.endsWith('/nvidia-docker')
    ? 'where that program is gone, and docker itself gives GPUs: {path: /usr/bin/docker, gpus: runtime}'
    : undefined;
}

/** Those that userdocker itself has, and that a file of ours must take away. */
const defaultExecutors = ['docker', 'nvidia-docker'];

function convertExecutors(job: Job, value: Value): undefined {
  const { outcome, isFirst, layer } = job;
  if (!(value instanceof MapValue) || value.spoilt !== undefined)
    return outcome.undecided(['executors'], value.spot, doubt(value)?.why ?? 'no map');
  const before = layer.before.get('EXECUTORS');
  const inherited = before instanceof MapValue ? [...before.entries.keys()] : [];
  const isNew = isFirst || value.path === undefined;
  if (isNew && value.uncertain)
    return outcome.undecided(['executors'], value.spot, 'other files may change it');
  const gone = isNew
    ? [...new Set([...defaultExecutors, ...(isFirst ? [] : inherited)])].filter(
        (name) => !value.entries.has(name),
      )
    : [...value.deleted.keys()].filter((name) => !value.entries.has(name));
  if (gone.length > 0) {
    const items = gone.map((name) => ({ value: name, spot: value.deleted.get(name) ?? value.spot }));
    outcome.list(['executors'], '-', items, value.spot);
  }
  for (const [name, executor] of value.entries) {
    if (!isNew && !value.fresh.has(name)) continue;
    const program = path(executor);
    if (program !== undefined) outcome.scalar(['executors', name], program, executor.spot, remarkOn(program));
    // Without it the name would be that of userdocker's own.
    else
      outcome.undecided(['executors', name], executor.spot, doubt(executor)?.why ?? 'no path of a program');
  }
}
