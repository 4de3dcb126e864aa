/** Directories below `/run/userdocker`: made by whoever comes first, root's alone, and never taken over from anybody else. */
import fs from 'node:fs';
import path from 'node:path';
import { unavailable } from '../domain/errors.ts';

/**
 * Makes `base/parts...` where it is missing, each level with mode 0700, and looks at each level.
 * mkdir(2) decides which of two simultaneous calls makes a level; the other one finds it there.
 * @throws unavailable if a level is a link, somebody else's, or writable by group or others: whoever prepared it could
 *   prepare its contents too
 */
export function privateDirectory(base: string, ...parts: readonly string[]): string {
  let directory = base;
  makeLevel(directory);
  for (const part of parts) {
    directory = path.join(directory, part);
    makeLevel(directory);
  }
  return directory;
}

function makeLevel(directory: string): void {
  try {
    fs.mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw unavailable(`${directory} can't be made: ${messageOf(error)}`);
  }
  const stat = fs.lstatSync(directory);
  if (!stat.isDirectory() || stat.uid !== process.geteuid?.() || (stat.mode & 0o022) !== 0) {
    throw unavailable(`${directory} is not a directory that only root can write`, 'please tell an admin');
  }
  // Made by an admin or by tmpfiles.d with the usual 0755: nobody could write there, but nonces are nobody's business.
  if ((stat.mode & 0o055) !== 0) fs.chmodSync(directory, 0o700);
}

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.some((code) => error.code === code);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
