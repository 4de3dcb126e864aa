/**
 * A recorded call decided under a configuration, with today's facts, gathered with that user's rights as for a dry run.
 *
 * 1. Nothing is started but what gathers facts (getent, nvidia-smi, and ls with the user's rights for a probe), never docker.
 * 2. Nothing is written: no record, no reservation, no note of the engine's, no directory, no claim on a GPU.
 * 3. What a call held open is given back before the next one.
 */

import type { Session } from '../../commands/command.ts';
import { ownWords } from '../../commands/own-words.ts';
import { findCommand } from '../../commands/registry.ts';
import { connectEngine } from '../../docker/engine.ts';
import type { Caller } from '../../domain/caller.ts';
import { commandWords, type Decision, type ExecPlan } from '../../domain/decision.ts';
import { type ConfigProblem, type Failure, type Reason, UserdockerError } from '../../domain/errors.ts';
import type { LoadedPolicy } from '../../domain/policy.ts';
import { assertRootsAlone } from '../../exec/trusted.ts';
import { parseFrame } from '../../frame.ts';
import { HelpWanted } from '../../pipeline.ts';
import { executorFor } from '../../policy/executor.ts';

export type Outcome =
  /** The program first; empty where userdocker does it itself. */
  | { readonly kind: 'allow'; readonly words: readonly string[] }
  | { readonly kind: 'deny'; readonly reasons: readonly Reason[] }
  /** It can't be said: the engine does not answer, a look-up fails. */
  | { readonly kind: 'unknown'; readonly why: string };

/** A user's merged policy under a configuration, or the mistakes in it, which refuse every call. */
export type Rules = LoadedPolicy | { readonly problems: readonly ConfigProblem[] };

export async function decideAgain(
  argv: readonly string[],
  environment: { readonly [name: string]: string },
  caller: Caller,
  rules: Rules,
): Promise<Outcome> {
  if ('problems' in rules) return { kind: 'deny', reasons: rules.problems.map(reasonOfProblem) };
  try {
    return await decideCall(argv, environment, caller, rules);
  } catch (error) {
    if (error instanceof HelpWanted) return { kind: 'allow', words: [] };
    if (error instanceof UserdockerError) return outcomeOf(error.failure);
    return { kind: 'unknown', why: error instanceof Error ? error.message : String(error) };
  }
}

async function decideCall(
  argv: readonly string[],
  environment: { readonly [name: string]: string },
  caller: Caller,
  loaded: LoadedPolicy,
): Promise<Outcome> {
  const frame = parseFrame(argv);
  const name = frame.command;
  if (name === undefined || frame.help || ownWords.has(name)) return { kind: 'allow', words: [] };
  const command = findCommand(name);
  if (command === undefined) {
    throw (await import('../../commands/unknown.ts')).unknownCommand(name, frame.args[0], loaded.policy);
  }
  const session = silentSession(argv, { ...frame, dryRun: true }, environment, caller, loaded);
  if ('kind' in session) return session;
  const run = await command.load();
  let outcome: Outcome = { kind: 'unknown', why: 'it came to no decision' };
  await run(session, (decision, own) => {
    outcome = ofDecision(decision, own);
    return { kind: 'exited', status: 0 };
  });
  return outcome;
}

function silentSession(
  argv: readonly string[],
  frame: Session['frame'],
  environment: Session['environment'],
  caller: Caller,
  loaded: LoadedPolicy,
): Session | Outcome {
  const { policy } = loaded;
  const name = frame.executor ?? policy.executor_default;
  const executor = executorFor(policy, name, frame.command);
  // Not as a mistake of the user's, which it is in a call: an admin looks for the setting that a candidate changes.
  if (executor === undefined)
    return { kind: 'deny', reasons: [{ rule: 'executors', message: `there is no executor ${name}` }] };
  for (const path of [executor.path, policy.docker_config]) assertRootsAlone(path);
  const silence = () => undefined;
  const engine = { ...connectEngine(policy.docker_host), notes: false };
  return {
    argv,
    caller,
    loaded,
    frame,
    executor,
    engine,
    environment,
    note: silence,
    debug: silence,
    print: silence,
  };
}

function ofDecision(decision: Decision, own: boolean): Outcome {
  if (decision.kind === 'deny') return { kind: 'deny', reasons: decision.reasons };
  return { kind: 'allow', words: own ? [] : wordsOf(decision.plan) };
}

/** Which processors a container is bound to is drawn by lot each time: how many they are is what counts. */
function wordsOf(plan: ExecPlan): readonly string[] {
  const words = commandWords({
    ...plan,
    parts: plan.parts.map((part) =>
      part.rule === 'cpus_default' ? { ...part, words: part.words.map(withoutLot) } : part,
    ),
  });
  return [plan.executable, ...words];
}

function withoutLot(word: string): string {
  const set = /^--cpuset-cpus=(.*)$/.exec(word)?.[1];
  return set === undefined ? word : `--cpuset-cpus=(${set.split(',').length} of them)`;
}

function outcomeOf(failure: Failure): Outcome {
  switch (failure.code) {
    case 'denied':
      return { kind: 'deny', reasons: failure.reasons };
    case 'usage':
      return { kind: 'deny', reasons: [{ rule: 'usage', message: failure.message }] };
    case 'config':
      return { kind: 'deny', reasons: failure.problems.map(reasonOfProblem) };
    case 'unavailable':
      return { kind: 'unknown', why: failure.message };
  }
}

function reasonOfProblem({ file, line, message }: ConfigProblem): Reason {
  return { rule: 'config', message: `${file}${line === undefined ? '' : `:${line}`}: ${message}` };
}
