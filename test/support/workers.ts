/** Real processes for the race tests: TypeScript files run by the runtime that the binary is built from. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';

const bun = path.resolve(import.meta.dirname, '../../node_modules/@oven/bun-linux-x64-baseline/bin/bun');

export interface Worker {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Every line it has printed so far. */
  readonly lines: readonly string[];
  /** Resolves with the first line, printed already or later, that begins so. */
  line(beginning: string): Promise<string>;
  readonly exited: Promise<number | NodeJS.Signals>;
}

export function startWorker(file: string, ...args: readonly string[]): Worker {
  const child = spawn(bun, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  readline.createInterface(child.stdout).on('line', (line) => {
    lines.push(line);
    for (const look of waiting) look();
  });
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.on('exit', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'));
  });
  const line = (beginning: string) =>
    new Promise<string>((resolve) => {
      const look = () => {
        const found = lines.find((candidate) => candidate.startsWith(beginning));
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return { process: child, pid: child.pid ?? 0, lines, line, exited };
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
