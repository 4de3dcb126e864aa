/**
 * Reads a command's arguments exactly as docker's parser does (github.com/spf13/pflag, flag.go: parseArgs, parseLongArg,
 * parseSingleShortArg), left to right. Where docker reads something and this does not, the call is refused; this never
 * reads anything that docker would read otherwise.
 *
 * Stricter than docker, on purpose: `-h` is help everywhere, a single-valued option is not overridden by a later one, and
 * `-test.*`, which pflag skips for the sake of Go's own tests, is an error.
 */
import { err, ok, type Result } from '../domain/result.ts';
import { parseBoolean } from './boolean.ts';
import { findFlag } from './grammar.ts';
import { unknownFlagHint } from './hints.ts';
import type { CommandGrammar, FlagSpec, Option, ParsedCommand, ParseProblem } from './types.ts';

/**
 * @param argv the words behind the command
 * @param extraFlags flags that only the admin's entries know, see `extraFlags` in src/policy/argument-rules.ts
 */
export function parseCommand(
  grammar: CommandGrammar,
  argv: readonly string[],
  extraFlags: readonly FlagSpec[] = [],
): Result<ParsedCommand, ParseProblem> {
  const reader: Reader = { grammar, flags: [...grammar.flags, ...extraFlags] };
  const scanned = scan(reader, argv);
  if (!scanned.ok) return scanned;
  const options = collapse(reader, scanned.value.options);
  if (!options.ok) return options;
  return distribute(grammar, options.value, scanned.value.positionals);
}

interface Reader {
  readonly grammar: CommandGrammar;
  readonly flags: readonly FlagSpec[];
}

/** What one word of options turned out to be. */
interface Step {
  readonly options: readonly Option[];
  /** The next word was this one's value. */
  readonly tookNext: boolean;
}

interface Scanned {
  readonly options: readonly Option[];
  readonly positionals: readonly string[];
}

function scan(reader: Reader, argv: readonly string[]): Result<Scanned, ParseProblem> {
  const options: Option[] = [];
  const positionals: string[] = [];
  let index = 0;
  while (index < argv.length) {
    const word = argv[index] ?? '';
    index += 1;
    if (!word.startsWith('-') || word === '-') {
      positionals.push(word);
      if (reader.grammar.interspersed) continue;
      positionals.push(...argv.slice(index));
      break;
    }
    if (word === '--') {
      positionals.push(...argv.slice(index));
      break;
    }
    const next = argv[index];
    const step = word.startsWith('--') ? readLong(reader, word, next) : readCluster(reader, word, next);
    if (!step.ok) return step;
    options.push(...step.value.options);
    if (step.value.tookNext) index += 1;
  }
  return ok({ options, positionals });
}

/** `--flag`, `--flag=value`, `--flag value`. */
function readLong(reader: Reader, word: string, next: string | undefined): Result<Step, ParseProblem> {
  if (/^--[-=]/.test(word))
    return problem(
      reader,
      'bad-syntax',
      word,
      `${word} is no option`,
      'options begin with one or two dashes',
    );
  const equals = word.indexOf('=');
  const name = equals === -1 ? word : word.slice(0, equals);
  const attached = equals === -1 ? undefined : word.slice(equals + 1);
  if (name === '--help') return readHelp(reader, attached ?? 'true');
  const flag = findFlag(reader.flags, name);
  if (flag === undefined) return unknown(reader, name, word);
  if (attached !== undefined) return withValue(reader, flag, name, attached, false);
  if (flag.type === 'bool') return withValue(reader, flag, name, 'true', false);
  return next === undefined ? missingValue(reader, name) : withValue(reader, flag, name, next, true);
}

/** `-t`, `-it`, `-w/x`, `-w=/x`, `-w /x`, `-itw /x`. The last letter may take the rest of the word, or the next word. */
function readCluster(reader: Reader, word: string, next: string | undefined): Result<Step, ParseProblem> {
  const options: Option[] = [];
  let rest = word.slice(1);
  while (rest !== '') {
    if (rest.startsWith('test.'))
      return problem(reader, 'bad-syntax', word, `docker ignores ${word}`, 'leave it out');
    const letter = `-${String.fromCodePoint(rest.codePointAt(0) ?? 0)}`;
    if (letter === '-h') return help(reader, letter);
    const flag = findFlag(reader.flags, letter);
    if (flag === undefined) return unknown(reader, letter, word);
    const step = readLetter(reader, flag, rest, next);
    if (!step.ok) return step;
    options.push(...step.value.options);
    if (step.value.tookNext || step.value.rest === '') return ok({ options, tookNext: step.value.tookNext });
    rest = step.value.rest;
  }
  return ok({ options, tookNext: false });
}

