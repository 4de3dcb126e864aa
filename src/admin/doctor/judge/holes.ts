/** A program's version against the table of known holes. Pure. */
import { type Component, type Hole, holes, tableDate } from '../cves.ts';
import { type Finding, fault, note, warning } from '../finding.ts';
import { compareVersions, isMended, parseVersion, type Version } from '../versions.ts';

export interface Build {
  readonly component: Component;
  /** As it says itself. */
  readonly version: string;
  /** It comes from a distribution, which mends without a new version of the authors'. */
  readonly packaged: boolean;
  /** The CVE numbers that its package's list of changes names; `undefined`: there is none to be read. */
  readonly mentioned: readonly string[] | undefined;
  /** What is in use of that on which a hole may depend. */
  readonly inUse?: readonly NonNullable<Hole['onlyWith']>[];
}

export function judgeHoles(build: Build, table: readonly Hole[] = holes): readonly Finding[] {
  const version = parseVersion(build.version);
  const id = `cve-${build.component}`;
  if (version === undefined) {
    return [
      note(
        `${id}-unknown`,
        `${build.component} says ${JSON.stringify(build.version)}, which is no version that could be compared`,
        'compare it by hand with docs/threats.md',
      ),
    ];
  }
  const left = table.filter(
    (hole) =>
      hole.component === build.component &&
      hasHole(version, hole) &&
      (hole.onlyWith === undefined || build.inUse?.includes(hole.onlyWith) === true) &&
      build.mentioned?.includes(hole.cve) !== true,
  );
  if (left.length === 0) return [];
  const list = left.map(({ cve, why }) => `${cve} (${why})`).join('; ');
  const better = oldestWithout(left);
  if (!build.packaged && !version.rebuilt) {
    const make = left.some(({ grave }) => grave) ? fault : warning;
    return [
      make(
        id,
        `${build.component} ${version.text} has known holes: ${list}`,
        `upgrade ${build.component}: ${better} has none of these (as of ${tableDate})`,
      ),
    ];
  }
  const fix = `upgrade, or look them up in your distribution's security tracker; the authors' version without them is ${better} (as of ${tableDate})`;
  return build.mentioned === undefined
    ? [
        note(
          id,
          `${build.component} ${version.text} is a distribution's: check that these were mended in it: ${list}`,
          fix,
        ),
      ]
    : [
        warning(
          id,
          `${build.component} ${version.text} is a distribution's, and its list of changes does not name: ${list}`,
          fix,
        ),
      ];
}

function hasHole(version: Version, { since, fixed }: Hole): boolean {
  const first = since === undefined ? undefined : parseVersion(since);
  if (first !== undefined && compareVersions(version, first) < 0) return false;
  return !isMended(version, fixed);
}

/** The oldest release that has none of them. */
function oldestWithout(left: readonly Hole[]): string {
  const releases = left
    .flatMap(({ fixed }) => fixed.flatMap((text) => parseVersion(text) ?? []))
    .filter(({ candidate }) => !Number.isFinite(candidate))
    .toSorted(compareVersions);
  const first = releases.find((release) => left.every(({ fixed }) => isMended(release, fixed)));
  return (first ?? releases.at(-1))?.text ?? 'the newest';
}
