/**
 * Becoming another program.
 *
 * 1. execve(2) where the runtime has it: same pid, no process left in between.
 * 2. The new program starts as if it had been started directly. Both runtimes ignore SIGPIPE (and Bun SIGXFSZ); an
 *    ignored signal stays ignored through execve, a caught one goes back to its default (execve(2), signal(7)): so
 *    they are caught first. Otherwise `userdocker logs x | head` would never end.
 * 3. Nothing here touches process.stdin, stdout or stderr: that would leave O_NONBLOCK on the caller's descriptors.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import process from 'node:process';
import { unavailable } from '../domain/errors.ts';
import { terminalOf } from '../report/terminal.ts';

export interface Program {
  /** Absolute. */
  readonly executable: string;
  /** Without the program's name. */
  readonly args: readonly string[];
  /** All of it. */
  readonly env: { readonly [name: string]: string };
}

/** Only where the runtime has no execve: how the program ended. src/main.ts ends the same way. */
export type Ending =
  | { readonly kind: 'exited'; readonly status: number }
  /** `status` is the shell's, 128 + number: for a signal that this runtime ignores and so can't die of (SIGPIPE). */
  | { readonly kind: 'signalled'; readonly signal: NodeJS.Signals; readonly status: number };

/**
 * Does not return where the runtime has execve.
 * @param title argv[0]: what `ps` shows; the executable's path as a rule
 * @throws UserdockerError (`unavailable`) where the program is missing, can't be run, or its arguments are too long
 */
export async function replaceProcess(program: Program, title = program.executable): Promise<Ending> {
  assertRunnable(program.executable);
  const execve: unknown = Reflect.get(process, 'execve');
  if (typeof execve !== 'function') return runAndWait(program, title);
  for (const signal of ['SIGPIPE', 'SIGXFSZ'] as const) process.on(signal, () => undefined);
  try {
    Reflect.apply(execve, process, [program.executable, [title, ...program.args], program.env]);
  } catch (error) {
    throw cannotRun(program.executable, error);
  }
  throw cannotRun(program.executable, undefined);
}

/**
 * Before execve: Node's aborts the whole process, with a stack trace, where the file can't be run.
 * @throws UserdockerError: `unavailable`
 */
export function assertRunnable(executable: string): void {
  if (!executable.startsWith('/')) throw unavailable(`not an absolute path: ${executable}`);
  try {
    accessSync(executable, constants.X_OK);
    if (statSync(executable).isFile()) return;
  } catch (error) {
    throw cannotRun(executable, error);
  }
  throw unavailable(`${executable} is not a program`);
}

function cannotRun(executable: string, error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return unavailable(
        `${executable} is missing`,
        'an admin must install it, or correct its path in the configuration',
      );
    case 'E2BIG':
      return unavailable('the command line is longer than the system allows (execve: E2BIG)', 'shorten it');
    default:
      return unavailable(
        `${executable} can't be started (${typeof code === 'string' ? code : 'unknown error'})`,
      );
  }
}

/** What a terminal sends to the whole foreground group reaches the child anyway; twice would be once too often. */
const fromTerminal = ['SIGINT', 'SIGQUIT'] as const;
const passedOn = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGWINCH'] as const;

async function runAndWait(program: Program, title: string): Promise<Ending> {
  const onTerminal = [0, 1, 2].some((fd) => terminalOf(fd) !== undefined);
  // Before the child starts: nothing that comes meanwhile may end this process and leave the child alone.
  for (const signal of passedOn) process.on(signal, () => child.kill(signal));
  for (const signal of fromTerminal) process.on(signal, () => onTerminal || child.kill(signal));
  const child = start(program, title);
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(cannotRun(program.executable, error)));
    child.on('exit', (status, signal) => {
      // So that src/main.ts can end by the same signal.
      for (const name of [...passedOn, ...fromTerminal]) process.removeAllListeners(name);
      resolve(endingOf(status, signal));
    });
  });
}

/** Node throws some failures at once (E2BIG), and tells of others later (ENOENT). */
function start({ executable, args, env }: Program, title: string): ChildProcess {
  try {
    return spawn(executable, args, { argv0: title, env, stdio: 'inherit' });
  } catch (error) {
    throw cannotRun(executable, error);
  }
}

function endingOf(status: ChildProcess['exitCode'], signal: NodeJS.Signals | null): Ending {
  return signal === null
    ? { kind: 'exited', status: status ?? 1 }
    : { kind: 'signalled', signal, status: 128 + osConstants.signals[signal] };
}
