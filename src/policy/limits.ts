/**
 * `limits.containers`, `.memory` and `.cpus`: sums over all containers of a user that run, are paused or are just being
 * started. (`limits.gpus` is judged with the GPUs, in gpus.ts; `pids` and `ports` bound each container alone.)
 */
import type { Reason } from '../domain/errors.ts';
import type { Policy } from '../domain/policy.ts';

/** One of the user's own containers, whatever its state. */
export interface ContainerUsage {
  readonly id: string;
  readonly name: string;
  /** The nonce of the run that made it. */
  readonly nonce: string | undefined;
  /** The engine's word: `created`, `running`, `paused`, ... */
  readonly state: string;
  /** Bytes; `undefined`: no limit. */
  readonly memory: number | undefined;
  /** `undefined`: all. */
  readonly cpus: number | undefined;
  /** UUIDs. */
  readonly gpus: readonly string[];
}

/** What src/state/reservations.ts remembers of a call that was granted something. */
export interface ReservedUsage {
  readonly nonce: string;
  readonly container?: string | undefined;
  readonly name?: string | undefined;
  readonly memory?: number | undefined;
  readonly cpus?: number | undefined;
  readonly gpus?: readonly string[] | undefined;
  /** Set: its process is dead; it counts only while the engine may still be starting its container. */
  readonly orphanedAt?: number | undefined;
}

/** A share that counts. */
export interface Share {
  readonly name: string;
  readonly memory: number | undefined;
  readonly cpus: number | undefined;
  readonly gpus: readonly string[];
}

export interface Usage {
  readonly shares: readonly Share[];
  /** Distinct UUIDs: a GPU that two of the user's containers share is one. */
  readonly gpus: readonly string[];
}

/** The engine's words. */
export const runningStates: readonly string[] = ['running', 'paused', 'restarting'];

/** Whether a container in this state uses up its share. One that is merely created or exited holds nothing: `start` asks again. */
export function countsAsRunning(state: string): boolean {
  return runningStates.includes(state);
}

/**
 * @param containers all of the user's own; for `restart`, without the one that is restarted
 * @param reservations read before the engine was asked for the containers: a client that ends in between has left its
 *   container running by then. The other way round it would be in neither list.
 */
export function usage(containers: readonly ContainerUsage[], reservations: readonly ReservedUsage[]): Usage {
  const shares: readonly Share[] = [
    ...containers.filter(({ state }) => countsAsRunning(state)),
    ...reservations.filter((reservation) => isOnItsWay(reservation, containers)).map(reservedShare),
  ];
  return { shares, gpus: [...new Set(shares.flatMap(({ gpus }) => gpus))] };
}

/** Whether the reservation stands for a container that is not counted by itself, but may be at any moment. */
function isOnItsWay(reservation: ReservedUsage, containers: readonly ContainerUsage[]): boolean {
  const made = containers.find(({ id, nonce }) =>
    reservation.container === undefined ? nonce === reservation.nonce : id === reservation.container,
  );
  if (made !== undefined && countsAsRunning(made.state)) return false;
  if (reservation.orphanedAt === undefined) return true;
  // Its client is dead. What it has made and not asked to start stays as it is; `created` may mean that the engine is at it.
  return made !== undefined && (made.state === 'created' || reservation.container !== undefined);
}

function reservedShare({ name, memory, cpus, gpus }: ReservedUsage): Share {
  return { name: `${name ?? 'a container'} (starting)`, memory, cpus, gpus: gpus ?? [] };
}

export interface LimitQuestion {
  readonly limits: Pick<Policy['limits'], 'containers' | 'memory' | 'cpus'>;
  readonly usage: Usage;
  /** What the new container would be bound to; `undefined` or 0: to nothing. */
  readonly asked: { readonly memory: number | undefined; readonly cpus: number | undefined };
}

export function judgeLimits({ limits, usage: { shares }, asked }: LimitQuestion): readonly Reason[] {
  return [
    ...judgeCount(limits.containers, shares),
    ...judgeSum(memorySum, limits.memory, asked.memory, shares),
    ...judgeSum(cpuSum, limits.cpus, asked.cpus, shares),
  ];
}

/** So many containers may exist for each that may run at a time, and no fewer than `fewest` altogether. */
const existingForEach = 8;
const fewest = 32;

/**
 * Containers that have ended, or were never started, use up the engine's memory and names, and everybody's time when they are
 * listed. (Runs that are interrupted leave them behind, `--rm` or not.)
 * @param own names of the caller's containers, whatever their state
 * @param others how many more there may be
 */
