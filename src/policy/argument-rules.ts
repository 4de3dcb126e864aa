/**
 * The entries of `args.<command>`, brought together with docker's grammar. A flag that the grammar does not know is one that only
 * the admin vouches for.
 */
import { parseBoolean } from '../args/boolean.ts';
import { findFlag } from '../args/grammar.ts';
import type { CommandGrammar, FlagSpec, FlagUnit } from '../args/types.ts';
import type { ArgumentRule, CommandArguments, Origin } from '../domain/policy.ts';
import { assertNever, err, ok, type Result } from '../domain/result.ts';
import { fullMatch } from './full-match.ts';
import { parseDuration, parseInteger, parseNanoCpus, parseSize } from './values.ts';

/** An entry whose flags and values are known to fit docker's grammar. */
export interface ResolvedRule {
  readonly flag: FlagSpec;
  readonly allowed: AllowedValues;
  readonly origin: Origin;
}

export type AllowedValues =
  | { readonly kind: 'any' }
  | { readonly kind: 'booleans'; readonly values: readonly boolean[] }
  | { readonly kind: 'texts'; readonly values: readonly string[] }
  | { readonly kind: 'max'; readonly max: string; readonly unit: FlagUnit }
  | { readonly kind: 'pattern'; readonly pattern: string };

export interface ArgumentRuleProblem {
  /** `args.run.available`. */
  readonly rule: string;
  readonly message: string;
  readonly origin: Origin;
}

/** A long flag as docker could have one. */
const flagName = /^--[a-z][a-z0-9-]*$/;

/**
 * Flags that the table does not know, from the admin's entries: with a value where the entry has one. Single-valued, as nothing
 * says otherwise.
 */
export function extraFlags(grammar: CommandGrammar, rules: CommandArguments): readonly FlagSpec[] {
  const extra: FlagSpec[] = [];
  for (const rule of [...rules.always, ...rules.default, ...rules.available]) {
    const known = [...grammar.flags, ...extra];
    if (rule.flags.some((flag) => findFlag(known, flag) !== undefined)) continue;
    const long = rule.flags.find((flag) => flagName.test(flag) && flag !== '--help');
    if (long === undefined) continue;
    const short = rule.flags.find((flag) => /^-[a-zA-Z]$/.test(flag) && flag !== '-h');
    const aliases = rule.flags.filter((flag) => flag !== long && flagName.test(flag) && flag !== '--help');
    const type = rule.values.kind === 'none' ? 'bool' : 'text';
    extra.push({
      long,
      ...(short === undefined ? {} : { short }),
      aliases,
      type,
      repeatable: false,
      extra: true,
    });
  }
  return extra;
}

/**
 * Every entry of `args.<command>` that can't be meant: for the loading of the configuration, and for the admin's check.
 *
 * @param managed flags that other settings rule: an entry for one would promise what nobody keeps
 */
export function checkArgumentRules(
  grammar: CommandGrammar,
  rules: CommandArguments,
  managed: ReadonlySet<string> = new Set(),
): readonly ArgumentRuleProblem[] {
  const flags = [...grammar.flags, ...extraFlags(grammar, rules)];
  const lists = ['always', 'default', 'available'] as const;
  return lists.flatMap((list) =>
    rules[list].flatMap((rule) => {
      const resolved = list === 'available' ? resolveRule(flags, rule) : resolveFixed(flags, rule);
      const problem = (message: string) => [
        { rule: `args.${grammar.command}.${list}`, message, origin: rule.origin },
      ];
      if (!resolved.ok) return problem(resolved.error);
      const { long } = resolved.value.flag;
      return managed.has(long)
        ? problem(`${long} is ruled by a setting of its own and has no effect here`)
        : [];
    }),
  );
}

/** An entry of `available`. */
export function resolveRule(flags: readonly FlagSpec[], rule: ArgumentRule): Result<ResolvedRule> {
  const flag = resolveFlag(flags, rule.flags);
  if (!flag.ok) return flag;
  const allowed = resolveValues(flag.value, rule);
  return allowed.ok ? ok({ flag: flag.value, allowed: allowed.value, origin: rule.origin }) : allowed;
}

