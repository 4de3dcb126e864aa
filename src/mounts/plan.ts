/** Everything about a run's mounts that has to be asked of the host. Nothing is changed there: src/mounts/realise.ts does that. */
import type { BigIntStats } from 'node:fs';
import { release as kernelRelease } from 'node:os';
import { rightsOf, withCallerRights } from '../caller/as-user.ts';
import type { Caller } from '../domain/caller.ts';
import { parseAbsolutePath } from '../domain/ids.ts';
import type { MountRule, Policy } from '../domain/policy.ts';
import type {
  MountFacts,
  MountPolicy,
  NestedFact,
  NestedPath,
  Places,
  Selection,
  SourceFact,
} from '../policy/mount-facts.ts';
import { cleanPath, isAtOrAbove } from '../policy/mount-paths.ts';
import { nestedPaths, type PathsInUse, pathsToFollow } from '../policy/mount-places.ts';
import { selectMounts } from '../policy/mount-selection.ts';
import type { MountRequest } from '../policy/mount-syntax.ts';
import { isRootsAlone, release } from './descriptors.ts';
import { type EngineView, engineProblem, findEngineView } from './engine-view.ts';
import { followInImage } from './image-links.ts';
import { type MountTable, mayHang, ownersCount, readMountTable } from './mount-table.ts';
import { lookInside } from './nested.ts';
import { type Resolved, type ResolvedSource, resolveSources } from './resolve.ts';
import { RuleHosts } from './rule-hosts.ts';

export interface MountQuestion extends PathsInUse {
  readonly caller: Caller;
  readonly policy: MountPolicy & Pick<Policy, 'docker_host'>;
  readonly requests: readonly MountRequest[];
  readonly noDefaultMounts: boolean;
  /** The engine's version, `28.2.2`. */
  readonly engineVersion: string;
  /** Of the image, or of the container that is started again: `layersOf(...)`. Empty: there is no image yet. */
  readonly layers: readonly string[] | undefined;
  /** Known already; else it is found out. */
  readonly view?: EngineView | undefined;
}

export interface MountPlan {
  readonly selection: Selection;
  readonly facts: MountFacts;
  readonly view: EngineView;
  /** Releases what the facts hold open. Docker inherits none of it in any case. */
  close(): void;
}

/** Changes nothing on the host. Waits for file servers, at most as long as a probe may take. */
export async function planMounts(question: MountQuestion): Promise<MountPlan> {
  const { caller, policy, requests, noDefaultMounts } = question;
  const selection = selectMounts(policy, requests, noDefaultMounts);
  const table = readMountTable();
  // Another process's view is of interest only where something of the host is mounted.
  const view =
    question.view ?? (selection.binds.length === 0 ? sameView : findEngineView(policy.docker_host));
  const queries = selection.binds.map(({ source }) => ({
    path: source,
    namedByRule: isNamedByRule(policy, source),
  }));
  const probe = policy.volume_mounts.probe;
  const resolved = await resolveSources(queries, { rights: rightsOf(caller), table, probe });
  const places = lookUpPlaces(selection, question);
  const facts: MountFacts = {
    sources: resolved.map((source) => toFact(caller, source, table, view)),
    ruleHosts: selection.binds.length === 0 ? new Map() : lookUpRuleHosts(policy, resolved, table, probe),
    nested: lookAtNested(caller, nestedPaths(selection, question, places), resolved),
    places,
    workingDirectory: question.workingDirectory,
    imageShown: question.layers !== undefined,
    recursiveReadOnly: makesReadOnlyRecursively(question.engineVersion, kernelRelease()),
  };
  return { selection, facts, view, close: once(() => resolved.forEach(letGo)) };
}

const sameView: EngineView = { kind: 'same' };

function allRules({
  volume_mounts: { always, available, default: defaults },
}: MountPolicy): readonly MountRule[] {
  return [...always, ...available, ...defaults];
}

function isNamedByRule(policy: MountPolicy, source: string): boolean {
  const clean = cleanPath(source);
  return clean.ok && allRules(policy).some(({ host, subtree }) => !subtree && host === clean.value);
}

