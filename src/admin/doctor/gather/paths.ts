/** Who can change a file, with every directory and link on the way to it. Links are followed as the kernel does. */
import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';

export type EntryKind = 'file' | 'directory' | 'link' | 'socket' | 'other';

export interface Entry {
  readonly path: string;
  readonly kind: EntryKind;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits, setuid and the like included. */
  readonly mode: number;
}

export interface PathFact {
  readonly path: string;
  /** Every directory that was passed and every link that was followed, in that order. */
  readonly way: readonly Entry[];
  /** What lies at the end; `undefined`: nothing, or it can't be looked at. */
  readonly end: Entry | undefined;
  /** `ENOENT`, `ELOOP`, ...; `undefined` where there is an end. */
  readonly failure: string | undefined;
}

/** path_resolution(7). */
const linksMax = 40;

/** @param path absolute */
export function inspectPath(path: string): PathFact {
  const way: Entry[] = [];
  const pending = path.split('/').reverse();
  let here = '/';
  let links = 0;
  try {
    let entry = inspect('/');
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (name === '' || name === '.') continue;
      if (name === '..') {
        here = dirname(here);
        entry = inspect(here);
        continue;
      }
      way.push(entry);
      const next = join(here, name);
      entry = inspect(next);
      if (entry.kind !== 'link') {
        here = next;
        continue;
      }
      links += 1;
      if (links > linksMax) return { path, way, end: undefined, failure: 'ELOOP' };
      const target = readlinkSync(next);
      if (target.startsWith('/')) here = '/';
      pending.push(...target.split('/').reverse());
      entry = inspect(here);
    }
    return { path, way: unique(way), end: entry, failure: undefined };
  } catch (error) {
    return { path, way: unique(way), end: undefined, failure: codeOf(error) };
  }
}

/** One entry itself; `undefined` where there is none. */
export function inspectEntry(path: string): Entry | undefined {
  try {
    return inspect(path);
  } catch {
    return undefined;
  }
}

function inspect(path: string): Entry {
  const stats = lstatSync(path);
  return { path, kind: kindOf(stats), uid: stats.uid, gid: stats.gid, mode: stats.mode & 0o7777 };
}

function kindOf(stats: Stats): EntryKind {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'link';
  return stats.isSocket() ? 'socket' : 'other';
}

function unique(entries: readonly Entry[]): readonly Entry[] {
  return [...new Map(entries.map((entry) => [entry.path, entry])).values()];
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'an unknown error';
}
