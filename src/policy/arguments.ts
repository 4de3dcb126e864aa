/**
 * Which options a user may give, and which are put in: `args.<command>`. An option that no entry allows is refused, whatever it is.
 *
 * Invariants:
 * 1. what an entry of `always` says reaches docker, and no other value for the same flag does;
 * 2. no option of the user's reaches docker without an entry of `available`, or of `default` with the same value, that allows it;
 * 3. an entry that does not fit docker's grammar refuses the call: nobody knows what it was meant to bound.
 */

import { findFlag } from '../args/grammar.ts';
import { whyNotOffered } from '../args/not-offered.ts';
import { renderOption } from '../args/render.ts';
import type { CommandGrammar, FlagSpec, Option } from '../args/types.ts';
import type { Part, Source } from '../domain/decision.ts';
import type { Reason } from '../domain/errors.ts';
import { hasControlCharacter } from '../domain/ids.ts';
import type { ArgumentRule, CommandArguments, Origin } from '../domain/policy.ts';
import { assertNever } from '../domain/result.ts';
import {
  checkArgumentRules,
  extraFlags,
  isAllowed,
  type ResolvedRule,
  resolveFixed,
  resolveRule,
} from './argument-rules.ts';
import { readable } from './full-match.ts';

export interface ArgumentsSubject {
  readonly grammar: CommandGrammar;
  readonly rules: CommandArguments;
  /** As parsed with the same grammar, and `extraFlags` of the same rules. */
  readonly options: readonly Option[];
  /** `--no-default-args`. */
  readonly noDefaults: boolean;
  /** Flags that other rules judge and render: left alone here, and entries for them do not count. */
  readonly managed?: ReadonlySet<string>;
}

/** An option as docker will be given it. */
export interface RenderedOption extends Part {
  readonly flag: string;
  readonly value: boolean | string;
  /** From a file of the user's: not to stand on a command line. */
  readonly hidden?: boolean;
}

export interface ArgumentsVerdict {
  readonly always: readonly RenderedOption[];
  readonly defaults: readonly RenderedOption[];
  readonly user: readonly RenderedOption[];
  readonly reasons: readonly Reason[];
}

export function judgeArguments(subject: ArgumentsSubject): ArgumentsVerdict {
  const rules = resolve(subject);
  const given = subject.options.filter(({ flag }) => !isElsewhere(subject, findFlag(rules.flags, flag)));
  const verdicts = given.map((option) => judgeOption(rules, option));
  const user = verdicts.flatMap(({ rendered }) => (rendered === undefined ? [] : [rendered]));
  const isTaken = ({ flag, value }: RenderedOption) =>
    given.some((option) => option.flag === flag) ||
    rules.always.some((fixed) => contradicts(rules, fixed, flag, value));
  return {
    always: rules.always,
    defaults: subject.noDefaults ? [] : rules.defaults.filter((option) => !isTaken(option)),
    user,
    reasons: [
      ...brokenRules(subject),
      ...verdicts.flatMap(({ reason }) => (reason === undefined ? [] : [reason])),
    ],
  };
}

/** The lists, resolved. Entries that can't be are left out here: `brokenRules` refuses the call. */
interface Rules {
  readonly command: string;
  readonly flags: readonly FlagSpec[];
  readonly always: readonly RenderedOption[];
  readonly defaults: readonly RenderedOption[];
  readonly available: readonly ResolvedRule[];
}

function resolve(subject: ArgumentsSubject): Rules {
  const { grammar, rules } = subject;
  const command = grammar.command;
  const flags = [...grammar.flags, ...extraFlags(grammar, rules)];
  const fixed = (list: 'always' | 'default', source: Source) =>
    rules[list].flatMap((rule) => renderFixed(flags, rule, source, `args.${command}.${list}`));
  const counts = ({ flag }: { readonly flag: string }) => subject.managed?.has(flag) !== true;
  return {
    command,
    flags,
    always: fixed('always', 'enforced').filter(counts),
    defaults: fixed('default', 'default').filter(counts),
    available: rules.available.flatMap((rule) => {
      const resolved = resolveRule(flags, rule);
      return resolved.ok ? [resolved.value] : [];
    }),
  };
}

function renderFixed(
  flags: readonly FlagSpec[],
  rule: ArgumentRule,
  source: Source,
  name: string,
): readonly RenderedOption[] {
  const resolved = resolveFixed(flags, rule);
  if (!resolved.ok) return [];
  const { flag, values, origin } = resolved.value;
  return values.map((value) => rendered(flag, value, source, name, origin));
}

function rendered(
  flag: FlagSpec,
  value: boolean | string,
  source: Source,
  rule: string,
  origin: Origin,
): RenderedOption {
  return { flag: flag.long, value, words: renderOption(flag, value), source, rule, origin };
}

function brokenRules({ grammar, rules, managed }: ArgumentsSubject): readonly Reason[] {
  return checkArgumentRules(grammar, rules, managed).map(({ rule, message, origin }) => ({
    rule,
    message: `an admin must mend this entry: ${message}`,
    origin,
  }));
}

function isElsewhere(subject: ArgumentsSubject, flag: FlagSpec | undefined): boolean {
  return flag !== undefined && (flag.own === true || subject.managed?.has(flag.long) === true);
}