function toFact(caller: Caller, source: Resolved, table: MountTable, view: EngineView): SourceFact {
  if (source.kind !== 'found') return source;
  const path = parseAbsolutePath(source.realPath);
  if (!path.ok) return { kind: 'unusable', why: 'has a control character in its path' };
  const { stat } = source.held;
  return {
    kind: 'found',
    realPath: path.value,
    type: stat.isDirectory() ? 'directory' : stat.isFile() ? 'file' : 'other',
    descriptor: source.held.descriptor,
    stable: source.stable,
    hasSubmounts: table.below(path.value).length > 0,
    callerWrites: mayWrite(caller, stat),
    rootsAlone: isRootsAlone(stat),
    engineProblem: problemForEngine(source, table, view),
  };
}

/** path_resolution(7), without access control lists: who may write by one of those alone counts as who may not. */
function mayWrite({ uid, groups, isRoot }: Caller, stat: BigIntStats): boolean {
  if (isRoot) return true;
  if (stat.uid === BigInt(uid)) return (stat.mode & 0o200n) !== 0n;
  if (groups.some(({ gid }) => stat.gid === BigInt(gid))) return (stat.mode & 0o020n) !== 0n;
  return (stat.mode & 0o002n) !== 0n;
}

/** A pin is compared when it is made: its path is another one. */
function problemForEngine(source: ResolvedSource, table: MountTable, view: EngineView): string | undefined {
  if (view.kind === 'unknown') return view.why;
  return source.stable ? engineProblem(view, table, source.realPath, source.held.stat) : undefined;
}

/** A rule's host part is not looked up on a file server that was not needed, and so not found to be alive, anyway. */
function lookUpRuleHosts(
  policy: MountPolicy,
  resolved: readonly Resolved[],
  table: MountTable,
  probe: boolean,
): ReadonlyMap<MountRule, string> {
  const reached = resolved.flatMap((source) => (source.kind === 'unusable' ? [] : [source.realPath]));
  const hosts = new RuleHosts({
    mayEnter: (path) =>
      !probe ||
      !mayHang(table.at(path)?.fsType ?? 'rootfs') ||
      reached.some((real) => isAtOrAbove(path, real)),
    ownersCount: (path) => ownersCount(table.around(path)?.fsType ?? ''),
  });
  return new Map(
    allRules(policy).flatMap((rule) => {
      const real = hosts.realPath(rule.host);
      return real === undefined ? [] : [[rule, real] as const];
    }),
  );
}

function lookUpPlaces(selection: Selection, question: MountQuestion): Places {
  const { binds, tmpfs } = selection;
  const mounted = [...binds, ...tmpfs].map(({ target }) => target);
  return followInImage(question.layers, pathsToFollow(selection, question), mounted);
}

function lookAtNested(
  caller: Caller,
  nested: readonly NestedPath[],
  resolved: readonly Resolved[],
): readonly NestedFact[] {
  if (nested.length === 0) return [];
  return withCallerRights(rightsOf(caller), () =>
    nested.map((path): NestedFact => {
      const outer = resolved[path.outer];
      if (outer?.kind !== 'found') return { nested: path, state: 'absent', stable: false };
      return { nested: path, ...lookInside(outer.held, path.names) };
    }),
  );
}

/** Docker 25 with runc 1.1 on Linux 5.12 (mount_setattr(2)); podman's numbers are lower and it has its own ways. */
export function makesReadOnlyRecursively(engineVersion: string, kernel: string): boolean {
  const [engineMajor = 0] = numbers(engineVersion);
  const [major = 0, minor = 0] = numbers(kernel);
  return engineMajor >= 25 && (major > 5 || (major === 5 && minor >= 12));
}

function numbers(version: string): readonly number[] {
  return version.split('.').map((part) => Number.parseInt(part, 10) || 0);
}

/** Closed twice, a number would be somebody else's the second time. */
function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}

function letGo(source: Resolved): void {
  if (source.kind === 'found') release(source.held.descriptor);
  if (source.kind === 'missing') release(source.parentDescriptor);
}
