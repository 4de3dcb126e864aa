/**
 * Files of `NAME=value` lines, read exactly as docker's client reads those of --env-file and --label-file (opts/file.go up to
 * docker 27, pkg/kvfile since): lines end at LF with or without a CR before it, a byte order mark in front of the first is
 * skipped, so is white space in front of each; `#` begins a comment there and nowhere else; quotes mean nothing; what stands
 * behind the first `=` is the value, trailing blanks included.
 *
 * Invariant: what `renderKeyValues` writes, docker reads as the very entries that were judged. It is read back here before it is
 * handed over.
 */
import { err, ok, type Result } from '../domain/result.ts';

/** One entry of a file. */
export interface KeyValue {
  /** 1-based. */
  readonly line: number;
  /** `NAME=value`; `NAME` alone where there is no `=`. */
  readonly text: string;
}

/** docker's line buffer is 64 KiB, the line's end (CR and LF, as we write it) included. Bytes. */
export const longestLine = 64 * 1024 - 2;

/** Go's unicode.IsSpace. JavaScript's own trimming takes U+FEFF for a space and U+0085 for none. */
const leadingSpace = /^[\t\n\u000b\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u;

/** @returns the entries; or what is wrong with which line, in words that repeat nothing of the file: it may hold secrets */
export function parseKeyValues(bytes: Uint8Array): Result<readonly KeyValue[]> {
  const text = decode(bytes);
  if (text === undefined) return err('it is not UTF-8 text');
  if (text.includes('\0')) return err('there is a NUL byte in it');
  const entries: KeyValue[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const number = index + 1;
    const whole = raw.replace(/\r$/, '');
    if (Buffer.byteLength(whole) > longestLine) return err(`line ${number} is too long`);
    const line = (index === 0 ? whole.replace(/^\ufeff/, '') : whole).replace(leadingSpace, '');
    if (line === '' || line.startsWith('#')) continue;
    const name = line.split('=', 1)[0] ?? '';
    if (name === '') return err(`line ${number} has no name in front of the "="`);
    if (/[ \t]/.test(name)) return err(`line ${number} has a blank in the name`);
    entries.push({ line: number, text: line });
  }
  return ok(entries);
}

/** The bytes of a UTF-8 text, its byte order mark left in. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * A file of these entries. It begins with a comment, so that no entry is the first line, whose byte order mark would be skipped;
 * lines end in CR LF, so that a CR at the end of a value stays.
 *
 * @throws where docker would read something else than these entries: a mistake in the program
 */
export function renderKeyValues(texts: readonly string[]): string {
  const file = ['# made by userdocker', ...texts].map((text) => `${text}\r\n`).join('');
  const read = parseKeyValues(Buffer.from(file));
  const isSame = read.ok && JSON.stringify(read.value.map(({ text }) => text)) === JSON.stringify(texts);
  if (!isSame) throw new Error('an entry of a file can not be handed over');
  return file;
}
