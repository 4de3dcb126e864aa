/** Calls whose facts are gathered by the program itself, from an engine that is a table of answers. */
import { parseCommand } from '../../src/args/parse.ts';
import type { Command, Session, Subject } from '../../src/commands/command.ts';
import { decide } from '../../src/decide.ts';
import type { Engine } from '../../src/docker/engine.ts';
import { commandWords, type Decision } from '../../src/domain/decision.ts';
import { parseFrame } from '../../src/frame.ts';
import { extraFlags } from '../../src/policy/argument-rules.ts';
import { executorFor } from '../../src/policy/executor.ts';
import { alice, type Call, policyOf } from './builders.ts';

/** By path without the query; what is missing does not exist. */
export type Answers = { readonly [path: string]: unknown };

/** An engine that has debian:latest and nothing that runs. */
export const quiet: Answers = {
  '/info': { DockerRootDir: '/root' },
  '/version': {
    Version: '28.2.2',
    ApiVersion: '1.50',
    Arch: 'amd64',
    Components: [{ Name: 'runc', Version: '1.3.0' }],
  },
  '/containers/json': [],
  '/images/json': [{ RepoTags: ['debian:latest', 'localhost/alice/x:1', 'localhost/bob/x:1'] }],
  '/images/debian:latest/json': { Id: 'sha256:1', RepoTags: ['debian:latest'], Config: {} },
};

export interface Talk {
  readonly engine: Engine;
  readonly asked: readonly string[];
}

export function engineSaying(answers: Answers): Talk {
  const asked: string[] = [];
  const get = async (path: string) => {
    asked.push(decodeURIComponent(path));
    return answers[path.split('?')[0] ?? ''];
  };
  return { asked, engine: { socketPath: '/nowhere/docker.sock', get } };
}

export function sessionOn(line: string | readonly string[], engine: Engine, call: Call = {}): Session {
  const argv = typeof line === 'string' ? line.split(' ').filter((word) => word !== '') : line;
  const caller = call.caller ?? alice;
  const policy = call.policy ?? policyOf(call.yaml, caller);
  const frame = parseFrame(argv);
  const name = frame.executor ?? policy.executor_default;
  const executor = executorFor(policy, name, frame.command);
  if (executor === undefined) throw new Error(`there is no executor ${name}`);
  return {
    argv,
    caller,
    loaded: { policy, origins: new Map(), files: [] },
    frame,
    executor,
    engine,
    environment: call.environment ?? {},
    note: () => undefined,
    debug: () => undefined,
    print: () => undefined,
  };
}

/** Gathers and decides, as the spine does, up to the point where something would be held. */
export async function decideFor<F>(
  command: Command<F>,
  line: string | readonly string[],
  answers: Answers = quiet,
  call: Call = {},
): Promise<{ readonly decision: Decision; readonly facts: F; readonly asked: readonly string[] }> {
  const { engine, asked } = engineSaying(answers);
  const session = sessionOn(line, engine, call);
  const rules = session.loaded.policy.args[command.grammar.command];
  const flags = rules === undefined ? [] : extraFlags(command.grammar, rules);
  const parsed = parseCommand(command.grammar, session.frame.args, flags);
  if (!parsed.ok) throw new Error(parsed.error.message);
  const facts = await command.gather(session, parsed.value);
  const subject: Subject = {
    caller: session.caller,
    policy: session.loaded.policy,
    executor: session.executor,
    noDefaultArgs: session.frame.noDefaultArgs,
  };
  return { decision: decide(command, subject, parsed.value, facts), facts, asked };
}

/** The words, or `denied: ` and the rules. */
export function told(decision: Decision): string {
  if (decision.kind === 'allow') return commandWords(decision.plan).join(' ');
  return `denied: ${[...new Set(decision.reasons.map(({ rule }) => rule))].join(' ')}`;
}
