/** What simultaneous calls compete for: names, and the user's share of the machine. Only reliable under the user's lock. */
import type { ParsedCommand } from '../args/types.ts';
import { type ContainerSummary, listContainers } from '../docker/facts.ts';
import { type ContainerUsage, type Usage, usage } from '../policy/limits.ts';
import { nextName } from '../policy/names.ts';
import { nonceLabel, ownsContainer } from '../state/ownership.ts';
import type { Reservation } from '../state/reservations.ts';
import { type Session, singleValue } from './command.ts';

export interface Contested {
  /** The new container's name: the one given, or the next free one. */
  readonly name: string;
  readonly usage: Usage;
  /** The caller's containers that count, or may at any moment. */
  readonly own: readonly ContainerSummary[];
}

/** @param reservations read before this is called: a run that reaches the engine in between is then seen at least once */
export async function gatherContested(
  session: Session,
  request: ParsedCommand,
  reservations: readonly Reservation[],
): Promise<Contested> {
  const given = singleValue(request, '--name');
  const [own, taken] = await Promise.all([
    ownContainers(session, countedStates(reservations)),
    given === undefined ? takenNames(session) : Promise.resolve([]),
  ]);
  // Not of the dead: what they asked for the engine knows by its name, or never will.
  const reserved = reservations.flatMap(({ name, orphanedAt }) =>
    name === undefined || orphanedAt !== undefined ? [] : [name],
  );
  return {
    name: given ?? nextName(session.loaded.policy, new Set([...taken, ...reserved])),
    usage: usage(own.map(containerUsage), reservations),
    own,
  };
}

/**
 * Hundreds of exited containers need not be looked at. A created one counts only while its dead client's start may go on, and so
 * does one that was to be started again.
 */
function countedStates(reservations: readonly Reservation[]): readonly string[] {
  const orphans = reservations.filter(({ orphanedAt }) => orphanedAt !== undefined);
  const again = orphans.some(({ container }) => container !== undefined);
  return [
    ...['running', 'paused', 'restarting'],
    ...(orphans.length > 0 ? ['created'] : []),
    ...(again ? ['exited'] : []),
  ];
}

/**
 * The label is only where to look; the ownership file decides (src/state/ownership.ts).
 * @param states the engine's words; without them all
 */
export async function ownContainers(
  session: Session,
  states?: readonly string[],
): Promise<readonly ContainerSummary[]> {
  const { uid } = session.caller;
  const candidates = await listContainers(session.engine, {
    label: [`userdocker.uid=${uid}`],
    ...(states === undefined ? {} : { status: states }),
  });
  return candidates.filter(({ id, labels }) => ownsContainer(uid, id, labels));
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
