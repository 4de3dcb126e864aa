/** Files in directories where only root can write (directory.ts): what several kinds of them have in common. */
import fs from 'node:fs';
import path from 'node:path';
import { hasCode } from './directory.ts';

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
