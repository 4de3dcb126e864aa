import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { mustRun } from './command.ts';
import { makeUser } from './users.ts';

/** Many users who all call at once. */
export const racers: readonly string[] = Array.from({ length: 16 }, (_, index) => `racer${index}`);

export async function makeRacers(): Promise<void> {
  for (const racer of racers) await makeUser(racer, ['users']);
}

export interface Call {
  readonly user: string;
  /** The exit status; `null` where a signal ended it. */
  readonly ended: Promise<number | null>;
  readonly stderr: () => string;
  /** To sudo and everything below it, as the terminal does it; or to the last in line alone, wherever it is by then. */
  readonly signal: (name: NodeJS.Signals, to: 'all' | 'last') => void;
}

/** `sudo nvidia-userdocker WORDS` as that user; goes on by itself. @param pipe where stderr goes instead */
export function startCall(user: string, words: string, pipe?: ReluctantPipe): Call {
  const identity = ['--reuid', user, '--regid', user, '--init-groups', '--reset-env', '--'];
  const line = `exec sudo nvidia-userdocker ${words}`;
  const child = spawn('/usr/bin/setpriv', [...identity, 'sh', '-c', line], {
    cwd: `/home/${user}`,
    env: {},
    stdio: ['ignore', 'ignore', pipe === undefined ? 'pipe' : pipe.end],
    detached: true,
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  return { user, ended, stderr: () => stderr, signal: (name, to) => send(child, name, to) };
}

function send({ pid }: ChildProcess, name: NodeJS.Signals, to: 'all' | 'last'): void {
  if (pid === undefined) return;
  try {
    process.kill(to === 'all' ? -pid : lastOf(pid), name);
  } catch {
    // It has ended by itself.
  }
}

function lastOf(pid: number): number {
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    return child === undefined || child === '' ? pid : lastOf(Number(child));
  } catch {
    return pid;
  }
}

/** A pipe that nobody reads from, with some room left: who writes more stops there. */
export interface ReluctantPipe {
  /** A blocking descriptor, as a shell would give it. */
  readonly end: number;
  /** Reads all that was written: its writers go on. */
  readonly drain: () => void;
  readonly close: () => void;
}

/** pipe(7): 16 pages. */
const capacity = 65_536;

/** @param room bytes, less than a page */
export async function reluctantPipe(room: number): Promise<ReluctantPipe> {
  const path = `/run/reluctant-${Math.random()}`;
  await mustRun({ argv: ['/usr/bin/mkfifo', path], env: {} });
  const both = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const end = openSync(path, constants.O_WRONLY);
  rmSync(path);
  for (let left = capacity - room; left > 0; left -= 4096)
    writeSync(both, Buffer.alloc(Math.min(4096, left)));
  const drain = () => {
    try {
      while (readSync(both, Buffer.alloc(capacity)) > 0);
    } catch {
      // EAGAIN: it is empty.
    }
  };
  const close = () => {
    closeSync(end);
    closeSync(both);
  };
  return { end, drain, close };
}
