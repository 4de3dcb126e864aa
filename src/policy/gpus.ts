/** Who gets which GPU: all `nvidia.*` rules and `limits.gpus`. */
import type { Reason } from '../domain/errors.ts';
import { type GpuFact, type GpuHold, type GpuUnit, gpuUnits, sameUuid } from '../domain/gpu.ts';
import type { Policy } from '../domain/policy.ts';
import { assertNever, err, ok, type Result } from '../domain/result.ts';
import { findGpu } from './gpu-names.ts';
import type { GpuRequest } from './gpu-request.ts';

export interface GpuQuestion {
  readonly nvidia: Policy['nvidia'];
  /** `limits.gpus` */
  readonly limit: number | undefined;
  readonly uid: number;
  /** From parseGpuRequest; empty: the default. */
  readonly requests: readonly GpuRequest[];
  readonly gpus: readonly GpuFact[];
  /** Everybody's, the caller's included. For `start` and `restart` without those of the container itself. */
  readonly holds: readonly GpuHold[];
  /** UUIDs that count against `limits.gpus` already (limits.ts, Usage.gpus). */
  readonly ownGpus: readonly string[];
  /** UUIDs of what the container that is to be restarted has now: what fills their memory is, as far as is known, itself. */
  readonly restarted?: readonly string[];
}

export interface GpuChoice {
  /** By index. Empty: the user wants none. */
  readonly units: readonly GpuUnit[];
}

const seeFree = 'see what is free: userdocker ps --gpu-free';

/** `error`: every reason against it. */
export function chooseGpus(question: GpuQuestion): Result<GpuChoice, readonly Reason[]> {
  const request = oneRequest(question);
  if (!request.ok) return request;
  const wanted = unitsFor(question, request.value);
  if (!wanted.ok) return wanted;
  const reasons = [...judgeMaximum(question, wanted.value), ...judgeLimit(question, wanted.value)];
  return reasons.length === 0 ? ok({ units: wanted.value }) : err(reasons);
}

/** The GPUs that could be given without being named, in the order in which they would be given: `ps --gpu-free`. */
export function freeGpus(question: Omit<GpuQuestion, 'requests'>): readonly GpuUnit[] {
  const free = gpuUnits(question.gpus).filter((unit) => problemWith(unit, question, false) === undefined);
  // A GPU that does not tell its memory is taken last; then GPUs that fewer containers share, then the lower index.
  const keys = (unit: GpuUnit) => [
    unit.memoryUsedMiB ?? Number.MAX_SAFE_INTEGER,
    holdsOf(unit, question).length,
  ];
  return free
    .map((unit, position) => ({ unit, key: [...keys(unit), position] }))
    .sort((a, b) => compareKeys(a.key, b.key))
    .map(({ unit }) => unit);
}

/** Those that the policy lets this user have, free or not. */
export function allowedUnits(gpus: readonly GpuFact[], nvidia: Policy['nvidia']): readonly GpuUnit[] {
  return gpuUnits(gpus).filter((unit) => isAllowed(unit, { nvidia }));
}

/** A request with its names looked up. */
type Resolved =
  | { readonly kind: 'none' | 'all' | 'default' }
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'units'; readonly units: readonly GpuUnit[] };

/** NV_GPU, NVIDIA_VISIBLE_DEVICES and --gpus may all speak, if they say the same. */
function oneRequest(question: GpuQuestion): Result<Resolved, readonly Reason[]> {
  const resolved: Resolved[] = [];
  const reasons: Reason[] = [];
  for (const request of question.requests) {
    const result = resolve(request, question.gpus);
    if (result.ok) resolved.push(result.value);
    else reasons.push(...result.error);
  }
  if (reasons.length > 0) return err(reasons);
  const [first, ...others] = resolved;
  if (first === undefined) return ok({ kind: 'default' });
  if (others.every((other) => meaning(other) === meaning(first))) return ok(first);
  const sources = question.requests.map(({ source }) => source).join(' and ');
  return err([
    { rule: 'nvidia', message: `${sources} ask for different GPUs`, instead: 'say it in one place only' },
  ]);
}

function resolve(request: GpuRequest, gpus: readonly GpuFact[]): Result<Resolved, readonly Reason[]> {
  if (request.kind !== 'names') return ok(request);
  const units = new Map<string, GpuUnit>();
  const reasons: Reason[] = [];
  for (const name of request.names) {
    const found = findGpu(name, gpus);
    if (found.ok) units.set(found.value.uuid, found.value);
    else
      reasons.push({ rule: 'nvidia', ...found.error, message: `${request.source}: ${found.error.message}` });
  }
  if (reasons.length > 0) return err(reasons);
  return ok({ kind: 'units', units: gpuUnits(gpus).filter(({ uuid }) => units.has(uuid)) });
}

