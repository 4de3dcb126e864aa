/** The few calls that only make a value: `'...'.format()`, `', '.join()`, `.get()`, `.copy()`, `str()`, `list()`, `dict()` and such. */
import type { SyntaxNode } from '@lezer/common';
import { concatenate, copyOf } from './containers.ts';
import type { Evaluator } from './expression.ts';
import { braceFormat, join, piecesOf } from './formatting.ts';
import { childNodes } from './scope.ts';
import { doubt, ListValue, literal, MapValue, text, type Value } from './value.ts';

export interface Arguments {
  readonly values: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

export function callOf(evaluator: Evaluator, node: SyntaxNode): Value {
  const [callee] = childNodes(node);
  const call = argumentsOf(evaluator, node);
  if (callee === undefined || call === undefined)
    return evaluator.lost(node, `a call: ${shortened(evaluator, node)}`);
  const result =
    callee.name === 'MemberExpression'
      ? methodOf(evaluator, callee, call, node)
      : builtinOf(evaluator, callee, call, node);
  return result ?? evaluator.lost(node, `a call: ${shortened(evaluator, node)}`);
}

function shortened(evaluator: Evaluator, node: SyntaxNode): string {
  return evaluator.words(node).split('\n', 1)[0]?.slice(0, 60) ?? '';
}

/** Also for the methods that change what they are called on. `undefined`: with `*` or `**`, or a comprehension. */
export function argumentsOf(evaluator: Evaluator, call: SyntaxNode): Arguments | undefined {
  const list = childNodes(call)[1];
  if (list === undefined) return undefined;
  const values: Value[] = [];
  const named = new Map<string, Value>();
  const isKeyword = (node: SyntaxNode | undefined) =>
    node?.name === 'AssignOp' && evaluator.words(node) === '=';
  const parts = childNodes(list).slice(1, -1);
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index];
    if (part === undefined || part.name === ',') continue;
    const value = parts[index + 2];
    if (part.name === 'VariableName' && isKeyword(parts[index + 1]) && value !== undefined) {
      named.set(evaluator.words(part), evaluator.value(value));
      index += 2;
    } else if (part.name === '*' || part.name === '**' || part.name === 'for' || part.name === 'AssignOp')
      return undefined;
    else values.push(evaluator.value(part));
  }
  return { values, named };
}

function methodOf(
  evaluator: Evaluator,
  callee: SyntaxNode,
  { values, named }: Arguments,
  node: SyntaxNode,
): Value | undefined {
  const [object, dot, property] = childNodes(callee);
  if (object === undefined || property === undefined || dot?.name !== '.') return undefined;
  const owner = evaluator.value(object);
  const name = evaluator.words(property);
  if (doubt(owner) !== undefined) return undefined;
  if (owner.kind === 'text' && name === 'format')
    return evaluator.texts(braceFormat(owner.pieces, values, named), node);
  const [first, fallback, ...more] = values;
  if (named.size > 0 || more.length > 0) return undefined;
  if (owner.kind === 'text' && name === 'join' && first !== undefined && fallback === undefined)
    return evaluator.texts(join(owner.pieces, first), node);
  if (owner.kind === 'map' && name === 'get' && first !== undefined && !owner.uncertain) {
    const key = literal(first);
    if (key === undefined) return undefined;
    return owner.entries.get(key) ?? fallback ?? { kind: 'none', spot: evaluator.spot(node) };
  }
  if (name === 'copy' && first === undefined) return copyOf(owner, evaluator.spot(node));
  return undefined;
}

function builtinOf(
  evaluator: Evaluator,
  callee: SyntaxNode,
  { values, named }: Arguments,
  node: SyntaxNode,
): Value | undefined {
  const name = evaluator.words(callee);
  if (callee.name !== 'VariableName' || !evaluator.isBuiltin(name)) return undefined;
  const [first, ...more] = values;
  const spot = evaluator.spot(node);
  if (name === 'dict' && first === undefined) return new MapValue(named, spot);
  if (named.size > 0 || more.length > 0) return undefined;
  if (name === 'str' && first !== undefined) {
    const pieces = piecesOf(first);
    return pieces === undefined ? undefined : text(pieces, spot);
  }
  const flavour = name === 'list' || name === 'tuple' || name === 'set' ? name : undefined;
  if (flavour !== undefined) {
    if (first === undefined) return new ListValue(flavour, [], spot);
    return first.kind === 'list' && first.spoilt === undefined
      ? concatenate(first, new ListValue(flavour, [], spot), spot, flavour)
      : undefined;
  }
  return name === 'dict' && first?.kind === 'map' ? copyOf(first, spot) : undefined;
}
