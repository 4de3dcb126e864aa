/**
 * The engine's data root. Below it lie the files of all images and containers, setuid programs of root's among them, on a
 * file system that honours the bit: whoever can traverse it runs them on the host, past no-new-privileges and all.
 */
import fs from 'node:fs';
import path from 'node:path';
import { unavailable } from '../domain/errors.ts';
import { textAt } from '../domain/json.ts';
import { runtimeDirectory } from '../paths.ts';
import type { Engine } from './engine.ts';
import { askOnce } from './engine-note.ts';

export interface DataRoot {
  readonly path: string;
  /** The others can enter it: it and every directory above have their search permission. */
  readonly traversable: boolean;
}

/** @throws unavailable where the engine does not say */
export async function inspectDataRoot(engine: Engine, runtime: string = runtimeDirectory): Promise<DataRoot> {
  const ask = async () => {
    const root = textAt(await engine.get('/info'), 'DockerRootDir');
    if (root === undefined) throw unavailable('the docker engine does not say where its data directory is');
    return root;
  };
  const root = await askOnce(
    engine,
    'data-root',
    (value) => (typeof value === 'string' ? value : undefined),
    ask,
    runtime,
  );
  return { path: root, traversable: isTraversable(root) };
}

/** @returns `false` where one of the directories is closed to others, or is not there at all */
export function isTraversable(directory: string): boolean {
  // Where it really is: a link to it may lie behind a closed door, and it itself stand open.
  const parts = realPath(directory).split('/').slice(1);
  const chain = parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
  return chain.every((each) => {
    const stat = fs.statSync(each, { throwIfNoEntry: false });
    return stat !== undefined && (stat.mode & 0o001) !== 0;
  });
}

function realPath(directory: string): string {
  try {
    return fs.realpathSync(directory);
  } catch {
    return path.resolve(directory);
  }
}
