/**
 * Layers on top of each other: scalars and lists replace, maps merge key by key, `key+` appends to the inherited list,
 * `key-` removes from it, or names the keys to remove from a map. Pure.
 */
import { assertNever } from '../domain/result.ts';
import type { ConfigNode, Entry, MapNode, Mistake } from './node.ts';

export interface Merged {
  readonly tree: MapNode;
  /** What must not be passed over: `key+` on something that is no list. */
  readonly mistakes: readonly Mistake[];
  /** What did nothing: a removal of something that is not there. */
  readonly notes: readonly Mistake[];
}

/** Two items of the list at `path` are the same where their keys are: `-t` and `[-t]`. */
export type ItemKey = (path: readonly string[], item: ConfigNode) => string;

/** @param layers lowest first; checked by the schema */
export function mergeLayers(bottom: MapNode, layers: readonly MapNode[], itemKey: ItemKey): Merged {
  const merger = new Merger(itemKey);
  const empty: MapNode = { ...bottom, entries: new Map() };
  const tree = [bottom, ...layers].reduce((below, layer) => merger.map(below, layer, []), empty);
  return { tree, mistakes: merger.mistakes, notes: merger.notes };
}

class Merger {
  readonly mistakes: Mistake[] = [];
  readonly notes: Mistake[] = [];
  readonly #itemKey: ItemKey;

  constructor(itemKey: ItemKey) {
    this.#itemKey = itemKey;
  }

  map(below: MapNode, layer: MapNode, path: readonly string[]): MapNode {
    const entries = new Map(below.entries);
    for (const [written, entry] of [...layer.entries].sort(removalsFirst)) {
      const operator = operatorOf(written);
      const name = operator === 'replace' ? written : written.slice(0, -1);
      const value = this.#apply(operator, entries.get(name), entry, [...path, name]);
      if (value !== undefined) entries.set(name, { keyPlace: entry.keyPlace, value });
    }
    return { kind: 'map', entries, place: layer.place };
  }

  #apply(
    operator: Operator,
    inherited: Entry | undefined,
    entry: Entry,
    path: readonly string[],
  ): ConfigNode | undefined {
    switch (operator) {
      case 'replace':
        return this.#replace(inherited, entry, path);
      case 'append':
        return this.#append(inherited, entry, path);
      case 'remove':
        return this.#remove(inherited, entry, path);
      default:
        return assertNever(operator);
    }
  }

  #replace(inherited: Entry | undefined, { value }: Entry, path: readonly string[]): ConfigNode {
    if (value.kind !== 'map') return value;
    // Onto nothing as well: the new map may have operators inside.
    const below: MapNode =
      inherited?.value.kind === 'map' ? inherited.value : { ...value, entries: new Map() };
    return this.map(below, value, path);
  }

  #append(
    inherited: Entry | undefined,
    { keyPlace, value }: Entry,
    path: readonly string[],
  ): ConfigNode | undefined {
    if (inherited === undefined) return value;
    if (inherited.value.kind === 'list' && value.kind === 'list') {
      return { ...value, items: [...inherited.value.items, ...value.items] };
    }
    return this.#impossible(inherited, keyPlace, path);
  }

  #remove(
    inherited: Entry | undefined,
    { keyPlace, value }: Entry,
    path: readonly string[],
  ): ConfigNode | undefined {
    const items = value.kind === 'list' ? value.items : [];
    if (inherited === undefined) {
      this.#noteMissing(items, path);
      return undefined;
    }
    if (inherited.value.kind === 'list') return this.#removeItems(inherited.value.items, items, value, path);
    if (inherited.value.kind === 'map') return this.#removeKeys(inherited.value, items, path);
    return this.#impossible(inherited, keyPlace, path);
  }

  #removeItems(
    inherited: readonly ConfigNode[],
    items: readonly ConfigNode[],
    { place }: ConfigNode,
    path: readonly string[],
  ): ConfigNode {
    const present = new Set(inherited.map((item) => this.#itemKey(path, item)));
    const removed = new Set(items.map((item) => this.#itemKey(path, item)));
    this.#noteMissing(
      items.filter((item) => !present.has(this.#itemKey(path, item))),
      path,
    );
    const rest = inherited.filter((item) => !removed.has(this.#itemKey(path, item)));
    return { kind: 'list', items: rest, place };
  }

  #removeKeys(inherited: MapNode, items: readonly ConfigNode[], path: readonly string[]): ConfigNode {
    const names = items.map((item) => (item.kind === 'scalar' ? String(item.value) : ''));
    this.#noteMissing(
      items.filter((_, index) => !inherited.entries.has(names[index] ?? '')),
      path,
    );
    return { ...inherited, entries: new Map([...inherited.entries].filter(([key]) => !names.includes(key))) };
  }

  #noteMissing(items: readonly ConfigNode[], path: readonly string[]): void {
    const message = `${path.join('.')}-: this is not in the inherited list, so nothing is removed`;
    for (const { place } of items) this.notes.push({ place, message });
  }

  /** `allowed_gpus-: [0]` where ALL are allowed: to do nothing would leave GPU 0 allowed. */
  #impossible(inherited: Entry, place: Mistake['place'], path: readonly string[]): ConfigNode {
    const { file, line } = inherited.keyPlace;
    const message = `${path.join('.')} is not a list here (${file}:${line}): write the whole list`;
    this.mistakes.push({ place, message });
    return inherited.value;
  }
}

type Operator = 'remove' | 'replace' | 'append';

function operatorOf(key: string): Operator {
  return key.endsWith('-') ? 'remove' : key.endsWith('+') ? 'append' : 'replace';
}

/** `caps_drop-` and `caps_drop+` together exchange one for another, in whatever order they are written. */
function removalsFirst([a]: readonly [string, Entry], [b]: readonly [string, Entry]): number {
  return Number(operatorOf(b) === 'remove') - Number(operatorOf(a) === 'remove');
}
