/** Docker's grammar as data. */

/**
 * What docker reads the text of a flag as, where a rule may bound it (`max`): `bytes` (`64g`), `cpus` (`1.5`), `count` (an integer
 * whose 0 means "no limit" or "the default"), `number` (an integer whose 0 is just a small number), `duration` (`90s`).
 */
export type FlagUnit = 'bytes' | 'cpus' | 'count' | 'number' | 'duration';

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
  readonly unit?: FlagUnit;
  /** Only the newer of the two clients that the table is checked against knows it. */
  readonly since?: '28.2';
  /** Only the older one knows it. */
  readonly until?: '20.10';
  /** Hand docker the short form: the long one is not the same in all clients. */
  readonly renderShort?: true;
  /** From an admin's entry, not from the table. */
  readonly extra?: true;
  /** An option of userdocker itself: docker never sees it. */
  readonly own?: true;
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
  /** How many words the payload must have (`exec CONTAINER COMMAND`). */
  readonly payloadMin: number;
}

export interface Option {
  /** Canonical long form. */
  readonly flag: string;
  /** As the user wrote it, for messages: `-t`, `--tty`. */
  readonly spelled: string;
  /** Booleans parsed, everything else the exact text. */
  readonly value: boolean | string;
  /** It was read there, `--env-file secrets line 3`: its value is shown nowhere and stands on no command line. */
  readonly where?: string;
}

export interface ParsedCommand {
  readonly command: string;
  readonly options: readonly Option[];
  readonly operands: readonly string[];
  /** Byte for byte what followed the operands; empty strings included. */
  readonly payload: readonly string[];
}

/** Why a command line could not be read; `help` is not a mistake but `--help` or `-h` among the options. */
export interface ParseProblem {
  readonly kind:
    | 'help'
    | 'unknown-flag'
    | 'bad-syntax'
    | 'missing-value'
    | 'bad-boolean'
    | 'conflict'
    | 'too-few'
    | 'too-many';
  readonly command: string;
  /** The word, flag or letter that is wrong, as the user wrote it; empty where the problem is a missing operand. */
  readonly spelled: string;
  readonly message: string;
  readonly hint?: string;
}
