/**
 * What docker is to read from files and nobody may see: handed over as open descriptors of files that have no name any more.
 *
 * 1. A file is made below root's own /run/userdocker, by its random name for the first time (O_EXCL), mode 0600.
 * 2. Neither runtime can leave a descriptor open over execve(2). So it becomes a shell first, which opens the files, removes
 *    their names, and then becomes docker: the same process all the way. Its script is constant; all else are parameters.
 * 3. What a killed call left behind lies where only root looks, in memory (/run), and goes with the next call of this kind.
 */
import fs from 'node:fs';
import path from 'node:path';
import { runtimeDirectory } from '../paths.ts';
import { privateDirectory } from '../state/directory.ts';
import { removeLeftBehind } from '../state/files.ts';
import { newNonce } from '../state/ownership.ts';
import type { Program } from './replace.ts';

const shell = '/bin/sh';
/** The first descriptor behind the standard ones: src/policy/value-files.ts names them so to docker. */
const first = 3;
/** Milliseconds. A shell is a matter of milliseconds; a process that was stopped for longer finds its file gone, and starts nothing. */
const leftBehindAfter = 60_000;

/** @param contents one for each descriptor; none: the program as it is */
export function handingOver(
  program: Program,
  contents: readonly string[],
  runtime: string = runtimeDirectory,
): Program {
  if (contents.length === 0) return program;
  const directory = privateDirectory(runtime, 'files');
  removeLeftBehind(directory, leftBehindAfter);
  const files = contents.map((content) => write(directory, content));
  return {
    executable: shell,
    args: ['-c', script(files.length), 'userdocker', ...files, program.executable, ...program.args],
    env: program.env,
  };
}

/** `exec 3<"$1" 4<"$2" && rm -f -- "$1" "$2" && shift 2 && exec "$@"` */
function script(count: number): string {
  const parameters = Array.from({ length: count }, (_, index) => `"$${index + 1}"`);
  const opened = parameters.map((parameter, index) => `${first + index}<${parameter}`);
  return `exec ${opened.join(' ')} && rm -f -- ${parameters.join(' ')} && shift ${count} && exec "$@"`;
}

function write(directory: string, content: string): string {
  const file = path.join(directory, newNonce());
  fs.writeFileSync(file, content, { mode: 0o600, flag: 'wx' });
  return file;
}
