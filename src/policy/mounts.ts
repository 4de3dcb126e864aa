/**
 * The verdict on mounts (SPEC 4.2): pure, over the selection and the facts. A mount that is not allowed by a rule is
 * refused; so is everything of which the facts do not say that it is safe.
 */
import type { Source } from '../domain/decision.ts';
import type { Reason } from '../domain/errors.ts';
import type { AbsolutePath } from '../domain/ids.ts';
import type { Origin } from '../domain/policy.ts';
import type {
  FoundSource,
  MissingSource,
  MountFacts,
  MountPolicy,
  Selection,
  WantedBind,
} from './mount-facts.ts';
import { judgeNested } from './mount-nesting.ts';
import { judgeOverlaps, withoutSaidAgain } from './mount-overlaps.ts';
import { cleanPath } from './mount-paths.ts';
import { placesOf } from './mount-places.ts';
import { allowsSource, describeRule, findPermission, type Permission } from './mount-rules.ts';
import type { TmpfsRequest } from './mount-syntax.ts';
import { hidesGroupFile, judgeTarget, judgeWorkingDirectory, type TargetUse } from './targets.ts';

export interface FinalBind {
  readonly kind: 'bind';
  readonly source: FoundSource | MissingSource;
  readonly target: AbsolutePath;
  readonly readOnly: boolean;
  /** What is mounted below the source has to become read-only with it. */
  readonly recursive: boolean;
  /** Number of the pin that docker is shown instead of the path; `undefined`: only root can change the path. */
  readonly pin: number | undefined;
  readonly from: Source;
  /** The setting that allows it. */
  readonly rule: string;
  readonly origin: Origin;
}

export interface FinalTmpfs extends TmpfsRequest {
  readonly from: 'you';
}

export type FinalMount = FinalBind | FinalTmpfs;

export interface MountVerdict {
  /** To be used only where there are no reasons. */
  readonly mounts: readonly FinalMount[];
  readonly reasons: readonly Reason[];
}

/** @param gpuRun the container gets GPUs */
export function judgeMounts(
  policy: MountPolicy,
  selection: Selection,
  facts: MountFacts,
  gpuRun: boolean,
): MountVerdict {
  const reasons: Reason[] = [...selection.reasons];
  const binds: JudgedBind[] = [];
  for (const [index, wanted] of selection.binds.entries()) {
    const judged = judgeBind(policy, wanted, facts, index, gpuRun);
    if (judged.kind === 'refused') reasons.push(judged.reason);
    else binds.push(judged);
  }
  for (const { target, text } of selection.tmpfs) {
    const reason = judgePlaces(target, { text, free: true, gpuRun }, facts);
    if (reason !== undefined) reasons.push(reason);
  }
  reasons.push(
    ...judgeOverlaps(selection, binds, facts.places),
    ...judgeNested(selection, facts, gpuRun),
    ...judgeWorkingDirectories(facts),
  );
  const mounts = withoutSaidAgain(binds);
  return {
    mounts: [
      ...numberPins(mounts),
      ...selection.tmpfs.map((request): FinalTmpfs => ({ ...request, from: 'you' })),
    ],
    reasons,
  };
}

/** A target counts for what it says and for where links of the image lead it. */
function judgePlaces(target: string, use: TargetUse, { places }: MountFacts): Reason | undefined {
  return placesOf(places, target)
    .map((place) => judgeTarget(place, use))
    .find((reason) => reason !== undefined);
}

function judgeWorkingDirectories({ places, workingDirectory }: MountFacts): readonly Reason[] {
  if (workingDirectory === '') return [];
  const clean = cleanPath(workingDirectory);
  const all = clean.ok ? placesOf(places, clean.value) : [workingDirectory];
  return all.flatMap((place) => judgeWorkingDirectory(place) ?? []).slice(0, 1);
}

export interface JudgedBind {
  readonly kind: 'judged';
  readonly wanted: WantedBind;
  readonly source: FoundSource | MissingSource;
  readonly permission: Permission;
  readonly readOnly: boolean;
}
interface Refused {
  readonly kind: 'refused';
  readonly reason: Reason;
}

function judgeBind(
  policy: MountPolicy,
  wanted: WantedBind,
  facts: MountFacts,
  index: number,
  gpuRun: boolean,
): JudgedBind | Refused {
  const source = facts.sources[index];
  if (source === undefined) return refuse('mounts', `${wanted.text}: nobody looked at it`);
  if (source.kind === 'unusable') return unusable(wanted, source.why);
  const permission = permit(policy, wanted, source, facts);
  if (permission === undefined) return notAllowed(policy, wanted, source.realPath);
  const target = isAdmins(wanted, permission)
    ? undefined
    : judgePlaces(wanted.target, { ...useOf(wanted, permission), gpuRun }, facts);
  if (target !== undefined) return { kind: 'refused', reason: target };
  if (placesOf(facts.places, wanted.target).some(hidesGroupFile) && !isRootsAlone(source)) {
    const message = `${wanted.text}: the groups of the container would come from ${source.realPath}, which others than root can write, or which is no file`;
    return refuse('mounts.target', message, 'ask an admin', permission.rule.origin);
  }
  return judgeAccess(wanted, source, permission, facts);
}

function isRootsAlone(source: FoundSource | MissingSource): boolean {
  return source.kind === 'found' && source.type === 'file' && source.stable && source.rootsAlone;
}