function meaning(resolved: Resolved): string {
  if (resolved.kind === 'units') return resolved.units.map(({ uuid }) => uuid).join(',');
  return resolved.kind === 'count' ? `count ${resolved.count}` : resolved.kind;
}

function unitsFor(question: GpuQuestion, request: Resolved): Result<readonly GpuUnit[], readonly Reason[]> {
  switch (request.kind) {
    case 'none':
      return ok([]);
    case 'default':
      return leastUsed(question, defaultCount(question.nvidia));
    case 'count':
      return leastUsed(question, request.count);
    case 'all':
      return allAllowed(question);
    case 'units':
      return unlessRefused(request.units, question, true);
    default:
      return assertNever(request);
  }
}

/** The user has not asked for so many, so the maximum is no reason to refuse. */
function defaultCount({
  default_gpu_count_reservation: count,
  max_gpu_count_reservation: maximum,
}: Policy['nvidia']): number {
  return Math.max(0, maximum < 0 ? count : Math.min(count, maximum));
}

function leastUsed(question: GpuQuestion, count: number): Result<readonly GpuUnit[], readonly Reason[]> {
  const maximum = question.nvidia.max_gpu_count_reservation;
  // More than the maximum is refused as such, whether or not so many are free.
  if (maximum >= 0 && count > maximum) return err([tooMany(count, maximum)]);
  const free = freeGpus(question);
  if (free.length >= count) {
    const taken = new Set(free.slice(0, count).map(({ uuid }) => uuid));
    return ok(gpuUnits(question.gpus).filter(({ uuid }) => taken.has(uuid)));
  }
  const units = gpuUnits(question.gpus);
  if (units.length === 0) return err([noGpus(question.gpus)]);
  const available = free.length === 0 ? 'none is' : `${free.length} ${free.length === 1 ? 'is' : 'are'}`;
  return err([
    { rule: 'nvidia', message: `${plural(count)} asked for, ${available} free`, instead: seeFree },
    ...units.flatMap((unit) => problemWith(unit, question, false) ?? []),
  ]);
}

/** Those that the policy does not allow do not exist for the user; of the others none may be missing. */
function allAllowed(question: GpuQuestion): Result<readonly GpuUnit[], readonly Reason[]> {
  const allowed = allowedUnits(question.gpus, question.nvidia);
  if (allowed.length > 0) return unlessRefused(allowed, question, false);
  if (gpuUnits(question.gpus).length === 0) return err([noGpus(question.gpus)]);
  return err([
    {
      rule: 'nvidia.allowed_gpus',
      message: 'you may not use any GPU of this machine',
      instead: 'run without --executor=nvidia-docker',
    },
  ]);
}

function unlessRefused(
  units: readonly GpuUnit[],
  question: GpuQuestion,
  named: boolean,
): Result<readonly GpuUnit[], readonly Reason[]> {
  const reasons = units.flatMap((unit) => problemWith(unit, question, named) ?? []);
  return reasons.length === 0 ? ok(units) : err(reasons);
}

type Rules = Omit<GpuQuestion, 'requests'>;

/** @param named the user asked for this very GPU */
function problemWith(unit: GpuUnit, rules: Rules, named: boolean): Reason | undefined {
  if (!isAllowed(unit, rules)) return notAllowed(unit, rules);
  const holds = holdsOf(unit, rules);
  const { exclusive_container_gpu_reservation: exclusive, allow_own_gpu_reuse: reuse } = rules.nvidia;
  const own = holds.length > 0 && holds.every(({ uid }) => uid === rules.uid);
  // What fills the memory then is the user's own other container.
  if (own && named && reuse) return undefined;
  if (exclusive && holds.length > 0) return heldBy(unit, holds, own, rules);
  if (rules.restarted?.some((uuid) => sameUuid(uuid, unit.uuid)) === true) return undefined;
  return tooBusy(unit, rules);
}

function isAllowed(unit: GpuUnit, { nvidia: { allowed_gpus: allowed } }: Pick<Rules, 'nvidia'>): boolean {
  const names = [unit.uuid, unit.id, unit.gpu.uuid, String(unit.gpu.index)];
  return allowed === 'ALL' || allowed.some((entry) => names.some((name) => sameUuid(name, entry)));
}

