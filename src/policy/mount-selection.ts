/** What is to be mounted: from the request and the policy alone. */
import type { Reason } from '../domain/errors.ts';
import type { MountRule } from '../domain/policy.ts';
import type { MountPolicy, Selection, WantedBind } from './mount-facts.ts';
import { cleanPath } from './mount-paths.ts';
import { describeRule } from './mount-rules.ts';
import type { MountRequest } from './mount-syntax.ts';

/** More than anybody needs, and few enough to look at one by one. */
const mountsMax = 100;

/**
 * The user's mounts, the default ones (unless left out, or the user mounts something at their targets) and the
 * enforced ones. Saying the same mount twice is saying it once.
 */
export function selectMounts(
  policy: MountPolicy,
  requests: readonly MountRequest[],
  noDefaultMounts: boolean,
): Selection {
  const { always, default: defaults } = policy.volume_mounts;
  if (requests.length > mountsMax) {
    const message = `${requests.length} mounts are more than a container may have`;
    return { binds: [], tmpfs: [], reasons: [{ rule: 'mounts', message, instead: `at most ${mountsMax}` }] };
  }
  const asked = withoutRepetitions(requests);
  const binds = asked.filter((request) => request.kind === 'bind');
  const tmpfs = asked.filter((request) => request.kind === 'tmpfs');
  const enforced = always.map((rule) => wantedByRule(rule, 'enforced'));
  const taken = new Set<string | undefined>([...asked, ...enforced].map((mount) => mount?.target));
  const usual = noDefaultMounts ? [] : defaults.map((rule) => wantedByRule(rule, 'default'));
  const wanted = [...usual.filter((mount) => !taken.has(mount?.target)), ...enforced];
  return {
    binds: [
      ...binds.map((request): WantedBind => ({ ...request, from: 'you', rule: undefined })),
      ...firstOfEachTarget(wanted.filter((mount) => mount !== undefined)),
    ],
    tmpfs,
    reasons: wanted.includes(undefined) ? [unusableRule] : [],
  };
}

const unusableRule: Reason = {
  rule: 'volume_mounts',
  message: 'a default or enforced mount of the policy has a path that is not absolute',
  instead: 'an admin has to mend it',
};

/** A later layer's rule comes later in the list, and a target can be taken once: the last one stands. */
function firstOfEachTarget(mounts: readonly WantedBind[]): readonly WantedBind[] {
  return [...new Map(mounts.map((mount) => [mount.target, mount])).values()];
}

function wantedByRule(rule: MountRule, from: 'default' | 'enforced'): WantedBind | undefined {
  const target = cleanPath(rule.target ?? rule.host);
  if (!target.ok || !rule.host.startsWith('/')) return undefined;
  const text = `the ${from} mount ${describeRule(rule)}`;
  return { kind: 'bind', source: rule.host, target: target.value, access: undefined, text, from, rule };
}

function withoutRepetitions(requests: readonly MountRequest[]): readonly MountRequest[] {
  return [...new Map(requests.map((request) => [identity(request), request])).values()];
}

function identity(request: MountRequest): string {
  return JSON.stringify({ ...request, text: '' });
}
