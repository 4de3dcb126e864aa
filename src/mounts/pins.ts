/**
 * Pins: what was checked, bind-mounted under a directory that only root can enter, so that docker, which opens the path
 * anew, mounts exactly that, whatever the user does to the path meanwhile. A run's pins are
 * `pins/UID/NONCE/NUMBER` in the runtime directory.
 *
 * Invariants
 * 1. A pin is made from the open descriptor, never from a path.
 * 2. What a pin shows is compared with the descriptor before it is used.
 * 3. Pins are removed with umount(2), rmdir(2) and unlink(2) alone, one by one, never recursively: the kernel refuses
 *    the last two on a mount point (EBUSY), and rmdir on a directory with anything in it, so what a pin shows can't be
 *    deleted, whatever failed before.
 * 4. A pin is private before anything below it is unmounted: else the unmount would be passed on to the original.
 * 5. Killed between any two steps, a call leaves what the next collection removes.
 *
 * Both making and collecting belong under the caller's own lock.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { denied, unavailable } from '../domain/errors.ts';
import type { Uid } from '../domain/ids.ts';
import { privateDirectory } from '../state/directory.ts';
import { errorCode, type Held, sameFile } from './descriptors.ts';
import { readMountTable } from './mount-table.ts';

/** Pins of a user at one time, over all containers that exist: each is a mount that every process of the host carries. */
export const pinsMax = 256;

export interface PinRequest {
  readonly held: Held;
  /** Below the run's pin directory. */
  readonly number: number;
  /** With what is mounted below it. */
  readonly recursive: boolean;
}

/**
 * @param directory the run's pin directory, `pinDirectory(...)`; what an earlier start of the same container left is used
 * @throws UserdockerError where a pin can't be made, or does not show what was checked
 */
export function makePins(directory: string, pins: readonly PinRequest[]): void {
  if (pins.length === 0) return;
  const [nonce = '', uid = '', all = '', ...above] = directory.split('/').reverse();
  privateDirectory(above.reverse().join('/'), all, uid, nonce);
  if (countPins(parentOf(directory)) + pins.length > pinsMax) throw tooMany();
  for (const pin of pins) makePin(`${directory}/${pin.number}`, pin);
}

function makePin(path: string, { held, recursive }: PinRequest): void {
  ensureMountPoint(path, held.stat.isDirectory());
  if (!shows(path, held)) {
    // -c: mount(8) must not resolve the descriptor's link to the path it once had, which the user may have swapped.
    const kind = recursive ? ['--rbind', '--make-rprivate'] : ['--bind', '--make-private'];
    const words = ['-c', '-n', ...kind, '/proc/self/fd/3', path];
    const done = spawnSync('/bin/mount', words, {
      ...quietChild,
      stdio: ['ignore', 'ignore', 'pipe', held.descriptor],
    });
    if (done.status !== 0) throw unavailable(`a source could not be pinned: ${String(done.stderr).trim()}`);
  }
  if (!shows(path, held)) throw unavailable('a pinned source is not what was checked', 'try again');
}

function shows(path: string, { stat }: Held): boolean {
  return sameFile(statSync(path, { bigint: true }), stat);
}

const quietChild = {
  cwd: '/',
  env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
  timeout: 20_000,
} as const;

function ensureMountPoint(path: string, isDirectory: boolean): void {
  try {
    if (isDirectory) mkdirSync(path, 0o700);
    else writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw unavailable(`${path} can't be made (${errorCode(error)})`);
  }
}

function countPins(user: string): number {
  return list(user).reduce((sum, nonce) => sum + list(`${user}/${nonce}`).length, 0);
}

function tooMany() {
  return denied({
    rule: 'mounts.pins',
    message: `you have more than ${pinsMax} mounts of directories whose path others than root can change`,
    instead: 'remove containers that you no longer need: userdocker rm',
  });
}

export interface Collection {
  /** `pins/` in the runtime directory. */
  readonly pins: string;
  readonly uid: Uid;
  /** A container with this nonce exists, running or not, or is just being started. */
  isInUse(nonce: string): boolean;
}

/** Removes the pins of runs that are over. What is busy stays for the next time. @returns how many runs were cleared */
export function collectPins({ pins, uid, isInUse }: Collection): number {
  const user = `${pins}/${uid}`;
  const over = list(user).filter((nonce) => !isInUse(nonce));
  for (const nonce of over) removeRun(`${user}/${nonce}`);
  return over.length;
}

/** The runs of a user that have pins, by their nonces. */
export function pinnedRuns(pins: string, uid: Uid): readonly string[] {
  return list(`${pins}/${uid}`);
}

function removeRun(directory: string): void {
  const pins = readMountTable()
    .below(directory)
    .filter(({ path }) => parentOf(path) === directory)
    .map(({ path }) => path);
  if (pins.length > 0) {
    spawnSync('/bin/mount', ['-c', '-n', '--make-rprivate', ...pins], quietly);
    // -l: takes what is mounted below along, and asks no file server, which might be dead by now. It only detaches.
    spawnSync('/bin/umount', ['-l', '-c', '-i', '-n', ...pins], quietly);
  }
  for (const name of list(directory)) removeMountPoint(`${directory}/${name}`);
  attempt(() => rmdirSync(directory));
}

const quietly = { ...quietChild, stdio: 'ignore' } as const;

/** Not looked at before: that would go to the file server if it were still mounted. Then both calls fail, and may. */
function removeMountPoint(path: string): void {
  attempt(() => {
    try {
      rmdirSync(path);
    } catch (error) {
      if (errorCode(error) !== 'ENOTDIR') throw error;
      unlinkSync(path);
    }
  });
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // The next collection tries again.
  }
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
