/** What the methods of lists and maps change, and how a list keeps in mind what was done to the inherited one. */
import { spoil } from './scope.ts';
import {
  doubt,
  equal,
  type ListValue,
  literal,
  type MapValue,
  mostItems,
  type Spot,
  type Unknown,
  unknown,
  type Value,
} from './value.ts';

/** `MAP['key']`. */
export interface Place {
  readonly map: MapValue;
  readonly name: string;
  readonly spot: Spot;
}

export const listMethods: ReadonlySet<string> = new Set(['append', 'extend', 'remove', 'insert', 'clear']);
export const mapMethods: ReadonlySet<string> = new Set(['update', 'pop', 'clear']);

export function changeList(
  list: ListValue,
  method: string,
  values: readonly Value[],
  named: number,
  spot: Spot,
): Unknown | undefined {
  const [first, second] = values;
  const wanted = method === 'clear' ? 0 : method === 'insert' ? 2 : 1;
  if (named > 0 || values.length !== wanted || list.flavour !== 'list')
    return unknown('a call of this kind', spot);
  if (method === 'clear') {
    if (list.shared) return unknown('a list that two settings share', spot);
    list.items = [];
    list.change = undefined;
    list.uncertain = false;
    return undefined;
  }
  if (method === 'remove') return first === undefined ? undefined : removeItem(list, first, spot);
  if (method === 'extend') {
    if (first?.kind !== 'list' || doubt(first) !== undefined || first.uncertain)
      return unknown('.extend with what is no known list', spot);
    extend(list, first.items, spot);
    return undefined;
  }
  const item = method === 'insert' ? second : first;
  if (item !== undefined) extend(list, [item], spot);
  return undefined;
}

export function extend(list: ListValue, items: readonly Value[], spot: Spot): undefined {
  const added = [...items];
  if (list.shared) return spoil(list, unknown('a list that two settings share', spot));
  if (list.items.length + added.length > mostItems)
    return spoil(list, unknown('a list of this length', spot));
  list.items.push(...added);
  if (list.change !== undefined) list.change = { ...list.change, added: [...list.change.added, ...added] };
}

function removeItem(list: ListValue, value: Value, spot: Spot): Unknown | undefined {
  if (list.shared) return unknown('a list that two settings share', spot);
  const same = list.items.map((item) => equal(item, value));
  if (same.includes(undefined)) return unknown('.remove where not all is known', spot);
  const index = same.indexOf(true);
  if (index < 0 && !list.uncertain)
    return unknown('.remove of what is not there: the Python program would fail', spot);
  const addedIndex = list.change?.added.findIndex((item) => equal(item, value) === true) ?? -1;
  if (index >= 0) list.items.splice(index, 1);
  if (list.change === undefined) return undefined;
  const isTwice = list.items.some((item) => equal(item, value) === true);
  if (addedIndex >= 0) list.change = { ...list.change, added: list.change.added.toSpliced(addedIndex, 1) };
  else if (isTwice) list.change = undefined;
  else list.change = { ...list.change, removed: [...list.change.removed, value] };
  return list.uncertain && list.change === undefined ? unknown('.remove of one of several', spot) : undefined;
}

export function changeMap(
  map: MapValue,
  method: string,
  values: readonly Value[],
  named: ReadonlyMap<string, Value>,
  spot: Spot,
): Unknown | undefined {
  if (map.shared) return unknown('a map that two settings share', spot);
  const [first, ...more] = values;
  if (method === 'update') {
    if (
      more.length > 0 ||
      (first !== undefined && (first.kind !== 'map' || doubt(first) !== undefined || first.uncertain))
    )
      return unknown('.update with what is no known map', spot);
    for (const [key, value] of [...(first?.kind === 'map' ? first.entries : []), ...named])
      map.set(key, value);
    return undefined;
  }
  const key = first === undefined ? undefined : literal(first);
  if (method === 'pop' && key !== undefined && named.size === 0) {
    if (map.entries.has(key)) remove({ map, name: key, spot });
    else if (more.length === 0)
      return unknown('.pop of what is not there: the Python program would fail', spot);
    return undefined;
  }
  return unknown('a call of this kind', spot);
}

export function remove({ map, name, spot }: Place): boolean {
  if (map.shared || map.spoilt !== undefined || !map.entries.has(name)) return false;
  map.entries.delete(name);
  map.deleted = new Map([...map.deleted, [name, spot]]);
  return true;
}
