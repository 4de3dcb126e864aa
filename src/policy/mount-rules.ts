/** Which rule of `volume_mounts` allows a mount. */
import type { MountRule } from '../domain/policy.ts';
import type { MountPolicy } from './mount-facts.ts';
import { cleanPath, isAtOrAbove } from './mount-paths.ts';

export type MountList = 'always' | 'available' | 'default';

export interface Permission {
  readonly rule: MountRule;
  /** The setting that holds the rule. */
  readonly list: MountList;
}

export interface Asked {
  /** Where the source really lies. */
  readonly realPath: string;
  readonly target: string;
  /** Something else than a directory or a plain file: only a rule that names exactly this path gives it. */
  readonly special: boolean;
}

/**
 * The most exact rule decides: a longer host path before a shorter one, one path before a tree, a fixed target before a
 * free one; among equals the one that allows writing. A mount that is made anyway may also be asked for.
 *
 * @param hosts where each rule's host part really lies
 */
export function findPermission(
  policy: MountPolicy,
  hosts: ReadonlyMap<MountRule, string>,
  asked: Asked,
): Permission | undefined {
  const { always, available, default: defaults } = policy.volume_mounts;
  const listed = (rules: readonly MountRule[], list: MountList) =>
    rules.map((rule): Permission => ({ rule, list }));
  return [...listed(always, 'always'), ...listed(available, 'available'), ...listed(defaults, 'default')]
    .filter(({ rule }) => allowsSource(rule, hosts.get(rule), asked) && allowsTarget(rule, asked.target))
    .sort((one, other) => rank(other.rule, hosts) - rank(one.rule, hosts))
    .at(0);
}

/** @param host where the rule's host part really lies; `undefined`: nobody looked, so it allows nothing */
export function allowsSource(rule: MountRule, host: string | undefined, asked: Asked): boolean {
  if (host === undefined) return false;
  if (host === asked.realPath) return !(asked.special && rule.subtree);
  if (!rule.subtree || !isAtOrAbove(host, asked.realPath)) return false;
  return !asked.special && !(isKernels(asked.realPath) && !isKernels(host));
}

function allowsTarget(rule: MountRule, target: string): boolean {
  if (rule.target === undefined) return true;
  const clean = cleanPath(rule.target);
  return clean.ok && clean.value === target;
}

/** A rule for a tree that merely contains the kernel's file systems (a rule for everything) does not mean them. */
function isKernels(path: string): boolean {
  return ['/proc', '/sys', '/dev'].some((tree) => isAtOrAbove(tree, path));
}

/** The length counts first, then the other three in their order. */
function rank(rule: MountRule, hosts: ReadonlyMap<MountRule, string>): number {
  const length = hosts.get(rule)?.length ?? 0;
  return length * 8 + (rule.subtree ? 0 : 4) + (rule.target === undefined ? 0 : 2) + (rule.readOnly ? 0 : 1);
}

/** As a user would write it: the caller's own values in place of the template's variables. */
export function describeRule({ host, subtree, target, readOnly }: MountRule): string {
  const source = `${host}${subtree ? '/**' : ''}`;
  // Without a target the user chooses, and the colon at the end would only puzzle people.
  return target === undefined && !readOnly ? source : `${source}:${target ?? ''}${readOnly ? ':ro' : ''}`;
}
