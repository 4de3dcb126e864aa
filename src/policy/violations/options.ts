/**
 * Settings that one option of `run` makes: allowed where the lists of `args.run` allow the option with that value, and demanded
 * where `always` puts it in. A value is compared in every spelling that the command line has for it.
 */
import { numberAt, textAt } from '../../domain/json.ts';
import type { ArgumentRule, Policy } from '../../domain/policy.ts';
import { assertNever } from '../../domain/result.ts';
import { type Context, isEmpty, type Judge, matchesWhole, show } from './common.ts';

/** One value of an option. */
export interface Element {
  readonly spellings: readonly string[];
  /** As the engine counts it. */
  readonly amount?: number;
  /** How many of the engine's units one of the command line's is: CPUs are billionths there. */
  readonly scale?: number;
}

export interface OptionRow {
  /** Every name that an entry may call it by. */
  readonly names: readonly string[];
  /** `undefined`: not to be understood. No elements: not set. */
  readonly elements: (value: unknown) => readonly Element[] | undefined;
  /** May be given several times. */
  readonly repeatable?: boolean;
  /** What stands there where nobody gave the option. */
  readonly isFilledIn?: (value: unknown, context: Context) => boolean;
}

export function judgeOption(row: OptionRow): Judge {
  return (value, context) => {
    const name = row.names[0] ?? '';
    const elements = row.elements(value);
    if (elements === undefined) return `is set to what ${name} can't make: ${show(value)}`;
    const { always, others } = rulesOf(context.policy, row.names);
    const lacking = always.find((rule) => !wordsOf(rule).every((word) => elements.some(isSpelled(word))));
    if (lacking !== undefined) return `lacks ${name}, which the policy enforces: ${show(value)}`;
    // A list takes other values beside the enforced ones.
    const rules = always.length > 0 && row.repeatable !== true ? always : [...always, ...others];
    if (always.length === 0 && row.isFilledIn?.(value, context) === true) return undefined;
    const wrong = elements.find((element) => !isOff(element) && !rules.some((rule) => allows(rule, element)));
    if (wrong === undefined) return undefined;
    const list = rules.length === 0 ? `${name} is not listed` : `${name} is only listed with other values`;
    return `is set, and ${list}: ${show(value)}`;
  };
}

/** Whether a value is within what the lists say of an option, for settings with more rules than these. */
export function isListed(policy: Policy, names: readonly string[], element: Element): boolean {
  const { always, others } = rulesOf(policy, names);
  return [...always, ...others].some((rule) => allows(rule, element));
}

export function switched(...names: readonly string[]): OptionRow {
  return {
    names,
    elements: (value) =>
      isEmpty(value) || value === true ? [{ spellings: [String(value === true)] }] : undefined,
  };
}

export function text(...names: readonly string[]): OptionRow {
  return {
    names,
    elements: (value) => {
      if (isEmpty(value)) return [];
      return typeof value === 'string' ? [{ spellings: [value] }] : undefined;
    },
  };
}

export function amount(unit: 'bytes' | 'cpus' | 'number', ...names: readonly string[]): OptionRow {
  return {
    names,
    elements: (value) => {
      if (isEmpty(value)) return [];
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) return undefined;
      return [{ spellings: spellAmount(unit, value), amount: value, scale: unit === 'cpus' ? 1e9 : 1 }];
    },
  };
}

/** Nanoseconds there, in one unit on the command line. */
export function duration(...names: readonly string[]): OptionRow {
  const units = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 36e11 };
  return {
    names,
    elements: (value) => {
      if (isEmpty(value)) return [];
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) return undefined;
      return [{ spellings: Object.entries(units).map(([unit, size]) => `${value / size}${unit}`) }];
    },
  };
}

