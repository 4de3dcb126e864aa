/**
 * `start` and `restart`: a container that was allowed when it was made is held against today's policy: groups that the user
 * has left, mounts that are no longer offered, limits that are used up, GPUs that others have by now.
 */
import { grammarOf } from '../args/grammar.ts';
import type { CommandGrammar, ParsedCommand } from '../args/types.ts';
import { engineVersion, type InspectedContainer } from '../docker/facts.ts';
import type { Decision } from '../domain/decision.ts';
import type { Reason } from '../domain/errors.ts';
import type { GpuFact } from '../domain/gpu.ts';
import { listAt, objectAt, textAt } from '../domain/json.ts';
import type { GpuFacts } from '../nvidia/reserve.ts';
import { subjectOf } from '../pipeline.ts';
import { chooseGpus } from '../policy/gpus.ts';
import { judgeGroupNames } from '../policy/group-names.ts';
import { countsAsRunning, judgeLimits, type Share, type Usage, usage } from '../policy/limits.ts';
import { violations } from '../policy/violations.ts';
import { withUserLock } from '../state/lock.ts';
import { newNonce } from '../state/ownership.ts';
import {
  listReservations,
  peekReservations,
  type Reservation,
  release,
  reserve,
} from '../state/reservations.ts';
import type { Command, Session, Subject, Verdict } from './command.ts';
import { findContainers, foundIds, missingContainers, type NamedContainer } from './containers.ts';
import { containerUsage, ownContainers, settle } from './contested.ts';
import { judgeNamedImage, parseImage } from './image-reference.ts';
import { gatherGpuHolds, machineGpus } from './run-gpus.ts';
import { lockTimeout, newClaim } from './run-hold.ts';
import {
  gatherStartedMounts,
  judgeChangeable,
  judgeStartedMounts,
  pinnedPaths,
  realHosts,
  realiseStartedMounts,
  type StartedMounts,
} from './start-mounts.ts';

interface StartFacts {
  readonly named: readonly NamedContainer[];
  /** By the containers' ids. */
  readonly mounts: ReadonlyMap<string, StartedMounts>;
  /** What the caller uses beside these containers. */
  readonly usage: Usage;
  /** Reservations that mean nothing any more. */
  readonly over: readonly Reservation[];
  /** `undefined` where none of these containers has GPUs. */
  readonly gpus: GpuFacts | undefined;
}

export const start = startCommand(grammarOf('start'));
export const restart = startCommand(grammarOf('restart'));

function startCommand(grammar: CommandGrammar): Command<StartFacts> {
  return {
    grammar,
    gather: (session, request) => gatherStart(session, request, peekReservations(session.caller.uid)),
    release: ({ mounts }) => {
      for (const { plan } of mounts.values()) plan.close();
    },
    judge: judgeStart,
    hold: (session, request, { gpus }, decide) =>
      withUserLock(session.caller.uid, lockTimeout, () => grant(session, request, gpus?.gpus, decide)),
  };
}

/** @param machine its GPUs, if nvidia-smi has been asked already */
async function gatherStart(
  session: Session,
  request: ParsedCommand,
  reservations: readonly Reservation[],
  machine?: readonly GpuFact[],
): Promise<StartFacts> {
  const named = await findContainers(session, request.operands);
  const started = new Set<string>(foundIds(named));
  const own = await ownContainers(session);
  const others = own.filter(({ id }) => !started.has(id));
  const { counting, over } = await settle(session, own, reservations);
  const gpus = await gpusNow(session, named, machine);
  return {
    named,
    gpus,
    mounts: await mountsOf(session, named),
    usage: usage(others.map(containerUsage), counting),
    over,
  };
}

async function mountsOf(
  session: Session,
  named: readonly NamedContainer[],
): Promise<ReadonlyMap<string, StartedMounts>> {
  // Root starts what it likes, with mounts that no policy has to know.
  if (session.caller.isRoot) return new Map();
  const engine = await engineVersion(session.engine);
  const found = named.flatMap(({ container }) => (container === undefined ? [] : [container]));
  const mounts = await Promise.all(
    found.map(async (each) => [each.id, await gatherStartedMounts(session, each, engine)] as const),
  );
  return new Map(mounts);
}

async function gpusNow(
  session: Session,
  named: readonly NamedContainer[],
  machine: readonly GpuFact[] | undefined,
): Promise<GpuFacts | undefined> {
  const wanted = named.some(({ container }) => gpusOf(container).length > 0);
  return wanted ? gatherGpuHolds(session, machine ?? (await machineGpus(session))) : undefined;
}

function judgeStart(subject: Subject, _request: ParsedCommand, facts: StartFacts): Verdict {
  const { caller } = subject;
  const judged = caller.isRoot
    ? []
    : facts.named.flatMap((each, index) => judgeContainer(subject, each, index, facts));
  return {
    reasons: [...missingContainers(facts.named), ...judged, ...judgeGpus(subject, facts)],
    parts: [],
    operands: foundIds(facts.named),
    payload: [],
  };
}

