/** The GPUs of a `run`: what was asked, who holds what, what the container is told. */
import type { ParsedCommand } from '../args/types.ts';
import { inspectContainer } from '../docker/facts.ts';
import type { Part } from '../domain/decision.ts';
import { type Reason, usage } from '../domain/errors.ts';
import type { GpuFact, GpuUnit } from '../domain/gpu.ts';
import type { Result } from '../domain/result.ts';
import { assertRootsAlone } from '../exec/trusted.ts';
import type { GpuFacts } from '../nvidia/reserve.ts';
import { blankedVariables, gpuArguments } from '../policy/gpu-arguments.ts';
import { type GpuRequest, parseGpuRequest } from '../policy/gpu-request.ts';
import { chooseGpus } from '../policy/gpus.ts';
import { recordRefusal } from '../report/record.ts';
import { type Session, type Subject, singleValue } from './command.ts';
import type { Contested } from './contested.ts';
import { listGpuContainers } from './gpu-containers.ts';

export interface RunGpuFacts {
  readonly requests: readonly GpuRequest[];
  readonly known: GpuFacts;
}

export interface RunGpus {
  /** UUIDs. */
  readonly devices: readonly string[];
  /** Set in the container, and by nobody else. */
  readonly variables: { readonly [name: string]: string };
  /** Set for docker itself. */
  readonly env: { readonly [name: string]: string };
  readonly parts: readonly Part[];
  readonly reasons: readonly Reason[];
}

/** @returns `undefined` where the executor gives no GPUs */
export async function gatherGpus(session: Session, request: ParsedCommand): Promise<RunGpuFacts | undefined> {
  const { executor, environment } = session;
  if (executor.gpus === undefined) return undefined;
  const requests: Result<readonly GpuRequest[]> = parseGpuRequest({
    NV_GPU: environment['NV_GPU'],
    NVIDIA_VISIBLE_DEVICES: environment['NVIDIA_VISIBLE_DEVICES'],
    option: singleValue(request, '--gpus'),
  });
  if (!requests.ok) {
    const problem = usage(requests.error, 'userdocker ps --gpu-free shows what can be named');
    if (!session.frame.dryRun) recordRefusal(session, problem.failure);
    throw problem;
  }
  return {
    requests: requests.value,
    known: await gatherGpuHolds(session, await machineGpus(session)),
  };
}

export async function machineGpus(session: Session): Promise<readonly GpuFact[]> {
  const { smi } = session.loaded.policy.nvidia;
  assertRootsAlone(smi);
  const { readGpus } = await import('../nvidia/smi.ts');
  return readGpus(smi);
}

/** Notes which calls have died, in a call that will be refused as well: somebody who only ever asks again gets the GPU in the end. */
export async function gatherGpuHolds(session: Session, gpus: readonly GpuFact[]): Promise<GpuFacts> {
  const { gatherGpuFacts } = await import('../nvidia/reserve.ts');
  return gatherGpuFacts(gpus, (states) => listGpuContainers(session.engine, states), {
    stateOf: async (id) => (await inspectContainer(session.engine, id))?.state,
    mark: !session.frame.dryRun,
  });
}

export function judgeRunGpus(
  { policy, caller, executor }: Subject,
  request: ParsedCommand,
  facts: { readonly gpus: RunGpuFacts | undefined; readonly contested: Contested },
): RunGpus {
  if (facts.gpus === undefined) return told(undefined, [], withoutGpus(request));
  const choice = chooseGpus({
    nvidia: policy.nvidia,
    limit: caller.isRoot ? undefined : policy.limits.gpus,
    uid: caller.uid,
    requests: facts.gpus.requests,
    gpus: facts.gpus.known.gpus,
    holds: facts.gpus.known.holds,
    ownGpus: facts.contested.usage.gpus,
  });
  return choice.ok ? told(executor.gpus, choice.value.units, []) : told(undefined, [], choice.error);
}

function told(
  mode: Subject['executor']['gpus'],
  units: readonly GpuUnit[],
  reasons: readonly Reason[],
): RunGpus {
  const { words, environment, dockerEnvironment } = gpuArguments(mode, units);
  const blanked = Object.fromEntries(blankedVariables.map((name) => [name, '']));
  return {
    devices: units.map(({ uuid }) => uuid),
    variables: { ...blanked, ...environment },
    env: dockerEnvironment,
    parts: words.map((word) => ({ words: [word], source: 'enforced', rule: 'nvidia' })),
    reasons,
  };
}

function withoutGpus(request: ParsedCommand): readonly Reason[] {
  if (singleValue(request, '--gpus') === undefined) return [];
  return [
    {
      rule: 'executors',
      message: '--gpus needs an executor that has GPUs',
      instead: 'userdocker --executor=nvidia-docker run --gpus ... (or nvidia-userdocker run)',
    },
  ];
}
