/**
 * Reads only what nobody but root can have written.
 *
 * MUST hold for every byte that is returned:
 * 1. Each directory from / down is a real directory, root's, and not writable by group or others. The sticky bit excuses
 *    nothing: in a 1777 directory anybody can make the file that is missing.
 * 2. So nobody but root can exchange a name between the look at it and the next step.
 * 3. The last name is opened without following a link, and everything else is asked of the open handle.
 *
 * 4. It lies on a file system of this machine. A file server says whatever it likes about owners and modes, to whoever can pose
 *    as it, and whoever is root on another of its clients writes there; and it can be down.
 *
 * A named user's write permission by access control list shows as group permission in the mode (acl(5)).
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  type Stats,
  statfsSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { ConfigProblem } from '../domain/errors.ts';
import { err, ok, type Result } from '../domain/result.ts';

/** Bytes. A policy of thousands of lines has a tenth of it. */
export const largestFile = 1024 * 1024;

/** By their names in statfs(2) and linux/magic.h, or in their own sources. What is not named here is not trusted. */
const localFileSystems: ReadonlyMap<number, string> = new Map([
  [0xef53, 'EXT2_SUPER_MAGIC, EXT3_SUPER_MAGIC, EXT4_SUPER_MAGIC'],
  [0x58465342, 'XFS_SUPER_MAGIC'],
  [0x9123683e, 'BTRFS_SUPER_MAGIC'],
  [0x2fc12fc1, 'ZFS_SUPER_MAGIC'],
  [0xca451a4e, 'BCACHEFS_STATFS_MAGIC'],
  [0xf2f52010, 'F2FS_SUPER_MAGIC'],
  [0x52654973, 'REISERFS_SUPER_MAGIC'],
  [0x3153464a, 'JFS_SUPER_MAGIC'],
  [0x01021994, 'TMPFS_MAGIC'],
  [0x858458f6, 'RAMFS_MAGIC'],
  [0x794c7630, 'OVERLAYFS_SUPER_MAGIC'],
  [0x73717368, 'SQUASHFS_MAGIC'],
  [0xe0f5e1e2, 'EROFS_SUPER_MAGIC_V1'],
]);

/** The magic number of the file system on which a path lies. @throws as statfs(2) does */
export type FileSystemOf = (path: string) => number;

export class TrustedTree {
  readonly #fileSystemOf: FileSystemOf;
  readonly #rootDevice: number;
  /** Each directory is looked at once per load. */
  readonly #directories = new Map<string, Result<'there' | 'missing', ConfigProblem>>();
  readonly #files = new Set<string>();

  constructor(fileSystemOf: FileSystemOf = (path) => statfsSync(path).type, rootDevice = lstatSync('/').dev) {
    this.#fileSystemOf = fileSystemOf;
    this.#rootDevice = rootDevice;
  }

  /** Every path that what was read depends on, missing ones included. */
  get touched(): readonly string[] {
    return [...this.#directories.keys(), ...this.#files];
  }

  directory(path: string): Result<'there' | 'missing', ConfigProblem> {
    const known = this.#directories.get(path);
    if (known !== undefined) return known;
    const above = path === '/' ? ok('there' as const) : this.directory(dirname(path));
    const answer = above.ok && above.value === 'there' ? this.#inspectDirectory(path) : above;
    this.#directories.set(path, answer);
    return answer;
  }

  /** The names in a directory, in no particular order; none where it does not exist. */
  list(path: string): Result<readonly string[], ConfigProblem> {
    const directory = this.directory(path);
    if (!directory.ok) return directory;
    if (directory.value === 'missing') return ok([]);
    try {
      return ok(readdirSync(path));
    } catch (error) {
      return err({ file: path, message: `can not be listed (${errorCode(error)})` });
    }
  }

  /** A file's bytes; `undefined` where it does not exist. */
  read(path: string): Result<Uint8Array | undefined, ConfigProblem> {
    this.#files.add(path);
    const directory = this.directory(dirname(path));
    if (!directory.ok) return directory;
    if (directory.value === 'missing') return ok(undefined);
    let descriptor: number;
    try {
      // O_NONBLOCK: a FIFO would keep us waiting. O_NOCTTY: a terminal would become ours.
      const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
      descriptor = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    } catch (error) {
      return openFailure(path, errorCode(error));
    }
    try {
      const stats = fstatSync(descriptor);
      const distrust = distrustFile(stats) ?? this.#distrustFileSystem(stats, `/proc/self/fd/${descriptor}`);
      return distrust === undefined ? readAll(path, descriptor) : err({ file: path, message: distrust });
    } catch (error) {
      return err({ file: path, message: `can not be read (${errorCode(error)})` });
    } finally {
      closeSync(descriptor);
    }
  }

  #inspectDirectory(path: string): Result<'there' | 'missing', ConfigProblem> {
    try {
      const stats = lstatSync(path);
      if (stats.isSymbolicLink())
        return err({ file: path, message: 'is a symbolic link; links are not followed' });
      if (!stats.isDirectory()) return err({ file: path, message: 'is not a directory' });
      const distrust = distrustOwner(stats) ?? this.#distrustFileSystem(stats, path);
      return distrust === undefined ? ok('there') : err({ file: path, message: distrust });
    } catch (error) {
      const code = errorCode(error);
      return code === 'ENOENT'
        ? ok('missing')
        : err({ file: path, message: `can not be looked at (${code})` });
    }
  }

  /** A machine without a disk has its root from a server, and with it every program: there is nothing left to distrust. */
  #distrustFileSystem({ dev }: Stats, path: string): string | undefined {
    if (dev === this.#rootDevice || localFileSystems.has(this.#fileSystemOf(path))) return undefined;
    return 'is not on a file system of this machine: copy it to a local disk';
  }
}

function distrustFile(stats: Stats): string | undefined {
  if (!stats.isFile()) return 'is not a regular file';
  if (stats.size > largestFile) return `is larger than ${largestFile} bytes`;
  return distrustOwner(stats);
}

function distrustOwner(stats: Stats): string | undefined {
  if (stats.uid !== 0) return `belongs to uid ${stats.uid} and not to root: chown root`;
  if ((stats.mode & 0o022) !== 0) return 'is writable by group or others: chmod go-w';
  return undefined;
}

function openFailure(path: string, code: string): Result<undefined, ConfigProblem> {
  if (code === 'ENOENT') return ok(undefined);
  const message =
    code === 'ELOOP' ? 'is a symbolic link; links are not followed' : `can not be opened (${code})`;
  return err({ file: path, message });
}

/** Never more than the limit, however much the file grows meanwhile. */
function readAll(path: string, descriptor: number): Result<Uint8Array, ConfigProblem> {
  const buffer = Buffer.allocUnsafe(Math.min(fstatSync(descriptor).size, largestFile) + 1);
  let length = 0;
  while (length < buffer.length) {
    const count = readSync(descriptor, buffer, length, buffer.length - length, length);
    if (count === 0) return ok(buffer.subarray(0, length));
    length += count;
  }
  return err({ file: path, message: 'changed while it was read' });
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'error';
}
