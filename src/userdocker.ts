/** One call of userdocker, from the words of its command line to its end. */

import { assertArgumentsUnchanged } from './caller/arguments.ts';
import { assertGroupLayersResolve, groupsAreLocal } from './caller/group-layers.ts';
import { identifyCaller } from './caller/identity.ts';
import { reexecThroughSudo } from './caller/sudo.ts';
import type { Session } from './commands/command.ts';
import { ownWords } from './commands/own-words.ts';
import { findCommand } from './commands/registry.ts';
import { loadPolicyOnce } from './config/cache.ts';
import { connectEngine } from './docker/engine.ts';
import type { Caller } from './domain/caller.ts';
import { denied, exitStatus, type UserdockerError, usage } from './domain/errors.ts';
import type { LoadedPolicy } from './domain/policy.ts';
import type { Ending } from './exec/replace.ts';
import { assertRootsAlone } from './exec/trusted.ts';
import { type Frame, parseFrame } from './frame.ts';
import { configDirectory, runtimeDirectory } from './paths.ts';
import { HelpWanted, type Show } from './pipeline.ts';
import { executorFor } from './policy/executor.ts';
import { writeAll } from './report/output.ts';
import { recordRefusal } from './report/record.ts';
import { renderNote } from './report/render.ts';
import { ownershipDirectory } from './state/ownership.ts';
import { userdockerVersion } from './version.ts';

type Environment = { readonly [name: string]: string | undefined };
const success: Ending = { kind: 'exited', status: 0 };

/** Does not return where the call ends in docker. @throws UserdockerError for everything that is not to be */
export async function userdocker(argv: readonly string[], environment: Environment): Promise<Ending> {
  assertArgumentsUnchanged(argv);
  const frame = parseFrame(argv);
  if (frame.version) return print(`userdocker ${userdockerVersion}\n`);
  const identity = identifyCaller();
  if (identity.kind === 'needs-sudo') return reexecThroughSudo(argv);
  const loaded = await policyOf(identity.caller);
  if (frame.command === undefined || frame.help) return help(frame, identity.caller, loaded);
  const session = openSession(argv, frame, identity.caller, loaded, environment);
  session.debug(`layers: ${loaded.files.join(', ') || 'the defaults alone'}`);
  try {
    return await call(frame.command, session);
  } catch (error) {
    if (error instanceof HelpWanted)
      return help({ ...frame, command: error.command }, identity.caller, loaded);
    throw error;
  }
}

/** @throws config, and unavailable where a layer may be missing because a directory service is down */
async function policyOf(caller: Caller): Promise<LoadedPolicy> {
  if (!groupsAreLocal()) {
    const { layerGroups } = await import('./config/layers.ts');
    assertGroupLayersResolve(layerGroups(configDirectory), caller);
  }
  return loadPolicyOnce({ directory: configDirectory, caller });
}

async function call(name: string, session: Session): Promise<Ending> {
  const word = await ownWords.get(name)?.load();
  return word === undefined
    ? callDocker(name, session)
    : word(session, (words, show) => consider(words, show, session));
}

async function callDocker(name: string, session: Session, show?: Show): Promise<Ending> {
  const command = findCommand(name);
  if (command === undefined) throw await unknownCommand(name, session);
  const run = await command.load();
  return run(session, show);
}

/** Another command line of the same caller, as a dry run: global options may stand before `explain` and behind it. */
async function consider(words: readonly string[], show: Show, outer: Session): Promise<Ending> {
  const { argv, caller, loaded, environment } = outer;
  const inner = parseFrame(words);
  if (inner.command === undefined || inner.help || ownWords.has(inner.command)) {
    throw usage(
      'only a command of docker can be explained',
      'for example: userdocker explain run -it debian',
    );
  }
  const frame: Frame = {
    ...inner,
    dryRun: true,
    quiet: inner.quiet || outer.frame.quiet,
    debug: inner.debug || outer.frame.debug,
    noDefaultArgs: inner.noDefaultArgs || outer.frame.noDefaultArgs,
    executor: inner.executor ?? outer.frame.executor,
  };
  return callDocker(inner.command, openSession(argv, frame, caller, loaded, environment), show);
}

/** docker's own words get a sentence; the rest gets the nearest word that there is. */
async function unknownCommand(name: string, session: Session): Promise<UserdockerError> {
  const { describeUnknownCommand } = await import('./args/unknown-commands.ts');
  const offered = session.loaded.policy.allowed_subcommands;
  const { known, message, hint } = describeUnknownCommand(name, session.frame.args[0], offered);
  const error = known
    ? denied({ rule: 'allowed_subcommands', message, ...(hint === undefined ? {} : { instead: hint }) })
    : usage(message, hint);
  if (!session.frame.dryRun) recordRefusal(session, error.failure);
  return error;
}

function openSession(
  argv: readonly string[],
  frame: Frame,
  caller: Caller,
  loaded: LoadedPolicy,
  environment: Environment,
): Session {
  const { policy } = loaded;
  const name = frame.executor ?? policy.executor_default;
  const executor = executorFor(policy, name, frame.command);
  if (executor === undefined) {
    throw usage(`there is no executor ${name}`, `there is: ${Object.keys(policy.executors).join(', ')}`);
  }
  const { docker_config } = policy;
  const ownership = ownershipDirectory(caller.uid);
  for (const path of [executor.path, docker_config, ownership, runtimeDirectory]) assertRootsAlone(path);
  const level = frame.debug ? 'debug' : frame.quiet ? 'error' : policy.log_level;
  const say = (message: string) => {
    writeAll(2, renderNote(message, {}));
  };
  return {
    argv,
    caller,
    loaded,
    frame,
    executor,
    engine: connectEngine(policy.docker_host),
    environment,
    print: (text) => writeAll(1, text),
    note: (message) => (level === 'error' || level === 'warning' ? undefined : say(message)),
    debug: (message) => (level === 'debug' ? say(message) : undefined),
  };
}

async function help(frame: Frame, caller: Caller, loaded: LoadedPolicy): Promise<Ending> {
  const { commandHelp, generalHelp } = await import('./report/help.ts');
  if (frame.command === undefined) {
    const text = generalHelp(loaded.policy);
    if (frame.help) return print(text);
    writeAll(2, text);
    return { kind: 'exited', status: exitStatus.usage };
  }
  const text = commandHelp(frame.command, loaded.policy, caller);
  if (text === undefined) throw usage(`there is no command ${frame.command}`, 'try: userdocker --help');
  return print(text);
}

function print(text: string): Ending {
  return writeAll(1, text) ? success : { kind: 'exited', status: 74 };
}
