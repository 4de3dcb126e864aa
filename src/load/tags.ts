/**
 * Which tag an archived image gets. Pure.
 *
 * The rule, for `load_tags: localhost/alice/`:
 *
 *   localhost/alice/x:1      stays: it is in the user's tree already
 *   debian:latest            localhost/alice/debian:latest          docker.io's names lose docker.io and library
 *   nvidia/cuda:12           localhost/alice/nvidia/cuda:12
 *   ghcr.io/a/b:1            localhost/alice/ghcr.io/a/b:1          a host becomes a path component
 *   ghcr.io:443/a/b:1        localhost/alice/ghcr.io_443/a/b:1      its port follows "_", which no host name has
 *   localhost/bob/x:1        localhost/alice/localhost/bob/x:1      another user's tree is a name like any other
 *   (no tag)                 localhost/alice/loaded:3f5a0c61b2d4    the first 12 digits of the image's id
 *
 * Two images of one archive that would get the same tag are an error.
 */
import { err, ok, type Result } from '../domain/result.ts';
import { familiar, familiarName, type ImageReference, parseNormalized } from '../policy/reference.ts';

/** One image of an archive. */
export interface ArchivedImage {
  /** The name of its configuration in the archive. */
  readonly config: string;
  /** The names of its layers in the archive, lowest first. */
  readonly layers: readonly string[];
  /** As the archive says them; what follows the name of an OCI layout is one too. */
  readonly tags: readonly string[];
}

export interface LoadedTag {
  /** The tag in the archive; `undefined`: the image had none. */
  readonly from: string | undefined;
  /** The tag it is loaded under. */
  readonly to: string;
  /** The image's id, `sha256:...`. */
  readonly imageId: string;
}

/**
 * @param loadTags the caller's own tree, `localhost/alice/`
 * @param images with their ids, `sha256:...`
 * @returns the new tags, without repetitions, or why there are none
 */
export function renameTags(
  loadTags: string,
  images: readonly { readonly imageId: string; readonly tags: readonly string[] }[],
): Result<readonly LoadedTag[]> {
  const loaded = new Map<string, LoadedTag>();
  for (const { imageId, tags } of images) {
    for (const from of tags.length === 0 ? [undefined] : tags) {
      const target = from === undefined ? ok(nameUntagged(loadTags, imageId)) : renameTag(loadTags, from);
      if (!target.ok) return target;
      const to = target.value;
      const known = loaded.get(to);
      if (known !== undefined && known.imageId !== imageId) return err(clash(known.from, from, to));
      if (known === undefined) loaded.set(to, { from, to, imageId });
    }
  }
  return ok([...loaded.values()]);
}

function renameTag(loadTags: string, from: string): Result<string> {
  const parsed = parseNormalized(from);
  if (!parsed.ok || parsed.value.tag === undefined)
    return err(`the archive's tag ${from} is no tag of an image`);
  const shown = familiar(parsed.value);
  if (isBelow(loadTags, parsed.value)) return ok(shown);
  const target = ownName(loadTags, parsed.value);
  return target.ok ? ok(familiar(target.value)) : err(`the archive's tag ${target.error}`);
}

/** Where an image lies in the caller's own tree, if it is not there already. */
export function ownName(loadTags: string, reference: ImageReference): Result<ImageReference> {
  if (reference.tag === undefined)
    return err('name the image by a tag: its digest is no name that it could keep');
  const target = parseNormalized(`${treeOf(loadTags)}${asPath(reference)}:${reference.tag}`);
  return target.ok
    ? ok(target.value)
    : err(`${familiar(reference)} is too long to be put under ${treeOf(loadTags)}`);
}

function nameUntagged(loadTags: string, imageId: string): string {
  return `${treeOf(loadTags)}loaded:${imageId.replace(/^sha256:/, '').slice(0, 12)}`;
}

/** The whole name as path components: a port's colon is the one character that a component can't hold. */
function asPath(reference: ImageReference): string {
  const name = familiarName(reference);
  if (reference.domain === 'docker.io') return name;
  const slash = name.indexOf('/');
  return name.slice(0, slash).replace(':', '_') + name.slice(slash);
}

/** A name of docker.io that merely reads like the tree (`docker.io/localhost/alice/x`) is not below it. */
function isBelow(loadTags: string, reference: ImageReference): boolean {
  const tree = parseNormalized(`${treeOf(loadTags)}x`);
  if (!tree.ok) throw new Error(`images.load_tags: ${tree.error.message}`);
  const prefix = tree.value.path.slice(0, -1);
  return reference.domain === tree.value.domain && reference.path.startsWith(prefix);
}

function treeOf(loadTags: string): string {
  return loadTags.endsWith('/') ? loadTags : `${loadTags}/`;
}

function clash(first: string | undefined, second: string | undefined, to: string): string {
  return `two images of the archive (${first ?? 'untagged'} and ${second ?? 'untagged'}) would both become ${to}`;
}
