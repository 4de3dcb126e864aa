/**
 * Image references in docker's grammar (github.com/distribution/reference: regexp.go, normalize.go).
 *
 *   reference := name [ ":" tag ] [ "@" digest ]
 *   name      := [domain "/"] path-component { "/" path-component }
 *
 * Docker shows a short, "familiar" form of what it stores: `docker.io/library/debian:latest` is shown as
 * `debian:latest`. Rules judge that form and docker is given that form, so a reference that is spelled in any other
 * way is refused: there must be no two spellings, one for the rule and one for docker.
 */
import type { Brand } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';

interface Parts {
  /** `docker.io`, `localhost`, `registry.lab:5000`; always there, never in capitals. */
  readonly domain: string;
  /** `library/debian` */
  readonly path: string;
  /** Either this or `digest`. */
  readonly tag: string | undefined;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string | undefined;
}

/** A reference to one image by name, with a tag or a digest; never an image id. */
export type ImageReference = Brand<Parts, 'ImageReference'>;

export interface ReferenceProblem {
  readonly message: string;
  readonly instead?: string;
}

/** reference.go, RepositoryNameTotalLengthMax. Older engines count the domain in, newer ones do not. */
export const longestName = 255;
/** A name, a tag of 128 and a digest fit; longer text is not even looked at. */
const longestText = 512;

const hub = 'docker.io';
const hubAlias = 'index.docker.io';
const officialPrefix = 'library/';

const domainComponent = '(?:[a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])';
const domainPattern = new RegExp(`^${domainComponent}(?:\\.${domainComponent})*(?::([0-9]+))?$`);
const pathPattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

/**
 * The reference of a command line. Accepts nothing but the form that docker shows, with or without `:latest`.
 */
export function parseReference(text: string): Result<ImageReference, ReferenceProblem> {
  const parsed = parseNormalized(text);
  if (!parsed.ok) return parsed;
  const shown = familiar(parsed.value);
  const spelled = parsed.value.digest === undefined && !hasTag(text) ? `${text}:latest` : text;
  if (spelled === shown) return parsed;
  const again = parseNormalized(shown);
  // `docker.io/localhost/x` is shown as `localhost/x`, which is another image: nothing to recommend there.
  const sameImage = again.ok && normalizedName(again.value) === normalizedName(parsed.value);
  return err({
    message: `${text} is not how docker shows that image`,
    ...(sameImage ? { instead: `write ${shown}` } : {}),
  });
}

/** Any spelling that docker takes for an image's name, `:latest` filled in: the tags inside an archive. */
export function parseNormalized(text: string): Result<ImageReference, ReferenceProblem> {
  if (text.length > longestText) return err({ message: 'an image reference of that length does not exist' });
  if (isImageId(text))
    return err({ message: `${text} is an image id`, instead: "write the image's name and tag" });
  const [named = '', digest, ...more] = text.split('@');
  if (more.length > 0 || (digest !== undefined && !digestPattern.test(digest))) return invalid(text);
  const [name, tag] = splitTag(named);
  if (tag !== undefined && !tagPattern.test(tag)) return invalid(text);
  if (tag !== undefined && digest !== undefined) {
    // docker looks at the digest only: the tag, which a rule may ask for, would be decoration.
    return err({
      message: `${text} has both a tag and a digest`,
      instead: `write ${name}:${tag} or ${name}@${digest}`,
    });
  }
  const place = splitDomain(name);
  if (!place.ok) return place;
  const { domain, path } = place.value;
  if (`${domain}/${path}`.length > longestName)
    return err({ message: `${text} is longer than an image name can be` });
  const filledIn = digest === undefined ? (tag ?? 'latest') : undefined;
  return ok({ domain, path, tag: filledIn, digest } as ImageReference);
}

/** Docker's own short form, always with the tag or digest: `debian:latest`, `ghcr.io/a/b:1`. */
export function familiar(reference: ImageReference): string {
  const suffix = reference.digest === undefined ? `:${reference.tag}` : `@${reference.digest}`;
  return familiarName(reference) + suffix;
}

/** Docker's own short form of the name (normalize.go, familiarizeName): `debian`. */
export function familiarName(reference: ImageReference): string {
  if (reference.domain !== hub) return normalizedName(reference);
  const rest = reference.path.startsWith(officialPrefix)
    ? reference.path.slice(officialPrefix.length)
    : undefined;
  return rest === undefined || rest.includes('/') ? reference.path : rest;
}

/** `docker.io/library/debian` */
export function normalizedName(reference: ImageReference): string {
  return `${reference.domain}/${reference.path}`;
}

/** Whether one component of a path, `alice` in `localhost/alice/debian`, is valid by itself. */
export function isPathComponent(text: string): boolean {
  return text.length <= longestName && pathPattern.test(text);
}

/** What docker takes for an id whatever images there are (reference.ParseAnyReference, daemon/images GetImage). */
function isImageId(text: string): boolean {
  return /^(?:[0-9a-f]{64}|sha(?:256|384|512))(?:[:@]|$)/.test(text);
}

function hasTag(text: string): boolean {
  return splitTag(text)[1] !== undefined;
}

/** The last colon begins the tag, unless a slash follows: then it belongs to a port. */
function splitTag(named: string): readonly [name: string, tag: string | undefined] {
  const colon = named.lastIndexOf(':');
  if (colon < 0 || named.includes('/', colon)) return [named, undefined];
  return [named.slice(0, colon), named.slice(colon + 1)];
}

/** normalize.go, splitDockerDomain: a first component with neither dot nor colon is a part of docker.io's path. */
function splitDomain(name: string): Result<{ domain: string; path: string }, ReferenceProblem> {
  if (name !== name.toLowerCase()) {
    // Engines differ on what `Foo/bar` is, and capitals must not lead around a rule about `foo/bar`.
    return err({ message: `${name} has capital letters`, instead: `write ${name.toLowerCase()}` });
  }
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isDomain = /[.:]/.test(first) || first === 'localhost';
  const domain = !isDomain || first === hubAlias ? hub : first;
  const rest = isDomain ? name.slice(slash + 1) : name;
  const path = domain === hub && !rest.includes('/') ? officialPrefix + rest : rest;
  if (!isDomainName(domain) || !path.split('/').every((component) => pathPattern.test(component)))
    return invalid(name);
  return ok({ domain, path });
}

/** A port is held to its plain form, because `host:05000` and `host:5000` are one registry. */
function isDomainName(text: string): boolean {
  const match = domainPattern.exec(text);
  if (match === null) return false;
  const port = match[1];
  return port === undefined || (/^[1-9][0-9]{0,4}$/.test(port) && Number(port) <= 65_535);
}

function invalid(text: string): Result<never, ReferenceProblem> {
  return err({
    message: `${text} is no image reference`,
    instead: 'write NAME or NAME:TAG, such as debian:12',
  });
}
