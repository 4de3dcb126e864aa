import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

export interface Outcome {
  /** `null` where a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Text, bytes or a stream; nothing (an empty input) if left out. */
  readonly stdin?: string | Buffer | Readable;
  /** Added to the environment of a fresh login. */
  readonly env?: { readonly [name: string]: string };
  /** The user's home directory if left out. */
  readonly cwd?: string;
  /** Then everything is killed and the promise is rejected. 30 s if left out. */
  readonly timeoutMs?: number;
}

export interface Launch extends CommandOptions {
  readonly argv: readonly string[];
}

/** Runs a program to its end. Never rejects for an exit status; does for a time-out. */
export async function run({ argv, stdin, env, cwd, timeoutMs = 30_000 }: Launch): Promise<Outcome> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { env, cwd, stdio: 'pipe', detached: true });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  feed(child, stdin);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    killGroup(child);
  }, timeoutMs);
  const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (...end) => resolve(end));
  });
  clearTimeout(timer);
  const outcome = { status, signal, stdout: stdout(), stderr: stderr() };
  if (late) throw new Error(`no end after ${timeoutMs} ms: ${argv.join(' ')}\n${JSON.stringify(outcome)}`);
  return outcome;
}

/** As `run`, for what must succeed: an exit status other than 0 is an error that shows the output. */
export async function mustRun(launch: Launch): Promise<string> {
  const outcome = await run(launch);
  if (outcome.status !== 0) throw new Error(`${launch.argv.join(' ')}\n${JSON.stringify(outcome, null, 1)}`);
  return outcome.stdout;
}

/** The child leads a process group of its own; sudo and docker are in it. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}

function collect(stream: Readable): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}

function feed(child: ChildProcess, stdin: CommandOptions['stdin']): void {
  if (child.stdin === null) return;
  // A program may end without reading all of its input.
  child.stdin.on('error', () => undefined);
  if (stdin === undefined || typeof stdin === 'string' || Buffer.isBuffer(stdin)) child.stdin.end(stdin);
  else stdin.pipe(child.stdin);
}