/** One letter of a cluster. `=` is a separator only with something behind it: pflag reads `-w=` as the value `=`. */
function readLetter(
  reader: Reader,
  flag: FlagSpec,
  rest: string,
  next: string | undefined,
): Result<Step & { readonly rest: string }, ParseProblem> {
  const letter = `-${rest[0]}`;
  const done = (value: string, left: string, tookNext = false) => {
    const step = withValue(reader, flag, letter, value, tookNext);
    return step.ok ? ok({ ...step.value, rest: left }) : step;
  };
  if (rest.length > 2 && rest[1] === '=') return done(rest.slice(2), '');
  if (flag.type === 'bool') return done('true', rest.slice(1));
  if (rest.length > 1) return done(rest.slice(1), '');
  return next === undefined ? missingValue(reader, letter) : done(next, '', true);
}

function withValue(
  reader: Reader,
  flag: FlagSpec,
  spelled: string,
  text: string,
  tookNext: boolean,
): Result<Step, ParseProblem> {
  const value = flag.type === 'bool' ? parseBoolean(text) : text;
  if (value === undefined) {
    const message = `${spelled} is on or off, it can't be ${JSON.stringify(text)}`;
    return problem(reader, 'bad-boolean', spelled, message, `${spelled}=true or ${spelled}=false`);
  }
  return ok({ options: [{ flag: flag.long, spelled, value }], tookNext });
}

function readHelp(reader: Reader, text: string): Result<Step, ParseProblem> {
  const value = parseBoolean(text);
  if (value === false) return ok({ options: [], tookNext: false });
  return value === true
    ? help(reader, '--help')
    : problem(reader, 'bad-boolean', '--help', `--help can't be ${JSON.stringify(text)}`, '--help');
}

/** A single-valued option said twice: the same is said once, and two different ones are a mistake, not an override. */
function collapse(reader: Reader, options: readonly Option[]): Result<readonly Option[], ParseProblem> {
  const kept = new Map<string, Option>();
  const collapsed: Option[] = [];
  for (const option of options) {
    const flag = findFlag(reader.flags, option.flag);
    const earlier = flag?.repeatable === true ? undefined : kept.get(option.flag);
    if (earlier === undefined) {
      kept.set(option.flag, option);
      collapsed.push(option);
    } else if (earlier.value !== option.value) {
      const message = `${option.spelled} is given twice, as ${shown(earlier.value)} and as ${shown(option.value)}`;
      return problem(reader, 'conflict', option.spelled, message, 'give it once');
    }
  }
  return ok(collapsed);
}

function distribute(
  grammar: CommandGrammar,
  options: readonly Option[],
  positionals: readonly string[],
): Result<ParsedCommand, ParseProblem> {
  const { names, min, max } = grammar.operands;
  const hint = `usage: ${usageLine(grammar)}`;
  const operands = grammar.payload ? positionals.slice(0, max) : positionals;
  const payload = grammar.payload ? positionals.slice(max) : [];
  const command = grammar.command;
  if (operands.length < min || payload.length < grammar.payloadMin) {
    const missing = operands.length < min ? names : 'COMMAND';
    return err({
      kind: 'too-few',
      command,
      spelled: '',
      message: `${command} needs ${missing}`,
      hint,
    });
  }
  const surplus = operands[max];
  if (surplus !== undefined) {
    const message = `${command} takes no ${JSON.stringify(surplus)}${max === 0 ? '' : ` behind ${names}`}`;
    return err({ kind: 'too-many', command, spelled: surplus, message, hint });
  }
  return ok({ command, options, operands, payload });
}

/** `userdocker exec [OPTIONS] CONTAINER COMMAND [ARG...]` */
export function usageLine({ command, operands, payload, payloadMin }: CommandGrammar): string {
  const rest = payloadMin > 0 ? ' COMMAND [ARG...]' : payload ? ' [COMMAND] [ARG...]' : '';
  return `userdocker ${command} [OPTIONS] ${operands.names}${rest}`.trimEnd();
}

function unknown(reader: Reader, spelled: string, word: string): Result<never, ParseProblem> {
  const within = spelled.startsWith('--') || word === spelled ? '' : ` (in ${word})`;
  const message = `${reader.grammar.command} has no option ${spelled}${within}`;
  return problem(
    reader,
    'unknown-flag',
    spelled,
    message,
    unknownFlagHint(reader.grammar.command, reader.flags, spelled, word),
  );
}

function missingValue(reader: Reader, spelled: string): Result<never, ParseProblem> {
  const hint = `${spelled} VALUE, or ${spelled}${spelled.startsWith('--') ? '=VALUE' : 'VALUE'}`;
  return problem(reader, 'missing-value', spelled, `${spelled} needs a value`, hint);
}

function help(reader: Reader, spelled: string): Result<never, ParseProblem> {
  return problem(reader, 'help', spelled, `help for ${reader.grammar.command}`);
}

function problem(
  reader: Reader,
  kind: ParseProblem['kind'],
  spelled: string,
  message: string,
  hint?: string,
): Result<never, ParseProblem> {
  return err({
    kind,
    command: reader.grammar.command,
    spelled,
    message,
    ...(hint === undefined ? {} : { hint }),
  });
}

function shown(value: boolean | string): string {
  return typeof value === 'boolean' ? String(value) : JSON.stringify(value);
}
