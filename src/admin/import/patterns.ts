/**
 * Python's regular expressions (the module re, `re.match`) as ECMAScript's with the flags s and u, which must match the whole
 * text. What does not mean the same there, or is not known to, is refused.
 */

import { compileProblem } from '../../config/values.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { Piece, VariableName } from './value.ts';

export interface Translated {
  /** With `${user}` and the like; still a match of the beginning alone. */
  readonly prefix: string;
  /** The same for the whole text. */
  readonly whole: string;
}

const names: readonly VariableName[] = ['uid', 'gid', 'user', 'group', 'home'];
/** Private characters stand for the variables while the text is read. */
const firstPlaceholder = 0xe000;

export function translatePattern(pieces: readonly Piece[]): Result<Translated> {
  const literal = pieces.filter((piece) => typeof piece === 'string').join('');
  if (/[\ue000-\ue00f]/.test(literal)) return err('a regular expression with a private character');
  if (literal.includes('${')) return err('"${" in a regular expression');
  const joined = pieces
    .map((piece) => (typeof piece === 'string' ? piece : placeholder(piece.variable)))
    .join('');
  const read = new PatternReader(joined).read();
  if (!read.ok) return read;
  const problem = compileProblem(read.value) ?? compileProblem(`^(?:${read.value})$`);
  if (problem !== undefined) return err(`a regular expression that ECMAScript does not have (${problem})`);
  const prefix = withVariables(read.value);
  return ok({ prefix, whole: withVariables(wholeOf(read.value)) });
}

function placeholder(variable: VariableName): string {
  return String.fromCodePoint(firstPlaceholder + names.indexOf(variable));
}

function withVariables(pattern: string): string {
  return pattern.replace(
    /[\ue000-\ue004]/g,
    (character) => `\${${names[character.charCodeAt(0) - firstPlaceholder]}}`,
  );
}

/** `re.match` looks at the beginning only. */
function wholeOf(pattern: string): string {
  const alternatives = hasAlternatives(pattern);
  if (!alternatives && /(?<!\\)(?:\\\\)*(?:\$|\.\*)$/.test(pattern)) return pattern;
  return alternatives ? `(?:${pattern}).*` : `${pattern}.*`;
}

function hasAlternatives(pattern: string): boolean {
  let depth = 0;
  let inClass = false;
  for (const [token] of pattern.matchAll(/\\[\s\S]|[\s\S]/g)) {
    if (inClass) inClass = token !== ']';
    else if (token === '[') inClass = true;
    else if (token === '(') depth += 1;
    else if (token === ')') depth -= 1;
    else if (token === '|' && depth === 0) return true;
  }
  return false;
}

/** Whether to try it on a text could take for ever: repetitions inside repetitions, or very many of them. */
export function isCostly(pattern: string): boolean {
  const opened: boolean[] = [false];
  let repetitions = 0;
  const tokens =
    pattern.match(/\\[\s\S]|\[(?:\\[\s\S]|[^\]])*\]|\{[0-9,]+\}|\((?:\?[:=!<]=?!?)?|[\s\S]/g) ?? [];
  for (const [index, token] of tokens.entries()) {
    if (token.startsWith('(')) opened.push(false);
    const isGroup = token === ')';
    const inner = isGroup ? opened.pop() === true : false;
    const next = tokens[index + 1] ?? '';
    const repeats = next === '*' || next === '+' || /^\{[0-9]+,[0-9]*\}$/.test(next);
    if (repeats) repetitions += 1;
    if (isGroup && repeats && inner) return true;
    if (repeats || inner || token === '|' || next === '?') opened[opened.length - 1] = true;
  }
  return repetitions > 4;
}

/** Python's group openings that mean the same. */
const groups = ['(?:', '(?=', '(?!', '(?<=', '(?<!'];

class PatternReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Result<string> {
    let written = '';
    while (this.#at < this.#text.length) {
      const token = this.#next();
      if (!token.ok) return token;
      written += token.value;
    }
    return ok(written);
  }

  #next(): Result<string> {
    const character = this.#take(1);
    switch (character) {
      case '\\':
        return this.#escape(false);
      case '[':
        return this.#class();
      case '(':
        return this.#group();
      case '{':
        return ok(this.#repetition());
      case '}':
      case ']':
        return ok(`\\${character}`);
      default:
        return ok(character);
    }
  }

  #take(count: number): string {
    const taken = this.#text.slice(this.#at, this.#at + count);
    this.#at += count;
    return taken;
  }

  #matching(pattern: RegExp): RegExpExecArray | undefined {
    const match = pattern.exec(this.#text.slice(this.#at));
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match;
  }

  #escape(inClass: boolean): Result<string> {
    const letter = this.#take(1);
    if (letter === '') return err('a backslash at the end');
    if (!inClass && letter === 'A') return ok('^');
    if (!inClass && letter === 'Z') return ok('$');
    if (letter === 'a') return ok('\\x07');
    const isSame = inClass ? /[bdDwWsSnrtfv]/ : /[bBdDwWsSnrtfv1-9]/;
    if (isSame.test(letter)) return ok(`\\${letter}`);
    if (letter === 'x' || letter === 'u') {
      const digits = this.#matching(letter === 'x' ? /^[0-9a-fA-F]{2}/ : /^[0-9a-fA-F]{4}/)?.[0];
      return digits === undefined ? err(`\\${letter} in a regular expression`) : ok(`\\${letter}${digits}`);
    }
    if (/[A-Za-z0-9]/.test(letter)) return err(`\\${letter} in a regular expression`);
    return ok(/[\^$\\.*+?()[\]{}|/]/.test(letter) || (inClass && letter === '-') ? `\\${letter}` : letter);
  }

  #class(): Result<string> {
    let written = `[${this.#matching(/^\^/)?.[0] ?? ''}`;
    // A bracket that comes first stands for itself.
    if (this.#matching(/^\]/) !== undefined) written += '\\]';
    while (this.#at < this.#text.length) {
      const character = this.#take(1);
      if (character === ']') return ok(`${written}]`);
      if (/[\ue000-\ue004]/.test(character)) return err('a variable inside of [...]');
      const part = character === '\\' ? this.#escape(true) : ok(character === '[' ? '\\[' : character);
      if (!part.ok) return part;
      written += part.value;
    }
    return err('a "[" without its "]"');
  }

  #group(): Result<string> {
    const rest = this.#text.slice(this.#at - 1);
    if (!rest.startsWith('(?')) return ok('(');
    const opening = groups.find((known) => rest.startsWith(known));
    if (opening !== undefined) {
      this.#at += opening.length - 1;
      return ok(opening);
    }
    const name = this.#matching(/^\?P<([A-Za-z_]\w*)>/)?.[1];
    if (name !== undefined) return ok(`(?<${name}>`);
    const reference = this.#matching(/^\?P=([A-Za-z_]\w*)\)/)?.[1];
    if (reference !== undefined) return ok(`\\k<${reference}>`);
    if (this.#matching(/^\?#[^)]*\)/) !== undefined) return ok('');
    return err(`"${rest.slice(0, 5)}" in a regular expression`);
  }

  /** `{` that is no repetition stands for itself in Python. */
  #repetition(): string {
    const match = this.#matching(/^([0-9]*)(,?)([0-9]*)\}/);
    if (match === undefined) return '\\{';
    const [, least = '', comma = '', most = ''] = match;
    if (least === '' && most === '') return comma === '' ? '\\{\\}' : '*';
    return `{${least === '' ? '0' : least}${comma}${most}}`;
  }
}
