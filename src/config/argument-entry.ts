/**
 * One entry of an `args.COMMAND` list. Written forms (SPEC 4.1):
 *
 *   -t                                    a flag
 *   --workdir=                            a flag with any value
 *   --network=none                        a flag with one value
 *   [-t, --tty]  [--workdir=, -w]         with its aliases; docker is given the first
 *   [--network=none, =bridge]             with several values
 *   {flag: [--memory, -m], max: 64g}      with a bounded value
 *   {flag: --label, pattern: '[a-z]+'}    with a value that matches
 *
 * A map with neither max nor pattern is an error: it does not say whether it means `--flag` or `--flag=`.
 */
import { grammarOf } from '../args/grammar.ts';
import type { ArgumentRule, ArgumentValues, CommandArguments } from '../domain/policy.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { extraFlags, resolveFixed, resolveRule } from '../policy/argument-rules.ts';
import { managedFlags } from '../policy/managed.ts';
import { refusedArgument } from './refused-arguments.ts';
import type { Subcommand } from './subcommands.ts';
import { didYouMean, type Parse, pattern, shown, size } from './values.ts';
import { fillText, type Variables } from './variables.ts';

export type ArgumentEntry = Omit<ArgumentRule, 'origin'>;

export function argumentEntry(command: Subcommand): Parse<ArgumentEntry> {
  return (value, variables) => {
    const entry = readEntry(value, variables);
    if (!entry.ok) return entry;
    const refusal = refusedArgument(command, entry.value);
    return refusal === undefined ? entry : err(refusal);
  };
}

/** Also held against docker's grammar: whether the names belong together, and whether the option takes such a value. */
export function fittingEntry(command: Subcommand, list: keyof CommandArguments): Parse<ArgumentEntry> {
  const { flags } = grammarOf(command);
  return (value, variables) => {
    const entry = argumentEntry(command)(value, variables);
    if (!entry.ok) return entry;
    const rule: ArgumentRule = { ...entry.value, origin: { layer: 'config', file: '', line: 0 } };
    const alone: CommandArguments = { always: [], default: [], available: [rule] };
    const known = [...flags, ...extraFlags(grammarOf(command), alone)];
    const fitting = list === 'available' ? resolveRule(known, rule) : resolveFixed(known, rule);
    if (!fitting.ok) return fitting;
    const { long } = fitting.value.flag;
    if (managedFlags[command]?.has(long) !== true) return entry;
    return err(`${long} is ruled by a setting of its own and would have no effect here`);
  };
}

function readEntry(value: unknown, variables: Variables): Result<ArgumentEntry> {
  if (typeof value === 'string') return fromWords([value], variables);
  if (Array.isArray(value)) return fromWords(value, variables);
  if (typeof value === 'object' && value !== null) return fromMap(value, variables);
  return err(`expected a flag, a list of flags or {flag: ..., max: ...}, found ${shown(value)}`);
}

function fromWords(words: readonly unknown[], variables: Variables): Result<ArgumentEntry> {
  const flags: string[] = [];
  const values: string[] = [];
  for (const word of words) {
    if (typeof word !== 'string') return err(`expected a flag in quotes, found ${shown(word)}`);
    const equals = word.indexOf('=');
    const flag = equals < 0 ? word : word.slice(0, equals);
    if (flag === '' && flags.length === 0) return err('the first must be a flag: [--network=none, =bridge]');
    if (flag !== '' && !isFlag(flag)) return err(notAFlag(word));
    if (flag !== '') flags.push(flag);
    if (equals < 0) continue;
    const filled = fillText(word.slice(equals + 1), variables);
    if (!filled.ok) return filled;
    if (flag === '' && filled.value === '') return err('"=" alone says no value');
    values.push(filled.value);
  }
  if (flags.length === 0) return err('expected a flag, found an empty list');
  const chosen = chooseValues(values);
  return chosen.ok ? ok({ flags, values: chosen.value }) : chosen;
}

function chooseValues(values: readonly string[]): Result<ArgumentValues> {
  const named = values.filter((value) => value !== '');
  if (values.length === 0) return ok({ kind: 'none' });
  if (named.length === 0) return ok({ kind: 'any' });
  // The list would be decoration if the empty value meant "any" beside it.
  if (named.length < values.length) return err(`either any value ("=") or these: ${named.join(', ')}`);
  return ok({ kind: 'one-of', values: named });
}

function fromMap(map: object, variables: Variables): Result<ArgumentEntry> {
  let flags: readonly string[] = [];
  let values: ArgumentValues | undefined;
  for (const [key, part] of Object.entries(map)) {
    if (key === 'flag') {
      const read = readFlags(part);
      if (!read.ok) return read;
      flags = read.value;
    } else if (key === 'max' || key === 'pattern') {
      if (values !== undefined) return err('either max or pattern, not both');
      const read = key === 'max' ? readMaximum(part, variables) : readPattern(part, variables);
      if (!read.ok) return read;
      values = read.value;
    } else return err(`unknown key ${key} of an argument${didYouMean(key, ['flag', 'max', 'pattern'])}`);
  }
  if (flags.length === 0) return err('expected flag: --FLAG');
  if (values === undefined)
    return err(`say max or pattern; ${flags[0]} with any value is written ${flags[0]}=`);
  return ok({ flags, values });
}

function readFlags(part: unknown): Result<readonly string[]> {
  const flags: string[] = [];
  for (const word of Array.isArray(part) ? part : [part]) {
    if (typeof word !== 'string' || !isFlag(word)) return err(notAFlag(word));
    flags.push(word);
  }
  return flags.length === 0 ? err('expected a flag, found an empty list') : ok(flags);
}

function readMaximum(part: unknown, variables: Variables): Result<ArgumentValues> {
  const bytes = size(part, variables);
  if (typeof part === 'number' && part >= 0) return ok({ kind: 'max', max: part });
  if (typeof part === 'string' && bytes.ok) return ok({ kind: 'max', max: part });
  return err(`max: expected a number or a size such as 64g, found ${shown(part)}`);
}

function readPattern(part: unknown, variables: Variables): Result<ArgumentValues> {
  const expression = pattern(part, variables);
  return expression.ok ? ok({ kind: 'pattern', pattern: expression.value }) : expression;
}

function isFlag(word: string): boolean {
  return /^-[A-Za-z]$|^--[a-z0-9][a-z0-9-]*$/.test(word);
}

function notAFlag(word: unknown): string {
  return `expected a flag such as -t or --tty, found ${shown(word)} (each flag apart, not -it)`;
}