/** A container that holds a GPU from before it was divided holds all its instances. */
function holdsOf(unit: GpuUnit, { holds }: Rules): readonly GpuHold[] {
  return holds.filter(({ uuid }) => sameUuid(uuid, unit.uuid) || sameUuid(uuid, unit.gpu.uuid));
}

function notAllowed(unit: GpuUnit, rules: Rules): Reason {
  const allowed = allowedUnits(rules.gpus, rules.nvidia);
  return {
    rule: 'nvidia.allowed_gpus',
    message: `GPU ${unit.id} is not among those that you may use`,
    instead:
      allowed.length === 0
        ? 'there is none that you may use'
        : `you may use ${allowed.map(({ id }) => id).join(', ')}`,
  };
}

function heldBy(unit: GpuUnit, holds: readonly GpuHold[], own: boolean, { nvidia }: Rules): Reason {
  const message = `GPU ${unit.id} is held by ${holds.map(describeHold).join(', ')}`;
  if (!own) return { rule: 'nvidia.exclusive_container_gpu_reservation', message, instead: seeFree };
  return nvidia.allow_own_gpu_reuse
    ? {
        rule: 'nvidia.exclusive_container_gpu_reservation',
        message,
        instead: `name it to share it among your own containers: NV_GPU=${unit.id}`,
      }
    : { rule: 'nvidia.allow_own_gpu_reuse', message, instead: seeFree };
}

function describeHold({ user, container, pid }: GpuHold): string {
  const details = [
    ...(container === undefined ? [] : [`container ${container.name}`]),
    ...(pid === undefined ? [] : [`just starting, process ${pid}`]),
  ];
  return `${user ?? 'somebody'} (${details.join(', ')})`;
}

function tooBusy(unit: GpuUnit, { nvidia }: Rules): Reason | undefined {
  const most = nvidia.gpu_unavailable_above_memory_used;
  const used = unit.memoryUsedMiB;
  if (most < 0 || (used !== undefined && used <= most)) return undefined;
  const message =
    used === undefined
      ? `GPU ${unit.id} does not tell how much of its memory is used, so it can't be known to be free`
      : `GPU ${unit.id} is busy: ${used} MiB of its memory are used (free means at most ${most} MiB)`;
  return { rule: 'nvidia.gpu_unavailable_above_memory_used', message, instead: seeFree };
}

function judgeMaximum({ nvidia }: GpuQuestion, units: readonly GpuUnit[]): readonly Reason[] {
  const maximum = nvidia.max_gpu_count_reservation;
  return maximum >= 0 && units.length > maximum ? [tooMany(units.length, maximum)] : [];
}

function tooMany(count: number, maximum: number): Reason {
  return {
    rule: 'nvidia.max_gpu_count_reservation',
    message: `${plural(count)} asked for, a container may have ${maximum}`,
    instead: maximum === 0 ? 'run without --executor=nvidia-docker' : `ask for at most ${maximum}`,
  };
}

function judgeLimit({ limit, ownGpus, gpus }: GpuQuestion, units: readonly GpuUnit[]): readonly Reason[] {
  const held = new Set(ownGpus.map((uuid) => uuid.toLowerCase()));
  const more = units.filter(({ uuid }) => !held.has(uuid.toLowerCase())).length;
  if (limit === undefined || more === 0 || held.size + more <= limit) return [];
  const names = gpuUnits(gpus).filter(({ uuid }) => held.has(uuid.toLowerCase()));
  const have =
    held.size === 0 ? '' : `; you have ${names.map(({ id }) => `GPU ${id}`).join(', ') || held.size}`;
  const left = Math.max(0, limit - held.size);
  const message = `${plural(more)} asked for, of at most ${limit} for all your containers together${have}`;
  const instead = left === 0 ? 'stop one of your containers first' : `ask for at most ${left}`;
  return [{ rule: 'limits.gpus', message, instead }];
}

function noGpus(gpus: readonly GpuFact[]): Reason {
  const message =
    gpus.length === 0 ? 'this machine has no GPUs' : 'all GPUs are in MIG mode and none has an instance';
  return { rule: 'nvidia', message, instead: 'run without --executor=nvidia-docker' };
}

function plural(count: number): string {
  return count === 1 ? '1 GPU' : `${count} GPUs`;
}

function compareKeys(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, position) => value !== b[position]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
