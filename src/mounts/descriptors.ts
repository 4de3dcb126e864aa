/**
 * Files held open without reading them (O_PATH, open(2)): such a descriptor stays on the same inode whatever becomes of
 * the path, and needs no permission on the file itself. Node has no openat(2); /proc/self/fd/N/NAME comes to the same,
 * since the kernel jumps from N to the open directory itself and not to its former path.
 */
import { type BigIntStats, closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';

/** The same on x86-64, arm64 and riscv64; Node's constants do not have it. */
const oPath = 0o10_000_000;
/** Node and Bun set it anyway; a descriptor that docker inherited would be handed to the user. */
const oCloseOnExec = 0o2_000_000;
const { O_DIRECTORY, O_NOFOLLOW } = constants;

export interface Held {
  readonly descriptor: number;
  readonly stat: BigIntStats;
}

/** What a held file is: two with the same identity are one, as long as one of them is held. */
export interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
}

export function sameFile(one: Identity, other: Identity): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

/** Where `name` in a held directory can be reached, or the held file itself. */
export function pathOf(descriptor: number, name?: string): string {
  return name === undefined ? `/proc/self/fd/${descriptor}` : `/proc/self/fd/${descriptor}/${name}`;
}

/** A directory, automounted if need be; a link is not followed. @throws ENOTDIR for anything else, links included */
export function holdDirectory(path: string): Held {
  return hold(path, O_DIRECTORY);
}

/** Whatever is there, a link itself included. */
export function holdAny(path: string): Held {
  return hold(path, 0);
}

function hold(path: string, more: number): Held {
  const descriptor = openSync(path, oPath | oCloseOnExec | O_NOFOLLOW | more);
  try {
    return heldAs(descriptor);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** A file that is held already. */
export function heldAs(descriptor: number): Held {
  return { descriptor, stat: fstatSync(descriptor, { bigint: true }) };
}

export function release(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch {
    // Closed already: nothing is held.
  }
}

/** The errno name of a failed system call, `ENOENT`. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'EUNKNOWN';
}

/** Only root can write it; of a directory: add, rename or remove entries. (An ACL's entries show in the group bits, acl(5).) */
export function isRootsAlone({ uid, mode }: Stats | BigIntStats): boolean {
  return Number(uid) === 0 && (Number(mode) & 0o022) === 0;
}
