/**
 * What a user's calls have been granted while their containers are not visible on the engine yet: a name, a share of memory
 * and CPUs, GPUs, ports. One file a call, `/run/userdocker/users/<uid>/reservations/<nonce>.json`.
 *
 * 1. Only calls that hold the user's lock (lock.ts) read and write here, so listing, judging and reserving are one step.
 * 2. A file is complete when it gets its name (rename(2)). What a killed call left half-written has no such name and is removed.
 * 3. A reservation ends with its holder, or on request (`release`), or with a reboot. It names boot id, pid and start time, so
 *    it survives execve: docker's client holds it until the container runs and counts by itself.
 * 4. Except that a client may die just after it has asked the engine to start the container: the engine goes on, for as long as the
 *    start takes. A reservation whose holder is dead is therefore an orphan; src/policy/limits.ts counts it only while the engine
 *    knows the container and has not started it, and src/commands/contested.ts ends it: `grace` seconds after its holder was first
 *    seen dead, unless the engine is at it.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { unavailable } from '../domain/errors.ts';
import { type ContainerId, parseContainerId, type Uid } from '../domain/ids.ts';
import { numberAt, objectAt, textAt, textsAt } from '../domain/json.ts';
import { runtimeDirectory } from '../paths.ts';
import { privateDirectory } from './directory.ts';
import { namesIn, readIfThere, replaceFile } from './files.ts';
import { currentBootId, currentHolder, type Holder, isAlive, parseHolder } from './holder.ts';
import { userDirectory } from './lock.ts';

/** Seconds that a start request gets from the death of its client until its container must be visible. */
export const grace = 10;

export interface Grant {
  /** One-time, 32 hexadecimal digits. The container of a `run` carries it as its label. */
  readonly nonce: string;
  /** `start` and `restart`: the container that there is already. */
  readonly container?: ContainerId | undefined;
  readonly name?: string | undefined;
  /** Bytes. */
  readonly memory?: number | undefined;
  readonly cpus?: number | undefined;
  /** UUIDs. */
  readonly gpus?: readonly string[] | undefined;
  readonly ports?: readonly string[] | undefined;
}

export interface Reservation extends Grant {
  readonly holder: Holder;
  /** Seconds since the epoch; for people. */
  readonly created: number;
  /** The holder is dead, but the engine may still be starting its container. Uptime in seconds when that was first seen. */
  readonly orphanedAt?: number | undefined;
}

const fileForm = /^[0-9a-f]{32}\.json$/;

/** Must be called under the user's lock. */
export function reserve(uid: Uid, grant: Grant, runtime: string = runtimeDirectory): Reservation {
  const created = Math.floor(Date.now() / 1000);
  const reservation = { ...grant, holder: currentHolder(), created };
  write(reservationDirectory(uid, runtime), reservation);
  return reservation;
}

/** For a call that ends before it becomes docker, or an orphan that is over. Needs no lock: nobody else may end a living call's. */
export function release(uid: Uid, nonce: string, runtime: string = runtimeDirectory): void {
  fs.rmSync(path.join(reservationDirectory(uid, runtime), `${nonce}.json`), { force: true });
}

/** The reservations that still mean something; removes the others. Must be called under the user's lock. */
export function listReservations(uid: Uid, runtime: string = runtimeDirectory): readonly Reservation[] {
  const directory = reservationDirectory(uid, runtime);
  return namesIn(directory).flatMap((entry) => {
    const file = path.join(directory, entry);
    const reservation = fileForm.test(entry) ? read(file) : undefined;
    if (reservation === undefined || isOfAnotherBoot(reservation)) return remove(file);
    if (reservation.orphanedAt !== undefined || isAlive(reservation.holder)) return [reservation];
    const orphan = { ...reservation, orphanedAt: os.uptime() };
    write(directory, orphan);
    return [orphan];
  });
}

/** The same for a dry run: changes nothing, needs no lock. */
export function peekReservations(uid: Uid, runtime: string = runtimeDirectory): readonly Reservation[] {
  const directory = path.join(runtime, 'users', String(uid), 'reservations');
  return namesIn(directory).flatMap((entry) => {
    const reservation = fileForm.test(entry) ? read(path.join(directory, entry)) : undefined;
    if (reservation === undefined || isOfAnotherBoot(reservation)) return [];
    const isKnown = reservation.orphanedAt !== undefined || isAlive(reservation.holder);
    return [isKnown ? reservation : { ...reservation, orphanedAt: os.uptime() }];
  });
}

/** An orphan that has had its time: from now on only the engine's word keeps it. */
export function isOverdue({ orphanedAt }: Reservation): boolean {
  return orphanedAt !== undefined && os.uptime() - orphanedAt >= grace;
}

function isOfAnotherBoot({ holder }: Reservation): boolean {
  return holder.bootId !== currentBootId();
}

function remove(file: string): readonly [] {
  fs.rmSync(file, { force: true });
  return [];
}

function write(directory: string, reservation: Reservation): void {
  replaceFile(path.join(directory, `${reservation.nonce}.json`), JSON.stringify(reservation));
}

function reservationDirectory(uid: Uid, runtime: string): string {
  return privateDirectory(userDirectory(uid, runtime), 'reservations');
}

/** `undefined`: its call released it just now. A file that is damaged can't be counted, so nothing may be granted. */
function read(file: string): Reservation | undefined {
  const text = readIfThere(file);
  if (text === undefined) return undefined;
  const reservation = parseReservation(text);
  if (reservation === undefined) throw unavailable(`${file} is damaged`, 'please tell an admin');
  return reservation;
}

function parseReservation(text: string): Reservation | undefined {
  const value = parseJson(text);
  const holder = parseHolder(objectAt(value, 'holder'));
  const nonce = textAt(value, 'nonce');
  const created = numberAt(value, 'created');
  if (holder === undefined || nonce === undefined || created === undefined) return undefined;
  const container = parseContainerId(textAt(value, 'container') ?? '');
  return {
    holder,
    nonce,
    created,
    container: container.ok ? container.value : undefined,
    name: textAt(value, 'name'),
    memory: numberAt(value, 'memory'),
    cpus: numberAt(value, 'cpus'),
    gpus: textsAt(value, 'gpus'),
    ports: textsAt(value, 'ports'),
    orphanedAt: numberAt(value, 'orphanedAt'),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
