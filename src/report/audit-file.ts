/** Appends a line to a file that is root's alone. See the invariants in audit.ts. */
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';

/** @returns what went wrong, as half a sentence; `undefined`: the whole line was written */
export function appendLine(file: string, line: string): string | undefined {
  try {
    return withDirectory(dirname(file), (directory) => appendIn(`${directory}/${basename(file)}`, line));
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  }
}

/**
 * The directory is opened once and used through its descriptor: what was checked is what is used. Only it is checked,
 * not what is above: /var/log is writable by group syslog on some systems, who could at most move our directory away.
 */
function withDirectory(path: string, use: (directory: string) => string | undefined): string | undefined {
  const fd = openDirectory(path);
  try {
    const problem = distrusted(fstatSync(fd));
    return problem === undefined ? use(`/proc/self/fd/${fd}`) : `its directory ${problem}`;
  } finally {
    closeSync(fd);
  }
}

function openDirectory(path: string): number {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  try {
    return openSync(path, flags);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    // Nodes without disks start with an empty /var/log.
    mkdirSync(path, 0o700);
    return openSync(path, flags);
  }
}

function appendIn(path: string, line: string): string | undefined {
  // O_NONBLOCK: a FIFO without a reader would hang the call; a regular file does not care.
  const flags =
    constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const fd = openSync(path, flags, 0o600);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.nlink !== 1) return 'it is not a plain file';
    const problem = distrusted(stats);
    if (problem !== undefined) return `it ${problem}`;
    const record = Buffer.from(`${endsInMidLine(fd) ? '\n' : ''}${line}\n`);
    return writeSync(fd, record) === record.length
      ? undefined
      : 'only a part of it could be written (disk full?)';
  } finally {
    closeSync(fd);
  }
}

function distrusted({ uid, mode }: Stats): string | undefined {
  if (uid !== 0) return 'does not belong to root';
  return (mode & 0o022) === 0 ? undefined : 'is writable by group or others';
}

/**
 * After a record that was cut by a full disk the next one begins on a line of its own, or both were lost. While another call's
 * write(2) is under way the file ends in mid-line as well (its size grows page by page), but not for long.
 */
function endsInMidLine(fd: number): boolean {
  const last = Buffer.alloc(1);
  for (let looks = 0; looks < 20; looks += 1) {
    const { size } = fstatSync(fd);
    if (size === 0 || (readSync(fd, last, 0, 1, size - 1) === 1 && last[0] === 0x0a)) return false;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
  return true;
}
