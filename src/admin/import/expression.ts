/**
 * What an expression is worth, as far as that can be known without running it: literals, names assigned before, and the few
 * ways to put texts, lists and maps together. Everything else is unknown, and what it mentions is spoilt.
 */
import type { SyntaxNode } from '@lezer/common';
import type { Result } from '../../domain/result.ts';
import { concatenate, copyOf, elementOf } from './containers.ts';
import { braceFormat, join, percentFormat, piecesOf } from './formatting.ts';
import { decodeBody, decodeNumber, type StringParts, splitString } from './literals.ts';
import { boundNames, childNodes, type Scope } from './scope.ts';
import {
  at,
  doubt,
  ListValue,
  literal,
  MapValue,
  mostItems,
  type Piece,
  type Spot,
  text,
  unknown,
  type Value,
} from './value.ts';

/** No configuration is nested deeper; a recursion without end is. */
const deepest = 64;

export interface Source {
  readonly file: string;
  readonly text: string;
  /** 1-based line of an offset. */
  lineAt(offset: number): number;
}

export class Evaluator {
  readonly #source: Source;
  readonly #scope: Scope;
  #depth = 0;

  constructor(source: Source, scope: Scope) {
    this.#source = source;
    this.#scope = scope;
  }

  spot({ from, to }: { readonly from: number; readonly to: number }): Spot {
    const { file } = this.#source;
    return { file, first: this.#source.lineAt(from), last: this.#source.lineAt(Math.max(from, to - 1)) };
  }

  words(node: SyntaxNode): string {
    return this.#source.text.slice(node.from, node.to);
  }

  value(node: SyntaxNode): Value {
    if (this.#depth >= deepest) return this.#lost(node, 'an expression nested this deeply');
    this.#depth += 1;
    try {
      return this.#value(node);
    } finally {
      this.#depth -= 1;
    }
  }

  #value(node: SyntaxNode): Value {
    const spot = this.spot(node);
    switch (node.name) {
      case 'String':
      case 'FormatString':
      case 'ContinuedString':
        return this.#string(node);
      case 'Number': {
        const value = decodeNumber(this.words(node));
        return value === undefined ? unknown('a number of this kind', spot) : { kind: 'number', value, spot };
      }
      case 'Boolean':
        return { kind: 'truth', value: this.words(node) === 'True', spot };
      case 'None':
        return { kind: 'none', spot };
      case 'VariableName':
        return this.#name(node);
      case 'ParenthesizedExpression':
        return this.#inner(node);
      case 'ArrayExpression':
        return this.sequence(childNodes(node).slice(1, -1), 'list', node);
      case 'TupleExpression':
        return this.sequence(childNodes(node).slice(1, -1), 'tuple', node);
      case 'SetExpression':
        return this.sequence(childNodes(node).slice(1, -1), 'set', node);
      case 'DictionaryExpression':
        return this.#dictionary(node);
      case 'UnaryExpression':
        return this.#unary(node);
      case 'BinaryExpression':
        return this.#binary(node);
      case 'MemberExpression':
        return this.#member(node);
      case 'CallExpression':
        return this.#call(node);
      default:
        return this.#lost(node, kindOf(node.name));
    }
  }

  /** Unknown, and whatever it names may have been changed by it. */
  #lost(node: SyntaxNode, why: string, callable = node.name === 'LambdaExpression'): Value {
    const lost = unknown(why, this.spot(node), callable);
    this.#scope.spoilMentioned(node, this.#source.text, lost);
    // `:=` gives names inside of expressions.
    for (const name of boundNames(node, this.#source.text)) this.#scope.bind(name, lost);
    return lost;
  }

  #name(node: SyntaxNode): Value {
    const name = this.words(node);
    const value = this.#scope.look(name);
    if (value === undefined) return unknown(`the name ${name}, which is not known here`, this.spot(node));
    return value.kind === 'unknown'
      ? { ...value, why: `${name}, which is not known: ${value.why}`.slice(0, 200), spot: this.spot(node) }
      : at(value, this.spot(node));
  }

  #inner(node: SyntaxNode): Value {
    const inner = childNodes(node)[1];
    return inner === undefined ? this.#lost(node, 'empty parentheses') : this.value(inner);
  }

  #string(node: SyntaxNode): Value {
    const spot = this.spot(node);
    if (node.name === 'ContinuedString') {
      const parts = childNodes(node).map((child) => this.#string(child));
      const pieces = parts.map((part) => (part.kind === 'text' ? part.pieces : undefined));
      const lost = parts.find(({ kind }) => kind !== 'text');
      return (
        lost ??
        text(
          pieces.flatMap((piece) => piece ?? []),
          spot,
        )
      );
    }
    const parts = splitString(this.words(node));
    if (parts === undefined || parts.bytes) return this.#lost(node, 'a string of this kind');
    if (parts.format) return this.#formatString(node, parts);
    const decoded = decodeBody(parts.body, parts.raw);
    return decoded.ok ? text([decoded.value], spot) : unknown(decoded.error, spot);
  }

