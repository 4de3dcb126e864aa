/**
 * Asking another program something. It may hang in our place, and may print without end.
 *
 * 1. It has a time limit and a bound on what it may print. After either it is killed and left behind: in an
 *    uninterruptible wait (a dead file server, a dead GPU) it does not die, and must not keep this process waiting too.
 * 2. Its environment is made from nothing.
 */
import { spawn } from 'node:child_process';

export interface Question {
  /** Absolute. */
  readonly program: string;
  readonly args: readonly string[];
  /** Milliseconds. */
  readonly timeout: number;
  /** Bytes, of both streams together; one more ends the asking. */
  readonly largest: number;
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
  return new Promise((resolve) => {
    const child = spawn(program, [...args], { cwd, env, stdio: [stdin, 'pipe', 'pipe'] });
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
    stderr?.on('data', collect(chunks.stderr));
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
