/** Displays for lists, tuples, sets and dictionaries (The Python Language Reference, 6.2), without comprehensions. */
import type { SyntaxNode } from '@lezer/common';
import type { Evaluator } from './expression.ts';
import { childNodes } from './scope.ts';
import { doubt, ListValue, literal, MapValue, mostItems, unknown, type Value } from './value.ts';

/** @param nodes the elements with their commas */
export function sequenceOf(
  evaluator: Evaluator,
  nodes: readonly SyntaxNode[],
  flavour: ListValue['flavour'],
  whole: SyntaxNode,
): Value {
  const list = new ListValue(flavour, [], evaluator.spot(whole));
  let unpacks = false;
  for (const node of nodes) {
    if (node.name === ',') continue;
    if (evaluator.words(node) === '*') {
      unpacks = true;
      continue;
    }
    const value = evaluator.value(node);
    if (unpacks) unpack(list, value);
    else list.items.push(value);
    unpacks = false;
    if (list.items.length > mostItems) return evaluator.lost(whole, 'a list of this length');
  }
  return list;
}

function unpack(list: ListValue, value: Value): void {
  if (value.kind !== 'list' || value.spoilt !== undefined || value.uncertain)
    list.items.push(doubt(value) ?? unknown('"*" in front of what is no known list', value.spot));
  else list.items.push(...value.items);
}

export function dictionaryOf(evaluator: Evaluator, node: SyntaxNode): Value {
  const map = new MapValue([], evaluator.spot(node));
  const parts = childNodes(node)
    .slice(1, -1)
    .filter(({ name }) => name !== ',');
  for (let index = 0; index < parts.length; ) {
    const [first, colon, second] = parts.slice(index, index + 3);
    if (first === undefined || colon === undefined) return evaluator.lost(node, 'a map of this kind');
    if (evaluator.words(first) === '**') {
      const inner = evaluator.value(colon);
      if (inner.kind !== 'map' || inner.spoilt !== undefined || inner.uncertain)
        return evaluator.lost(node, '"**" in front of what is no known map');
      for (const [key, value] of inner.entries) map.entries.set(key, value);
      index += 2;
      continue;
    }
    const key = literal(evaluator.value(first));
    if (key === undefined || second === undefined) return evaluator.lost(node, 'a map with such a key');
    map.entries.set(key, evaluator.value(second));
    if (map.entries.size > mostItems) return evaluator.lost(node, 'a map of this size');
    index += 3;
  }
  return map;
}
