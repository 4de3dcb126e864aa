/**
 * From the decision on a `run` to docker's start. Under the caller's lock: look again at what simultaneous calls compete for,
 * decide, and hold what was granted before the lock is given back.
 */
import type { ParsedCommand } from '../args/types.ts';
import type { ContainerSummary } from '../docker/facts.ts';
import { type Allow, commandWords, type Decision } from '../domain/decision.ts';
import type { ContainerId } from '../domain/ids.ts';
import { collectPins, pinnedRuns } from '../mounts/pins.ts';
import { realiseMounts } from '../mounts/realise.ts';
import type { GpuClaim } from '../nvidia/claims.ts';
import { runtimeDirectory } from '../paths.ts';
import { type FinalMount, judgeMounts } from '../policy/mounts.ts';
import { familiar } from '../policy/reference.ts';
import { recordDecision } from '../report/record.ts';
import { currentHolder } from '../state/holder.ts';
import { withUserLock } from '../state/lock.ts';
import {
  collectOwnership,
  nonceLabel,
  notePins,
  ownedContainers,
  prepareOwnership,
} from '../state/ownership.ts';
import { isOverdue, listReservations, peekReservations, release, reserve } from '../state/reservations.ts';
import { type Session, singleValue } from './command.ts';
import { gatherContested } from './contested.ts';
import { pullImage } from './pull-first.ts';
import { gatherRun, type RunFacts } from './run-facts.ts';
import { gatherGpuHolds } from './run-gpus.ts';

/** Milliseconds that one call of a user waits for another of the same user. */
export const lockTimeout = 20_000;

export async function holdRun(
  session: Session,
  request: ParsedCommand,
  first: RunFacts,
  decide: (facts: RunFacts) => Decision,
): Promise<Decision> {
  const preliminary = decide(first);
  if (preliminary.kind === 'deny') {
    await markOrphans(session);
    return preliminary;
  }
  const facts = first.image.fetch ? await fetchImage(session, request, first, preliminary) : first;
  const decision = await withUserLock(session.caller.uid, lockTimeout, () =>
    grant(session, request, facts, decide),
  );
  tellGroups(session, facts);
  return decision;
}

/**
 * A reservation whose holder is dead has its time from when that was first seen. Refused calls must see it as well: else somebody
 * whose killed run is the one too many would be refused for good.
 */
async function markOrphans({ caller: { uid } }: Session): Promise<void> {
  const isNew = peekReservations(uid).some(
    (reservation) => reservation.orphanedAt !== undefined && !isOverdue(reservation),
  );
  if (isNew) await withUserLock(uid, lockTimeout, async () => listReservations(uid));
}

/** Not under the lock: the reader of stderr may be slow. */
function tellGroups({ caller, loaded, note }: Session, { accounts }: RunFacts): void {
  const wanted =
    loaded.policy.groups_in_container && loaded.policy.user_in_container && caller.groups.length > 1;
  if (wanted && accounts.groups !== undefined)
    note(`you are in your first group only there: ${accounts.groups}`);
}

/** docker is started for this, so it is on record first. */
async function fetchImage(
  session: Session,
  request: ParsedCommand,
  { image }: RunFacts,
  preliminary: Decision,
): Promise<RunFacts> {
  recordDecision(session, request, preliminary);
  if (image.reference !== undefined) {
    await pullImage(session, familiar(image.reference), singleValue(request, '--platform'));
  }
  return gatherRun(session, request, true);
}

async function grant(
  session: Session,
  request: ParsedCommand,
  before: RunFacts,
  decide: (facts: RunFacts) => Decision,
): Promise<Decision> {
  const { uid } = session.caller;
  const owned = ownedContainers(uid);
  const reservations = listReservations(uid);
  const contested = await gatherContested(session, request, reservations);
  for (const { nonce } of contested.over) release(uid, nonce);
  if (contested.unproven.length > 0) {
    const { adoptInterrupted } = await import('./adopt.ts');
    await adoptInterrupted(session, contested.unproven, reservations);
  }
  const facts = { ...before, contested };
  const decision = await decideAndHoldGpus(session, facts, decide);
  if (decision.kind === 'deny') return decision;
  collect(session, owned, new Set(reservations.map(({ nonce }) => nonce)), contested.own);
  prepareOwnership(uid);
  reserve(uid, {
    nonce: facts.nonce,
    name: contested.name,
    memory: shareIn(decision, 'memory'),
    cpus: shareIn(decision, 'cpus'),
    gpus: gpusIn(decision),
  });
  realise(session, facts, gpusIn(decision).length > 0);
  return decision;
}

