/** Who else than root could change what root runs and believes. Pure. */
import { type Finding, fault, warning, word } from '../finding.ts';
import type { Entry, EntryKind, PathFact } from '../gather/paths.ts';

/** A file or directory of the installation, and how it has to be. */
export interface Place {
  /** `the launcher`. */
  readonly what: string;
  readonly path: string;
  readonly kind: EntryKind;
  /** What it means that it is not there; left out: it need not be. */
  readonly missing?: (message: string) => Finding;
  /** Others than root must not read it. */
  readonly secret?: 'fault' | 'warning';
  readonly executable?: true;
}

export type LookedAt = Place & { readonly fact: PathFact };

export function judgePlaces(places: readonly LookedAt[]): readonly Finding[] {
  const weak = places.flatMap(({ what, fact }) =>
    [...fact.way, ...(fact.end === undefined ? [] : [fact.end])]
      .filter(isWeak)
      .map((entry) => ({ what, entry })),
  );
  // Many places lie below one directory: each is told once, with all that hangs on it.
  const byPath = new Map<string, { readonly entry: Entry; readonly what: readonly string[] }>();
  for (const { what, entry } of weak) {
    const known = byPath.get(entry.path)?.what ?? [];
    byPath.set(entry.path, { entry, what: [...known, what] });
  }
  return [...[...byPath.values()].flatMap(weakness), ...places.flatMap(judgeEnd)];
}

function isWeak({ kind, uid, mode }: Entry): boolean {
  if (uid !== 0) return true;
  // The group of a socket is asked about elsewhere; a link has no permissions.
  return kind !== 'link' && kind !== 'socket' && (mode & 0o022) !== 0;
}

function weakness({ entry, what }: { readonly entry: Entry; readonly what: readonly string[] }): Finding {
  const { path, uid, mode } = entry;
  const things = [...new Set(what)];
  const list = things.length > 2 ? `${things.slice(0, 2).join(', ')} and more` : things.join(' and ');
  const means = `who can change it can exchange ${list}, and root uses that`;
  return uid === 0
    ? fault(
        'files-writable',
        `${path} can be written by others than root (${octal(mode)}): ${means}`,
        `chmod go-w ${word(path)}`,
      )
    : fault(
        'files-owner',
        `${path} belongs to uid ${uid} and not to root: ${means}`,
        `chown -h root ${word(path)}`,
      );
}

function judgeEnd({ what, path, fact, kind, missing, secret, executable }: LookedAt): readonly Finding[] {
  const { end, failure } = fact;
  if (end === undefined) {
    if (failure !== 'ENOENT')
      return [
        fault('files-unreadable', `${what}, ${path}, can't be looked at: ${failure}`, `ls -ld ${word(path)}`),
      ];
    return missing === undefined ? [] : [missing(`${what}, ${path}, is missing`)];
  }
  if (end.kind !== kind)
    return [
      fault(
        'files-kind',
        `${what}, ${path}, is no ${nameOf(kind)}`,
        `ls -ld ${word(path)}; an installation makes it anew`,
      ),
    ];
  const findings: Finding[] = [];
  if (kind === 'file' && (end.mode & 0o6000) !== 0)
    findings.push(
      fault(
        'files-setuid',
        `${what}, ${end.path}, is setuid or setgid (${octal(end.mode)}): it refuses to start so, and must`,
        `chmod ug-s ${word(end.path)}`,
      ),
    );
  if (executable === true && (end.mode & 0o111) === 0)
    findings.push(
      fault(
        'files-mode',
        `${what}, ${end.path}, can't be executed (${octal(end.mode)})`,
        `chmod 755 ${word(end.path)}`,
      ),
    );
  if (secret !== undefined && (end.mode & 0o077) !== 0)
    findings.push(
      (secret === 'fault' ? fault : warning)(
        'files-open',
        `${what}, ${end.path}, can be read by others than root (${octal(end.mode)})`,
        `chmod go-rwx ${word(end.path)}`,
      ),
    );
  return findings;
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

function nameOf(kind: EntryKind): string {
  return kind === 'file' ? 'plain file' : kind;
}
