/** One call of userdocker, from the words of its command line to its end. */

import { assertArgumentsUnchanged } from './caller/arguments.ts';
import { assertGroupLayersResolve, groupsAreLocal } from './caller/group-layers.ts';
import { identifyCaller } from './caller/identity.ts';
import { reexecThroughSudo } from './caller/sudo.ts';
import type { Session } from './commands/command.ts';
import { completeWord, findOwnWord, ownWords } from './commands/own-words.ts';
import { findCommand } from './commands/registry.ts';
import { loadPolicyOnce } from './config/cache.ts';
import { connectEngine } from './docker/engine.ts';
import type { Caller } from './domain/caller.ts';
import { exitStatus, type UserdockerError, usage } from './domain/errors.ts';
import type { LoadedPolicy } from './domain/policy.ts';
import type { Ending } from './exec/replace.ts';
import { assertRootsAlone } from './exec/trusted.ts';
import { type Frame, parseFrame } from './frame.ts';
import { configDirectory, runtimeDirectory } from './paths.ts';
import { HelpWanted, type Show } from './pipeline.ts';
import { executorFor } from './policy/executor.ts';
import { terminalWidth, writeAll } from './report/output.ts';
import { recordRefusal } from './report/record.ts';
import { renderNote } from './report/render.ts';
import { fitted } from './report/visible.ts';
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
  // A key that is pressed must not ask for a password: the shells' scripts call `sudo -n` themselves.
  if (identity.kind === 'needs-sudo')
    return frame.command === completeWord ? success : reexecThroughSudo(argv);
  const loaded = await policyOf(identity.caller);
  if (frame.command === undefined || frame.help) return help(frame, identity.caller, loaded);
  const session = await openSession(argv, frame, identity.caller, loaded, environment);
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
  const word = await findOwnWord(name);
  return word === undefined
    ? callDocker(name, session)
    : word(session, (words, show) => consider(words, show, session));
}

async function callDocker(name: string, session: Session, show?: Show): Promise<Ending> {
  const command = findCommand(name);
  if (command === undefined) throw await refuseCommand(name, session);
  const run = await command.load();
  return run(session, show);
}

/** Another command line of the same caller, as a dry run: global options may stand before `explain` and behind it. */
async function consider(words: readonly string[], show: Show, outer: Session): Promise<Ending> {
  const { argv, caller, loaded, environment } = outer;
  const inner = parseFrame(words);
  if (inner.command === undefined || inner.help || isOwn(inner.command)) {
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
  return callDocker(inner.command, await openSession(argv, frame, caller, loaded, environment), show);
}

function isOwn(name: string): boolean {
  return ownWords.has(name) || name === completeWord;
}

async function refuseCommand(name: string, session: Session): Promise<UserdockerError> {
  const { unknownCommand } = await import('./commands/unknown.ts');
  const error = unknownCommand(name, session.frame.args[0], session.loaded.policy);
  if (!session.frame.dryRun) recordRefusal(session, error.failure);
  return error;
}

async function openSession(
  argv: readonly string[],
  frame: Frame,
  caller: Caller,
  loaded: LoadedPolicy,
  environment: Environment,
): Promise<Session> {
  const { policy } = loaded;
  const name = frame.executor ?? policy.executor_default;
  const executor = executorFor(policy, name, frame.command);
  if (executor === undefined) {
    throw (await import('./commands/unknown.ts')).unknownExecutor(name, policy);
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
    if (frame.help) return print(fitted(text, terminalWidth(1)));
    writeAll(2, fitted(text, terminalWidth(2)));
    return { kind: 'exited', status: exitStatus.usage };
  }
  const text = commandHelp(frame.command, loaded.policy, caller);
  if (text === undefined) throw usage(`there is no command ${frame.command}`, 'try: userdocker --help');
  return print(fitted(text, terminalWidth(1)));
}

function print(text: string): Ending {
  return writeAll(1, text) ? success : { kind: 'exited', status: 74 };
}
