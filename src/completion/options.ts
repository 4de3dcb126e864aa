/** The options that a caller may give, and their values where these are known beforehand: from the lists that also decide. Pure. */
import { constants } from 'node:os';
import { spellings } from '../args/grammar.ts';
import type { CommandGrammar, FlagSpec, Option } from '../args/types.ts';
import type { Policy } from '../domain/policy.ts';
import { assertNever } from '../domain/result.ts';
import { type AllowedValues, isAllowed, resolveRule } from '../policy/argument-rules.ts';
import { effectivePull } from '../policy/images.ts';
import { managedFlags } from '../policy/managed.ts';
import { type Candidate, words } from './candidate.ts';

type Rules = Pick<Policy, 'args' | 'executors' | 'images'>;

export interface OptionQuestion {
  readonly grammar: CommandGrammar;
  readonly policy: Rules;
  /** By name; GPUs are only offered where it has some. */
  readonly executor: string;
}

/** `--tty`, and a short form where somebody has typed just that. */
export function optionCandidates(
  question: OptionQuestion,
  given: readonly Option[],
  typed: string,
): readonly Candidate[] {
  const said = new Set(given.map(({ flag }) => flag));
  const offered = question.grammar.flags.filter(
    (flag) => isOffered(question, flag) && (flag.repeatable || !said.has(flag.long)),
  );
  return [
    ...offered.flatMap((flag) => {
      const about = rulesFor(question, flag)
        .map(described)
        .filter((text) => text !== '')
        .join(', ');
      return spellings(flag)
        .filter((spelled) => spelled === flag.long || spelled === typed)
        .map((word) => ({ word, about }));
    }),
    { word: '--help', about: 'show what may be given here' },
  ];
}

/** What has a setting of its own needs no entry in the lists. */
function isOffered(question: OptionQuestion, flag: FlagSpec): boolean {
  const { grammar, policy, executor } = question;
  if (flag.long === '--gpus') return policy.executors[executor]?.gpus !== undefined;
  const managed = managedFlags[grammar.command]?.has(flag.long) === true;
  return flag.own === true || managed || rulesFor(question, flag).length > 0;
}

function rulesFor({ grammar, policy }: OptionQuestion, flag: FlagSpec): readonly AllowedValues[] {
  const available = policy.args[grammar.command]?.available ?? [];
  return available.flatMap((rule) => {
    const resolved = resolveRule(grammar.flags, rule);
    return resolved.ok && resolved.value.flag === flag ? [resolved.value.allowed] : [];
  });
}

function described(allowed: AllowedValues): string {
  switch (allowed.kind) {
    case 'any':
    case 'booleans':
    case 'pattern':
      return '';
    case 'texts':
      return allowed.values.join(', ');
    case 'max':
      return `at most ${allowed.max}`;
    default:
      return assertNever(allowed);
  }
}

/** Values of options that need nothing but the policy. */
export function fixedValues(question: OptionQuestion, flag: FlagSpec, lead: string): readonly Candidate[] {
  const rules = rulesFor(question, flag);
  return words(
    guesses(question, flag, rules).filter((value) => isPossible(question, flag, value, rules)),
    lead,
  );
}

function guesses(
  { grammar }: OptionQuestion,
  flag: FlagSpec,
  rules: readonly AllowedValues[],
): readonly string[] {
  if (flag.type === 'bool') return ['true', 'false'];
  if (flag.long === '--signal' || flag.long === '--stop-signal') return signals;
  if (flag.long === '--filter' && grammar.command === 'ps') return psFilters;
  return rules.flatMap((rule) => (rule.kind === 'texts' ? rule.values : []));
}

function isPossible(
  { policy }: OptionQuestion,
  flag: FlagSpec,
  value: string,
  rules: readonly AllowedValues[],
): boolean {
  if (flag.own === true) return true;
  if (flag.long === '--pull' && !effectivePull(policy.images.pull, value, false).ok) return false;
  return rules.some((rule) => isAllowed(rule, flag.type === 'bool' ? value === 'true' : value));
}

const numbers = Object.keys(constants.signals);
/** As docker and kill(1) take them, with and without SIG. */
const signals: readonly string[] = [...numbers.map((name) => name.replace(/^SIG/, '')), ...numbers];

const states = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];
const psFilters = [
  ...['status', 'name', 'exited', 'health', 'ancestor', 'label', 'id', 'publish', 'expose'].map(
    (key) => `${key}=`,
  ),
  ...states.map((state) => `status=${state}`),
  ...['healthy', 'unhealthy', 'starting', 'none'].map((state) => `health=${state}`),
];