/** An enforced mount, or the user saying it again: its target is the admin's choice. */
function isAdmins({ from, target }: WantedBind, { rule, list }: Permission): boolean {
  const place = cleanPath(rule.target ?? rule.host);
  return from === 'enforced' || (list === 'always' && place.ok && place.value === target);
}

function useOf(
  wanted: WantedBind,
  permission: Permission,
): { readonly text: string; readonly free: boolean } {
  return { text: wanted.text, free: permission.rule.target === undefined };
}

function permit(
  policy: MountPolicy,
  wanted: WantedBind,
  source: FoundSource | MissingSource,
  facts: MountFacts,
): Permission | undefined {
  const special = source.kind === 'found' && source.type === 'other';
  const asked = { realPath: source.realPath, target: wanted.target, special };
  const { from, rule } = wanted;
  if (rule === undefined || from === 'you') return findPermission(policy, facts.ruleHosts, asked);
  // A default mount below the user's own directories could have become a link to somewhere else.
  const list = from === 'default' ? 'default' : 'always';
  return allowsSource(rule, facts.ruleHosts.get(rule), asked) ? { rule, list } : undefined;
}

function judgeAccess(
  wanted: WantedBind,
  source: FoundSource | MissingSource,
  permission: Permission,
  facts: MountFacts,
): JudgedBind | Refused {
  const { rule, list } = permission;
  const setting = `volume_mounts.${list}`;
  if (source.kind === 'missing' && !rule.create) return unusable(wanted, 'does not exist');
  if (rule.readOnly && wanted.access === 'rw') {
    const message = `${wanted.text}: ${wanted.source} may only be mounted read-only`;
    return refuse(setting, message, 'leave out rw, or write ro', rule.origin);
  }
  if (source.kind === 'found' && source.engineProblem !== undefined) {
    return refuse('mounts.engine', `${wanted.text}: ${source.engineProblem}`);
  }
  const readOnly = rule.readOnly || wanted.access === 'ro';
  if (readOnly && source.kind === 'found' && source.hasSubmounts && !facts.recursiveReadOnly) {
    const message = `${wanted.text}: this engine can't make read-only what is mounted below ${source.realPath}`;
    return refuse('mounts.readonly', message, 'a directory below it that has nothing mounted inside');
  }
  // Over a link of the image root could make something in it, and nobody could tell (src/mounts/image-links.ts).
  const entrusted =
    readOnly || source.kind === 'missing' || source.type !== 'directory' || source.callerWrites;
  if (!facts.imageShown && !entrusted) {
    const message = `${wanted.text}: this engine does not show what links the image has, and you may not write ${source.realPath}`;
    return refuse('mounts.engine', message, `read-only: -v ${wanted.source}:${wanted.target}:ro`);
  }
  return { kind: 'judged', wanted, source, permission, readOnly };
}

function numberPins(binds: readonly JudgedBind[]): readonly FinalBind[] {
  let pins = 0;
  return binds.map(({ wanted, source, permission, readOnly }): FinalBind => {
    // What is made by the caller lies in a directory that the caller can write: its path is never stable.
    const stable = source.kind === 'found' && source.stable;
    return {
      kind: 'bind',
      source,
      target: wanted.target,
      readOnly,
      recursive: readOnly && source.kind === 'found' && source.hasSubmounts,
      pin: stable ? undefined : pins++,
      from: wanted.from,
      rule: `volume_mounts.${permission.list}`,
      origin: permission.rule.origin,
    };
  });
}

function unusable(wanted: WantedBind, why: string): Refused {
  const message = `${wanted.text}: ${wanted.source} ${why}`;
  if (wanted.from === 'you')
    return refuse('mounts.source', message, 'a path that exists, and that you can reach yourself');
  if (wanted.from === 'enforced')
    return refuse('volume_mounts.always', message, 'ask an admin', wanted.rule?.origin);
  return refuse(
    'volume_mounts.default',
    message,
    '--no-default-mounts starts without it',
    wanted.rule?.origin,
  );
}

function notAllowed(policy: MountPolicy, wanted: WantedBind, realPath: string): Refused {
  const { always, available, default: defaults } = policy.volume_mounts;
  const rules = [...available, ...defaults, ...always];
  // Where a rule names this very directory, only its place in the container is wrong.
  const near = rules.filter(({ host, subtree }) => !subtree && host === wanted.source);
  const list = (near.length > 0 ? near : rules).map(describeRule);
  const leads = realPath === wanted.source ? '' : ` (${wanted.source} leads to ${realPath})`;
  if (wanted.from !== 'you') return unusable(wanted, `leads to ${realPath}, which its rule does not name`);
  const shown = list.length > 10 ? [...list.slice(0, 10), '...'] : list;
  return refuse(
    'volume_mounts.available',
    `${wanted.text}: no rule allows ${realPath} at ${wanted.target}${leads}`,
    list.length === 0 ? 'nothing may be mounted here' : `you may mount: ${shown.join(', ')}`,
  );
}

function refuse(rule: string, message: string, instead?: string, origin?: Origin): Refused {
  return {
    kind: 'refused',
    reason: {
      rule,
      message,
      ...(instead === undefined ? {} : { instead }),
      ...(origin === undefined ? {} : { origin }),
    },
  };
}
