/** Small files of the system. What is no plain file, or larger, is not read: a link to /dev/zero would have no end. */
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';

/** Bytes. */
const largest = 4 * 1024 * 1024;

/** `undefined`: it is not there, or not to be read. */
export function readText(file: string): string | undefined {
  try {
    // O_NONBLOCK: a FIFO would keep us waiting. O_NOCTTY: a terminal would become ours.
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      const stats = fstatSync(descriptor);
      return stats.isFile() && stats.size <= largest ? readFileSync(descriptor, 'utf8') : undefined;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}

/** `undefined`: it is no JSON either. */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(readText(file) ?? '');
  } catch {
    return undefined;
  }
}

/** The names in a directory; none where it can't be listed. */
export function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).toSorted();
  } catch {
    return [];
  }
}