/** An entry of `always` or `default`: what is put in must be said; a flag that may be repeated can be put in several times. */
export function resolveFixed(
  flags: readonly FlagSpec[],
  rule: ArgumentRule,
): Result<{
  readonly flag: FlagSpec;
  readonly values: readonly (boolean | string)[];
  readonly origin: Origin;
}> {
  const resolved = resolveRule(flags, rule);
  if (!resolved.ok) return resolved;
  const { flag, allowed, origin } = resolved.value;
  if (rule.values.kind === 'none') return ok({ flag, values: [true], origin });
  if (allowed.kind !== 'booleans' && allowed.kind !== 'texts')
    return err(`${flag.long}: which value is to be put in?`);
  if (allowed.values.length > 1 && !flag.repeatable)
    return err(`${flag.long} can be put in with one value only`);
  if (allowed.values.length === 0) return err(`${flag.long}: which value is to be put in?`);
  return ok({ flag, values: allowed.values, origin });
}

function resolveFlag(flags: readonly FlagSpec[], written: readonly string[]): Result<FlagSpec> {
  const [first] = written;
  if (first === undefined) return err('an entry without a flag');
  const found = written.map((flag) => findFlag(flags, flag));
  const flag = found[0] ?? found.find((other) => other !== undefined);
  if (flag === undefined) return err(`${first} can't be the name of an option`);
  const stranger = written.find((_, index) => found[index] !== flag);
  if (stranger !== undefined)
    return err(`${stranger} is not another name of ${flag.long}: it needs an entry of its own`);
  if (flag.own === true) return err(`${flag.long} is userdocker's own and needs no entry`);
  return ok(flag);
}

function resolveValues(flag: FlagSpec, { values }: ArgumentRule): Result<AllowedValues> {
  const bool = flag.type === 'bool';
  switch (values.kind) {
    case 'none':
      if (bool) return ok({ kind: 'booleans', values: [true, false] });
      return err(`${flag.long} takes a value: write ${flag.long}= for any, ${flag.long}=VALUE for one`);
    case 'any':
      return ok(bool ? { kind: 'booleans', values: [true, false] } : { kind: 'any' });
    case 'one-of':
      return bool ? resolveBooleans(flag, values.values) : ok({ kind: 'texts', values: values.values });
    case 'max':
      return resolveMaximum(flag, String(values.max));
    case 'pattern':
      if (bool) return err(`${flag.long} takes no value that a pattern could match`);
      return isPattern(values.pattern)
        ? ok({ kind: 'pattern', pattern: values.pattern })
        : err(`${flag.long}: not a regular expression: ${values.pattern}`);
    default:
      return assertNever(values);
  }
}

function resolveBooleans(flag: FlagSpec, texts: readonly string[]): Result<AllowedValues> {
  const values = texts.flatMap((text) => parseBoolean(text) ?? []);
  return values.length === texts.length
    ? ok({ kind: 'booleans', values })
    : err(`${flag.long} is on or off: true or false`);
}

function resolveMaximum(flag: FlagSpec, max: string): Result<AllowedValues> {
  if (flag.unit === undefined) return err(`${flag.long} has no maximum: use a pattern`);
  return parseAmount(flag.unit, max) === undefined
    ? err(`${flag.long}: not a maximum: ${max}`)
    : ok({ kind: 'max', max, unit: flag.unit });
}

/** A pattern must be one by itself: `a)|(b` is none, but would become one inside the group that makes it match the whole string. */
function isPattern(pattern: string): boolean {
  try {
    new RegExp(pattern);
    return true;
  } catch {
    return false;
  }
}

/** Whether a value is within an entry. */
export function isAllowed(allowed: AllowedValues, value: boolean | string): boolean {
  switch (allowed.kind) {
    case 'any':
      return typeof value === 'string';
    case 'booleans':
      return allowed.values.some((one) => one === value);
    case 'texts':
      return allowed.values.some((one) => one === value);
    case 'max':
      return typeof value === 'string' && isWithin(allowed.unit, value, allowed.max);
    case 'pattern':
      return typeof value === 'string' && fullMatch(allowed.pattern, value);
    default:
      return assertNever(allowed);
  }
}

/** 0, a negative number or `unlimited` is docker's "no limit" and never within one; only a `number`'s 0 is the number. */
function isWithin(unit: FlagUnit, text: string, max: string): boolean {
  const amount = parseAmount(unit, text);
  const most = parseAmount(unit, max);
  if (amount === undefined || most === undefined) return false;
  return amount <= most && (amount > 0 || unit === 'number');
}

function parseAmount(unit: FlagUnit, text: string): number | undefined {
  switch (unit) {
    case 'bytes':
      return parseSize(text);
    case 'cpus':
      return parseNanoCpus(text);
    case 'count':
    case 'number':
      return parseInteger(text);
    case 'duration':
      return parseDuration(text);
    default:
      return assertNever(unit);
  }
}
