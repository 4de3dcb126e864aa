/** Docker's grammar as data. */

export interface FlagSpec {
  /** Docker's canonical long form, `--tty`. */
  readonly long: string;
  /** `-t`. */
  readonly short?: string;
  /** Other long spellings docker takes for the same flag (`--net` for `--network`). */
  readonly aliases?: readonly string[];
  /** `bool`: the value is optional and must be one that Go's strconv.ParseBool takes. */
  readonly type: 'bool' | 'text';
  /** May be given more than once, each adding a value. */
  readonly repeatable: boolean;
}

export interface CommandGrammar {
  readonly command: string;
  readonly flags: readonly FlagSpec[];
  /** `false`: options end at the first positional, what follows is payload (run, exec). */
  readonly interspersed: boolean;
  /** The positionals before the payload: `CONTAINER`, `IMAGE`. */
  readonly operands: { readonly names: string; readonly min: number; readonly max: number };
  /** Whether more words may follow the operands (`run IMAGE [COMMAND] [ARG...]`). */
  readonly payload: boolean;
}

export interface Option {
  /** Canonical long form. */
  readonly flag: string;
  /** As the user wrote it, for messages: `-t`, `--tty`. */
  readonly spelled: string;
  /** Booleans parsed, everything else the exact text. */
  readonly value: boolean | string;
}

export interface ParsedCommand {
  readonly command: string;
  readonly options: readonly Option[];
  readonly operands: readonly string[];
  /** Byte for byte what followed the operands; empty strings included. */
  readonly payload: readonly string[];
}
