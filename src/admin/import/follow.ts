/** The files of a Python configuration one after the other, as the program would execute them, without executing anything. */
import type { Parser } from '@lezer/common';
import { configError } from '../../domain/errors.ts';
import type { Source } from './expression.ts';
import type { PythonFile } from './input.ts';
import { type Plainly, type Program, packageDefaults } from './python-defaults.ts';
import { childrenOf, type Mark, Scope } from './scope.ts';
import { Follower } from './statements.ts';
import { ListValue, MapValue, type Spot, text, unknown, type Value } from './value.ts';

/** One file, and what the names are worth before and after it. */
export interface Layer {
  readonly input: PythonFile;
  readonly before: ReadonlyMap<string, Value>;
  readonly after: ReadonlyMap<string, Value>;
  readonly marks: readonly Mark[];
}

export interface Followed {
  readonly program: Program;
  /** Why it was taken for that program. */
  readonly because: string;
  /** The first is that of `config.py`; where there is none, of the defaults. */
  readonly layers: readonly [Layer, ...Layer[]];
}

/** @param program `undefined`: which one the files are for is told by the names that only the fork has */
export async function followFiles(
  files: readonly PythonFile[],
  program: Program | undefined,
): Promise<Followed> {
  const { parser } = await import('@lezer/python');
  const parsed = files.map((file) => parseFile(parser, file));
  const fork = parsed.some(({ names }) => names.has('ARGS_DEFAULT') || names.has('NUM_CPUS_DEFAULT'));
  const kind = program ?? (fork ? 'diffproml' : 'userdocker');
  const base = startScope(kind);
  for (const file of parsed) if (file.input.kind === 'default') file.follow(base);
  // The template is the program's own: it decides nothing that is unknown for the admin.
  const config = parsed.find(({ input }) => input.kind === 'config');
  const template = parsed.find(({ input }) => input.kind === 'default');
  const before = new Map(base.names);
  const templateMarks = base.marks.splice(0);
  config?.follow(base);
  const first: Layer = {
    input: (config ?? template)?.input ?? {
      kind: 'config',
      path: '',
      text: '',
      subject: '',
      output: 'config.yaml',
    },
    before,
    after: base.names,
    marks: [...templateMarks, ...base.marks],
  };
  const others = parsed.filter(({ input }) => input.kind !== 'config' && input.kind !== 'default');
  const changes = new Map(others.map((file) => [file, namesChangedBy(file, base)] as const));
  const layers = others.map((file): Layer => {
    const changed = new Set([...changes].flatMap(([other, names]) => (other === file ? [] : [...names])));
    const scope = inheritedScope(base, changed);
    const start = new Map(scope.names);
    file.follow(scope);
    return { input: file.input, before: start, after: scope.names, marks: scope.marks };
  });
  const because =
    program !== undefined
      ? 'you say so'
      : fork
        ? 'they set what only the fork has'
        : 'they set nothing that only the fork has';
  return { program: kind, because, layers: [first, ...layers] };
}

interface ParsedFile {
  readonly input: PythonFile;
  /** That it mentions. */
  readonly names: ReadonlySet<string>;
  follow(scope: Scope): void;
}

/** @throws config where it is no Python: nothing of such a file counts for the Python program either */
function parseFile(parser: Parser, input: PythonFile): ParsedFile {
  const source = sourceOf(input);
  refuseDepth(input);
  const tree = parser.parse(input.text);
  tree.iterate({
    enter: ({ type, from }) => {
      if (!type.isError) return;
      const line = source.lineAt(from);
      const sourceLine = input.text.split('\n')[line - 1] ?? '';
      const column = from - input.text.lastIndexOf('\n', from - 1);
      const caret = sourceLine.length > 200 ? {} : { sourceLine };
      throw configError({
        file: input.path,
        line,
        column,
        ...caret,
        message: 'this can not be read as Python',
      });
    },
  });
  const names = new Set<string>();
  tree.iterate({
    enter: ({ name, from, to }) => {
      if (name === 'VariableName') names.add(input.text.slice(from, to));
    },
  });
  return {
    input,
    names,
    follow: (scope) => new Follower(source, scope).follow(tree.topNode),
  };
}

/** Python itself gives up at 200 open brackets, and at 100 levels of indentation. */
function refuseDepth(input: PythonFile): void {
  let depth = 0;
  for (const [index, character] of [...input.text].entries()) {
    if (character === '(' || character === '[' || character === '{') depth += 1;
    else if (character === ')' || character === ']' || character === '}') depth = Math.max(0, depth - 1);
    if (depth <= 1000) continue;
    const line = sourceOf(input).lineAt(index);
    throw configError({ file: input.path, line, message: 'this is nested too deeply' });
  }
}

