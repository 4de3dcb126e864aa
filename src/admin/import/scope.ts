/**
 * The names of a configuration while its files are followed, and what may no longer be believed.
 *
 * 1. A name that a statement binds in a way that is not followed is unknown from there on, until it is simply assigned again.
 * 2. A list or map that such a statement so much as mentions is spoilt, under whatever name it is reached.
 * 3. Where a function of the file's own could run, and for exec and its kind, nothing is believed any more.
 */
import type { SyntaxNode } from '@lezer/common';
import { ListValue, MapValue, type Spot, type Unknown, type Value } from './value.ts';

/** Something in a file that was not converted, or not wholly. */
export interface Mark {
  readonly spot: Spot;
  /** Half a sentence: `an if statement`. */
  readonly why: string;
}

export class Scope {
  readonly names = new Map<string, Value>();
  readonly marks: Mark[] = [];
  /** Anything may have been given any name, that of a built-in function too. */
  isLost = false;
  /** Names that the file being read has bound or changed. */
  readonly touched = new Set<string>();

  look(name: string): Value | undefined {
    return this.names.get(name);
  }

  bind(name: string, value: Value): undefined {
    this.names.set(name, value);
    this.touched.add(name);
  }

  mark(spot: Spot, why: string): undefined {
    this.marks.push({ spot, why });
  }

  /** Everything that a piece of code names, seen as that code could have changed it. */
  spoilMentioned(node: SyntaxNode, source: string, doubt: Unknown): undefined {
    for (const name of namesIn(node, source)) {
      const value = this.names.get(name);
      if (powerful.has(name) || (value !== undefined && holdsCallable(value))) return this.spoilAll(doubt);
      this.touched.add(name);
      if (value !== undefined) spoil(value, doubt);
    }
  }

  spoilAll(doubt: Unknown): undefined {
    this.isLost = true;
    for (const [name, value] of this.names) {
      spoil(value, doubt);
      this.bind(name, { ...doubt, callable: true });
    }
  }
}

/** What can reach names without naming them. */
const powerful: ReadonlySet<string> = new Set([
  ...['exec', 'eval', 'compile', 'globals', 'locals', 'vars', 'setattr', 'delattr', 'getattr', '__import__'],
  ...['__builtins__', 'builtins', 'sys', 'inspect', 'importlib', 'gc', 'ctypes', '__dict__', 'runpy'],
]);

/** A list or map, and all that is in it. */
export function spoil(value: Value, doubt: Unknown, seen = new Set<Value>()): undefined {
  if (!(value instanceof ListValue || value instanceof MapValue) || seen.has(value)) return;
  seen.add(value);
  value.spoilt ??= doubt;
  for (const inner of childrenOf(value)) spoil(inner, doubt, seen);
}

export function childrenOf(value: ListValue | MapValue): readonly Value[] {
  return value instanceof ListValue ? value.items : [...value.entries.values()];
}

function holdsCallable(value: Value, seen = new Set<Value>()): boolean {
  if (value.kind === 'unknown') return value.callable;
  if (!(value instanceof ListValue || value instanceof MapValue) || seen.has(value)) return false;
  seen.add(value);
  return childrenOf(value).some((inner) => holdsCallable(inner, seen));
}

export function namesIn(node: SyntaxNode, source: string): readonly string[] {
  const names: string[] = [];
  node.cursor().iterate(({ name, from, to }) => {
    if (name === 'VariableName') names.push(source.slice(from, to));
  });
  return names;
}

/** The names that a statement, or a statement inside it, binds. */
export function boundNames(node: SyntaxNode, source: string): readonly string[] {
  const names: string[] = [];
  node.cursor().iterate((inner) => {
    const targets = targetsOf(inner.node);
    for (const target of targets) names.push(...plainNames(target, source));
    // `:=` stands among the arguments of a call as well.
    const before = inner.name === 'AssignOp' ? inner.node.prevSibling : null;
    if (before?.name === 'VariableName' && source.slice(inner.from, inner.to) === ':=')
      names.push(source.slice(before.from, before.to));
  });
  return names;
}

const bindsItsNames: ReadonlySet<string> = new Set([
  ...['ImportStatement', 'FunctionDefinition', 'ClassDefinition', 'DeleteStatement', 'ScopeStatement'],
  ...['TryStatement', 'WithStatement', 'NamedExpression', 'UpdateStatement', 'TypeDefinition'],
]);

function targetsOf(node: SyntaxNode): readonly SyntaxNode[] {
  const children = childNodes(node);
  if (node.name === 'AssignStatement') {
    return children.slice(
      0,
      children.findLastIndex(({ name }) => name === 'AssignOp'),
    );
  }
  if (node.name === 'ForStatement')
    return children.slice(
      0,
      children.findIndex(({ name }) => name === 'in'),
    );
  if (bindsItsNames.has(node.name) || /Match|Pattern/.test(node.name)) return children;
  return [];
}

/** Not those of `a` in `a[0]` and `a.b`, and not those of what stands in a body. */
function plainNames(node: SyntaxNode, source: string): readonly string[] {
  if (node.name === 'VariableName') return [source.slice(node.from, node.to)];
  if (!/^(?:Tuple|Array|Parenthesized)Expression$/.test(node.name)) return [];
  return childNodes(node).flatMap((child) => plainNames(child, source));
}

export function childNodes(node: SyntaxNode): readonly SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== 'Comment') children.push(child);
  }
  return children;
}
