/**
 * Which images a user may run, pull, see and remove. Pure: decided by names alone, so that the answer about another
 * user's image does not depend on whether there is one.
 */
import type { Reason } from '../domain/errors.ts';
import type { Policy } from '../domain/policy.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { fullMatchAny, readable } from './full-match.ts';
import {
  familiar,
  familiarName,
  type ImageReference,
  isPathComponent,
  parseNormalized,
  parseReference,
} from './reference.ts';

type ImagePolicy = Policy['images'];

export type ImageJudgement =
  | { readonly kind: 'allowed' }
  /** To be answered exactly as an image that does not exist. */
  | { readonly kind: 'missing'; readonly message: string }
  | { readonly kind: 'denied'; readonly reasons: readonly Reason[] };

/** `images.allowed` holds for every image, the user's own included; other users' trees do not exist. Root may all. */
export function judgeImage(request: {
  readonly reference: ImageReference;
  readonly policy: ImagePolicy;
  readonly isRoot: boolean;
}): ImageJudgement {
  const { reference, policy, isRoot } = request;
  if (isRoot) return { kind: 'allowed' };
  if (foreignTree(reference, policy)) return { kind: 'missing', message: noSuchImage(reference) };
  if (fullMatchAny(policy.allowed, familiar(reference))) return { kind: 'allowed' };
  const patterns = policy.allowed.map(readable).join(' or ');
  const instead =
    policy.allowed.length === 0 ? 'no image is allowed here' : `an image that matches ${patterns}`;
  const message = `${familiar(reference)} is not an image that the policy allows`;
  return { kind: 'denied', reasons: [{ rule: 'images.allowed', message, instead }] };
}

/** One sentence for images that do not exist and for those of others. */
export function noSuchImage(reference: ImageReference): string {
  return `no such image: ${familiar(reference)}`;
}

/**
 * Whether the engine found an image by this name, and not by an id that happens to look like it: `abc123` may be
 * both. The found image must carry the reference itself.
 */
export function carriesReference(
  reference: ImageReference,
  found: { readonly repoTags: readonly string[]; readonly repoDigests: readonly string[] },
): boolean {
  const names = reference.digest === undefined ? found.repoTags : found.repoDigests;
  return names.includes(familiar(reference));
}

/** `rmi` takes away tags of the user's own tree, and nothing else: never ids or digests, which have no owner. */
export function judgeRemoval(request: {
  readonly reference: ImageReference;
  readonly policy: ImagePolicy;
  readonly isRoot: boolean;
}): readonly Reason[] {
  const { reference, policy, isRoot } = request;
  if (isRoot) return [];
  if (ownTree(reference, policy) && reference.tag !== undefined) return [];
  const message = foreignTree(reference, policy)
    ? noSuchImage(reference)
    : `${familiar(reference)} is not yours to remove`;
  return [
    { rule: 'images.load_tags', message, instead: `your own images are those under ${policy.load_tags}` },
  ];
}

/**
 * What a user may see of an image's tags (`RepoTags` of the engine). An image of which nothing is left has no name
 * for that user, and is not to be shown: untagged images are as likely somebody else's.
 */
export function visibleTags(
  repoTags: readonly string[],
  policy: ImagePolicy,
  isRoot: boolean,
): readonly string[] {
  return repoTags.filter((tag) => {
    const parsed = parseReference(tag);
    return parsed.ok && (isRoot || !foreignTree(parsed.value, policy));
  });
}

/** Whether the name lies in the caller's own `load_tags` tree. */
export function ownTree(reference: ImageReference, policy: ImagePolicy): boolean {
  return isBelow(reference, treeOf(policy.load_tags));
}

/**
 * Whether the name lies in a tree that `load_tags` makes for somebody else. A variable of the template stands for any
 * one component, whether or not such a user exists: nothing can be learned about users either.
 */
export function foreignTree(reference: ImageReference, policy: ImagePolicy): boolean {
  return !ownTree(reference, policy) && isBelow(reference, treeOf(policy.load_tags_template));
}

const variable = /\$\{[a-z]+\}/;

/** Checks a `load_tags` setting, as written or with its variables put in. */
export function parseTagTree(setting: string): Result<readonly RegExp[]> {
  const components = setting.replace(/\/$/, '').split('/');
  const example = components.map((component) => component.split(variable).join('x'));
  if (example.length < 2 || variable.test(components[0] ?? '')) {
    return err(`"${setting}" must begin with a fixed part and a slash, such as localhost/`);
  }
  if (!example.slice(1).every(isPathComponent) || !parseNormalized([...example, 'x'].join('/')).ok) {
    return err(`"${setting}" is no beginning of an image name`);
  }
  return ok(components.map(componentPattern));
}

function componentPattern(component: string, index: number): RegExp {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pieces = (index === 0 ? plainDomain(component) : component).split(variable);
  return new RegExp(`^${pieces.map(literal).join('.+')}$`);
}

