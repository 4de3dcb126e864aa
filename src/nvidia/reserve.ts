/** The steps of claims.ts put together: facts that belong together, and a claim that holds or is tried again. */
import { unavailable } from '../domain/errors.ts';
import { type GpuFact, type GpuHold, gpuUnits, sameUuid } from '../domain/gpu.ts';
import { runtimeDirectory } from '../paths.ts';
import { type GpuContainer, holdsOfContainers } from '../policy/gpu-holders.ts';
import { runningStates } from '../policy/limits.ts';
import { nonceLabel } from '../state/ownership.ts';
import {
  type Assessment,
  assessClaims,
  claimGpus,
  type GpuClaim,
  type GpuObservation,
  type GpuSituation,
  observeClaims,
} from './claims.ts';

export interface GpuFacts {
  readonly gpus: readonly GpuFact[];
  /** Of running containers and of calls that are just starting one. */
  readonly holds: readonly GpuHold[];
  readonly situation: GpuSituation;
}

/**
 * @param gpus from readGpus: the GPUs themselves do not change while we look
 * @param list asks the engine for everybody's containers in these states (its own words; `undefined`: in all); called after the
 *   claims were observed
 */
export async function gatherGpuFacts(
  gpus: readonly GpuFact[],
  list: (states: readonly string[] | undefined) => Promise<readonly GpuContainer[]>,
  assessment: Assessment,
): Promise<GpuFacts> {
  // A GPU in MIG mode may have been claimed as a whole before.
  const uuids = [...gpuUnits(gpus), ...gpus.filter(({ migEnabled }) => migEnabled)].map(({ uuid }) => uuid);
  const observations = observeClaims(uuids, assessment.runtime ?? runtimeDirectory);
  const containers = await list(statesThatCount(observations));
  const made = containers.map(({ id, name, state, labels }) => ({
    id,
    name,
    state,
    nonce: Object.hasOwn(labels, nonceLabel) ? labels[nonceLabel] : undefined,
  }));
  const situation = await assessClaims(observations, made, assessment);
  return { gpus, holds: mergeHolds(holdsOfContainers(containers, gpus), situation.holds), situation };
}

/**
 * Hundreds of exited containers need not be looked at. Only a living call, or one for a container that there was already, is told
 * by them; of a dead `run` what matters is whether it got as far as to make one.
 */
function statesThatCount(observations: readonly GpuObservation[]): readonly string[] | undefined {
  const claims = observations.flatMap(({ record, alive }) =>
    record.claims.map((claim) => ({ alive: alive.has(claim), container: claim.container })),
  );
  if (claims.some(({ alive, container }) => alive || container !== undefined)) return undefined;
  return [...runningStates, ...(claims.length > 0 ? ['created'] : [])];
}

/** A container that runs, and whose client is still attached to it, is one hold, not two. */
export function mergeHolds(running: readonly GpuHold[], starting: readonly GpuHold[]): readonly GpuHold[] {
  const isRunning = (hold: GpuHold) =>
    running.some(({ uuid, container }) => sameUuid(uuid, hold.uuid) && container?.id === hold.container?.id);
  return [...running, ...starting.filter((hold) => hold.container === undefined || !isRunning(hold))];
}

/** More tries than there are GPUs to lose to others: each lost try means that another call got one. */
const mostTries = 200;

/**
 * Decides on fresh facts until the GPUs decided on are held.
 * @param gather fresh facts each time
 * @param decide the decision, and the UUIDs that it gives (none: nothing to hold)
 */
export async function decideAndClaim<Decision>(
  gather: () => Promise<GpuFacts>,
  decide: (facts: GpuFacts) => { readonly decision: Decision; readonly uuids: readonly string[] },
  mine: GpuClaim,
  runtime: string = runtimeDirectory,
): Promise<Decision> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const facts = await gather();
    const { decision, uuids } = decide(facts);
    if (uuids.length === 0 || claimGpus(uuids, mine, facts.situation, runtime) === true) return decision;
  }
  throw unavailable('other calls were always faster to take a GPU', 'please try again');
}
