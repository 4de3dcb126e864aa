/** Follows the statements of one file, and runs none. */
import type { SyntaxNode } from '@lezer/common';
import { argumentsOf } from './calls.ts';
import { changeList, changeMap, extend, listMethods, mapMethods, type Place, remove } from './changes.ts';
import { sequenceOf } from './displays.ts';
import { Evaluator, type Source } from './expression.ts';
import { boundNames, childNodes, childrenOf, type Scope, spoil } from './scope.ts';
import { doubt, ListValue, literal, MapValue, mostItems, unknown, type Value } from './value.ts';

/** What `from . import NAME` may name: the program offers these anyway. */
export const offeredNames: ReadonlySet<string> = new Set([
  'uid',
  'gid',
  'user_name',
  'group_name',
  'user_home',
]);

export class Follower {
  readonly #source: Source;
  readonly #scope: Scope;
  readonly #evaluator: Evaluator;

  constructor(source: Source, scope: Scope) {
    this.#source = source;
    this.#scope = scope;
    this.#evaluator = new Evaluator(source, scope);
  }

  follow(script: SyntaxNode): undefined {
    for (const statement of childNodes(script)) this.#statement(statement);
  }

  #statement(node: SyntaxNode): undefined {
    switch (node.name) {
      case 'StatementGroup':
        return this.follow(node);
      case 'AssignStatement':
        return this.#assign(node);
      case 'UpdateStatement':
        return this.#update(node);
      case 'ExpressionStatement':
        return this.#expression(node);
      case 'DeleteStatement':
        return this.#delete(node);
      case 'ImportStatement':
        return this.#import(node);
      case 'PassStatement':
      case ';':
        return;
      default:
        return this.#skip(node, statementKind(node));
    }
  }

  /** A statement that is not followed: what it binds is unknown afterwards, what it mentions is spoilt. */
  #skip(node: SyntaxNode, why: string): undefined {
    const spot = this.#evaluator.spot(node);
    this.#scope.mark(spot, why);
    const callable =
      /Definition|Decorated/.test(node.name) || /\b(?:def|class|lambda)\b/.test(this.#evaluator.words(node));
    const lost = unknown(`${why} in line ${spot.first}`, spot, callable);
    this.#scope.spoilMentioned(node, this.#source.text, lost);
    for (const name of boundNames(node, this.#source.text)) this.#scope.bind(name, lost);
  }

  #import(node: SyntaxNode): undefined {
    const words = this.#evaluator.words(node);
    const names = /^from\s+(?:\.|userdocker\.config)\s+import\s+\(?([\w\s,]+)\)?$/
      .exec(words)?.[1]
      ?.split(',') ?? [''];
    if (names.every((name) => offeredNames.has(name.trim()))) return;
    this.#skip(node, 'an import');
    if (/\*\s*$/.test(words))
      this.#scope.spoilAll(unknown('an import of everything', this.#evaluator.spot(node), true));
  }

  #assign(node: SyntaxNode): undefined {
    const children = childNodes(node).filter(({ name }) => name !== 'TypeDef');
    const last = children.findLastIndex(({ name }) => name === 'AssignOp');
    const value = last < 0 ? undefined : this.#right(children.slice(last + 1), node);
    // `X: list` alone assigns nothing.
    if (value === undefined) return;
    this.#note(value);
    let start = 0;
    for (let index = 0; index <= last; index += 1) {
      if (children[index]?.name !== 'AssignOp') continue;
      this.#assignAll(children.slice(start, index), value, node);
      start = index + 1;
    }
  }

  /** `1, 2` is a tuple, also without parentheses. */
  #right(nodes: readonly SyntaxNode[], whole: SyntaxNode): Value | undefined {
    const [first, ...more] = nodes;
    if (first === undefined) return undefined;
    return more.length === 0
      ? this.#evaluator.value(first)
      : sequenceOf(this.#evaluator, nodes, 'tuple', whole);
  }

  #assignAll(targets: readonly SyntaxNode[], value: Value, node: SyntaxNode): undefined {
    const [first, ...more] = targets;
    if (first === undefined) return;
    if (more.length === 0) return this.#assignOne(first, value, node);
    const names = targets.filter(({ name }) => name !== ',');
    const items =
      value.kind === 'list' && value.flavour !== 'set' && doubt(value) === undefined ? value.items : [];
    if (items.length !== names.length || names.some((name) => name.name !== 'VariableName'))
      return this.#skip(node, 'an assignment of this kind');
    for (const [index, name] of names.entries()) {
      const item = items[index];
      if (item !== undefined) this.#assignOne(name, item, node);
    }
  }

  #assignOne(target: SyntaxNode, value: Value, node: SyntaxNode): undefined {
    if (target.name === 'VariableName') return this.#bind(target, value);
    if (target.name === 'ParenthesizedExpression' || target.name === 'TupleExpression')
      return this.#assignAll(childNodes(target).slice(1, -1), value, node);
    const place = target.name === 'MemberExpression' ? this.#place(target) : undefined;
    if (place === undefined) return this.#skip(node, 'an assignment of this kind');
    this.#put(place, value);
  }

  #bind(target: SyntaxNode, value: Value): undefined {
    const name = this.#evaluator.words(target);
    const spot = this.#evaluator.spot(target);
    if (offeredNames.has(name))
      this.#scope.mark(spot, `${name} is set, which the program takes for the caller's`);
    this.#scope.bind(name, value);
  }

  /** `MAP['key']`; `undefined` where it is none that can be followed. */
  #place(node: SyntaxNode): Place | undefined {
    const [object, opening, key, closing] = childNodes(node);
    if (object === undefined || key === undefined || opening?.name !== '[' || closing?.name !== ']')
      return undefined;
    const map = this.#evaluator.value(object);
    const name = literal(this.#evaluator.value(key));
    if (!(map instanceof MapValue) || name === undefined) return undefined;
    this.#touch(object);
    return { map, name, spot: this.#evaluator.spot(node) };
  }

  #touch(node: SyntaxNode): undefined {
    const name = /^\w+/.exec(this.#evaluator.words(node))?.[0];
    if (name !== undefined) this.#scope.touched.add(name);
  }

  #put({ map, name, spot }: Place, value: Value): undefined {
    if (map.shared) return spoil(map, unknown('a map that two settings share', spot));
    map.set(name, value);
  }

  #update(node: SyntaxNode): undefined {
    const [target, operator, ...right] = childNodes(node);
    const value = this.#right(right, node);
    if (target === undefined || operator === undefined || value === undefined) return;
    if (this.#evaluator.words(operator) !== '+=')
      return this.#skip(node, `"${this.#evaluator.words(operator)}"`);
    const before = this.#evaluator.value(target);
    this.#note(value);
    this.#touch(target);
    if (before instanceof ListValue && before.flavour === 'list') {
      if (value instanceof ListValue && doubt(value) === undefined && !value.uncertain)
        return extend(before, value.items, this.#evaluator.spot(node));
      const lost = doubt(value) ?? unknown('"+=" of what is no known list', this.#evaluator.spot(node));
      this.#scope.mark(this.#evaluator.spot(node), lost.why);
      return spoil(before, lost);
    }
    const sum = this.#evaluator.add(before, value, node);
    this.#note(sum);
    this.#assignOne(target, sum, node);
  }

  #expression(node: SyntaxNode): undefined {
    const [expression] = childNodes(node);
    // A docstring.
    if (expression === undefined || /String$/.test(expression.name)) return;
    if (expression.name === 'CallExpression' && this.#change(expression)) return;
    this.#skip(node, expression.name === 'CallExpression' ? 'a call' : 'an expression on its own');
  }

  /** `LIST.append(x)` and its like. */
  #change(call: SyntaxNode): boolean {
    const [callee] = childNodes(call);
    const [object, dot, property] = callee?.name === 'MemberExpression' ? childNodes(callee) : [];
    if (object === undefined || property === undefined || dot?.name !== '.') return false;
    const owner = this.#evaluator.value(object);
    const method = this.#evaluator.words(property);
    const methods =
      owner instanceof ListValue ? listMethods : owner instanceof MapValue ? mapMethods : undefined;
    if (methods?.has(method) !== true || doubt(owner) !== undefined) return false;
    const given = argumentsOf(this.#evaluator, call);
    if (given === undefined) return false;
    this.#touch(object);
    const spot = this.#evaluator.spot(call);
    for (const value of [...given.values, ...given.named.values()]) this.#note(value);
    const lost =
      owner instanceof ListValue
        ? changeList(owner, method, given.values, given.named.size, spot)
        : owner instanceof MapValue
          ? changeMap(owner, method, given.values, given.named, spot)
          : undefined;
    if (lost !== undefined) {
      this.#scope.mark(spot, lost.why);
      spoil(owner, lost);
    }
    return true;
  }

  #delete(node: SyntaxNode): undefined {
    for (const target of childNodes(node).slice(1)) {
      if (target.name === ',') continue;
      const place = target.name === 'MemberExpression' ? this.#place(target) : undefined;
      if (place === undefined || !remove(place)) return this.#skip(node, 'a del of this kind');
    }
  }

  /** Whatever is unknown in a value is told where it stands. */
  #note(value: Value, depth = 0): undefined {
    if (value.kind === 'unknown') this.#scope.mark(value.spot, value.why);
    else if ((value instanceof ListValue || value instanceof MapValue) && depth < 8) {
      if (value.spoilt !== undefined) this.#scope.mark(value.spot, value.spoilt.why);
      for (const inner of childrenOf(value).slice(0, mostItems)) this.#note(inner, depth + 1);
    }
  }
}

const statementKinds: { readonly [name: string]: string } = {
  IfStatement: 'an if statement',
  ForStatement: 'a for loop',
  WhileStatement: 'a while loop',
  TryStatement: 'a try statement',
  WithStatement: 'a with statement',
  FunctionDefinition: 'a function',
  ClassDefinition: 'a class',
  DecoratedStatement: 'a function or class',
  AssertStatement: 'an assert',
};

function statementKind({ name }: SyntaxNode): string {
  return statementKinds[name] ?? 'a statement of this kind';
}
