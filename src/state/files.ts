/**
 * Files in directories where only root can write (directory.ts): what several kinds of them have in common. What must outlive a
 * failure of the power (private-repositories.ts), or is written without the lock and has to succeed (accounts.ts), is written there.
 */
import fs from 'node:fs';
import path from 'node:path';
import { hasCode, privateDirectory } from './directory.ts';

/** In no particular order; none where there is no such directory. */
export function namesIn(directory: string): readonly string[] {
  try {
    return fs.readdirSync(directory);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** `undefined`: there is no such file. */
export function readIfThere(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/**
 * Complete when it gets its name (rename(2)). Must be called by one process at a time, under the user's lock: what a killed call has
 * left of its draft is written over.
 */
export function replaceFile(file: string, text: string): void {
  const draft = draftOf(file);
  fs.writeFileSync(draft, text, { mode: 0o600 });
  fs.renameSync(draft, file);
}

/** What a call that was killed in `replaceFile` leaves. Whoever removes the file removes this, too. */
export function draftOf(file: string): string {
  return `${file}.draft`;
}

/**
 * Best effort, for what the next call would find out anew. Any number of calls may write it at the same time.
 * @param where the parts of the directory's path: `privateDirectory` makes it
 */
export function tryToNote(
  where: readonly [base: string, ...parts: string[]],
  name: string,
  text: string,
): void {
  try {
    const file = path.join(privateDirectory(...where), name);
    const draft = `${file}.${process.pid}`;
    try {
      fs.writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
      fs.renameSync(draft, file);
    } catch {
      fs.rmSync(draft, { force: true });
    }
  } catch {
    // The directory may be read-only, or not root's alone.
  }
}

/**
 * Removes what calls that were killed have left. A clock that was set back must not keep it for ever.
 * @param after milliseconds: within them a call is through with its file
 * @param kept names of what belongs there
 */
export function removeLeftBehind(directory: string, after: number, kept: readonly string[] = []): void {
  for (const name of fs.readdirSync(directory)) {
    if (kept.includes(name)) continue;
    const file = path.join(directory, name);
    const written = fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Math.abs(Date.now() - written) > after) fs.rmSync(file, { force: true });
  }
}
