/** Versions of programs, as their authors and distributions write them. Pure. */

export interface Version {
  readonly text: string;
  readonly numbers: readonly number[];
  /** `-rc.3`; a release comes after all of its candidates. */
  readonly candidate: number;
  /** sudo's `p2`. */
  readonly patch: number;
  /** A distribution's own numbering stands behind it: `+ds1`, `-0ubuntu2~22.04.1`. It mends without a new version. */
  readonly rebuilt: boolean;
}

const form = /^v?([0-9]+(?:\.[0-9]+)+)(?:p([0-9]+)|-?rc\.?-?([0-9]+))?(.*)$/s;

export function parseVersion(text: string): Version | undefined {
  const match = form.exec(text.trim());
  if (match === null) return undefined;
  const [, numbers = '', patch, candidate, rest = ''] = match;
  return {
    text: text.trim(),
    numbers: numbers.split('.').map(Number),
    candidate: candidate === undefined ? Number.POSITIVE_INFINITY : Number(candidate),
    patch: Number(patch ?? 0),
    rebuilt: rest !== '',
  };
}

/** Less than 0: `one` is older. */
export function compareVersions(one: Version, other: Version): number {
  const length = Math.max(one.numbers.length, other.numbers.length);
  for (let index = 0; index < length; index += 1) {
    const difference = (one.numbers[index] ?? 0) - (other.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  if (one.candidate !== other.candidate) return one.candidate < other.candidate ? -1 : 1;
  return one.patch - other.patch;
}

/**
 * Whether a version has a fix that was released for several branches: it is not older than the fix of its own branch, or
 * of a branch younger than all that needed one.
 * @param fixed `1.2.8`, `1.3.3`, ...; a branch is the first two numbers
 */
export function isMended(version: Version, fixed: readonly string[]): boolean {
  const fixes = fixed.flatMap((text) => parseVersion(text) ?? []);
  const own = fixes.find((fix) => sameBranch(fix, version));
  if (own !== undefined) return compareVersions(version, own) >= 0;
  return fixes.every((fix) => compareVersions(version, fix) > 0);
}

function sameBranch(one: Version, other: Version): boolean {
  return one.numbers[0] === other.numbers[0] && one.numbers[1] === other.numbers[1];
}
