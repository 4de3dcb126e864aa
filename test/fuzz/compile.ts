/** One line, from its words to the command line that docker would be given: the program's own parsers, rules and rendering. */
import { parseCommand } from '../../src/args/parse.ts';
import type { ParsedCommand } from '../../src/args/types.ts';
import type { Subject } from '../../src/commands/command.ts';
import { run } from '../../src/commands/run.ts';
import type { RunFacts } from '../../src/commands/run-facts.ts';
import { judgeRunGpus } from '../../src/commands/run-gpus.ts';
import { decide } from '../../src/decide.ts';
import type { Caller } from '../../src/domain/caller.ts';
import { commandWords, type Decision } from '../../src/domain/decision.ts';
import { UserdockerError } from '../../src/domain/errors.ts';
import type { GpuHold } from '../../src/domain/gpu.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { assertInvariants } from '../../src/exec/invariants.ts';
import { parseFrame } from '../../src/frame.ts';
import { extraFlags } from '../../src/policy/argument-rules.ts';
import { executorFor } from '../../src/policy/executor.ts';
import { sourceShown } from '../../src/policy/mount-render.ts';
import { judgeMounts } from '../../src/policy/mounts.ts';
import { runFacts, type World } from '../support/run-facts.ts';

export interface Granted {
  readonly kind: 'allow';
  readonly request: ParsedCommand;
  readonly decision: Decision;
  /** What docker is given. */
  readonly words: readonly string[];
  /** The executor is the old nvidia-docker, with this in its environment. */
  readonly nvGpu: string | undefined;
  readonly isNvidiaDocker: boolean;
  readonly gpus: readonly string[];
  /** Who has which GPU, as the machine knows it. */
  readonly holds: readonly GpuHold[];
  readonly pins: ReadonlyMap<string, string>;
  /** Where the host parts of mount rules really lie. */
  readonly hosts: ReadonlyMap<string, string>;
  readonly name: string;
}
export interface Refused {
  readonly kind: 'deny';
  /** `undefined`: the line could not even be read. */
  readonly request: ParsedCommand | undefined;
  readonly rules: readonly string[];
}
export type Compiled = Granted | Refused;

/** A defect that is put in on purpose. */
export interface Fault {
  readonly name: string;
  /** The only flag that it is about: other lines need not be looked at. */
  readonly flag?: string;
  /** What the rules are shown of the request. */
  readonly request?: (request: ParsedCommand) => ParsedCommand;
  readonly policy?: (policy: Policy) => Policy;
  readonly facts?: (facts: RunFacts) => RunFacts;
  /** What becomes of the command line. */
  readonly words?: (words: readonly string[], request: ParsedCommand, caller: Caller) => readonly string[];
}

export function compile(
  policy: Policy,
  caller: Caller,
  words: readonly string[],
  world: World,
  fault?: Fault,
): Compiled {
  const read = readLine(policy, caller, words, world);
  if (typeof read === 'string') return { kind: 'deny', request: undefined, rules: [read] };
  const subject = { ...read.subject, policy: fault?.policy?.(policy) ?? policy };
  const request = fault?.request?.(read.request) ?? read.request;
  const sound = runFacts(subject, request, world);
  const facts = fault?.facts?.(sound) ?? sound;
  const decision = decide(run, subject, request, facts);
  if (decision.kind === 'deny')
    return { kind: 'deny', request, rules: decision.reasons.map(({ rule }) => rule).toSorted() };
  if (fault === undefined) assertInvariants(decision.plan, policy, caller);
  const built = commandWords(decision.plan);
  return {
    kind: 'allow',
    request: read.request,
    decision,
    words: fault?.words?.(built, read.request, caller) ?? built,
    nvGpu: decision.plan.env['NV_GPU'],
    isNvidiaDocker: subject.executor.gpus === 'nv_gpu',
    gpus: judgeRunGpus(subject, request, facts).devices,
    holds: world.holds ?? [],
    pins: pinsOf(subject, request, facts),
    hosts: new Map([...facts.mounts.facts.ruleHosts].map(([rule, host]) => [rule.host, host])),
    name: facts.contested.name,
  };
}

/** @returns a text where the line can't be read */
function readLine(
  policy: Policy,
  caller: Caller,
  words: readonly string[],
  world: World,
): { readonly subject: Subject; readonly request: ParsedCommand } | string {
  try {
    const frame = parseFrame(words);
    const executor = executorFor(policy, frame.executor ?? policy.executor_default, frame.command);
    if (executor === undefined || frame.command !== 'run') return 'frame';
    const rules = policy.args['run'];
    const flags = rules === undefined ? [] : extraFlags(run.grammar, rules);
    const parsed = parseCommand(run.grammar, frame.args, flags);
    if (!parsed.ok) return parsed.error.kind;
    const subject: Subject = { caller, policy, executor, noDefaultArgs: frame.noDefaultArgs };
    // Not so much as a request for GPUs: in the program that ends the call.
    if (executor.gpus !== undefined) runFacts(subject, parsed.value, world);
    return { subject, request: parsed.value };
  } catch (error) {
    if (error instanceof UserdockerError) return error.failure.code;
    if (error instanceof Error && /^(?:NV_GPU|--gpus|NVIDIA_VISIBLE_DEVICES)/.test(error.message))
      return 'gpus';
    throw error;
  }
}

function pinsOf(subject: Subject, request: ParsedCommand, facts: RunFacts): ReadonlyMap<string, string> {
  const gpuRun = judgeRunGpus(subject, request, facts).devices.length > 0;
  const { mounts } = judgeMounts(subject.policy, facts.mounts.selection, facts.mounts.facts, gpuRun);
  return new Map(
    mounts.flatMap((mount) =>
      mount.kind === 'bind' && mount.pin !== undefined
        ? [[sourceShown(mount, facts.pins), mount.source.realPath] as const]
        : [],
    ),
  );
}
