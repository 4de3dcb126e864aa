/**
 * What a single value may be. Each parser takes what stood in the file and fills in the caller's variables; the schema
 * runs them over every layer with sample variables, src/config/build.ts over the merged result with the caller's own.
 */
import { nearest } from '../args/nearest.ts';
import { type AbsolutePath, parseAbsolutePath } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { parseSize } from '../policy/values.ts';
import { fillPath, fillPattern, fillText, sampleVariables, type Variables } from './variables.ts';

export type Parse<T> = (value: unknown, variables: Variables) => Result<T>;

export const text: Parse<string> = (value, variables) => {
  const written = writtenText(value);
  return written.ok ? fillText(written.value, variables) : written;
};

export const truth: Parse<boolean> = (value) =>
  typeof value === 'boolean' ? ok(value) : err(`expected true or false, found ${shown(value)}`);

/** An integer, `least` or more. */
export function integer(least: number): Parse<number> {
  return (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= least
      ? ok(value)
      : err(`expected a whole number, ${least} or more, found ${shown(value)}`);
}

/** CPUs: `1.5`. */
export const decimal: Parse<number> = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0
    ? ok(value)
    : err(`expected a number, 0 or more, found ${shown(value)}`);

/** Bytes. */
export const size: Parse<number> = (value) => {
  const bytes = typeof value === 'string' || typeof value === 'number' ? parseSize(String(value)) : undefined;
  return bytes === undefined ? err(`expected a size such as 64g or 512m, found ${shown(value)}`) : ok(bytes);
};

/** A bound that docker would take for "no limit" if it were 0. */
export function aboveZero(parse: Parse<number>): Parse<number> {
  return (value, variables) => {
    const number = parse(value, variables);
    return number.ok && number.value === 0
      ? err('0 would be no limit to docker: for no limit write null')
      : number;
  };
}

/** `null`: no limit. */
export function orNone<T>(parse: Parse<T>): Parse<T | undefined> {
  return (value, variables) => (value === null ? ok(undefined) : parse(value, variables));
}

export function oneOf<const Words extends readonly string[]>(words: Words): Parse<Words[number]> {
  return (value) => {
    const word = words.find((known) => known === value);
    if (word !== undefined) return ok(word);
    const near = typeof value === 'string' ? didYouMean(value, words) : '';
    return err(`${shown(value)} is not one of ${words.join(', ')}${near}`);
  };
}

export const absolutePath: Parse<AbsolutePath> = (value, variables) => {
  const written = writtenText(value);
  if (!written.ok) return written;
  const filled = fillPath(written.value, variables);
  return filled.ok ? parseAbsolutePath(filled.value) : filled;
};

/** The text of a regular expression that compiles, with the variables' values as literal text. */
export const pattern: Parse<string> = (value, variables) => {
  if (typeof value !== 'string') return err(`expected a regular expression, found ${shown(value)}`);
  const filled = fillPattern(value, variables);
  if (!filled.ok) return filled;
  // Without variables it is the text that the schema has tried, and to compile takes time.
  if (filled.value === value && variables !== sampleVariables) return filled;
  const problem = compileProblem(filled.value) ?? compileProblem(`^(?:${filled.value})$`);
  return problem === undefined ? filled : err(`not a regular expression: ${problem}`);
};

/**
 * The u flag is for the admin's sake: without it `\A`, `\Z` or `\p{L}` (Python's, or Unicode's) would silently stand for
 * the letters themselves. The expression is also tried alone: `a)|(b` compiles once it is put into a group.
 */
export function compileProblem(expression: string): string | undefined {
  try {
    new RegExp(expression, 'su');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : 'invalid';
  }
}

export const dockerHost: Parse<string> = (value, variables) => {
  const host = text(value, variables);
  if (!host.ok) return host;
  const path = /^unix:\/\/(.*)$/s.exec(host.value)?.[1];
  if (path === undefined) {
    return err(`${host.value} is not supported: userdocker speaks to a local engine only, unix:///PATH`);
  }
  const socket = parseAbsolutePath(path);
  return socket.ok ? ok(host.value) : socket;
};

/** As the kernel spells it, without `CAP_`: `NET_ADMIN`. */
export const capability: Parse<string> = (value) => {
  const name = typeof value === 'string' ? value.toUpperCase().replace(/^CAP_/, '') : '';
  return /^[A-Z][A-Z_]*$/.test(name) ? ok(name) : err(`expected a capability or ALL, found ${shown(value)}`);
};

/** An index or a UUID, as `nvidia-smi -L` prints it. */
export const gpuName: Parse<string> = (value) => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return ok(String(value));
  const isName =
    typeof value === 'string' && /^(?:0|[1-9][0-9]{0,3}|(?:GPU|MIG)-[A-Za-z0-9/-]+)$/.test(value);
  return isName ? ok(value) : err(`expected the index or UUID of a GPU, found ${shown(value)}`);
};

export const allGpus: Parse<'ALL'> = (value) =>
  value === 'ALL' ? ok('ALL') : err(`expected ALL or a list of GPUs, found ${shown(value)}`);

/** The keys of a map that has no fixed ones. */
export function keyName(what: string, form: RegExp): Parse<string> {
  return (value) =>
    typeof value === 'string' && form.test(value) ? ok(value) : err(`${shown(value)} is no name of ${what}`);
}

/** A text, or a number or truth value that stands for its own spelling (`max-file: 3`). */
export function writtenText(value: unknown): Result<string> {
  if (typeof value === 'string') return ok(value);
  if (typeof value === 'number' || typeof value === 'boolean') return ok(String(value));
  return err(`expected a text, found ${shown(value)}`);
}

export function shown(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  const words = JSON.stringify(value);
  return words.length > 80 ? `${words.slice(0, 80)}...` : words;
}

/** ` (did you mean "smi"?)`, or nothing. */
export function didYouMean(written: string, known: Iterable<string>): string {
  const near = nearest(written.slice(0, 100), known);
  return near === undefined ? '' : ` (did you mean ${near}?)`;
}