function sourceOf({ path, text: words }: PythonFile): Source {
  const starts = [0];
  for (let at = words.indexOf('\n'); at >= 0; at = words.indexOf('\n', at + 1)) starts.push(at + 1);
  const lineAt = (offset: number): number => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
  return { file: path, text: words, lineAt };
}

const nowhere: Spot = { file: '', first: 0, last: 0 };

function startScope(program: Program): Scope {
  const scope = new Scope();
  const variable = (name: string, value: Value) => scope.names.set(name, value);
  variable('uid', { kind: 'id', variable: 'uid', spot: nowhere });
  variable('gid', { kind: 'id', variable: 'gid', spot: nowhere });
  variable('user_name', text([{ variable: 'user' }], nowhere));
  variable('user_home', text([{ variable: 'home' }], nowhere));
  variable('group_name', text([{ variable: 'group' }], nowhere));
  for (const name of ['group_names', 'gids'])
    variable(name, unknown("the list of the caller's groups, which differs from caller to caller", nowhere));
  for (const [name, value] of Object.entries(packageDefaults[program])) variable(name, fromPlain(value));
  return scope;
}

function fromPlain(plain: Plainly): Value {
  if (typeof plain === 'string') return text([plain], nowhere);
  if (typeof plain === 'number') return { kind: 'number', value: plain, spot: nowhere };
  if (typeof plain === 'boolean') return { kind: 'truth', value: plain, spot: nowhere };
  if (isList(plain)) return new ListValue('list', plain.map(fromPlain), nowhere);
  if ('pieces' in plain) return text(plain.pieces, nowhere);
  return new MapValue(
    Object.entries(plain.map).map(([key, value]) => [key, fromPlain(value)] as const),
    nowhere,
  );
}

function isList(plain: Plainly): plain is readonly Plainly[] {
  return Array.isArray(plain);
}

/** Also those whose lists were changed under another name. */
function namesChangedBy(file: ParsedFile, base: Scope): ReadonlySet<string> {
  const scope = inheritedScope(base, new Set());
  const before = new Map([...scope.names].map(([name, value]) => [name, fingerprint(value)]));
  file.follow(scope);
  const changed = [...scope.names].filter(([name, value]) => before.get(name) !== fingerprint(value));
  return new Set([...scope.touched, ...changed.map(([name]) => name)]);
}

function fingerprint(value: Value, budget = { left: 100_000 }): string {
  budget.left -= 1;
  if (budget.left < 0) return 'more';
  if (value instanceof ListValue || value instanceof MapValue) {
    const inner =
      value instanceof ListValue
        ? value.items.map((item) => fingerprint(item, budget))
        : [...value.entries].map(([key, item]) => [key, fingerprint(item, budget)]);
    return JSON.stringify([value.kind, value.spoilt?.why, inner]);
  }
  return JSON.stringify({ ...value, spot: undefined });
}

/**
 * The names as a file of a group or user finds them: those of config.py, where no other such file may have changed them before.
 * A list keeps in mind whose it is, so that what is added to it can be told from a new list.
 */
function inheritedScope({ names, isLost }: Scope, changed: ReadonlySet<string>): Scope {
  const scope = new Scope();
  scope.isLost = isLost;
  const copies = new Map<Value, Value>();
  for (const [name, value] of names) {
    const uncertain = changed.has(name);
    if (uncertain && !(value instanceof ListValue) && !(value instanceof MapValue)) {
      scope.names.set(name, unknown(`${name}, which other files of groups or users set too`, value.spot));
      continue;
    }
    scope.names.set(name, inherit(value, name, uncertain, copies));
  }
  return scope;
}

function inherit(value: Value, path: string, uncertain: boolean, copies: Map<Value, Value>): Value {
  if (!(value instanceof ListValue || value instanceof MapValue)) return value;
  const known = copies.get(value);
  if (known instanceof ListValue || known instanceof MapValue) {
    known.shared = true;
    return known;
  }
  const copy =
    value instanceof ListValue ? new ListValue(value.flavour, [], value.spot) : new MapValue([], value.spot);
  copies.set(value, copy);
  copy.uncertain = uncertain;
  copy.spoilt = value.spoilt;
  if (value instanceof ListValue && copy instanceof ListValue) {
    copy.change = { path, removed: [], added: [] };
    copy.items = childrenOf(value).map((item, index) =>
      inherit(item, `${path}[${index}]`, uncertain, copies),
    );
  }
  if (value instanceof MapValue && copy instanceof MapValue) {
    copy.path = path;
    for (const [key, inner] of value.entries)
      copy.entries.set(key, inherit(inner, `${path}.${key}`, uncertain, copies));
  }
  return copy;
}
