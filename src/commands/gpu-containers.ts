/** Everybody's containers, as far as it matters for who holds which GPU. */

import type { Engine } from '../docker/engine.ts';
import { type ContainerSummary, inspectContainer, listContainers } from '../docker/facts.ts';
import { parseUid } from '../domain/ids.ts';
import { objectAt, textsAt } from '../domain/json.ts';
import type { GpuContainer } from '../policy/gpu-holders.ts';
import { countsAsRunning } from '../policy/limits.ts';
import { ownsContainer } from '../state/ownership.ts';

/** Milliseconds. The engine answers at once about a container that runs, unless root copies something out of it. */
const patience = 5000;
/** Requests to the engine at one time. */
const atOnce = 16;

/**
 * Labels count for what they say only where the ownership file bears them out.
 * @param states the engine's words; `undefined`: all
 */
export async function listGpuContainers(
  engine: Engine,
  states: readonly string[] | undefined,
): Promise<readonly GpuContainer[]> {
  const filters = states === undefined ? {} : { status: states };
  const containers = (await listContainers(engine, filters)).map((summary) => ({
    summary,
    owner: ownerOf(summary),
  }));
  // The Python program's are known by their environment, which only `inspect` shows.
  const foreign = containers.filter(
    ({ summary, owner }) => owner === undefined && countsAsRunning(summary.state),
  );
  const environments = await environmentsOf(
    engine,
    foreign.map(({ summary }) => summary.id),
  );
  return containers.map(({ summary, owner }) => ({
    id: summary.id,
    name: summary.names[0] ?? summary.id.slice(0, 12),
    state: summary.state,
    owner,
    labels: summary.labels,
    environment: environments.get(summary.id) ?? [],
    since: summary.created,
  }));
}

function ownerOf({ id, labels }: ContainerSummary): GpuContainer['owner'] {
  const uid = parseUid(labels['userdocker.uid'] ?? '');
  if (!uid.ok || !ownsContainer(uid.value, id, labels)) return undefined;
  return { uid: uid.value, user: labels['userdocker.user'] ?? String(uid.value) };
}

/** @throws unavailable where the engine does not answer: what the container holds must not pass for free */
async function environmentsOf(
  engine: Engine,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const environments = new Map<string, readonly string[]>();
  for (let first = 0; first < ids.length; first += atOnce) {
    const some = ids.slice(first, first + atOnce);
    const inspected = await Promise.all(some.map((id) => inspectContainer(engine, id, patience)));
    for (const container of inspected) {
      if (container !== undefined)
        environments.set(container.id, textsAt(objectAt(container.raw, 'Config'), 'Env'));
    }
  }
  return environments;
}