export function judgeExisting(
  limit: number | undefined,
  own: readonly string[],
  others: number,
): readonly Reason[] {
  if (limit === undefined) return [];
  const most = Math.max(fewest, existingForEach * limit);
  const count = own.length + others;
  if (count < most) return [];
  const names = own.length === 0 ? '' : `: ${listed(own)}`;
  return [
    {
      rule: 'limits.containers',
      message: `you have ${count} containers, ended ones included, of at most ${most}${names}`,
      instead: 'userdocker ps -a shows them, userdocker rm removes them',
    },
  ];
}

function judgeCount(limit: number | undefined, shares: readonly Share[]): readonly Reason[] {
  if (limit === undefined || shares.length + 1 <= limit) return [];
  const message =
    limit === 0
      ? 'you may not have containers running'
      : `you have ${shares.length} containers running, of at most ${limit}: ${listed(shares.map(({ name }) => name))}`;
  return [
    {
      rule: 'limits.containers',
      message,
      instead: limit === 0 ? 'ask an admin whether you may have some' : 'stop one of them first',
    },
  ];
}

/** One kind of sum: what it is called, how it is counted (in whole steps, so that 0.1 + 0.2 is 0.3) and written. */
interface Sum {
  readonly rule: string;
  readonly flag: string;
  /** `memory is limited` */
  readonly isLimited: string;
  readonly unit: string;
  readonly stepsPerUnit: number;
  of(share: Share): number | undefined;
  write(amount: number): string;
  /** Rounded down to what people would type. */
  writeFree(amount: number): string;
}

const memorySum: Sum = {
  rule: 'limits.memory',
  flag: '--memory',
  isLimited: 'memory is limited',
  unit: 'of memory',
  stepsPerUnit: 1,
  of: ({ memory }) => memory,
  write: formatBytes,
  writeFree: (bytes) => formatBytes(bytes - (bytes % 1024 ** 2)),
};
/** docker counts CPUs in billionths (NanoCpus). */
const cpuSum: Sum = {
  rule: 'limits.cpus',
  flag: '--cpus',
  isLimited: 'CPUs are limited',
  unit: 'CPUs',
  stepsPerUnit: 1e9,
  of: ({ cpus }) => cpus,
  write: String,
  writeFree: (cpus) => String(Math.floor(cpus * 100) / 100),
};

function judgeSum(
  sum: Sum,
  limit: number | undefined,
  asked: number | undefined,
  shares: readonly Share[],
): readonly Reason[] {
  if (limit === undefined) return [];
  const unbounded = shares.filter((share) => !isShare(sum.of(share)));
  if (unbounded.length > 0) return [unboundedReason(sum, limit, unbounded)];
  const steps = (amount: number) => Math.round(amount * sum.stepsPerUnit);
  const used = shares.reduce((total, share) => total + steps(sum.of(share) ?? 0), 0);
  const free = Math.max(0, steps(limit) - used) / sum.stepsPerUnit;
  const fits =
    sum.writeFree(free) === '0' ? 'stop one of them first' : `at most ${sum.flag} ${sum.writeFree(free)}`;
  if (!isShare(asked)) {
    const message = `${sum.isLimited} here, so every container must name its share with ${sum.flag}`;
    return [{ rule: sum.rule, message, instead: fits }];
  }
  if (steps(asked) + used <= steps(limit)) return [];
  const names = shares.map((share) => `${share.name} (${sum.write(sum.of(share) ?? 0)})`);
  const inUse = names.length === 0 ? '' : `; ${sum.write(used / sum.stepsPerUnit)} in use: ${listed(names)}`;
  const message = `${sum.flag} ${sum.write(asked)}: you have ${sum.write(limit)} for all your containers together${inUse}`;
  return [{ rule: sum.rule, message, instead: fits }];
}

function unboundedReason(sum: Sum, limit: number, unbounded: readonly Share[]): Reason {
  const names = listed(unbounded.map(({ name }) => name));
  return {
    rule: sum.rule,
    message: `you have ${sum.write(limit)} ${sum.unit}, but a container of yours runs without a share of its own: ${names}`,
    instead: 'stop it and start it again with a share',
  };
}

/** Docker takes 0 for "no limit". */
function isShare(amount: number | undefined): amount is number {
  return amount !== undefined && amount > 0;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(', ');
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown;
}

/** As docker takes it: `64g`, `1536m`, `1025`. */
export function formatBytes(bytes: number): string {
  const units = ['', 'k', 'm', 'g', 't'];
  let unit = 0;
  let amount = bytes;
  while (amount > 0 && amount % 1024 === 0 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${amount}${units[unit]}`;
}
