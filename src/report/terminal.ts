/** Terminals, without node:tty: it brings in sockets and streams, and takes 3 ms to load. */
import { readlinkSync } from 'node:fs';

/** The terminal behind a descriptor, `/dev/pts/3`; `undefined`: it is none, or not to be seen from here. */
export function terminalOf(fd: number): string | undefined {
  try {
    const path = readlinkSync(`/proc/self/fd/${fd}`);
    return /^\/dev\/(?:pts\/[0-9]+|ptmx|tty[A-Za-z0-9]*|console|hvc[0-9]+)$/.test(path) ? path : undefined;
  } catch {
    return undefined;
  }
}
