/**
 * Who holds a reservation: a process, named so that the name fits no other process, ever.
 *
 * 1. Boot id, pid and start time survive execve(2), and a thread that calls it takes over its leader's pid and start time:
 *    the docker client that we become still is the holder.
 * 2. A pid can come back, a pid with the same start time (ticks since boot) can't: the pid numbers would have to be used up
 *    within one tick.
 * 3. Where it can't be known whether the holder lives, it lives: a GPU too few is better than one given twice.
 */
import fs from 'node:fs';
import { isObject, numberAt, textAt } from '../domain/json.ts';
import { hasCode } from './directory.ts';

export interface Holder {
  /** /proc/sys/kernel/random/boot_id */
  readonly bootId: string;
  readonly pid: number;
  /** proc_pid_stat(5), field 22: clock ticks after boot. */
  readonly startTime: number;
  /** `pid:[4026531836]`: the namespace in which `pid` counts. */
  readonly pidNamespace: string;
}

/** PROC_PID_INIT_INO in the kernel's proc_ns.h: from there every process of the machine is seen. */
const initialPidNamespace = 'pid:[4026531836]';

let self: Holder | undefined;

export function currentHolder(): Holder {
  self ??= {
    bootId: currentBootId(),
    pid: process.pid,
    startTime: readStatus(process.pid)?.startTime ?? 0,
    pidNamespace: fs.readlinkSync('/proc/self/ns/pid'),
  };
  return self;
}

export function currentBootId(): string {
  return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}

export function isAlive(holder: Holder): boolean {
  const here = currentHolder();
  if (holder.bootId !== here.bootId) return false;
  if (holder.pidNamespace === here.pidNamespace) return lives(holder.pid, holder.startTime);
  // A call from within a container or the like. Only the initial namespace shows all processes.
  return here.pidNamespace !== initialPidNamespace || livesInNamespace(holder);
}

/** Brings back what was written to a file; `undefined`: it is no holder. */
export function parseHolder(value: unknown): Holder | undefined {
  const bootId = textAt(value, 'bootId');
  const pid = numberAt(value, 'pid');
  const startTime = numberAt(value, 'startTime');
  const pidNamespace = textAt(value, 'pidNamespace');
  if (!isObject(value) || bootId === undefined || pidNamespace === undefined) return undefined;
  if (!isCount(pid) || !isCount(startTime)) return undefined;
  return { bootId, pid, startTime, pidNamespace };
}

/** @param stat the line of /proc/PID/stat. The program's name in it may hold spaces, parentheses and line ends. */
export function parseStatus(stat: string): { dead: boolean; startTime: number } | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, threads, startTime] = [fields[0], Number(fields[17]), Number(fields[19])];
  if (state === undefined || !isCount(threads) || !isCount(startTime)) return undefined;
  // A zombie whose parent does not fetch its status holds nothing. But where only the first thread has ended, the others run on.
  return { dead: /^[ZXx]$/.test(state) && threads <= 1, startTime };
}

function lives(pid: number, startTime: number): boolean {
  try {
    const status = readStatus(pid);
    return status !== undefined && !status.dead && status.startTime === startTime;
  } catch {
    return true;
  }
}

/**
 * `undefined`: there is no such process.
 * @throws where there is one, but nothing can be learnt of it
 */
function readStatus(pid: number): { dead: boolean; startTime: number } | undefined {
  try {
    const status = parseStatus(fs.readFileSync(`/proc/${pid}/stat`, 'latin1'));
    if (status === undefined) throw new Error(`/proc/${pid}/stat has an unknown form`);
    return status;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) return undefined;
    throw error;
  }
}

/** A process of a namespace below ours has several numbers, ours first, its own last. */
function livesInNamespace({ pid, pidNamespace, startTime }: Holder): boolean {
  return fs.readdirSync('/proc').some((entry) => {
    if (!/^[0-9]+$/.test(entry)) return false;
    try {
      const text = fs.readFileSync(`/proc/${entry}/status`, 'latin1');
      const numbers = /^NSpid:\s+(.*)$/m.exec(text)?.[1]?.split(/\s+/) ?? [];
      if (numbers.length < 2 || numbers.at(-1) !== String(pid)) return false;
      return lives(Number(entry), startTime) && fs.readlinkSync(`/proc/${entry}/ns/pid`) === pidNamespace;
    } catch (error) {
      return !hasCode(error, 'ENOENT', 'ESRCH'); // those: it ended while we looked
    }
  });
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0;
}