/** With GPUs the decision is repeated until the ones decided on are held: other users decide at the same time. */
async function decideAndHoldGpus(
  session: Session,
  facts: RunFacts,
  decide: (facts: RunFacts) => Decision,
): Promise<Decision> {
  const { gpus, nonce } = facts;
  if (gpus === undefined) return decide(facts);
  const { decideAndClaim } = await import('../nvidia/reserve.ts');
  return decideAndClaim(
    () => gatherGpuHolds(session, gpus.known.gpus),
    (known) => {
      const decision = decide({ ...facts, gpus: { ...gpus, known } });
      return { decision, uuids: decision.kind === 'allow' ? gpusIn(decision) : [] };
    },
    newClaim(session, nonce, undefined),
  );
}

/** Pins, and directories that rules with `create` name. */
function realise({ caller, loaded }: Session, facts: RunFacts, gpuRun: boolean): void {
  const { selection, facts: known, view } = facts.mounts;
  const { mounts } = judgeMounts(loaded.policy, selection, known, gpuRun);
  notePins(caller.uid, facts.nonce, pinnedPaths(mounts));
  realiseMounts({ caller, mounts, directory: facts.pins, view });
  facts.mounts.close();
}

/** So many ownership files, or runs with pins, may be those of containers that are gone, before somebody looks. */
const tolerated = { files: 16, pins: 1 };

/**
 * On the way, now and then: what belonged to containers that are gone. Pins of containers that exist stay, so that they can be
 * started again.
 * @param owned read before the engine was asked
 * @param own the caller's containers
 */
function collect(
  { caller: { uid } }: Session,
  owned: ReturnType<typeof ownedContainers>,
  reserved: ReadonlySet<string>,
  own: readonly ContainerSummary[],
): void {
  const pins = `${runtimeDirectory}/pins`;
  const existing = new Set<string>(own.map(({ id }) => id));
  const known = new Set([...reserved, ...own.map(({ labels }) => labels[nonceLabel])]);
  const idle = pinnedRuns(pins, uid).filter((nonce) => !known.has(nonce)).length;
  if (owned.length - own.length < tolerated.files && idle < tolerated.pins) return;
  collectPins({ pins, uid, isInUse: (nonce) => known.has(nonce) });
  collectOwnership(
    uid,
    owned,
    (id) => existing.has(id),
    (nonce) => reserved.has(nonce),
  );
}

function pinnedPaths(mounts: readonly FinalMount[]): readonly string[] {
  return mounts.flatMap((mount) =>
    mount.kind === 'bind' && mount.pin !== undefined ? [mount.source.realPath] : [],
  );
}

/** What the container will count for, as its label says: one source for the reservation and for later calls. */
function labelIn(decision: Allow, name: string): string {
  const start = `--label=userdocker.${name}=`;
  return (
    commandWords(decision.plan)
      .find((word) => word.startsWith(start))
      ?.slice(start.length) ?? ''
  );
}

function shareIn(decision: Allow, name: 'memory' | 'cpus'): number | undefined {
  return Number(labelIn(decision, name)) || undefined;
}

function gpusIn(decision: Allow): readonly string[] {
  return labelIn(decision, 'gpus')
    .split(',')
    .filter((gpu) => gpu !== '');
}

/** @param container the one that `start` starts again */
export function newClaim({ caller }: Session, nonce: string, container: ContainerId | undefined): GpuClaim {
  return {
    holder: currentHolder(),
    uid: caller.uid,
    user: caller.user,
    nonce,
    container,
    created: Math.floor(Date.now() / 1000),
    orphanedAt: undefined,
  };
}
