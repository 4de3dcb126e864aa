/**
 * Where on a command line the cursor stands. The words before it are read by the very parsers that read a whole command
 * line, so that what is offered is what will be understood. Pure.
 */
import { findFlag, findGrammar } from '../args/grammar.ts';
import { parseCommand } from '../args/parse.ts';
import type { CommandGrammar, FlagSpec, Option } from '../args/types.ts';
import { UserdockerError } from '../domain/errors.ts';
import type { CommandArguments } from '../domain/policy.ts';
import { type Frame, parseFrame } from '../frame.ts';
import { extraFlags } from '../policy/argument-rules.ts';

/** What may be put there. `lead`: the part of the word that stands before the value, `--network=`. */
export type Place =
  /** Where nothing is known: the command inside a container, what can't be read. */
  | { readonly kind: 'nowhere' }
  | { readonly kind: 'global-option' }
  | { readonly kind: 'executor'; readonly lead: string }
  /** @param explained behind `explain`: only docker's own commands */
  | { readonly kind: 'command'; readonly explained: boolean }
  /** One of these words and no other. */
  | { readonly kind: 'fixed'; readonly words: readonly string[]; readonly lead: string }
  | { readonly kind: 'option'; readonly grammar: CommandGrammar; readonly given: readonly Option[] }
  | {
      readonly kind: 'value';
      readonly grammar: CommandGrammar;
      readonly flag: FlagSpec;
      readonly lead: string;
    }
  | { readonly kind: 'operand'; readonly grammar: CommandGrammar; readonly given: readonly string[] };

export interface Position {
  readonly place: Place;
  /** The one that the line names. */
  readonly executor: string | undefined;
}

export interface Line {
  /** Before the word with the cursor. */
  readonly before: readonly string[];
  /** That word, up to the cursor. */
  readonly typed: string;
}

type Rules = { readonly [command: string]: CommandArguments };

const nowhere: Place = { kind: 'nowhere' };
const shells = ['bash', 'zsh', 'fish'];
const formats = ['text', 'json'];

/**
 * @param rules the policy's `args`
 * @param explained behind `explain`, where userdocker's own words can't stand
 */
export function positionOf(line: Line, rules: Rules, explained = false): Position {
  const { before, typed } = line;
  const withoutLast = before.at(-1) === '--executor' ? frameOf(before.slice(0, -1)) : undefined;
  if (withoutLast !== undefined && withoutLast.command === undefined) {
    return { place: { kind: 'executor', lead: '' }, executor: undefined };
  }
  const frame = frameOf(before);
  if (frame === undefined) return { place: nowhere, executor: undefined };
  const { command, args, executor } = frame;
  const rest = { before: args, typed };
  if (command === 'explain' && !explained) {
    const inner = atExplain(rest, rules);
    return { ...inner, executor: inner.executor ?? executor };
  }
  if (command === undefined) return { place: atFrame(typed, explained), executor };
  return { place: explained ? atDocker(command, rest, rules) : atWord(command, rest, rules), executor };
}

function frameOf(words: readonly string[]): Frame | undefined {
  try {
    return parseFrame(words);
  } catch (error) {
    if (error instanceof UserdockerError) return undefined;
    throw error;
  }
}

function atFrame(typed: string, explained: boolean): Place {
  const lead = '--executor=';
  if (typed.startsWith(lead)) return { kind: 'executor', lead };
  return typed.startsWith('-') ? { kind: 'global-option' } : { kind: 'command', explained };
}

function atWord(command: string, line: Line, rules: Rules): Place {
  if (command === 'policy') return atFormat(line) ?? nowhere;
  if (command !== 'completion') return atDocker(command, line, rules);
  return line.before.length === 0 ? { kind: 'fixed', words: shells, lead: '' } : nowhere;
}

/** `explain [--format json] [OPTIONS] COMMAND [ARG...]` */
function atExplain(line: Line, rules: Rules): Position {
  const [first, ...others] = line.before;
  const format = atFormat(line);
  if (format !== undefined && (line.before.length > 0 || line.typed.startsWith('--f'))) {
    return { place: format, executor: undefined };
  }
  const attached = first?.startsWith('--format=') === true;
  const before = first === '--format' ? others.slice(1) : attached ? others : line.before;
  return positionOf({ before, typed: line.typed }, rules, true);
}

/** The option right behind a word of userdocker's own. */
function atFormat({ before, typed }: Line): Place | undefined {
  const lead = '--format=';
  if (before.length === 1 && before[0] === '--format') return { kind: 'fixed', words: formats, lead: '' };
  if (before.length > 0 || !typed.startsWith('-')) return undefined;
  if (typed.startsWith(lead)) return { kind: 'fixed', words: formats, lead };
  return { kind: 'fixed', words: ['--format', '--help'], lead: '' };
}

function atDocker(command: string, line: Line, rules: Rules): Place {
  const grammar = findGrammar(command);
  return grammar === undefined ? nowhere : atCommand(grammar, line, rules[command]);
}

function atCommand(
  exact: CommandGrammar,
  { before, typed }: Line,
  rules: CommandArguments | undefined,
): Place {
  const extra = rules === undefined ? [] : extraFlags(exact, rules);
  const grammar: CommandGrammar = { ...exact, flags: [...exact.flags, ...extra] };
  const parsed = parseCommand(unfinished(grammar), before);
  const valuePlace = (spelled: string, lead: string): Place => {
    const flag = findFlag(grammar.flags, spelled);
    return flag === undefined ? nowhere : { kind: 'value', grammar, flag, lead };
  };
  if (!parsed.ok)
    return parsed.error.kind === 'missing-value' ? valuePlace(parsed.error.spelled, '') : nowhere;
  const { options, operands } = parsed.value;
  if (typed.startsWith('-') && optionsMayFollow(grammar, before)) {
    const name = /^(--[^=]+)=/.exec(typed)?.[1];
    return name === undefined ? { kind: 'option', grammar, given: options } : valuePlace(name, `${name}=`);
  }
  return operands.length < grammar.operands.max ? { kind: 'operand', grammar, given: operands } : nowhere;
}

/** Of a command line that is not yet typed to its end nothing can be missing. */
function unfinished(grammar: CommandGrammar): CommandGrammar {
  const operands = { ...grammar.operands, min: 0, max: Number.POSITIVE_INFINITY };
  return { ...grammar, operands, payload: false, payloadMin: 0 };
}

/** Whether `--help` would be an option here: not behind `--`, and not in the command inside a container. */
function optionsMayFollow(grammar: CommandGrammar, before: readonly string[]): boolean {
  const parsed = parseCommand(unfinished(grammar), [...before, '--help']);
  return !parsed.ok && parsed.error.kind === 'help';
}
