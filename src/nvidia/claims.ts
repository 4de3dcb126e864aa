/**
 * Reserving GPUs so that none is ever held twice, whoever is killed or stopped, at whatever instant.
 *
 * A call claims a GPU (a record, records.ts), becomes docker's client, and the engine starts the container. From then on the running
 * container holds the GPU by itself: everybody sees it on the engine, with its label. The claim bridges the time between.
 *
 * The order of a call, each step needed:
 *   1. observe:  read the records, and see which of their holders are alive
 *   2. list:     only then ask the engine for the containers
 *   3. assess:   who holds what
 *   4. choose:   among what is free
 *   5. claim:    replace the records seen in step 1; if one has changed since, start again
 *
 * Why no GPU is given twice: suppose a claim succeeds on generation n of a GPU, and an earlier claim's container K runs on it later
 * although step 3 did not count it. K's claim was not superseded before n, or its supersessor would have counted it (by induction); it
 * is not later than n (step 5 would have failed). So it is in record n, and step 1 saw its holder dead. Docker's client asks for
 * the start only after the engine has answered that the container is made, and waits for the answer. So in step 2 K was either
 *   - running: then step 3 counted it by its label;
 *   - not made yet: then nobody is left to ask for its start;
 *   - made, and its start perhaps under way, asked for by a client that has died since: an orphan.
 * An orphan keeps its GPU for `grace` seconds after it was first seen, and then until the engine says once more that its container does
 * not run. That answer comes from `inspect`, which waits while the engine is starting that very container (moby holds the
 * container's lock through all of containerStart). A request that a dead client has sent and the engine has not even begun to work on after
 * `grace` seconds, while it answers others, is the one thing we take for impossible.
 *
 * A container that has run and ended is over, whether its client lives or not; `start` and `restart` claim anew, naming the container
 * instead of the nonce. So the shipped policy must not offer what makes the engine start containers by itself (`--restart`).
 * `restart` does so once: the engine stops and starts the container long after the client of `restart -t 600` has died. So a claim that
 * names a container is carried over while that runs, and when it stops, it is an orphan like the others.
 *
 * No step waits for another user's process. A stopped call keeps what it has claimed and nothing else.
 */
import os from 'node:os';
import { unavailable } from '../domain/errors.ts';
import { type GpuHold, sameUuid } from '../domain/gpu.ts';
import type { ContainerId, Uid } from '../domain/ids.ts';
import { runtimeDirectory } from '../paths.ts';
import { countsAsRunning } from '../policy/limits.ts';
import { currentBootId, type Holder, isAlive } from '../state/holder.ts';
import { mayRun, type StateOf } from '../state/orphans.ts';
import { type GpuRecord, readRecord, replaceRecord } from './records.ts';

/** Seconds; see above. */
export const grace = 10;

export interface GpuClaim {
  readonly holder: Holder;
  readonly uid: Uid;
  readonly user: string;
  /** One-time. The container of a `run` carries it as its label. */
  readonly nonce: string;
  /** `start` and `restart`: the container that there is already. */
  readonly container: ContainerId | undefined;
  /** Seconds since the epoch; for people. */
  readonly created: number;
  /** Uptime in seconds when its holder was first seen dead with its container made and not running. */
  readonly orphanedAt: number | undefined;
}

/** What step 2 must bring: every container that carries a nonce label, whatever its state. The label need not be proven. */
export interface MadeContainer {
  readonly id: string;
  readonly name: string;
  readonly nonce: string | undefined;
  readonly state: string;
}

export interface GpuObservation {
  readonly uuid: string;
  readonly record: GpuRecord;
  readonly alive: ReadonlySet<GpuClaim>;
}

export interface GpuSituation {
  /** Calls that are just starting a container. (Running containers: src/policy/gpu-holders.ts.) */
  readonly holds: readonly GpuHold[];
  /** The records as they were seen, each with the claims that still mean something. */
  readonly records: readonly {
    readonly uuid: string;
    readonly record: GpuRecord;
    readonly valid: readonly GpuClaim[];
  }[];
}

/** Step 1. @param uuids of all units (src/domain/gpu.ts), as nvidia-smi writes them */
export function observeClaims(
  uuids: readonly string[],
  runtime: string = runtimeDirectory,
): readonly GpuObservation[] {
  return uuids.map((uuid) => {
    const record = readRecord(uuid, runtime);
    return { uuid, record, alive: new Set(record.claims.filter(({ holder }) => isAlive(holder))) };
  });
}

export interface Assessment {
  /** The engine's `inspect`, asked only for orphans whose time is over. `undefined`: the container is gone. */
  readonly stateOf: StateOf;
  /** A dry run changes nothing: it leaves orphans without the mark that starts their time. */
  readonly mark: boolean;
  readonly grace?: number;
  readonly runtime?: string;
}

