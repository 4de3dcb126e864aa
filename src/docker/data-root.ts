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

export interface DataRoot {
  readonly path: string;
  /** The others can enter it: it and every directory above have their search permission. */
  readonly traversable: boolean;
}

/** Asks the engine where it is, once for each start of the engine: `/info` counts everything there is, and takes its time. */
export async function inspectDataRoot(engine: Engine, runtime: string = runtimeDirectory): Promise<DataRoot> {
  const known = recall(engine.socketPath, runtime);
  const root = known ?? textAt(await engine.get('/info'), 'DockerRootDir');
  if (root === undefined) throw unavailable('the docker engine does not say where its data directory is');
  if (known === undefined) remember(engine.socketPath, root, runtime);
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

/** A new engine makes a new socket: its inode and time of change tell one start from another. */
function keyOf(socketPath: string): string | undefined {
  const stat = fs.statSync(socketPath, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? undefined : `${socketPath} ${stat.dev} ${stat.ino} ${stat.ctimeNs}`;
}

function recall(socketPath: string, runtime: string): string | undefined {
  try {
    const [key, root] = fs.readFileSync(path.join(runtime, 'data-root'), 'utf8').split('\n');
    return key !== undefined && key === keyOf(socketPath) ? root : undefined;
  } catch {
    return undefined;
  }
}

/** Best effort: without the note the next call asks again. */
function remember(socketPath: string, root: string, runtime: string): void {
  const key = keyOf(socketPath);
  if (key === undefined || root.includes('\n')) return;
  try {
    fs.mkdirSync(runtime, { recursive: true, mode: 0o700 });
    const draft = path.join(runtime, `data-root.${process.pid}`);
    fs.writeFileSync(draft, `${key}\n${root}\n`, { mode: 0o600, flag: 'wx' });
    fs.renameSync(draft, path.join(runtime, 'data-root'));
  } catch {
    // The directory may be read-only or full.
  }
}