function treeOf(setting: string): readonly RegExp[] {
  const tree = parseTagTree(setting);
  // The schema has checked it; without a tree nobody's images could be told apart.
  if (!tree.ok) throw new Error(`images.load_tags: ${tree.error}`);
  return tree.value;
}

/** Compares the familiar form: by the grammar it belongs to one image only, and it is what docker is given. */
function isBelow(reference: ImageReference, tree: readonly RegExp[]): boolean {
  const [first = '', ...rest] = familiarName(reference).split('/');
  const components = [plainDomain(first), ...rest];
  return (
    components.length > tree.length && tree.every((pattern, index) => pattern.test(components[index] ?? ''))
  );
}

/** `registry.lab`, `registry.lab:443` and `registry.lab:80` are one registry to docker's client. */
function plainDomain(component: string): string {
  return component.replace(/:(?:443|80)$/, '');
}

export type Pull = 'never' | 'missing' | 'always';

/**
 * What docker's `--pull` gets. `images.pull` sets the frame and the user may only narrow it:
 *
 *   images.pull   the user may say        because
 *   default       missing, never          docker's own default is `missing`; `always` would fetch more
 *   never         never
 *   always        always                  it is there to keep stale images from running, so the rest would widen it
 *
 * The user's own tree is filled by `load`, not by a registry: `always` could only fail there and counts as `default`.
 */
export function effectivePull(
  policyPull: ImagePolicy['pull'],
  userPull: string | undefined,
  isOwnTree: boolean,
): Result<Pull, Reason> {
  const rule = 'images.pull';
  const frame = policyPull === 'always' && isOwnTree ? 'default' : policyPull;
  const allowed: readonly Pull[] = frame === 'default' ? ['missing', 'never'] : [frame];
  const [standard = 'never'] = allowed;
  if (userPull === undefined) return ok(standard);
  const chosen = allowed.find((pull) => pull === userPull);
  if (chosen !== undefined) return ok(chosen);
  return err({
    rule,
    message: `--pull=${userPull} is more than the policy allows (images.pull: ${policyPull})`,
    instead: `--pull=${allowed.join(' or --pull=')}`,
  });
}

export interface ExposedPort {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
}

/**
 * The ports of an image's configuration (the keys of `Config.ExposedPorts`: `8080/tcp`), in ascending order. A build
 * spells ranges out; a key of another form was put there by hand, and docker would make something else of it.
 */
export function exposedPorts(keys: readonly string[]): Result<readonly ExposedPort[]> {
  const ports = new Map<string, ExposedPort>();
  for (const key of keys) {
    const match = /^([1-9][0-9]{0,4})(?:\/(tcp|udp|sctp))?$/.exec(key);
    const port = Number(match?.[1]);
    if (match === null || port > 65_535) return err(`the image exposes ${key}, which is no port`);
    const protocol = match[2] === 'udp' ? 'udp' : match[2] === 'sctp' ? 'sctp' : 'tcp';
    ports.set(`${port}/${protocol}`, { port, protocol });
  }
  return ok([...ports.values()].sort((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1)));
}

/**
 * docker fetches `localhost:5000/base` from whoever listens there: any user of this machine, while the registry that others mean is
 * down. The tag would be moved for all of them.
 */
export function judgeRegistry(reference: ImageReference): Reason | undefined {
  if (!/^(?:localhost|127(?:\.[0-9]+){3}|0\.0\.0\.0|\[[0-9a-f:.]*\])(?::[0-9]+)?$/i.test(reference.domain))
    return undefined;
  return {
    rule: 'images.pull',
    message: `${familiar(reference)} is not fetched: any user of this machine could be the registry ${reference.domain}`,
    instead: 'an admin can fetch it with docker pull; local images can be run',
  };
}

/**
 * For a repository that somebody has fetched from with an own account: by its digest the engine would give an image that it keeps, to
 * everybody. One answer for all, and for images that were there before: nobody can tell any more where an image by digest came from.
 */
export function judgeDigest(reference: ImageReference, isPrivate: boolean): readonly Reason[] {
  if (reference.digest === undefined || !isPrivate) return [];
  const name = familiarName(reference);
  return [
    {
      rule: 'images',
      message: `${familiar(reference)} is to be had by tag only: the registry must say who may have it`,
      instead: `${name}:TAG, or userdocker pull --login USER ${name}:TAG`,
    },
  ];
}

/**
 * An image of another platform would take the name's place for everybody (the classic image store keeps one image a name).
 * @param architecture the engine's, in Go's terms
 */
export function judgePlatform(platform: string | undefined, architecture: string): readonly Reason[] {
  if (platform === undefined || platform === 'linux' || platform === `linux/${architecture}`) return [];
  if (platform.startsWith(`linux/${architecture}/`)) return [];
  return [
    {
      rule: 'images.platform',
      message: `--platform ${platform} is not this machine's, and would take the image's place for everybody`,
      instead: `linux/${architecture}, or leave it out`,
    },
  ];
}
