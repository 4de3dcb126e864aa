/**
 * The words docker is given, in one canonical form that its parser can read in one way only. No word is taken over from the
 * user's command line: each is built here from a flag of the grammar and a value.
 */
import { findFlag } from './grammar.ts';
import type { CommandGrammar, FlagSpec, ParsedCommand } from './types.ts';

export interface RenderStyle {
  /** `false`: no `--` before the operands. nvidia-docker takes none. Operands that begin with `-` are then refused. */
  readonly endOfOptions: boolean;
}

/**
 * One option: `--flag=value`, `--flag` for a true boolean. The value stands in the same word, so that nothing in it can be taken
 * for another option.
 *
 * @throws for an option of userdocker itself, and for a value of the wrong type: both are mistakes in the program
 */
export function renderOption(flag: FlagSpec, value: boolean | string): readonly string[] {
  if (flag.own === true) throw new Error(`${flag.long} is not docker's`);
  if (typeof value === 'boolean') {
    if (flag.type !== 'bool') throw new Error(`${flag.long} takes a text`);
    // With its value written out: should docker take a value for a flag that only an admin's entry vouches for, then this one,
    // and not the next option.
    if (flag.extra === true) return [`${flag.long}=${value}`];
    return [value ? flag.long : `${flag.long}=false`];
  }
  if (flag.type === 'bool') throw new Error(`${flag.long} takes no text`);
  if (flag.renderShort !== true || flag.short === undefined) return [`${flag.long}=${value}`];
  // `-t=` would be the value `=` (pflag).
  return value === '' ? [flag.short, ''] : [`${flag.short}=${value}`];
}

/** `--`, the operands, the payload: behind `--` docker takes no word for an option. */
export function renderOperands(
  operands: readonly string[],
  payload: readonly string[],
  style: RenderStyle = { endOfOptions: true },
): readonly string[] {
  if (style.endOfOptions) {
    return operands.length + payload.length === 0 ? [] : ['--', ...operands, ...payload];
  }
  const option = operands.find((operand) => operand.startsWith('-'));
  if (option !== undefined)
    throw new Error(`an operand that looks like an option: ${JSON.stringify(option)}`);
  if (operands.length === 0 && payload.length > 0) throw new Error('a payload without an operand before it');
  return [...operands, ...payload];
}

/** The whole command, from `run` on. Options of userdocker itself are left out. */
export function renderCommand(
  grammar: CommandGrammar,
  parsed: ParsedCommand,
  extraFlags: readonly FlagSpec[] = [],
  style: RenderStyle = { endOfOptions: true },
): readonly string[] {
  const flags = [...grammar.flags, ...extraFlags];
  const options = parsed.options.flatMap(({ flag, value }) => {
    const spec = findFlag(flags, flag);
    if (spec === undefined) throw new Error(`no such option: ${flag}`);
    return spec.own === true ? [] : renderOption(spec, value);
  });
  return [parsed.command, ...options, ...renderOperands(parsed.operands, parsed.payload, style)];
}
