/** The sources of mounts, followed with the caller's rights and held open: from here on they are what was checked. */
import { type Rights, withCallerRights } from '../caller/as-user.ts';
import { parseAbsolutePath } from '../domain/ids.ts';
import type { MissingSource, UnusableSource } from '../policy/mount-facts.ts';
import { type Held, release } from './descriptors.ts';
import { type MountTable, mayHang, ownersCount } from './mount-table.ts';
import { type Probe, probeDirectory, probeTimeout } from './probe.ts';
import { type Walk, type WalkRules, walk } from './walk.ts';

export interface SourceQuery {
  /** Absolute, as the user or the rule wrote it. */
  readonly path: string;
  /** A rule names exactly this path, so the caller need not be able to reach it if only root can change where it leads. */
  readonly namedByRule: boolean;
}

export interface ResolvedSource {
  readonly kind: 'found';
  readonly held: Held;
  readonly realPath: string;
  readonly stable: boolean;
}

export type Resolved = ResolvedSource | MissingSource | UnusableSource;

export interface ResolveOptions {
  readonly rights: Rights;
  readonly table: MountTable;
  /** Ask, before looking at it, whether what may hang answers. */
  readonly probe: boolean;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly ask?: typeof probeDirectory;
}

/** All at once, since changing the process's ids is what costs. The results hold descriptors open. */
export async function resolveSources(
  queries: readonly SourceQuery[],
  options: ResolveOptions,
): Promise<readonly Resolved[]> {
  const first = walkAll(queries, options, (path) => !options.probe || !entersServer(options.table, path));
  const barred = [
    ...new Set(queries.flatMap((query, index) => (first[index]?.kind === 'barred' ? [query.path] : []))),
  ];
  const probes = await probeAll(barred, options);
  const alive = new Set([...probes].flatMap(([path, probe]) => (probe === 'answers' ? [path] : [])));
  const again = queries.filter(({ path }, index) => first[index]?.kind === 'barred' && alive.has(path));
  const second = walkAll(again, options, () => true);
  return queries.map((query, index) => {
    const way = first[index];
    if (way === undefined) return unusable("can't be reached");
    if (way.kind !== 'barred') return toResolved(way);
    const later = second[again.indexOf(query)];
    return later === undefined ? notAnswering(probes.get(query.path), way.path) : toResolved(later);
  });
}

/** The first path on a file server or automounter is where waiting can begin; below a local mount it ends again. */
function entersServer(table: MountTable, path: string): boolean {
  const mount = table.at(path);
  return mount !== undefined && mayHang(mount.fsType);
}

function walkAll(
  queries: readonly SourceQuery[],
  { rights, table }: ResolveOptions,
  mayEnter: (path: string) => boolean,
): readonly Walk[] {
  if (queries.length === 0) return [];
  const counts = (path: string): boolean => ownersCount(table.around(path)?.fsType ?? '');
  const rules = { mayEnter, ownersCount: counts };
  const ways = withCallerRights(rights, () =>
    queries.map(({ path }) => walk(path, { ...rules, uid: rights.uid })),
  );
  return ways.map((way, index) => {
    const query = queries[index];
    const denied = way.kind === 'failed' && way.code === 'EACCES';
    return denied && query?.namedByRule === true ? asRoot(query.path, { ...rules, uid: 0 }, way) : way;
  });
}

/** What the administrator named, and nobody but root can have made lead elsewhere, is followed as root. */
function asRoot(path: string, rules: WalkRules, refused: Walk): Walk {
  const way = walk(path, rules);
  if (way.kind === 'barred' || (way.kind === 'found' && way.rootsAlone)) return way;
  if (way.kind === 'found') release(way.held.descriptor);
  if (way.kind === 'missing') release(way.parent.descriptor);
  return refused;
}

async function probeAll(
  paths: readonly string[],
  { rights, timeout = probeTimeout, ask = probeDirectory }: ResolveOptions,
): Promise<ReadonlyMap<string, Probe>> {
  return new Map(
    await Promise.all(paths.map(async (path) => [path, await ask(rights, path, timeout)] as const)),
  );
}

function toResolved(way: Walk): Resolved {
  switch (way.kind) {
    case 'found':
      return { kind: 'found', held: way.held, realPath: way.realPath, stable: way.stable };
    case 'missing':
      return toMissing(way);
    case 'barred':
      return unusable("can't be reached");
    case 'failed':
      return unusable(failures.get(way.code) ?? `can't be reached (${way.code})`);
  }
}

function toMissing({ parent, realParent, names }: Extract<Walk, { kind: 'missing' }>): Resolved {
  const path = parseAbsolutePath([realParent === '/' ? '' : realParent, ...names].join('/'));
  if (path.ok) return { kind: 'missing', realPath: path.value, parentDescriptor: parent.descriptor, names };
  release(parent.descriptor);
  return unusable('does not exist');
}

const failures: ReadonlyMap<string, string> = new Map([
  ['EACCES', "can't be reached with your rights: permission denied"],
  ['ENOENT', 'does not exist'],
  ['ENOTDIR', 'leads through something that is not a directory'],
  ['ELOOP', 'has too many symbolic links'],
  ['ENAMETOOLONG', 'is too long'],
  ['EMFILE', 'needs more open files than you may have'],
  ['ESTALE', 'is on a file server that has lost it (stale file handle)'],
  ['EINVAL', 'changed while it was looked at; try again'],
]);

function notAnswering(probe: Probe | undefined, path: string): UnusableSource {
  return probe === 'hangs'
    ? unusable(`is on a file server that does not answer (${path})`)
    : unusable(`could not be looked at before it is mounted (${path})`);
}

function unusable(why: string): UnusableSource {
  return { kind: 'unusable', why };
}
