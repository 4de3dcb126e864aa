/**
 * A file's bytes as a tree with positions. The language is plain YAML 1.2 (core schema), of which JSON is a part: no
 * anchors or aliases, no tags, no directives, no merge keys, no second document. Numbers must be written the way they are
 * read back, so that `1.10` in an environment variable is an error and not `1.1`.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseDocument, Scalar } from 'yaml';
import { hasControlCharacter } from '../domain/ids.ts';
import type { Layer } from '../domain/policy.ts';
import { err, ok, type Result } from '../domain/result.ts';
import type { ConfigNode, Entry, MapNode, Mistake, Place } from './node.ts';

export interface Source {
  readonly layer: Layer;
  readonly file: string;
  readonly text: string;
}

export interface Document {
  readonly tree: MapNode;
  readonly mistakes: readonly Mistake[];
  /** `false`: it is not even YAML, and to hold it against the schema would only bring up more of the same. */
  readonly readable: boolean;
}

/** No setting lies deeper than six levels. */
const deepest = 16;
/** The rest of a hopeless file says nothing new. */
const mostMistakes = 20;

export function decodeText(bytes: Uint8Array): Result<string> {
  try {
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return err('is not UTF-8 text');
  }
}

export function readDocument(source: Source): Document {
  const lines = new LineCounter();
  const reader = new TreeReader(source, lines);
  const unreadable = findUnreadable(source.text);
  if (unreadable !== undefined) return reader.refuse(unreadable.line, unreadable.column, unreadable.message);
  // The config.yaml that is installed says nothing yet: no need to start the library for it.
  if (/^(?:[ \t]*(?:#.*)?\r?\n)*$/.test(`${source.text}\n`)) return reader.read(null, true);
  try {
    // uniqueKeys compares each key with each other one; the tree below has them in a map anyway.
    const document = parseDocument(source.text, {
      version: '1.2',
      schema: 'core',
      merge: false,
      resolveKnownTags: false,
      stringKeys: true,
      uniqueKeys: false,
      prettyErrors: false,
      lineCounter: lines,
    });
    if (document.directives?.yaml.explicit) return reader.refuse(1, 1, 'a %YAML directive is not allowed');
    for (const { pos, code, message } of [...document.errors, ...document.warnings]) {
      reader.note(pos[0], ownWords.get(code) ?? message);
    }
    return reader.read(document.contents, document.errors.length === 0);
  } catch {
    // The library is recursive: what is nested a thousand deep runs out of stack.
    return reader.refuse(1, 1, 'this can not be read as YAML');
  }
}

/** Where the library's words are for programmers. */
const ownWords: ReadonlyMap<string, string> = new Map([
  ['MULTIPLE_DOCS', 'a second document (---) is not allowed'],
  ['NON_STRING_KEY', 'a key must be a single word'],
  ['TAG_RESOLVE_FAILED', 'tags (!name) are not allowed'],
]);

/** What the library would choke on, or read in a way that an admin can't see. */
function findUnreadable(text: string): { line: number; column: number; message: string } | undefined {
  const found =
    first(text, /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]|\r(?!\n)/, 'a control character') ??
    first(text, /^[ \t]*(?:[?:-][ \t]+){16}|(?:\?\s+){3}|(?:[[{]\s*){17}/m, 'this is nested too deeply');
  if (found === undefined) return undefined;
  const before = text.slice(0, found.offset).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1, message: found.message };
}

function first(
  text: string,
  pattern: RegExp,
  message: string,
): { offset: number; message: string } | undefined {
  const offset = text.search(pattern);
  return offset < 0 ? undefined : { offset, message };
}

class TreeReader {
  readonly #mistakes: Mistake[] = [];
  readonly #source: Source;
  readonly #lines: LineCounter;

  constructor(source: Source, lines: LineCounter) {
    this.#source = source;
    this.#lines = lines;
  }

  /** Nothing of the file can be used. */
  refuse(line: number, column: number, message: string): Document {
    const place = this.#place(line, column);
    return { tree: this.#emptyMap(), mistakes: [{ place, message }], readable: false };
  }

  note(offset: number, message: string): void {
    if (this.#mistakes.length < mostMistakes) this.#mistakes.push({ place: this.#placeOf(offset), message });
  }

  read(contents: ParsedNode | null, readable: boolean): Document {
    const tree = readable ? this.#top(contents) : this.#emptyMap();
    return { tree, mistakes: this.#mistakes, readable };
  }

  #top(contents: ParsedNode | null): MapNode {
    // An empty file, or one of comments only.
    if (contents === null || (isScalar(contents) && contents.value === null)) return this.#emptyMap();
    const node = this.#node(contents, 0);
    if (node.kind === 'map') return node;
    this.note(contents.range[0], 'settings are written as NAME: VALUE');
    return this.#emptyMap();
  }

  #node(node: ParsedNode, depth: number): ConfigNode {
    const offset = node.range[0];
    const place = this.#placeOf(offset);
    const nothing: ConfigNode = { kind: 'scalar', value: null, place };
    if (depth > deepest) {
      this.note(offset, 'this is nested too deeply');
      return nothing;
    }
    if (isAlias(node)) {
      this.note(offset, 'aliases (*name) are not allowed: write the value again');
      return nothing;
    }
    if (node.anchor !== undefined) this.note(offset, 'anchors (&name) are not allowed');
    if (node.tag !== undefined) this.note(offset, 'tags (!name) are not allowed');
    if (isMap<ParsedNode, ParsedNode>(node))
      return { kind: 'map', entries: this.#entries(node.items, depth), place };
    if (isSeq<ParsedNode>(node)) {
      return { kind: 'list', items: node.items.map((item) => this.#node(item, depth + 1)), place };
    }
    return isScalar(node) ? this.#scalar(node, place, offset) : nothing;
  }

  #entries(
    pairs: readonly { readonly key: ParsedNode; readonly value: ParsedNode | null }[],
    depth: number,
  ): ReadonlyMap<string, Entry> {
    const entries = new Map<string, Entry>();
    for (const { key, value } of pairs) {
      const offset = key.range[0];
      const name = isScalar(key) ? String(key.value) : undefined;
      // Anything else is already among the library's own errors.
      if (name === undefined) continue;
      if (key.anchor !== undefined || key.tag !== undefined) this.note(offset, 'a key has no anchor or tag');
      if (hasControlCharacter(name)) this.note(offset, 'a control character in a key');
      // zod looks at every key of an open map but this one.
      if (name === '__proto__') this.note(offset, '__proto__ is no name');
      const earlier = entries.get(name);
      if (earlier !== undefined) this.note(offset, `${name} is already set in line ${earlier.keyPlace.line}`);
      const keyPlace = this.#placeOf(offset);
      const node: ConfigNode =
        value === null ? { kind: 'scalar', value: null, place: keyPlace } : this.#node(value, depth + 1);
      entries.set(name, { keyPlace, value: node });
    }
    return entries;
  }

  #scalar(node: Scalar.Parsed, place: Place, offset: number): ConfigNode {
    const { value, source } = node;
    if (value === null || typeof value === 'string') {
      if (value !== null && hasControlCharacter(value)) {
        this.note(offset, 'a control character in a value (a text ends in one after "|" or ">")');
      }
      return { kind: 'scalar', value, place };
    }
    if (typeof value === 'number' || typeof value === 'boolean') {
      const ambiguous = node.type === Scalar.PLAIN && source !== String(value);
      if (ambiguous) this.note(offset, `${source} would be read as ${value}: write it so, or in quotes`);
      return { kind: 'scalar', value, place };
    }
    this.note(offset, 'not a text, a number, true, false or null');
    return { kind: 'scalar', value: null, place };
  }

  #emptyMap(): MapNode {
    return { kind: 'map', entries: new Map(), place: this.#place(1, 1) };
  }

  #placeOf(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return this.#place(Math.max(line, 1), Math.max(col, 1));
  }

  #place(line: number, column: number): Place {
    return { layer: this.#source.layer, file: this.#source.file, line, column };
  }
}
