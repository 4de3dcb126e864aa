/** Python's literals (The Python Language Reference, 2.4 and 2.5), from their source text. */
import { err, ok, type Result } from '../../domain/result.ts';

/** Without `f`: replacement fields are the parser's. `bytes` are no text of a configuration. */
export interface StringParts {
  readonly raw: boolean;
  readonly bytes: boolean;
  readonly format: boolean;
  /** `rb`, `f`, or nothing. */
  readonly prefix: string;
  /** Between the quotes, as written. */
  readonly body: string;
  /** Where the body begins in the source text. */
  readonly start: number;
}

export function splitString(source: string): StringParts | undefined {
  const match = /^([A-Za-z]{0,2})('''|"""|'|")/.exec(source);
  if (match === null) return undefined;
  const [opening, prefix = '', quote = ''] = match;
  if (!source.endsWith(quote) || source.length < opening.length + quote.length) return undefined;
  const letters = prefix.toLowerCase();
  if (!['', 'r', 'u', 'b', 'f', 'br', 'rb', 'fr', 'rf'].includes(letters)) return undefined;
  return {
    raw: letters.includes('r'),
    bytes: letters.includes('b'),
    format: letters.includes('f'),
    prefix,
    body: source.slice(opening.length, source.length - quote.length),
    start: opening.length,
  };
}

/** The text that a body stands for. */
export function decodeBody(body: string, raw: boolean): Result<string> {
  if (raw || !body.includes('\\')) return ok(body);
  let text = '';
  let done = 0;
  for (const match of body.matchAll(escapeForm)) {
    const decoded = decodeEscape(match[0]);
    if (!decoded.ok) return decoded;
    text += body.slice(done, match.index) + decoded.value;
    done = match.index + match[0].length;
  }
  return ok(text + body.slice(done));
}

const escapeForm = /\\(?:\n|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|[\s\S])/g;
const simple: { readonly [letter: string]: string } = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

function decodeEscape(escaped: string): Result<string> {
  const letter = escaped.charAt(1);
  if (/^[0-7]/.test(letter)) return ok(String.fromCodePoint(Number.parseInt(escaped.slice(1), 8)));
  if (escaped.length > 2 && /^[xuU]/.test(letter)) {
    const code = Number.parseInt(escaped.slice(2), 16);
    const isScalar = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    return isScalar ? ok(String.fromCodePoint(code)) : err(`the character ${escaped}`);
  }
  if (/^[xuUN]/.test(letter)) return err(`the character ${escaped}`);
  // What is no escape stays as it is, with its backslash.
  return ok(simple[letter] ?? escaped);
}

/** A whole number that can be held exactly, or a decimal. */
export function decodeNumber(source: string): number | undefined {
  const digits = source.replaceAll('_', '').toLowerCase();
  if (
    !/^(?:0x[0-9a-f]+|0o[0-7]+|0b[01]+|0+|[1-9][0-9]*|[0-9]*\.[0-9]*(?:e[+-]?[0-9]+)?|[0-9]+e[+-]?[0-9]+)$/.test(
      digits,
    )
  )
    return undefined;
  const value = Number(digits);
  const isWhole = /^(?:0[xob]|[0-9]+$)/.test(digits);
  return Number.isFinite(value) && (!isWhole || Number.isSafeInteger(value)) ? value : undefined;
}
