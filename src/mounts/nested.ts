/** What is there, inside a held source, on the way to a path that lies in it. To be called with the caller's rights. */
import type { NestedFact } from '../policy/mount-facts.ts';
import {
  errorCode,
  type Held,
  holdAny,
  holdDirectory,
  isRootsAlone,
  pathOf,
  release,
} from './descriptors.ts';

type State = Pick<NestedFact, 'state' | 'stable'>;

/**
 * No link is followed: inside the container it would lead to another place than here.
 *
 * @param source a directory, held open
 * @param names at least one
 */
export function lookInside(source: Held, names: readonly string[]): State {
  if (!source.stat.isDirectory()) return { state: 'absent', stable: false };
  let here = source;
  let stable = true;
  try {
    for (const name of names.slice(0, -1)) {
      stable &&= isRootsAlone(here.stat);
      here = step(source, here, holdDirectory(pathOf(here.descriptor, name)));
    }
    stable &&= isRootsAlone(here.stat);
    here = step(source, here, holdAny(pathOf(here.descriptor, names.at(-1) ?? '')));
    return { state: stateOf(here), stable };
  } catch (error) {
    return { state: problemOf(error, here, names), stable: false };
  } finally {
    if (here !== source) release(here.descriptor);
  }
}

function step(source: Held, from: Held, to: Held): Held {
  if (from !== source) release(from.descriptor);
  return to;
}

function stateOf({ stat }: Held): NestedFact['state'] {
  if (stat.isSymbolicLink()) return 'link';
  if (stat.isDirectory()) return 'directory';
  return stat.isFile() ? 'file' : 'other';
}

function problemOf(error: unknown, here: Held, names: readonly string[]): NestedFact['state'] {
  switch (errorCode(error)) {
    case 'ENOENT':
      return 'absent';
    // O_DIRECTORY says this of links as well as of files.
    case 'ENOTDIR':
      return names.some((name) => isLink(here, name)) ? 'link' : 'other';
    default:
      return 'unreachable';
  }
}

function isLink(here: Held, name: string): boolean {
  try {
    const { descriptor, stat } = holdAny(pathOf(here.descriptor, name));
    release(descriptor);
    return stat.isSymbolicLink();
  } catch {
    return false;
  }
}
