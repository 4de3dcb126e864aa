/** What was read from --env-file and --label-file and allowed, as files that docker gets as open descriptors. */
import { renderKeyValues } from '../args/key-values.ts';
import type { Part } from '../domain/decision.ts';

/** Where docker finds the file of this number, from 0 (src/exec/value-files.ts opens them there). */
export function handedPath(index: number): string {
  return `/proc/self/fd/${index + 3}`;
}

export interface HandedEntries {
  readonly flag: '--env-file' | '--label-file';
  readonly lines: readonly string[];
}

/** One file for each flag that has entries, however many files the user gave. */
export function handedFiles(
  command: string,
  all: readonly HandedEntries[],
): { readonly parts: readonly Part[]; readonly files: readonly string[] } {
  const given = all.filter(({ lines }) => lines.length > 0);
  return {
    parts: given.map(({ flag }, index) => ({
      words: [`${flag}=${handedPath(index)}`],
      source: 'you',
      rule: `args.${command}.available`,
    })),
    files: given.map(({ lines }) => renderKeyValues(lines)),
  };
}