/** @param spell all spellings of one entry; `undefined`: it has none */
export function list(
  names: readonly string[],
  spell: (value: unknown) => readonly string[] | undefined = (value) =>
    typeof value === 'string' ? [value] : undefined,
): OptionRow {
  return {
    names,
    repeatable: true,
    elements: (value) => {
      if (isEmpty(value)) return [];
      if (!Array.isArray(value)) return undefined;
      const spelled = value.map(spell);
      const known = spelled.filter((spellings) => spellings !== undefined);
      return known.length < spelled.length ? undefined : known.map((spellings) => ({ spellings }));
    },
  };
}

/** `{ NAME: VALUE }` of an option that is written `NAME=VALUE`. */
export function map(names: readonly string[], separator: string): OptionRow {
  return {
    ...list(names),
    elements: (value) => {
      if (isEmpty(value)) return [];
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
      const entries = Object.entries(value);
      if (entries.some(([, each]) => typeof each !== 'string')) return undefined;
      return entries.map(([name, each]) => ({
        spellings: each === '' ? [name, `${name}${separator}`] : [`${name}${separator}${each}`],
      }));
    },
  };
}

/** `nofile=1024`, `nofile=1024:2048`. */
export function spellUlimit(value: unknown): readonly string[] | undefined {
  const [name, soft, hard] = [textAt(value, 'Name'), numberAt(value, 'Soft'), numberAt(value, 'Hard')];
  if (name === undefined || soft === undefined || hard === undefined) return undefined;
  return soft === hard ? [`${name}=${soft}`, `${name}=${soft}:${hard}`] : [`${name}=${soft}:${hard}`];
}

function rulesOf(
  policy: Policy,
  names: readonly string[],
): { readonly always: readonly ArgumentRule[]; readonly others: readonly ArgumentRule[] } {
  const lists = policy.args['run'];
  const ours = (rules: readonly ArgumentRule[] = []) =>
    rules.filter(({ flags }) => flags.some((flag) => names.includes(flag)));
  return { always: ours(lists?.always), others: [...ours(lists?.default), ...ours(lists?.available)] };
}

function allows({ values }: ArgumentRule, element: Element): boolean {
  switch (values.kind) {
    case 'none':
      return element.spellings.includes('true');
    case 'any':
      return true;
    case 'one-of':
      return values.values.some((word) => isSpelled(word)(element));
    case 'max':
      return (
        element.amount !== undefined && element.amount > 0 && element.amount <= bound(element, values.max)
      );
    case 'pattern':
      return element.spellings.some((spelling) => matchesWhole(values.pattern, spelling));
    default:
      return assertNever(values);
  }
}

/** What an entry of `always` puts in. */
function wordsOf({ values }: ArgumentRule): readonly string[] {
  if (values.kind === 'one-of') return values.values;
  return values.kind === 'none' ? ['true'] : [];
}

function isSpelled(word: string): (element: Element) => boolean {
  return (element) =>
    element.spellings.includes(word) ||
    (element.amount !== undefined && element.amount === bound(element, word));
}

function isOff({ spellings }: Element): boolean {
  return spellings.length === 1 && spellings[0] === 'false';
}

/** `64g` in the engine's unit. */
function bound({ scale = 1 }: Element, written: string | number): number {
  const match = /^([0-9]*\.?[0-9]+)(?:b|([kmgtp])(?:i?b)?)?$/i.exec(String(written));
  const power = ['', 'k', 'm', 'g', 't', 'p'].indexOf((match?.[2] ?? '').toLowerCase());
  return match === null ? Number.NaN : Number(match[1]) * 1024 ** power * scale;
}

function spellAmount(unit: 'bytes' | 'cpus' | 'number', value: number): readonly string[] {
  if (unit === 'cpus') return [String(value / 1e9)];
  if (unit === 'number') return [String(value)];
  return ['', 'k', 'm', 'g', 't', 'p'].flatMap((letter, power) => {
    const number = value / 1024 ** power;
    if (!Number.isInteger(number)) return [];
    const suffixes = letter === '' ? ['', 'b'] : [letter, `${letter}b`, `${letter}ib`, letter.toUpperCase()];
    return suffixes.map((suffix) => `${number}${suffix}`);
  });
}