  #formatString(node: SyntaxNode, { raw, prefix, start }: StringParts): Value {
    const spot = this.spot(node);
    const pieces: Piece[] = [];
    let done = node.from + start;
    const end = node.to - (start - prefix.length);
    const add = (to: number): string | undefined => {
      const decoded = decodeBody(this.#source.text.slice(done, to), raw);
      if (!decoded.ok) return decoded.error;
      pieces.push(decoded.value.replace(/\{\{|\}\}/g, (pair) => pair.charAt(0)));
      return undefined;
    };
    for (const field of childNodes(node)) {
      if (field.name !== 'FormatReplacement') continue;
      const problem = add(field.from);
      const [, inner, ...more] = childNodes(field);
      const value = inner === undefined ? undefined : this.value(inner);
      const filled = value === undefined ? undefined : piecesOf(value);
      if (problem !== undefined || filled === undefined || more.length !== 1)
        return this.#lost(node, problem ?? `the field ${this.words(field).slice(0, 60)}`);
      pieces.push(...filled);
      done = field.to;
    }
    const problem = add(end);
    return problem === undefined ? text(pieces, spot) : unknown(problem, spot);
  }

  /** @param nodes the elements with their commas */
  sequence(nodes: readonly SyntaxNode[], flavour: ListValue['flavour'], whole: SyntaxNode): Value {
    const list = new ListValue(flavour, [], this.spot(whole));
    let unpacks = false;
    for (const node of nodes) {
      if (node.name === ',') continue;
      if (this.words(node) === '*') {
        unpacks = true;
        continue;
      }
      const value = this.value(node);
      if (unpacks) this.#unpack(list, value);
      else list.items.push(value);
      unpacks = false;
      if (list.items.length > mostItems) return this.#lost(whole, 'a list of this length');
    }
    return list;
  }

