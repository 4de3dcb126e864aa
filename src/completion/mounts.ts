/** `-v HOST:CONTAINER[:ro]` and `--mount type=bind,source=HOST,target=CONTAINER`, as far as the rules name them. Pure. */
import type { MountRule, Policy } from '../domain/policy.ts';
import { cleanPath, isAtOrAbove, normalise } from '../policy/mount-paths.ts';
import type { Candidate } from './candidate.ts';

type Mounts = Pick<Policy, 'volume_mounts'>;

/** A host path that is being typed, what stands before it, and what ends it. */
interface Typed {
  readonly host: string;
  readonly lead: string;
  /** Between host and container: `:`, or `,target=`. */
  readonly separator: string;
  /** Behind the container's path, where the user asks for less than the rule gives. */
  readonly readOnly: string;
}

/** @param listed names of the directories in `directoryToList` */
export function mountCandidates(
  flag: '--volume' | '--mount',
  typed: string,
  policy: Mounts,
  listed: readonly string[],
): readonly Candidate[] {
  const parts = partsOf(flag, typed);
  if (parts === undefined) return [{ word: 'type=bind,source=' }, { word: 'type=tmpfs,target=' }];
  const rules = rulesOf(policy);
  const { host, separator, lead, readOnly } = parts;
  if (typed.startsWith(`${lead}${host}${separator}`)) {
    return rules
      .filter((rule) => allowsHost(rule, host))
      .flatMap(({ target }) => {
        const word = `${lead}${host}${separator}${target ?? host}`;
        return [{ word }, { word: `${word}${readOnly}` }];
      });
  }
  const directory = host.slice(0, host.lastIndexOf('/') + 1);
  return [
    ...rules.map((rule) => ({ word: `${lead}${hostWord(rule, separator)}` })),
    ...listed.map((name) => ({ word: `${lead}${directory}${name}/` })),
  ];
}

/** The directory whose entries come next: only below a rule for a whole tree. */
export function directoryToList(
  flag: '--volume' | '--mount',
  typed: string,
  policy: Mounts,
): string | undefined {
  const parts = partsOf(flag, typed);
  if (parts === undefined || typed.startsWith(`${parts.lead}${parts.host}${parts.separator}`))
    return undefined;
  const slash = parts.host.lastIndexOf('/');
  const directory = cleanPath(parts.host.slice(0, slash + 1));
  if (slash < 0 || !directory.ok) return undefined;
  const isBelow = ({ host, subtree }: MountRule) => subtree && isAtOrAbove(host, directory.value);
  return rulesOf(policy).some(isBelow) ? directory.value : undefined;
}

function partsOf(flag: '--volume' | '--mount', typed: string): Typed | undefined {
  if (flag === '--volume') {
    return { host: typed.split(':', 1)[0] ?? '', lead: '', separator: ':', readOnly: ':ro' };
  }
  const match = /^(type=bind,(?:source|src)=)([^,]*)(,(?:target|dst|destination)=)?/.exec(typed);
  const [, lead, host, separator = ',target='] = match ?? [];
  if (lead === undefined || host === undefined) return undefined;
  return { host, lead, separator, readOnly: ',readonly' };
}

function rulesOf({ volume_mounts: { always, available, default: usual } }: Mounts): readonly MountRule[] {
  return [...available, ...usual, ...always];
}

function hostWord({ host, subtree, target }: MountRule, separator: string): string {
  if (subtree) return host === '/' ? '/' : `${host}/`;
  return `${host}${separator}${target ?? ''}`;
}

function allowsHost({ host, subtree }: MountRule, typed: string): boolean {
  if (!typed.startsWith('/')) return false;
  const path = normalise(typed);
  return path === host || (subtree && isAtOrAbove(host, path));
}
