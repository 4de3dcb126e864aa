/**
 * A directory of the host that `cp` fills or reads, with the caller's rights. Whoever can write below it (a container that has it
 * mounted) may move and swap things meanwhile: no step is taken over a link, and each from a directory that is held open.
 */
import { constants, lstatSync, mkdirSync, openSync } from 'node:fs';
import { errorCode, type Held, holdDirectory, pathOf, release } from '../mounts/descriptors.ts';

/** Of names, and of descriptors that one path takes. */
export const deepest = 200;

const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Holds the directory `names` below `root`, making what is missing. The caller releases it.
 * @param mode of the last one, if it is made here
 * @throws where one of them is no directory
 */
export function enter(root: Held, names: readonly string[], mode = 0o777): Held {
  let here = copyOf(root);
  for (const [index, name] of names.entries()) {
    const next = enterOne(here, name, index === names.length - 1 ? mode : 0o777);
    release(here.descriptor);
    here = next;
  }
  return here;
}

/** The same directory under another number. */
function copyOf(root: Held): Held {
  return holdDirectory(`${pathOf(root.descriptor)}/.`);
}

function enterOne(here: Held, name: string, mode: number): Held {
  const path = pathOf(here.descriptor, name);
  try {
    mkdirSync(path, mode);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') {
      release(here.descriptor);
      throw error;
    }
  }
  try {
    return holdDirectory(path);
  } catch (error) {
    release(here.descriptor);
    throw error;
  }
}

/** A new file, never one that was there, nor what a link leads to. */
export function createFile(directory: Held, name: string, mode: number): number {
  return openSync(pathOf(directory.descriptor, name), createFlags, mode);
}

/** `undefined`: there is nothing. */
export function kindOf(path: string): 'directory' | 'file' | 'link' | 'other' | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'link';
  return stat.isFile() ? 'file' : 'other';
}

/** A directory that the caller has named, over whatever links. */
export function holdNamed(path: string): Held {
  return holdDirectory(`${path}/.`);
}