/** Neither field: the user has said again what is enforced anyway. */
interface OptionVerdict {
  readonly rendered?: RenderedOption;
  readonly reason?: Reason;
}

function judgeOption(rules: Rules, option: Option): OptionVerdict {
  const flag = findFlag(rules.flags, option.flag);
  if (flag === undefined) return { reason: notOffered(rules, option) };
  const same = ({ flag: other, value }: RenderedOption) => other === option.flag && value === option.value;
  if (rules.always.some(same)) return {};
  const enforced = rules.always.find((fixed) => contradicts(rules, fixed, option.flag, option.value));
  if (enforced !== undefined) return { reason: contradiction(option, enforced) };
  if (isUnprintable(option)) return { reason: unprintable(rules, option) };
  const name = `args.${rules.command}.available`;
  const allowing = rules.available.find(
    (rule) => rule.flag === flag && isAllowed(rule.allowed, option.value),
  );
  const hidden = option.where === undefined ? {} : { hidden: true };
  if (allowing !== undefined)
    return { rendered: { ...rendered(flag, option.value, 'you', name, allowing.origin), ...hidden } };
  const standard = rules.defaults.find(same);
  return standard === undefined
    ? { reason: notOffered(rules, option) }
    : { rendered: { ...standard, source: 'you', ...hidden } };
}

/**
 * Whether an option would undo, or be undone by, an enforced one. A list takes more values beside the enforced one, unless they
 * have the same key (`--label=project=gpu`): docker keeps the last.
 */
function contradicts(rules: Rules, enforced: RenderedOption, flag: string, value: boolean | string): boolean {
  if (enforced.flag !== flag) return false;
  if (findFlag(rules.flags, flag)?.repeatable !== true) return true;
  return keyOf(enforced.value) === keyOf(value);
}

/** `NAME` of `NAME=value`, the path of `--tmpfs=/path:size=1g`. */
function keyOf(value: boolean | string): string {
  return String(value).split(/[=:]/, 1)[0] ?? '';
}

function contradiction(option: Option, enforced: RenderedOption): Reason {
  return {
    rule: enforced.rule,
    message: `${shown(option)} is not allowed: ${enforced.words.join(' ')} is enforced`,
    instead: 'leave it out',
    ...(enforced.origin === undefined ? {} : { origin: enforced.origin }),
  };
}

/** These may hold anything. In other values a control character is a mistake, or an attack on what reads them later. */
const freeText = new Set(['--env', '--format']);

function isUnprintable({ flag, value }: Option): boolean {
  return !freeText.has(flag) && typeof value === 'string' && hasControlCharacter(value);
}

function unprintable({ command }: Rules, option: Option): Reason {
  return {
    rule: `args.${command}.available`,
    message: `the value of ${option.where ?? option.spelled} has a control character in it`,
    instead: 'a value on one line, without tabs and escapes',
  };
}

function notOffered({ command, available }: Rules, option: Option): Reason {
  const rule = `args.${command}.available`;
  const offers = available.filter(({ flag }) => flag.long === option.flag);
  const known = whyNotOffered(command, option.flag, option.value);
  const message = `${shown(option)} is not allowed${known === undefined ? '' : `: ${known.why}`}`;
  if (offers.length > 0) {
    const remedies = [...described(offers), ...(known?.instead === undefined ? [] : [known.instead])];
    return { rule, message, instead: remedies.join('; ') };
  }
  return { rule, message, instead: known?.instead ?? `what is allowed: userdocker ${command} --help` };
}

/** All entries for one flag: its values first, then what bounds others. */
function described(offers: readonly ResolvedRule[]): readonly string[] {
  const patterns = offers.flatMap(({ flag, allowed }) =>
    allowed.kind === 'pattern' ? [{ flag, pattern: readable(allowed.pattern) }] : [],
  );
  const [first] = patterns;
  const matching = patterns.map(({ pattern }) => pattern).join(' or ');
  const others = offers.map(describedRule).filter((text) => text !== '');
  return [
    ...(others.length === 0 ? [] : [others.join(', ')]),
    ...(first === undefined ? [] : [`a value of ${first.flag.long} that matches ${matching}`]),
  ];
}

function describedRule({ flag, allowed }: ResolvedRule): string {
  switch (allowed.kind) {
    case 'any':
      return `${flag.long}=...`;
    case 'booleans':
    case 'texts':
      return allowed.values.map((value) => `${flag.long}=${value}`).join(', ');
    case 'max':
      return `${flag.long} up to ${allowed.max}`;
    case 'pattern':
      return '';
    default:
      return assertNever(allowed);
  }
}

/** As the user wrote it. The value of an environment variable may be a secret, and reasons are written to the audit record. */
function shown({ spelled, flag, value, where }: Option): string {
  if (where !== undefined) return where;
  const alias = spelled === flag ? '' : ` (${flag})`;
  if (value === true) return `${spelled}${alias}`;
  const separator = spelled.startsWith('--') ? '=' : ' ';
  return `${spelled}${separator}${flag === '--env' ? keyOf(value) : value}${alias}`;
}