/** @param index the containers named before this one are being started, too, and count */
function judgeContainer(
  subject: Subject,
  { asked, container }: NamedContainer,
  index: number,
  facts: StartFacts,
): readonly Reason[] {
  if (container === undefined) return [];
  const { policy, caller } = subject;
  const mounts = facts.mounts.get(container.id);
  const beyond = violations(policy, caller, {
    json: container.raw,
    gpus: gpusOf(container),
    pins: mounts === undefined ? new Map() : pinnedPaths(mounts),
    hosts: mounts === undefined ? new Map() : realHosts(mounts),
  });
  const before = facts.named
    .slice(0, index)
    .flatMap((other) => (other.container === undefined ? [] : [shareOf(other.container)]));
  const counted = { ...facts.usage, shares: [...facts.usage.shares, ...before] };
  return [
    ...judgeNamedImage(subject, parseImage(imageNameOf(container))),
    ...judgeGroups(asked, container, mounts),
    ...judgeGroupNames(policy, caller, mounts?.accounts.groups, mounts?.runc ?? ''),
    ...judgeChangeable(asked, mounts),
    ...beyond.map(({ setting, message }) => ({
      rule: 'start',
      message: `${asked} was started under another policy: ${setting}: it ${message}`,
      instead: `userdocker rm ${asked}, and run it anew`,
    })),
    ...(mounts === undefined ? [] : judgeStartedMounts(subject, mounts).reasons),
    ...judgeLimits({ limits: policy.limits, usage: counted, asked: shareOf(container) }),
  ];
}

/** The GPUs that a container was given may have passed on to others meanwhile. */
function judgeGpus({ policy, caller }: Subject, { named, gpus, usage: used }: StartFacts): readonly Reason[] {
  if (gpus === undefined) return [];
  const [first, ...more] = named.filter(({ container }) => gpusOf(container).length > 0);
  if (more.length > 0) {
    return [
      { rule: 'nvidia', message: 'several containers with GPUs at once', instead: 'start them one by one' },
    ];
  }
  const names = gpusOf(first?.container);
  const choice = chooseGpus({
    nvidia: policy.nvidia,
    limit: caller.isRoot ? undefined : policy.limits.gpus,
    uid: caller.uid,
    requests: [{ kind: 'names', source: 'NV_GPU', names }],
    gpus: gpus.gpus,
    holds: gpus.holds.filter(({ container }) => container?.id !== first?.container?.id),
    ownGpus: used.gpus,
    restarted: countsAsRunning(first?.container?.state ?? '') ? names : [],
  });
  return choice.ok ? [] : choice.error;
}

/** The label is ours, as the container is; docker was given the image's id. */
function imageNameOf({ labels, raw }: InspectedContainer): string {
  return labels['userdocker.image'] || (textAt(objectAt(raw, 'Config'), 'Image') ?? '');
}

/** dockerd looks the groups up again at each start, now in what the container has made of its files. */
function judgeGroups(
  asked: string,
  { raw }: InspectedContainer,
  mounts: StartedMounts | undefined,
): readonly Reason[] {
  const problem = mounts?.accounts.groups;
  if (problem === undefined || listAt(objectAt(raw, 'HostConfig'), 'GroupAdd').length === 0) return [];
  const instead = `userdocker rm ${asked}, and run it anew`;
  return [{ rule: 'groups_in_container', message: `${asked} can't be started: ${problem}`, instead }];
}

function gpusOf(container: InspectedContainer | undefined): readonly string[] {
  return (container?.labels['userdocker.gpus'] ?? '').split(',').filter((gpu) => gpu !== '');
}

function shareOf(container: InspectedContainer): Share {
  return {
    name: container.name,
    memory: Number(container.labels['userdocker.memory']) || undefined,
    cpus: Number(container.labels['userdocker.cpus']) || undefined,
    gpus: gpusOf(container),
  };
}

async function grant(
  session: Session,
  request: ParsedCommand,
  machine: readonly GpuFact[] | undefined,
  decide: (facts: StartFacts) => Decision,
): Promise<Decision> {
  const { uid } = session.caller;
  const facts = await gatherStart(session, request, listReservations(uid), machine);
  for (const { nonce } of facts.over) release(uid, nonce);
  const containers = facts.named.flatMap(({ container }) => (container === undefined ? [] : [container]));
  const nonces = containers.map(newNonce);
  const decision = await decideAndHoldGpus(session, facts, decide, nonces);
  if (decision.kind === 'deny') return decision;
  for (const [index, container] of containers.entries()) {
    reserve(uid, { ...shareOf(container), nonce: nonces[index] ?? newNonce(), container: container.id });
  }
  for (const mounts of facts.mounts.values()) realiseStartedMounts(session, subjectOf(session), mounts);
  return decision;
}

async function decideAndHoldGpus(
  session: Session,
  facts: StartFacts,
  decide: (facts: StartFacts) => Decision,
  nonces: readonly string[],
): Promise<Decision> {
  const containers = facts.named.flatMap(({ container }) => (container === undefined ? [] : [container]));
  const index = containers.findIndex((container) => gpusOf(container).length > 0);
  const container = containers[index];
  if (facts.gpus === undefined || container === undefined) return decide(facts);
  const { gpus } = facts.gpus;
  const { decideAndClaim } = await import('../nvidia/reserve.ts');
  return decideAndClaim(
    () => gatherGpuHolds(session, gpus),
    (known) => {
      const decision = decide({ ...facts, gpus: known });
      return { decision, uuids: decision.kind === 'allow' ? gpusOf(container) : [] };
    },
    newClaim(session, nonces[index] ?? newNonce(), container.id),
  );
}
