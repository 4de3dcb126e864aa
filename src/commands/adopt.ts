/**
 * Containers of runs that were interrupted between the engine's "made" and docker's note of it (`--cidfile`): nothing starts
 * them any more, `--rm` never removes them, and without the note they would be nobody's. The note is written here.
 */
import { type ContainerSummary, inspectContainer } from '../docker/facts.ts';
import { nonceLabel, noteContainer } from '../state/ownership.ts';
import type { Reservation } from '../state/reservations.ts';
import type { Session } from './command.ts';
import { madeByInterruptedRun } from './containers.ts';

/** In one call: each is asked of the engine. */
const most = 16;

/**
 * Must be called under the user's lock.
 * @param unproven containers whose label says that they are the caller's
 * @param reservations those runs may still write their notes by themselves
 */
export async function adoptInterrupted(
  { engine, caller }: Session,
  unproven: readonly ContainerSummary[],
  reservations: readonly Reservation[],
): Promise<void> {
  const onTheirWay = new Set(reservations.map(({ nonce }) => nonce));
  const left = unproven.filter(({ labels }) => !onTheirWay.has(labels[nonceLabel] ?? '')).slice(0, most);
  await Promise.all(
    left.map(async ({ id }) => {
      const found = await inspectContainer(engine, id);
      if (found !== undefined && madeByInterruptedRun(caller.uid, found))
        noteContainer(caller.uid, found.labels[nonceLabel] ?? '', found.id);
    }),
  );
}
