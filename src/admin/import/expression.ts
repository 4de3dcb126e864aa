/**
 * What an expression is worth, as far as that can be known without running it: literals, names assigned before, and the few
 * ways to put texts, lists and maps together. Everything else is unknown, and what it mentions is spoilt.
 */
import type { SyntaxNode } from '@lezer/common';
import type { Result } from '../../domain/result.ts';
import { callOf } from './calls.ts';
import { concatenate, elementOf } from './containers.ts';
import { dictionaryOf, sequenceOf } from './displays.ts';
import { percentFormat } from './formatting.ts';
import { decodeNumber } from './literals.ts';
import { boundNames, childNodes, type Scope } from './scope.ts';
import { stringOf } from './strings.ts';
import { at, doubt, type Piece, type Spot, text, unknown, type Value } from './value.ts';

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

  words({ from, to }: { readonly from: number; readonly to: number }): string {
    return this.#source.text.slice(from, to);
  }

  value(node: SyntaxNode): Value {
    if (this.#depth >= deepest) return this.lost(node, 'an expression nested this deeply');
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
        return stringOf(this, node);
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
        return sequenceOf(this, childNodes(node).slice(1, -1), 'list', node);
      case 'TupleExpression':
        return sequenceOf(this, childNodes(node).slice(1, -1), 'tuple', node);
      case 'SetExpression':
        return sequenceOf(this, childNodes(node).slice(1, -1), 'set', node);
      case 'DictionaryExpression':
        return dictionaryOf(this, node);
      case 'UnaryExpression':
        return this.#unary(node);
      case 'BinaryExpression':
        return this.#binary(node);
      case 'MemberExpression':
        return this.#member(node);
      case 'CallExpression':
        return callOf(this, node);
      default:
        return this.lost(node, kindOf(node.name));
    }
  }

  /** Unknown, and whatever it names may have been changed by it. */
  lost(node: SyntaxNode, why: string, callable = node.name === 'LambdaExpression'): Value {
    const lost = unknown(why, this.spot(node), callable);
    this.#scope.spoilMentioned(node, this.#source.text, lost);
    // `:=` gives names inside of expressions.
    for (const name of boundNames(node, this.#source.text)) this.#scope.bind(name, lost);
    return lost;
  }

  /** Python's own function: the file has given the name to nothing else, as far as it is known. */
  isBuiltin(name: string): boolean {
    return !this.#scope.isLost && this.#scope.look(name) === undefined;
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
    return inner === undefined ? this.lost(node, 'empty parentheses') : this.value(inner);
  }

  #unary(node: SyntaxNode): Value {
    const [operator, operand] = childNodes(node);
    const value = operand === undefined ? undefined : this.value(operand);
    if (operator !== undefined && value?.kind === 'number') {
      const spot = this.spot(node);
      if (this.words(operator) === '-') return { kind: 'number', value: -value.value, spot };
      if (this.words(operator) === '+') return { kind: 'number', value: value.value, spot };
    }
    return this.lost(node, 'an expression of this kind');
  }

  #binary(node: SyntaxNode): Value {
    const [left, operator, right] = childNodes(node);
    if (left === undefined || operator === undefined || right === undefined)
      return this.lost(node, 'an expression of this kind');
    const word = this.words(operator);
    if (word !== '+' && word !== '%') return this.lost(node, `"${word}"`);
    const first = this.value(left);
    const second = this.value(right);
    if (word === '+') return this.add(first, second, node);
    if (first.kind !== 'text') return this.lost(node, 'an expression of this kind');
    return this.texts(percentFormat(first.pieces, second), node);
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

  /** What was put together; where it could not be, it is lost. */
  texts(result: Result<readonly Piece[]>, node: SyntaxNode): Value {
    return result.ok ? text(result.value, this.spot(node)) : this.lost(node, result.error);
  }

  #member(node: SyntaxNode): Value {
    const [object, opening, key, ...rest] = childNodes(node);
    if (object === undefined || opening === undefined || key === undefined)
      return this.lost(node, 'an expression of this kind');
    const owner = this.value(object);
    const lost = doubt(owner);
    if (lost !== undefined) return this.lost(node, this.words(node).slice(0, 80), lost.callable);
    if (opening.name !== '[' || rest.length !== 1) return this.lost(node, this.words(node).slice(0, 80));
    const index = this.value(key);
    const found = owner.kind === 'map' || owner.kind === 'list' ? elementOf(owner, index) : undefined;
    return found ?? this.lost(node, `${this.words(node).slice(0, 80)}, which is not known to be there`);
  }
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
