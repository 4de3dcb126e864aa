/** What simultaneous calls compete for: names, and the user's share of the machine. Only reliable under the user's lock. */
import type { ParsedCommand } from '../args/types.ts';
import { type ContainerSummary, inspectContainer, listContainers } from '../docker/facts.ts';
import { type ContainerUsage, countsAsRunning, type Usage, usage } from '../policy/limits.ts';
import { nextName } from '../policy/names.ts';
import { mayRun } from '../state/orphans.ts';
import { nonceLabel, ownsContainer } from '../state/ownership.ts';
import { isOverdue, type Reservation } from '../state/reservations.ts';
import { type Session, singleValue } from './command.ts';

export interface Contested {
  /** The new container's name: the one given, or the next free one. */
  readonly name: string;
  readonly usage: Usage;
  /** The caller's containers, in any state. */
  readonly own: readonly ContainerSummary[];
  /** Those that only their label gives to the caller: what an interrupted run has left, mostly (src/commands/adopt.ts). */
  readonly unproven: readonly ContainerSummary[];
  /** Reservations that mean nothing any more. */
  readonly over: readonly Reservation[];
}

/** @param reservations read before this is called: a run that reaches the engine in between is then seen at least once */
export async function gatherContested(
  session: Session,
  request: ParsedCommand,
  reservations: readonly Reservation[],
): Promise<Contested> {
  const given = singleValue(request, '--name');
  const [labelled, taken] = await Promise.all([
    labelledContainers(session),
    given === undefined ? takenNames(session) : Promise.resolve([]),
  ]);
  const own = labelled.filter((container) => isOwn(session, container));
  const proven = new Set(own);
  const { counting, over } = await settle(session, own, reservations);
  // Not of the dead: what they asked for the engine knows by its name, or never will.
  const reserved = counting.flatMap(({ name, orphanedAt }) =>
    name === undefined || orphanedAt !== undefined ? [] : [name],
  );
  return {
    name: given ?? nextName(session.loaded.policy, new Set([...taken, ...reserved])),
    usage: usage(own.map(containerUsage), counting),
    own,
    unproven: labelled.filter((container) => !proven.has(container)),
    over,
  };
}

/**
 * Which reservations still count. An orphan whose time is over does only as long as the engine is at its start: its client is
 * dead, and a user can make a start last.
 */
export async function settle(
  { engine }: Pick<Session, 'engine'>,
  own: readonly ContainerSummary[],
  reservations: readonly Reservation[],
): Promise<{ readonly counting: readonly Reservation[]; readonly over: readonly Reservation[] }> {
  const stateOf = async (id: string) => (await inspectContainer(engine, id))?.state;
  const verdicts = await Promise.all(
    reservations.map(async (reservation, index) => {
      if (!isOverdue(reservation)) return true;
      const { nonce, container } = reservation;
      // A later `start` or `restart` of the same container covers what an earlier one, whose client is dead, may still do.
      if (
        container !== undefined &&
        reservations.slice(index + 1).some((other) => other.container === container)
      )
        return false;
      const made = own.find(({ id, labels }) =>
        container === undefined ? labels[nonceLabel] === nonce : id === container,
      );
      if (made === undefined) return false;
      // It counts by itself; but a restart may be on its way.
      if (countsAsRunning(made.state)) return container !== undefined;
      return mayRun(made.id, stateOf);
    }),
  );
  return {
    counting: reservations.filter((_, index) => verdicts[index] === true),
    over: reservations.filter((_, index) => verdicts[index] !== true),
  };
}

/**
 * The caller's own. The label is only where to look; the ownership file decides (src/state/ownership.ts).
 * @param states the engine's words; without them all
 */
export async function ownContainers(
  session: Session,
  states?: readonly string[],
): Promise<readonly ContainerSummary[]> {
  return (await labelledContainers(session, states)).filter((container) => isOwn(session, container));
}

/** Those whose label names the caller: any image can say so. */
export function labelledContainers(
  { engine, caller }: Session,
  states?: readonly string[],
): Promise<readonly ContainerSummary[]> {
  return listContainers(engine, {
    label: [`userdocker.uid=${caller.uid}`],
    ...(states === undefined ? {} : { status: states }),
  });
}

function isOwn({ caller }: Session, { id, labels }: ContainerSummary): boolean {
  return ownsContainer(caller.uid, id, labels);
}

/** Everybody's containers whose names begin like the caller's own: a name is taken whoever has it. */
async function takenNames(session: Session): Promise<readonly string[]> {
  const stem = session.loaded.policy.container_names.default.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
  const containers = await listContainers(session.engine, { name: [`^/?${stem}[0-9]+$`] });
  return containers.flatMap(({ names }) => names);
}

/** Of a container that is proven to be the caller's, so that its labels are ours. */
export function containerUsage({ id, names, state, labels }: ContainerSummary): ContainerUsage {
  return {
    id,
    name: names[0] ?? id.slice(0, 12),
    nonce: labels[nonceLabel],
    state,
    memory: positive(labels['userdocker.memory']),
    cpus: positive(labels['userdocker.cpus']),
    gpus: (labels['userdocker.gpus'] ?? '').split(',').filter((gpu) => gpu !== ''),
  };
}

function positive(text: string | undefined): number | undefined {
  const number = Number(text);
  return number > 0 ? number : undefined;
}
