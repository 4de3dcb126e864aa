/** A configuration file as a tree of values that know where they were written. */
import type { Origin } from '../domain/policy.ts';

export interface Place extends Origin {
  /** 1-based. */
  readonly column: number;
}

export type Scalar = string | number | boolean | null;

export interface ScalarNode {
  readonly kind: 'scalar';
  readonly value: Scalar;
  readonly place: Place;
}
export interface ListNode {
  readonly kind: 'list';
  readonly items: readonly ConfigNode[];
  readonly place: Place;
}
export interface MapNode {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, Entry>;
  readonly place: Place;
}
export type ConfigNode = ScalarNode | ListNode | MapNode;

export interface Entry {
  readonly keyPlace: Place;
  readonly value: ConfigNode;
}

/** A mistake and where it was made. */
export interface Mistake {
  readonly place: Place;
  readonly message: string;
}

export type Plain = Scalar | readonly Plain[] | { readonly [key: string]: Plain };

/** The value alone. Objects have no prototype: a key such as `constructor` is a key like any other. */
export function plain(node: ConfigNode): Plain {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plain);
  return plainObject([...node.entries].map(([key, { value }]) => [key, plain(value)]));
}

/** An object that has these keys and no other, inherited ones included: `executors['constructor']` is `undefined`. */
export function plainObject<T>(entries: Iterable<readonly [string, T]>): { readonly [key: string]: T } {
  const object: { [key: string]: T } = Object.create(null);
  for (const [key, value] of entries) object[key] = value;
  return object;
}

/** `args.run.always[0]` */
export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

/** Where the thing at `path` is; where there is none, the nearest thing above it. */
export function placeAt(tree: ConfigNode, path: readonly PropertyKey[]): Place {
  let node = tree;
  let place = tree.place;
  for (const key of path) {
    const child = childOf(node, key);
    if (child === undefined) return place;
    node = child;
    place = child.place;
  }
  return place;
}

export function nodeAt(tree: ConfigNode, path: readonly PropertyKey[]): ConfigNode | undefined {
  let node: ConfigNode | undefined = tree;
  for (const key of path) node = node === undefined ? undefined : childOf(node, key);
  return node;
}

/** Where the key itself stands, `nvidia` in `nvidia: {smi: ...}`. */
export function keyPlaceAt(tree: ConfigNode, path: readonly PropertyKey[], key: string): Place {
  const node = nodeAt(tree, path);
  const entry = node?.kind === 'map' ? node.entries.get(key) : undefined;
  return entry?.keyPlace ?? placeAt(tree, path);
}

function childOf(node: ConfigNode, key: PropertyKey): ConfigNode | undefined {
  if (node.kind === 'map' && typeof key === 'string') return node.entries.get(key)?.value;
  return node.kind === 'list' && typeof key === 'number' ? node.items[key] : undefined;
}
