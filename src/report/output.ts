/**
 * The only way to the caller's descriptors. process.stdout, stderr and console are not used: both runtimes put a pipe
 * into non-blocking mode once they write to it, and the flag outlives execve and reaches everybody who holds that pipe.
 */
import { writeSync } from 'node:fs';
import process from 'node:process';
import { terminalOf } from './terminal.ts';

/**
 * Writes all of it, waiting where the reader of a non-blocking descriptor is slow.
 * @returns `false` where the reader is gone or the disk full: there is nobody left to tell, but the status can say so
 */
export function writeAll(fd: number, text: string | Uint8Array): boolean {
  return writeOr(fd, text) === 'written';
}

/** As `writeAll`, for who has to tell a reader that has seen enough (`| head`) from a disk that is full. */
export function writeOr(fd: number, text: string | Uint8Array): 'written' | 'closed' | 'failed' {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(fd, bytes, written);
    } catch (error) {
      if (isCode(error, 'EPIPE')) return 'closed';
      if (!isCode(error, 'EAGAIN') && !isCode(error, 'EINTR')) return 'failed';
      pause(5);
    }
  }
  return 'written';
}

/** Columns of the terminal behind the descriptor; `undefined`: no terminal, or one that doesn't say. */
export function terminalWidth(fd: number): number | undefined {
  if (terminalOf(fd) === undefined) return undefined;
  try {
    const { WriteStream } = process.getBuiltinModule('node:tty');
    const columns = new WriteStream(fd).getWindowSize()[0];
    return columns > 0 ? columns : undefined;
  } catch {
    return undefined;
  }
}

/** Only on a terminal that can do it, and never with NO_COLOR (https://no-color.org: set and not empty). */
export function wantsColour(
  fd: number,
  env: { readonly [name: string]: string | undefined } = process.env,
): boolean {
  return (
    terminalOf(fd) !== undefined &&
    (env['NO_COLOR'] ?? '') === '' &&
    env['TERM'] !== undefined &&
    env['TERM'] !== 'dumb'
  );
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
