/**
 * Images that are being fetched with somebody's own credentials carry, until they have the user's own tag, a name by digest
 * that would be anybody's. It is noted before it can exist, and taken away when the fetch is over; what a killed call has left
 * is taken away by the next one of this kind, whoever's.
 */
import fs from 'node:fs';
import path from 'node:path';
import { textAt } from '../domain/json.ts';
import { stateDirectory } from '../paths.ts';
import { privateDirectory } from './directory.ts';
import { namesIn } from './files.ts';
import { currentHolder, type Holder, isAlive, parseHolder } from './holder.ts';
import { newNonce } from './ownership.ts';

export interface PullNote {
  readonly file: string;
  /** `registry.example/x@sha256:...` */
  readonly name: string;
}

export function notePull(name: string, state: string = stateDirectory): PullNote {
  const file = path.join(privateDirectory(state, 'private-pulls'), newNonce());
  fs.writeFileSync(file, JSON.stringify({ ...currentHolder(), name }), { mode: 0o600, flag: 'wx' });
  return { file, name };
}

export function endPull({ file }: PullNote): void {
  fs.rmSync(file, { force: true });
}

/** Those whose call is over. */
export function leftPulls(state: string = stateDirectory): readonly PullNote[] {
  return notes(state).filter(({ holder }) => !isAlive(holder));
}

/** Those of other calls, over or not, that fetch the same. */
export function otherPulls(own: PullNote, state: string = stateDirectory): readonly PullNote[] {
  return notes(state).filter(({ file, name }) => file !== own.file && name === own.name);
}

function notes(state: string): readonly (PullNote & { readonly holder: Holder })[] {
  const directory = path.join(state, 'private-pulls');
  return namesIn(directory).flatMap((entry) => {
    const file = path.join(directory, entry);
    const note = read(file);
    const holder = parseHolder(note);
    const name = textAt(note, 'name');
    // Being written by its call just now, or cut off by a full disk before there was a name.
    return holder === undefined || name === undefined ? [] : [{ file, name, holder }];
  });
}

function read(file: string): unknown {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
