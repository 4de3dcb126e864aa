/**
 * Programs of the system that are asked for facts. Each has a time limit, and nothing of the caller's environment. What others
 * than root could have put there is not started.
 */
import { ask, plainEnvironment } from '../../../exec/ask.ts';
import { assertRootsAlone } from '../../../exec/trusted.ts';

export interface ToolAnswer {
  /** `undefined`: it could not be started, did not end in time, or printed without end. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Bytes. */
const largestOutput = 4 * 1024 * 1024;

/**
 * @param timeout milliseconds
 * @param more of the environment
 */
export async function askTool(
  program: string,
  args: readonly string[],
  timeout = 5_000,
  more: { readonly [name: string]: string } = {},
): Promise<ToolAnswer> {
  if (!isRoots(program)) return { status: undefined, stdout: '', stderr: '' };
  const answer = await ask({
    program,
    args,
    timeout,
    largest: largestOutput,
    env: { ...plainEnvironment, ...more },
  });
  return {
    status: answer.end === 'exited' ? answer.status : undefined,
    stdout: answer.stdout.toString('utf8'),
    stderr: answer.stderr.toString('utf8'),
  };
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
