/** The files of an audit log: the one that is written, and those that logrotate(8) has put beside it. */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { namesIn } from '../../state/files.ts';

export interface Source {
  readonly path: string;
  readonly descriptor: number;
  readonly packed: boolean;
  /** The last change, milliseconds since the epoch. */
  readonly changed: number;
}

/**
 * The files of a log, the oldest first, not yet opened. `audit.jsonl.2.gz`, `audit.jsonl.1`; with logrotate's `dateext`
 * `audit.jsonl-20261122.gz`.
 * @returns also those that are packed in a way that is not read here
 */
export function rotatedFiles(file: string): {
  readonly files: readonly string[];
  readonly unread: readonly string[];
} {
  const directory = dirname(file);
  const own = basename(file);
  const found = namesIn(directory).flatMap((name) => {
    if (name === own) return [{ name, order: [2, 0] as const, readable: true }];
    const order = name.startsWith(own) ? orderOf(name.slice(own.length).replace(packing, '')) : undefined;
    if (order === undefined) return [];
    return [{ name, order, readable: /(?:[0-9]|\.gz)$/.test(name) }];
  });
  const sorted = found.toSorted(
    (one, other) => one.order[0] - other.order[0] || one.order[1] - other.order[1],
  );
  const paths = (readable: boolean) =>
    sorted.filter((one) => one.readable === readable).map(({ name }) => join(directory, name));
  return { files: paths(true), unread: paths(false) };
}

/** What logrotate's `compressext` is wherever somebody has set it. */
const packing = /\.(?:gz|xz|bz2|zst|lz4|lzma|Z)$/;

/** Dates grow with time, numbers shrink; those of a machine that has changed from dates to numbers come first. */
function orderOf(ending: string): readonly [number, number] | undefined {
  const date = /^-([0-9]{8})(?:-([0-9]{1,6}))?$/.exec(ending);
  if (date !== null) return [0, Number(`${date[1]}${(date[2] ?? '').padEnd(6, '0')}`)];
  const seconds = /^-([0-9]{10})$/.exec(ending)?.[1];
  if (seconds !== undefined) return [0, Number(seconds)];
  const number = /^\.([0-9]{1,6})$/.exec(ending)?.[1];
  return number === undefined ? undefined : [1, -Number(number)];
}

/**
 * All at once, before the first is read: a rotation meanwhile renames them, and none would be read twice or not at all.
 * @returns of a file that can't be opened the reason
 */
export function openSources(paths: readonly string[]): {
  readonly sources: readonly Source[];
  readonly failures: readonly string[];
} {
  const sources: Source[] = [];
  const failures: string[] = [];
  for (const path of paths) {
    try {
      const descriptor = path === '-' ? 0 : openSync(path, 'r');
      sources.push({
        path,
        descriptor,
        packed: path.endsWith('.gz'),
        changed: fstatSync(descriptor).mtimeMs,
      });
    } catch (error) {
      failures.push(
        `${path} can't be read: ${error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'}`,
      );
    }
  }
  return { sources, failures };
}

export function closeSource({ descriptor }: Source): void {
  if (descriptor > 2) closeSync(descriptor);
}
