/**
 * Draws the tree of images, as `dockviz images -t` did (github.com/justone/dockviz). Pure: which images and tags there
 * are to be seen is decided before (`visibleTags`).
 */

export interface ImageNode {
  /** `sha256:` and 64 hexadecimal digits. */
  readonly id: string;
  /** The engine's own record of what an image was built from; `undefined` or empty where it has none. */
  readonly parentId?: string | undefined;
  /** Those the caller may see. */
  readonly tags: readonly string[];
  /** Bytes, with all layers. */
  readonly size: number;
  /** `RootFS.Layers`, lowest first. */
  readonly layers: readonly string[];
}

/**
 * @returns a line an image, each below the image whose layers it adds to; empty without images
 *
 *     ├─4f2cb9a0a1b2 Virtual Size: 116.9 MB Tags: debian:12
 *     │ └─0c1d2e3f4a5b Virtual Size: 1.2 GB Tags: localhost/alice/tools:latest
 *     └─aad4594d4137 Virtual Size: 2.0 MB Tags: box:latest
 */
export function drawImageTree(images: readonly ImageNode[]): readonly string[] {
  const children = new Map<string | undefined, ImageNode[]>();
  const parents = parentsOf(images);
  for (const image of images) {
    const parent = parents.get(image.id);
    children.set(parent, [...(children.get(parent) ?? []), image]);
  }
  return drawLevel(children, undefined, '');
}

function drawLevel(
  children: ReadonlyMap<string | undefined, readonly ImageNode[]>,
  parent: string | undefined,
  indent: string,
): readonly string[] {
  const level = [...(children.get(parent) ?? [])].sort(byFirstTag);
  return level.flatMap((image, index) => {
    const last = index === level.length - 1;
    const below = drawLevel(children, image.id, indent + (last ? '  ' : '│ '));
    return [`${indent}${last ? '└─' : '├─'}${describe(image)}`, ...below];
  });
}

function describe(image: ImageNode): string {
  const tags = image.tags.length === 0 ? '' : ` Tags: ${[...image.tags].sort().join(', ')}`;
  return `${image.id.replace(/^sha256:/, '').slice(0, 12)} Virtual Size: ${humanSize(image.size)}${tags}`;
}

/** Decimal units, like docker's: `116.9 MB`. */
export function humanSize(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${size.toFixed(1)} ${units[unit]}`;
}

/**
 * The parent of each image that has one among the others: the one that the engine names, else the image with the
 * most of its layers. The engine's record is lost when an image is pulled or loaded; the layers never are.
 */
function parentsOf(images: readonly ImageNode[]): ReadonlyMap<string, string> {
  const known = new Map(images.map((image) => [image.id, image]));
  const byChain = new Map<string, ImageNode>();
  for (const image of [...images].sort(byFirstTag)) {
    const chain = chainOf(image.layers);
    if (image.layers.length > 0 && !byChain.has(chain)) byChain.set(chain, image);
  }
  const parents = new Map<string, string>();
  for (const image of images) {
    const named = image.parentId === undefined ? undefined : known.get(image.parentId);
    // Only something with fewer layers, or the engine's word about the same ones, can't make a circle.
    const parent = named !== undefined && isBelow(named, image) ? named : nearestBelow(image, byChain);
    if (parent !== undefined) parents.set(image.id, parent.id);
  }
  return withoutCircles(parents);
}

function nearestBelow(image: ImageNode, byChain: ReadonlyMap<string, ImageNode>): ImageNode | undefined {
  for (let length = image.layers.length - 1; length > 0; length--) {
    const found = byChain.get(chainOf(image.layers.slice(0, length)));
    if (found !== undefined) return found;
  }
  return undefined;
}

function isBelow(lower: ImageNode, upper: ImageNode): boolean {
  return lower !== upper && lower.layers.every((layer, index) => layer === upper.layers[index]);
}

/** Two images of the same layers that each call the other parent would draw for ever. */
function withoutCircles(parents: Map<string, string>): ReadonlyMap<string, string> {
  for (const id of parents.keys()) {
    const seen = new Set([id]);
    for (let at = parents.get(id); at !== undefined; at = parents.get(at)) {
      if (at === id) parents.delete(id);
      if (seen.has(at)) break;
      seen.add(at);
    }
  }
  return parents;
}

function chainOf(layers: readonly string[]): string {
  return layers.join(' ');
}

function byFirstTag(a: ImageNode, b: ImageNode): number {
  const key = (image: ImageNode) => `${[...image.tags].sort()[0] ?? '~'} ${image.id}`;
  return key(a) < key(b) ? -1 : 1;
}
