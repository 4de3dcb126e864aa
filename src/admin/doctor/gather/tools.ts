/**
 * Programs of the system that are asked for facts. Each has a time limit, and nothing of the caller's environment. What others
 * than root could have put there is not started.
 */
import { spawn } from 'node:child_process';
import { assertRootsAlone } from '../../../exec/trusted.ts';

export interface ToolAnswer {
  /** `undefined`: it could not be started, or did not end in time. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Bytes of output that are kept. */
const largestOutput = 4 * 1024 * 1024;

/**
 * @param timeout milliseconds
 * @param more of the environment
 */
export function askTool(
  program: string,
  args: readonly string[],
  timeout = 5_000,
  more: { readonly [name: string]: string } = {},
): Promise<ToolAnswer> {
  if (!isRoots(program)) return Promise.resolve({ status: undefined, stdout: '', stderr: '' });
  return new Promise((resolve) => {
    const child = spawn(program, [...args], {
      cwd: '/',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    const finish = (status: number | undefined): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      child.stdout.destroy();
      child.stderr.destroy();
      // In an uninterruptible wait it does not die; it must not keep this process waiting too.
      child.unref();
      resolve({ status, ...output });
    };
    const timer = setTimeout(() => finish(undefined), timeout);
    const collect = (stream: 'stdout' | 'stderr') => (chunk: Buffer) => {
      if (output[stream].length < largestOutput) output[stream] += chunk.toString('utf8');
    };
    child.stdout.on('data', collect('stdout'));
    child.stderr.on('data', collect('stderr'));
    child.once('error', () => finish(undefined));
    child.once('close', (status) => finish(status ?? undefined));
  });
}

/** Nobody else can change the program, or what is on the way to it. */
export function isRoots(program: string): boolean {
  try {
    assertRootsAlone(program);
    return true;
  } catch {
    return false;
  }
}
