/**
 * One lock a user, for everything that is judged over all of a user's containers: limits and names.
 *
 * 1. It is flock(2) on a file that only root can open. The lock belongs to the open file description: ours until we close it,
 *    and the kernel gives it back when we die at any instant. Neither Node nor Bun has flock(2), so flock(1) takes it
 *    on a descriptor it shares with us and exits; the lock stays (flock(2): "associated with an open file description").
 * 2. No lock is shared between users. Alice can stop her process anywhere (Ctrl-Z, a frozen cgroup), also while it is
 *    root: then alice's next call waits, gives up with an error, and nobody else notices.
 * 3. While it is held, nothing is written to the caller's descriptors (a full pipe would stop us) and no file of the caller is
 *    touched (a dead file server would). flock(1) gets /dev/null, an empty environment and `/` as its directory. `work` must keep
 *    to this, too.
 * 4. The descriptor is close-on-exec (both runtimes open files so): the lock ends at the latest with execve(2), and no
 *    other helper process can inherit it.
 * 5. The file is never removed: a second file of the same name would be a second lock.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { type UserdockerError, unavailable } from '../domain/errors.ts';
import type { Uid } from '../domain/ids.ts';
import { runtimeDirectory } from '../paths.ts';
import { hasCode, messageOf, privateDirectory } from './directory.ts';
import { currentHolder, parseHolder } from './holder.ts';

const flock = '/usr/bin/flock';
/** util-linux flock(1) exits with 1 when the time is over, with a status of sysexits.h for everything else. */
const timeIsOver = 1;

/**
 * Runs `work` while no other call for this user does.
 * @param timeout milliseconds to wait for another call of the same user
 * @throws unavailable when the time is over; it names the process that has the lock
 */
export async function withUserLock<T>(
  uid: Uid,
  timeout: number,
  work: () => Promise<T>,
  runtime: string = runtimeDirectory,
): Promise<T> {
  const file = `${userDirectory(uid, runtime)}/lock`;
  const descriptor = fs.openSync(
    file,
    fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_NOFOLLOW,
    0o600,
  );
  try {
    takeLock(descriptor, timeout);
    noteHolder(descriptor);
    return await work();
  } finally {
    fs.closeSync(descriptor);
  }
}

/** The user's own directory below `/run/userdocker`, made where it is missing. */
export function userDirectory(uid: Uid, runtime: string = runtimeDirectory): string {
  return privateDirectory(runtime, 'users', String(uid));
}

function takeLock(descriptor: number, timeout: number): void {
  const { status, signal, error } = spawnSync(flock, ['-x', '-w', String(timeout / 1000), '3'], {
    stdio: ['ignore', 'ignore', 'ignore', descriptor],
    cwd: '/',
    env: {},
    // A stopped flock(1) would never end by itself.
    timeout: timeout + 2000,
    killSignal: 'SIGKILL',
  });
  if (status === 0) return;
  if (status === timeIsOver || hasCode(error, 'ETIMEDOUT')) throw stillBusy(descriptor, timeout);
  if (hasCode(error, 'ENOENT'))
    throw unavailable(`${flock} is missing`, 'it belongs to the package util-linux');
  const why = error === undefined ? `${flock} ended with ${signal ?? `status ${status}`}` : messageOf(error);
  throw unavailable(`your calls can't be kept apart: ${why}`);
}

/** Only for the message of whoever has to wait. A file that only root can read, on tmpfs. */
function noteHolder(descriptor: number): void {
  const text = JSON.stringify(currentHolder());
  fs.writeSync(descriptor, text, 0);
  fs.ftruncateSync(descriptor, Buffer.byteLength(text));
}

function stillBusy(descriptor: number, timeout: number): UserdockerError {
  const pid = readNote(descriptor);
  const process = pid === undefined ? 'another call of yours' : `another call of yours (process ${pid})`;
  return unavailable(
    `${process} has not come to its end within ${timeout / 1000} s`,
    'perhaps it is stopped: see "jobs", continue it with "fg", then try again',
  );
}

function readNote(descriptor: number): number | undefined {
  try {
    const buffer = Buffer.alloc(1024);
    const length = fs.readSync(descriptor, buffer, 0, buffer.length, 0);
    return parseHolder(JSON.parse(buffer.toString('utf8', 0, length)))?.pid;
  } catch {
    return undefined; // its writer was just beginning
  }
}
