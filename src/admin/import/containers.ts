/** Lists and maps put together, copied and looked into. */
import { ListValue, literal, MapValue, mostItems, type Spot, unknown, type Value } from './value.ts';

/** A new list. It is still the inherited one with something added, where one of the two is that. */
export function concatenate(
  first: ListValue,
  second: ListValue,
  spot: Spot,
  flavour = first.flavour,
): ListValue | Value {
  const list = new ListValue(flavour, [...first.items, ...second.items], spot);
  if (list.items.length > mostItems) return unknown('a list of this length', spot);
  list.uncertain = first.uncertain || second.uncertain;
  list.spoilt = first.spoilt ?? second.spoilt;
  const inherited = first.change ?? second.change;
  const other = first.change === undefined ? first : second;
  if (inherited !== undefined && other.change === undefined && !other.uncertain)
    list.change = { ...inherited, added: [...inherited.added, ...other.items] };
  else if (list.uncertain) list.spoilt ??= unknown('two lists that other files may have changed', spot);
  return list;
}

export function copyOf(value: Value, spot: Spot): Value | undefined {
  if (value.kind === 'list') return concatenate(value, new ListValue(value.flavour, [], spot), spot);
  if (value.kind !== 'map' || value.uncertain || value.spoilt !== undefined) return undefined;
  return new MapValue(value.entries, spot);
}

export function elementOf(owner: ListValue | MapValue, index: Value): Value | undefined {
  if (owner instanceof MapValue) {
    const key = literal(index);
    return key === undefined ? undefined : owner.entries.get(key);
  }
  if (index.kind !== 'number' || owner.uncertain || owner.flavour === 'set') return undefined;
  return owner.items.at(index.value);
}
