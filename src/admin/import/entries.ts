/** Single entries of the Python program's lists in userdocker's notation. Each is held against userdocker's own parser. */
import { fittingEntry } from '../../config/argument-entry.ts';
import { availableMount, fixedMount } from '../../config/mount-entry.ts';
import type { Plain } from '../../config/node.ts';
import type { Subcommand } from '../../config/subcommands.ts';
import { capability, gpuName } from '../../config/values.ts';
import { sampleVariables } from '../../config/variables.ts';
import { hasControlCharacter } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import { translatePattern } from './patterns.ts';
import type { Program } from './python-defaults.ts';
import { type Piece, shownPieces, type Value } from './value.ts';

/** What becomes of an entry: it is converted, it can be left out for the reason given, or an admin must look. */
export type Converted =
  | { readonly kind: 'entry'; readonly value: Plain }
  | { readonly kind: 'needless'; readonly why: string }
  | { readonly kind: 'lost'; readonly why: string };

export function entry(value: Plain): Converted {
  return { kind: 'entry', value };
}
export function lost(why: string): Converted {
  return { kind: 'lost', why };
}

/** The text with `${user}` and the like, as userdocker reads it. */
export function templateOf(value: Value): Result<string> {
  if (value.kind === 'id') return ok(`\${${value.variable}}`);
  if (value.kind !== 'text') return err('no text');
  return template(value.pieces);
}

function template(pieces: readonly Piece[]): Result<string> {
  const literals = pieces.filter((piece) => typeof piece === 'string');
  if (literals.some((literal) => literal.includes('${')))
    return err('"${", which userdocker takes for a variable');
  if (literals.some(hasControlCharacter)) return err('a control character');
  return ok(shownPieces(pieces));
}

export function patternEntry(value: Value): Converted {
  if (value.kind !== 'text') return lost('no text');
  const translated = translatePattern(value.pieces);
  return translated.ok ? entry(translated.value.whole) : lost(translated.error);
}

export function capabilityEntry(value: Value): Converted {
  const name = templateOf(value);
  const known = name.ok ? capability(name.value, sampleVariables) : name;
  return known.ok ? entry(known.value) : lost(known.error);
}

export function gpuEntry(value: Value): Converted {
  const plain =
    value.kind === 'number' ? value.value : value.kind === 'text' ? shownPieces(value.pieces) : undefined;
  const name = plain === undefined ? err('no GPU') : gpuName(plain, sampleVariables);
  return name.ok && plain !== undefined ? entry(plain) : lost(name.ok ? 'no GPU' : name.error);
}

/** `HOST:CONTAINER[:FLAGS]`; `HOST:` where the user chooses the place in the container. */
export function mountEntry(list: 'always' | 'available' | 'default'): (value: Value) => Converted {
  return (value) => {
    const written = templateOf(value);
    if (!written.ok) return lost(written.error);
    const [host = '', target, flags, ...more] = written.value.split(':');
    // docker would make an anonymous volume of it, and the Python program refuses every run for that.
    if (target === undefined)
      return lost('a mount without a place in the container, which the Python program refuses');
    if (target === '' && flags !== undefined) return lost('a mount of this form');
    if (more.length > 0 || (flags !== undefined && flags !== 'ro' && flags !== 'rw'))
      return lost('userdocker has no other flags of mounts than ro and rw');
    if (host.includes('*')) return lost('a "*", which userdocker would take for a pattern');
    const rule = [
      tidy(host),
      target === '' ? '' : tidy(target),
      ...(flags === undefined ? [] : [flags]),
    ].join(':');
    const parsed = (list === 'available' ? availableMount : fixedMount)(rule, sampleVariables);
    return parsed.ok ? entry(rule) : lost(parsed.error);
  };
}

function tidy(path: string): string {
  return path.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '');
}

/** An option of a list: `'-t'`, `('-t', '--tty')`, in the fork also `('--network=none', '=bridge')` and `'--init value'`. */
export function argumentEntryOf(
  program: Program,
  command: Subcommand,
  list: 'always' | 'default' | 'available',
  value: Value,
): Converted {
  const words = wordsOf(value);
  if (!words.ok) return lost(words.error);
  const split = words.value.map((word) => splitWord(program, word));
  const broken = split.find((part) => !part.ok);
  if (broken !== undefined && !broken.ok) return lost(broken.error);
  const parts = split.flatMap((part) => (part.ok ? [part.value] : []));
  const written =
    list === 'available' ? alternatives(parts) : parts.length === 1 ? alternatives(parts) : undefined;
  if (written === undefined) return lost('several names for what is put in');
  if (command === 'pull' && parts.some(({ flag }) => flag === '--all-tags'))
    return {
      kind: 'needless',
      why: 'pull --all-tags is left out: userdocker holds each tag against images.allowed',
    };
  const fits = fittingEntry(command, list)(written, sampleVariables);
  return fits.ok ? entry(written) : lost(fits.error);
}

interface Word {
  readonly flag: string;
  /** `undefined`: an option without a value; empty: with any. */
  readonly value: string | undefined;
}

export function wordsOf(value: Value): Result<readonly string[]> {
  if (value.kind === 'text') {
    const one = templateOf(value);
    return one.ok ? ok([one.value]) : one;
  }
  if (value.kind !== 'list' || value.spoilt !== undefined || value.uncertain)
    return err('neither an option nor its names');
  const words: string[] = [];
  for (const item of value.items) {
    const one = item.kind === 'text' ? templateOf(item) : err('an option that is not known');
    if (!one.ok) return one;
    words.push(one.value);
  }
  return words.length === 0 ? err('an empty entry') : ok(words);
}

/** The fork also takes a blank between an option and its value, and quotes around the value. */
export function splitWord(program: Program, word: string): Result<Word> {
  const match = (program === 'diffproml' ? /^([^= ]*)[= ](.*)$/s : /^([^=]*)=(.*)$/s).exec(word);
  const flag = (match?.[1] ?? word).trim();
  const written = match?.[2];
  if (/\s/.test(flag) || (program === 'userdocker' && word.includes(' ')))
    return err('a blank, which the Python program refuses');
  const value =
    program === 'diffproml' && written !== undefined
      ? (/^["']+(.*)["']+$/s.exec(written.trim())?.[1] ?? written.trim())
      : written;
  return ok({ flag, value });
}

function alternatives(parts: readonly Word[]): Plain {
  const anything = parts.some(({ value }) => value === '');
  const flags = [...new Set(parts.map(({ flag }) => flag).filter((flag) => flag !== ''))];
  const values = [...new Set(parts.flatMap(({ value }) => (value === undefined ? [] : [value])))];
  const [first = '', ...others] = flags;
  if (anything) return others.length === 0 ? `${first}=` : [`${first}=`, ...others];
  const [one, ...more] = values;
  const words = [
    one === undefined ? first : `${first}=${one}`,
    ...more.map((value) => `=${value}`),
    ...others,
  ];
  return words.length === 1 ? (words[0] ?? '') : words;
}

/** `NAME=value`. */
export function assignmentOf(value: Value): Result<{ readonly name: string; readonly value: string }> {
  const written = templateOf(value);
  if (!written.ok) return written;
  const equals = written.value.indexOf('=');
  if (equals <= 0) return err('a variable without a value: docker would take it from root');
  return ok({ name: written.value.slice(0, equals), value: written.value.slice(equals + 1) });
}