  #unpack(list: ListValue, value: Value): void {
    if (value.kind !== 'list' || value.spoilt !== undefined || value.uncertain)
      list.items.push(doubt(value) ?? unknown('"*" in front of what is no known list', value.spot));
    else list.items.push(...value.items);
  }

  #dictionary(node: SyntaxNode): Value {
    const map = new MapValue([], this.spot(node));
    const parts = childNodes(node)
      .slice(1, -1)
      .filter(({ name }) => name !== ',');
    for (let index = 0; index < parts.length; ) {
      const [first, colon, second] = parts.slice(index, index + 3);
      if (first === undefined || colon === undefined) return this.#lost(node, 'a map of this kind');
      if (this.words(first) === '**') {
        const inner = this.value(colon);
        if (inner.kind !== 'map' || inner.spoilt !== undefined || inner.uncertain)
          return this.#lost(node, '"**" in front of what is no known map');
        for (const [key, value] of inner.entries) map.entries.set(key, value);
        index += 2;
        continue;
      }
      const key = literal(this.value(first));
      if (key === undefined || second === undefined) return this.#lost(node, 'a map with such a key');
      map.entries.set(key, this.value(second));
      if (map.entries.size > mostItems) return this.#lost(node, 'a map of this size');
      index += 3;
    }
    return map;
  }

  #unary(node: SyntaxNode): Value {
    const [operator, operand] = childNodes(node);
    const value = operand === undefined ? undefined : this.value(operand);
    if (operator !== undefined && value?.kind === 'number') {
      const spot = this.spot(node);
      if (this.words(operator) === '-') return { kind: 'number', value: -value.value, spot };
      if (this.words(operator) === '+') return { kind: 'number', value: value.value, spot };
    }
    return this.#lost(node, 'an expression of this kind');
  }

  #binary(node: SyntaxNode): Value {
    const [left, operator, right] = childNodes(node);
    if (left === undefined || operator === undefined || right === undefined)
      return this.#lost(node, 'an expression of this kind');
    const word = this.words(operator);
    if (word !== '+' && word !== '%') return this.#lost(node, `"${word}"`);
    const first = this.value(left);
    const second = this.value(right);
    if (word === '+') return this.add(first, second, node);
    if (first.kind !== 'text') return this.#lost(node, 'an expression of this kind');
    return this.#texts(percentFormat(first.pieces, second), node);
  }

  add(first: Value, second: Value, node: SyntaxNode): Value {
    const spot = this.spot(node);
    if (first.kind === 'text' && second.kind === 'text')
      return text([...first.pieces, ...second.pieces], spot);
    if (first.kind === 'number' && second.kind === 'number')
      return { kind: 'number', value: first.value + second.value, spot };
    if (first.kind === 'list' && second.kind === 'list' && first.flavour === second.flavour)
      return concatenate(first, second, spot);
    const lost = doubt(first) ?? doubt(second);
    if (lost?.callable === true) this.#scope.spoilAll(lost);
    return lost === undefined ? unknown('"+" of two things that do not fit', spot) : { ...lost, spot };
  }

  #texts(result: Result<readonly Piece[]>, node: SyntaxNode): Value {
    return result.ok ? text(result.value, this.spot(node)) : this.#lost(node, result.error);
  }

  #member(node: SyntaxNode): Value {
    const [object, opening, key, ...rest] = childNodes(node);
    if (object === undefined || opening === undefined || key === undefined)
      return this.#lost(node, 'an expression of this kind');
    const owner = this.value(object);
    const lost = doubt(owner);
    if (lost !== undefined) return this.#lost(node, this.words(node).slice(0, 80), lost.callable);
    if (opening.name !== '[' || rest.length !== 1) return this.#lost(node, this.words(node).slice(0, 80));
    const index = this.value(key);
    const found = owner.kind === 'map' || owner.kind === 'list' ? elementOf(owner, index) : undefined;
    return found ?? this.#lost(node, `${this.words(node).slice(0, 80)}, which is not known to be there`);
  }

  #call(node: SyntaxNode): Value {
    const [callee, list] = childNodes(node);
    const call = list === undefined ? undefined : this.#arguments(list);
    if (callee === undefined || call === undefined) return this.#lost(node, `a call: ${this.#short(node)}`);
    const result =
      callee.name === 'MemberExpression'
        ? this.#method(callee, call, node)
        : this.#builtin(callee, call, node);
    return result ?? this.#lost(node, `a call: ${this.#short(node)}`);
  }

  #short(node: SyntaxNode): string {
    return this.words(node).split('\n', 1)[0]?.slice(0, 60) ?? '';
  }

  /** `undefined`: with `*` or `**`, or a comprehension. */
  #arguments(list: SyntaxNode): Arguments | undefined {
    const values: Value[] = [];
    const named = new Map<string, Value>();
    const isKeyword = (node: SyntaxNode | undefined) => node?.name === 'AssignOp' && this.words(node) === '=';
    const parts = childNodes(list).slice(1, -1);
    for (let index = 0; index < parts.length; index += 1) {
      const part = parts[index];
      if (part === undefined || part.name === ',') continue;
      const value = parts[index + 2];
      if (part.name === 'VariableName' && isKeyword(parts[index + 1]) && value !== undefined) {
        named.set(this.words(part), this.value(value));
        index += 2;
      } else if (part.name === '*' || part.name === '**' || part.name === 'for' || part.name === 'AssignOp')
        return undefined;
      else values.push(this.value(part));
    }
    return { values, named };
  }

  /** The argument list of a call, for methods that change what they are called on. */
  argumentsOf(call: SyntaxNode): Arguments | undefined {
    const list = childNodes(call)[1];
    return list === undefined ? undefined : this.#arguments(list);
  }

  #method(callee: SyntaxNode, { values, named }: Arguments, node: SyntaxNode): Value | undefined {
    const [object, dot, property] = childNodes(callee);
    if (object === undefined || property === undefined || dot?.name !== '.') return undefined;
    const owner = this.value(object);
    const name = this.words(property);
    if (doubt(owner) !== undefined) return undefined;
    if (owner.kind === 'text' && name === 'format')
      return this.#texts(braceFormat(owner.pieces, values, named), node);
    const [first, fallback, ...more] = values;
    if (named.size > 0 || more.length > 0) return undefined;
    if (owner.kind === 'text' && name === 'join' && first !== undefined && fallback === undefined)
      return this.#texts(join(owner.pieces, first), node);
    if (owner.kind === 'map' && name === 'get' && first !== undefined && !owner.uncertain) {
      const key = literal(first);
      if (key === undefined) return undefined;
      return owner.entries.get(key) ?? fallback ?? { kind: 'none', spot: this.spot(node) };
    }
    if (name === 'copy' && first === undefined) return copyOf(owner, this.spot(node));
    return undefined;
  }

  #builtin(callee: SyntaxNode, { values, named }: Arguments, node: SyntaxNode): Value | undefined {
    const name = this.words(callee);
    if (callee.name !== 'VariableName' || this.#scope.isLost || this.#scope.look(name) !== undefined)
      return undefined;
    const [first, ...more] = values;
    const spot = this.spot(node);
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
}

export interface Arguments {
  readonly values: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

const kinds: { readonly [name: string]: string } = {
  LambdaExpression: 'a lambda',
  ConditionalExpression: 'a value that depends on a condition',
  ArrayComprehensionExpression: 'a comprehension',
  SetComprehensionExpression: 'a comprehension',
  DictionaryComprehensionExpression: 'a comprehension',
  ComprehensionExpression: 'a comprehension',
  NamedExpression: 'an assignment inside an expression',
  AwaitExpression: 'an await',
  YieldExpression: 'a yield',
};

function kindOf(name: string): string {
  return kinds[name] ?? 'an expression of this kind';
}
