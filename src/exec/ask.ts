/**
 * Asking another program something. It may hang in our place, and may print without end.
 *
 * 1. It has a time limit and a bound on what it may print. After either it is killed and left behind: in an
 *    uninterruptible wait (a dead file server, a dead GPU) it does not die, and must not keep this process waiting too.
 * 2. Its environment is made from nothing.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

export interface Question {
  /** Absolute. */
  readonly program: string;
  readonly args: readonly string[];
  /** Milliseconds. */
  readonly timeout: number;
  /** Bytes, of both streams together; one more ends the asking. */
  readonly largest: number;
  /** Bytes of standard error that are wanted: it is cut somewhere behind them, and does not count as printed. 0: nobody reads it. */
  readonly stderr?: number;
  /** `/` unless it is told: the caller's directory may be on a dead file server. `undefined`: the current one. */
  readonly cwd?: string | undefined;
  /** A descriptor; empty where there is none. */
  readonly stdin?: number;
  /** All of it. */
  readonly env?: NodeJS.ProcessEnv;
}

export type Answer = Output &
  (
    | {
        readonly end: 'exited';
        /** 128 where a signal has ended it. */
        readonly status: number;
      }
    | { readonly end: 'late' | 'endless' }
    | { readonly end: 'unstartable'; readonly error: NodeJS.ErrnoException }
  );

/** What came until the end, whichever it was. */
interface Output {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

export const plainEnvironment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

export function ask(question: Question): Promise<Answer> {
  const { program, args, timeout, largest, stdin = 'ignore', env = plainEnvironment } = question;
  const cwd = 'cwd' in question ? question.cwd : '/';
  const errors = question.stderr === 0 ? 'ignore' : 'pipe';
  return new Promise((resolve) => {
    const child = start(program, args, { cwd, env, stdio: [stdin, 'pipe', errors] });
    if (child instanceof Error) {
      resolve({ end: 'unstartable', error: child, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) });
      return;
    }
    const { stdout, stderr } = child;
    const chunks: { readonly stdout: Buffer[]; readonly stderr: Buffer[] } = { stdout: [], stderr: [] };
    const output = (): Output => ({
      stdout: Buffer.concat(chunks.stdout),
      stderr: Buffer.concat(chunks.stderr),
    });
    const leave = (): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      stdout?.destroy();
      stderr?.destroy();
      child.unref();
    };
    const giveUp = (end: 'late' | 'endless'): void => {
      leave();
      resolve({ end, ...output() });
    };
    const timer = setTimeout(() => giveUp('late'), timeout);
    let length = 0;
    const collect = (stream: Buffer[]) => (chunk: Buffer) => {
      stream.push(chunk);
      length += chunk.length;
      if (length > largest) giveUp('endless');
    };
    stdout?.on('data', collect(chunks.stdout));
    let left = question.stderr ?? 0;
    const cut = (chunk: Buffer) => {
      if (left > 0) chunks.stderr.push(chunk);
      left -= chunk.length;
    };
    stderr?.on('data', question.stderr === undefined ? collect(chunks.stderr) : cut);
    child.once('error', (error) => {
      leave();
      resolve({ end: 'unstartable', error, ...output() });
    });
    child.once('close', (status) => {
      clearTimeout(timer);
      resolve({ end: 'exited', status: status ?? 128, ...output() });
    });
  });
}

/** Node throws some failures at once (E2BIG), and tells of others later (ENOENT). */
function start(program: string, args: readonly string[], options: SpawnOptions): ChildProcess | Error {
  try {
    return spawn(program, [...args], options);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