/** Step 3. @param containers asked for after `observations` were made */
export async function assessClaims(
  observations: readonly GpuObservation[],
  containers: readonly MadeContainer[],
  assessment: Assessment,
): Promise<GpuSituation> {
  const assessed = await Promise.all(
    observations.map((observation) => assessGpu(observation, containers, assessment)),
  );
  return {
    holds: assessed.flatMap(({ uuid, valid }) =>
      valid.map((claim) => holdOf(uuid, claim, madeBy(claim, containers))),
    ),
    records: assessed,
  };
}

async function assessGpu(
  { uuid, record, alive }: GpuObservation,
  containers: readonly MadeContainer[],
  { stateOf, mark, grace: seconds = grace, runtime = runtimeDirectory }: Assessment,
): Promise<GpuSituation['records'][number]> {
  const verdicts = record.claims
    .filter((claim, index) => alive.has(claim) || !isRepeated(claim, record.claims.slice(index + 1)))
    .map((claim) => {
      return { claim, verdict: judgeClaim(claim, alive.has(claim), madeBy(claim, containers), seconds) };
    });
  const isNew = verdicts.some(
    ({ claim, verdict }) =>
      verdict === 'new orphan' || (verdict === 'no orphan' && claim.orphanedAt !== undefined),
  );
  const judged = await Promise.all(
    verdicts.map(async ({ claim, verdict }): Promise<readonly GpuClaim[]> => {
      if (verdict === 'new orphan') return [{ ...claim, orphanedAt: os.uptime() }];
      if (verdict === 'no orphan') return [{ ...claim, orphanedAt: undefined }];
      const counts = verdict === 'valid' || (verdict !== 'over' && (await mayRun(verdict.askAgain, stateOf)));
      return counts ? [claim] : [];
    }),
  );
  const valid = judged.flat();
  // Where somebody was faster with it, the old record goes on, and a claim on it will fail.
  const marked = mark && isNew ? replaceRecord(uuid, record, valid, runtime) : undefined;
  return { uuid, record: marked ?? record, valid };
}

/** A later `start` or `restart` of the same container covers what an earlier one, whose client is dead, may still do. */
function isRepeated({ container }: GpuClaim, later: readonly GpuClaim[]): boolean {
  return container !== undefined && later.some((other) => other.container === container);
}

/** `no orphan`: valid, and if it was one, its time begins anew. */
type Verdict = 'valid' | 'over' | 'new orphan' | 'no orphan' | { readonly askAgain: string };

function judgeClaim(
  claim: GpuClaim,
  alive: boolean,
  made: MadeContainer | undefined,
  seconds: number,
): Verdict {
  if (claim.holder.bootId !== currentBootId()) return 'over';
  // The container of a `run` holds the GPU by itself while it runs. Attached clients would fill the record of a GPU that many share.
  if (claim.container === undefined && made !== undefined && made.state !== 'created') return 'over';
  if (alive) return 'valid';
  // It was never made, or is gone.
  if (made === undefined) return 'over';
  // It holds the GPU by itself, too; but a restart may be on its way.
  if (countsAsRunning(made.state)) return 'no orphan';
  if (claim.orphanedAt === undefined) return 'new orphan';
  return os.uptime() - claim.orphanedAt < seconds ? 'valid' : { askAgain: made.id };
}

function madeBy(
  { nonce, container }: GpuClaim,
  containers: readonly MadeContainer[],
): MadeContainer | undefined {
  return containers.find((made) => (container === undefined ? made.nonce === nonce : made.id === container));
}

function holdOf(
  uuid: string,
  { uid, user, holder, created }: GpuClaim,
  made: MadeContainer | undefined,
): GpuHold {
  const container = made === undefined ? undefined : { id: made.id, name: made.name };
  return { uuid, user, uid, container, pid: holder.pid, since: created };
}

/**
 * Step 5: all of them or none. Claimed in the order of their UUIDs: of two calls that want the same GPUs, one gets the first of them.
 * `undefined`: somebody was faster; look again.
 */
export function claimGpus(
  uuids: readonly string[],
  mine: GpuClaim,
  { records }: GpuSituation,
  runtime: string = runtimeDirectory,
): true | undefined {
  const claimed: string[] = [];
  for (const uuid of [...uuids].sort()) {
    const seen = records.find((candidate) => sameUuid(candidate.uuid, uuid));
    if (seen === undefined) throw unavailable(`${uuid} was not observed`);
    if (replaceRecord(uuid, seen.record, [...seen.valid, mine], runtime) === undefined) {
      releaseGpus(claimed, mine, runtime);
      return undefined;
    }
    claimed.push(uuid);
  }
  return true;
}

/** For a call that ends before it becomes docker. One that is killed need not: its claim is over with it. */
export function releaseGpus(
  uuids: readonly string[],
  { nonce }: Pick<GpuClaim, 'nonce'>,
  runtime: string = runtimeDirectory,
): void {
  for (const uuid of uuids) {
    let record = readRecord(uuid, runtime);
    while (record.claims.some((claim) => claim.nonce === nonce)) {
      const others = record.claims.filter((claim) => claim.nonce !== nonce);
      if (replaceRecord(uuid, record, others, runtime) !== undefined) break;
      record = readRecord(uuid, runtime); // own calls that share the GPU add to the record, too
    }
  }
}
