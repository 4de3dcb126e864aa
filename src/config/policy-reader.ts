/** Typed access to the merged tree. Mistakes are collected, so that all of them are reported at once. */
import type { Origin } from '../domain/policy.ts';
import type { Result } from '../domain/result.ts';
import {
  type ConfigNode,
  type MapNode,
  type Mistake,
  nodeAt,
  type Place,
  plain,
  plainObject,
} from './node.ts';
import { originOfPlace } from './origins.ts';
import { type Parse, shown } from './values.ts';
import type { Variables } from './variables.ts';

export class PolicyReader {
  readonly mistakes: Mistake[] = [];
  readonly #tree: MapNode;
  readonly #variables: Variables;

  constructor(tree: MapNode, variables: Variables) {
    this.#tree = tree;
    this.#variables = variables;
  }

  value<T>(path: string, parse: (value: unknown, variables: Variables) => Result<T>): T {
    const node = this.#node(path);
    if (node === undefined) return this.#mistaken(this.#tree.place, `${path}: is not set`);
    return this.#accept(node.place, path, parse(plain(node), this.#variables));
  }

  /** Where a setting was made. */
  origin(path: string): Origin | undefined {
    const node = this.#node(path);
    return node === undefined ? undefined : originOfPlace(node.place);
  }

  isList(path: string): boolean {
    return this.#node(path)?.kind === 'list';
  }

  /** A list that no layer sets is empty. */
  list<T>(
    path: string,
    parse: (value: unknown, variables: Variables, origin: Origin) => Result<T>,
  ): readonly T[] {
    const node = this.#node(path);
    if (node === undefined) return [];
    if (node.kind !== 'list') return this.#mistaken(node.place, `${path}: expected a list`);
    return node.items.map((item, index) => {
      const result = parse(plain(item), this.#variables, originOfPlace(item.place));
      return this.#accept(item.place, `${path}[${index}]`, result);
    });
  }

  /** A map without prototype: no name that a user gives finds what nobody has put in. */
  map<T>(
    path: string,
    parse: (value: unknown, variables: Variables, key: string) => Result<T>,
  ): { readonly [key: string]: T } {
    return this.#entries(path, this.#node(path), parse);
  }

  /** A map of maps. */
  maps<T>(path: string, parse: Parse<T>): { readonly [key: string]: { readonly [key: string]: T } } {
    const node = this.#node(path);
    const outer = node?.kind === 'map' ? [...node.entries] : [];
    return plainObject(outer.map(([key, { value }]) => [key, this.#entries(`${path}.${key}`, value, parse)]));
  }

  #entries<T>(
    path: string,
    node: ConfigNode | undefined,
    parse: (value: unknown, variables: Variables, key: string) => Result<T>,
  ): { readonly [key: string]: T } {
    if (node === undefined) return plainObject<T>([]);
    if (node.kind !== 'map')
      return this.#mistaken(node.place, `${path}: expected a map, found ${shown(plain(node))}`);
    return plainObject(
      [...node.entries].map(([key, { value }]) => {
        const result = parse(plain(value), this.#variables, key);
        return [key, this.#accept(value.place, `${path}.${key}`, result)];
      }),
    );
  }

  #node(path: string): ConfigNode | undefined {
    return nodeAt(this.#tree, path.split('.'));
  }

  #accept<T>(place: Place, path: string, result: Result<T>): T {
    return result.ok ? result.value : this.#mistaken(place, `${path}: ${result.error}`);
  }

  /**
   * Goes on after a mistake, so that the next one is found too. What comes back is no T, and nobody sees it: with a
   * mistake `buildPolicy` returns no policy.
   */
  #mistaken<T>(place: Place, message: string): T {
    this.mistakes.push({ place, message });
    return undefined as T;
  }
}
