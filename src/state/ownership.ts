/**
 * Who a container belongs to.
 *
 * 1. Each run has a one-time nonce. The container carries it as a label, and docker writes the container's full id
 *    into `<state>/containers/<uid>/<nonce>` (`--cidfile`), a directory that only root can enter.
 * 2. A container is the user's if and only if the file named by its nonce label, in that user's directory, holds its
 *    full id. The label only says where to look: an image can carry any label, but it can't choose the id that
 *    the engine draws for a container (256 random bits), so a copied label names a file with another id.
 * 3. The directory is made before docker is started and never by docker; names are checked, so that neither uid
 *    nor nonce can lead elsewhere.
 * 4. A file is removed only when its container is gone and the run that made it is over (collectOwnership).
 */
import fs from 'node:fs';
import path from 'node:path';
import { type ContainerId, parseContainerId, type Uid } from '../domain/ids.ts';
import { texts } from '../domain/json.ts';
import { stateDirectory } from '../paths.ts';
import { privateDirectory } from './directory.ts';
import { draftOf, namesIn, readIfThere, replaceFile } from './files.ts';

export const nonceLabel = 'userdocker.nonce';
const nonceForm = /^[0-9a-f]{32}$/;

export function newNonce(): string {
  return Buffer.from(globalThis.crypto.getRandomValues(new Uint8Array(16))).toString('hex');
}

export function isNonce(text: string): boolean {
  return nonceForm.test(text);
}

export function ownershipDirectory(uid: Uid, state: string = stateDirectory): string {
  return path.join(state, 'containers', String(uid));
}

/** The file that docker is told to write the new container's id into. */
export function cidfilePath(uid: Uid, nonce: string, state: string = stateDirectory): string {
  return path.join(ownershipDirectory(uid, state), nonce);
}

/** Makes the user's directory. @throws unavailable where others could have prepared it */
export function prepareOwnership(uid: Uid, state: string = stateDirectory): void {
  privateDirectory(state, 'containers', String(uid));
}

/** Whether this container was started by `uid` with userdocker. */
export function ownsContainer(
  uid: Uid,
  id: ContainerId,
  labels: { readonly [name: string]: string },
  state: string = stateDirectory,
): boolean {
  const nonce = Object.hasOwn(labels, nonceLabel) ? labels[nonceLabel] : undefined;
  return nonce !== undefined && isNonce(nonce) && readContainerId(cidfilePath(uid, nonce, state)) === id;
}

/** What docker's client would have written. Complete when it gets its name. Must be called under the user's lock. */
export function noteContainer(
  uid: Uid,
  nonce: string,
  id: ContainerId,
  state: string = stateDirectory,
): void {
  if (!isNonce(nonce)) return;
  prepareOwnership(uid, state);
  replaceFile(cidfilePath(uid, nonce, state), id);
}

export interface OwnedContainer {
  readonly nonce: string;
  readonly id: ContainerId;
}

/** Every container that `uid` ever started and whose file is still there, gone ones included. */
export function ownedContainers(uid: Uid, state: string = stateDirectory): readonly OwnedContainer[] {
  return listNonces(uid, state).flatMap((nonce) => {
    const id = readContainerId(cidfilePath(uid, nonce, state));
    return id === undefined ? [] : [{ nonce, id }];
  });
}

/**
 * Removes the files of containers that are gone, and of runs that ended before there was a container.
 * @param exists tells of a container id; must have been asked of the engine after `owned` was read
 * @param inUse tells of a nonce whose run may still be on its way to the engine
 */
export function collectOwnership(
  uid: Uid,
  owned: readonly OwnedContainer[],
  exists: (id: ContainerId) => boolean,
  inUse: (nonce: string) => boolean,
  state: string = stateDirectory,
): void {
  for (const { nonce, id } of owned) {
    if (exists(id) || inUse(nonce)) continue;
    forget(uid, nonce, state);
  }
  // Read again: a docker that is just over may have written its id since `owned` was read.
  const strays = listNonces(uid, state).filter(
    (nonce) => !inUse(nonce) && readContainerId(cidfilePath(uid, nonce, state)) === undefined,
  );
  for (const nonce of strays) forget(uid, nonce, state);
}

function forget(uid: Uid, nonce: string, state: string): void {
  const file = cidfilePath(uid, nonce, state);
  for (const each of [pinNote(uid, nonce, state), draftOf(file), file]) fs.rmSync(each, { force: true });
}

/**
 * Notes what a run's pins show, so that `start` can hold it against the policy of the day: docker only knows the pins.
 * @param paths the real paths, by the pins' numbers
 */
export function notePins(
  uid: Uid,
  nonce: string,
  paths: readonly string[],
  state: string = stateDirectory,
): void {
  if (paths.length > 0)
    fs.writeFileSync(pinNote(uid, nonce, state), JSON.stringify(paths), { mode: 0o600, flag: 'wx' });
}

export function recallPins(uid: Uid, nonce: string, state: string = stateDirectory): readonly string[] {
  if (!isNonce(nonce)) return [];
  const note = readIfThere(pinNote(uid, nonce, state));
  const paths: unknown = note === undefined ? [] : JSON.parse(note);
  return Array.isArray(paths) ? texts(paths) : [];
}

function pinNote(uid: Uid, nonce: string, state: string): string {
  return `${cidfilePath(uid, nonce, state)}.pins`;
}

function listNonces(uid: Uid, state: string): readonly string[] {
  const names = namesIn(ownershipDirectory(uid, state)).map((name) => name.replace(/\.(?:pins|draft)$/, ''));
  return [...new Set(names)].filter(isNonce);
}

function readContainerId(file: string): ContainerId | undefined {
  const id = parseContainerId(readIfThere(file) ?? '');
  return id.ok ? id.value : undefined;
}
