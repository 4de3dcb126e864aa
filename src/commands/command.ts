/** What a subcommand is: what it takes, which facts it needs, which rules judge it. */
import type { CommandGrammar, Option, ParsedCommand } from '../args/types.ts';
import type { Engine } from '../docker/engine.ts';
import type { Caller } from '../domain/caller.ts';
import type { Decision, Part } from '../domain/decision.ts';
import type { Reason } from '../domain/errors.ts';
import type { Executor, LoadedPolicy, Policy } from '../domain/policy.ts';
import type { Frame } from '../frame.ts';

/** An option by its canonical flag. */
export interface ListedOption {
  readonly flag: string;
  readonly value: boolean | string;
  /** It was read from a file: no word of the command line may show it. */
  readonly hidden?: boolean;
}

/** One call of userdocker: who asks, under which policy, with which global options. */
export interface Session {
  /** The whole command line after the program's name, as it was given. */
  readonly argv: readonly string[];
  readonly caller: Caller;
  readonly loaded: LoadedPolicy;
  readonly frame: Frame;
  readonly executor: Executor & { readonly name: string };
  readonly engine: Engine;
  /** The caller's environment as far as the launcher let it through: NV_GPU and such. */
  readonly environment: { readonly [name: string]: string | undefined };
  /** Tells the user something on stderr, unless they asked for quiet. Never to be called while a lock is held. */
  note(message: string): void;
  /** The same for what is only of interest with `--debug`, or `log_level: debug`. */
  debug(message: string): void;
  /** Writes to stdout, for the few commands that don't end in docker. */
  print(text: string): void;
}

/** What the rules look at, beside the request and its facts. Plain data. */
export interface Subject {
  readonly caller: Caller;
  readonly policy: Policy;
  readonly executor: Executor & { readonly name: string };
  readonly noDefaultArgs: boolean;
}

/** What a subcommand's own rules say; empty `reasons`: allowed, with these parts. */
export interface Verdict {
  readonly reasons: readonly Reason[];
  /** Options that the rules put in, in their order; they come after the user's. */
  readonly parts: readonly Part[];
  /** What docker is given after `--`: names resolved to ids, references in their canonical form. */
  readonly operands: readonly string[];
  readonly payload: readonly string[];
  /** Variables docker itself needs (not the container). */
  readonly env?: { readonly [name: string]: string };
  /** What docker is to read from descriptors, and nobody else may see. */
  readonly files?: readonly string[];
}

export interface Command<Facts> {
  readonly grammar: CommandGrammar;
  /** Flags that need an entry, but are rendered by the command's own rules. */
  readonly rendered?: ReadonlySet<string>;
  /** Facts from outside. Nothing here changes anything. */
  gather(session: Session, request: ParsedCommand): Promise<Facts>;
  /** Gives back what the facts hold open, where nothing is going to be started. (docker inherits none of it in any case.) */
  readonly release?: (facts: Facts) => void;
  /**
   * The command's own rules: pure. The argument lists are judged by src/decide.ts for all commands alike.
   * @param listed the options that those lists let through or put in: what the container will really get
   */
  judge(subject: Subject, request: ParsedCommand, facts: Facts, listed: readonly ListedOption[]): Verdict;
  /** For a command that is not docker's but userdocker's own, or is with some of its options. Only done after an allow. */
  readonly own?: {
    readonly applies: (request: ParsedCommand) => boolean;
    /** @returns the exit status */
    readonly perform: (session: Session, request: ParsedCommand, facts: Facts) => Promise<number>;
  };
  /**
   * What must happen between the decision and docker's start, under the caller's lock, so that simultaneous calls
   * can't exceed a limit together: takes a fresh look at the contested facts, decides, and holds what was granted.
   */
  readonly hold?: (
    session: Session,
    request: ParsedCommand,
    facts: Facts,
    decide: (facts: Facts) => Decision,
  ) => Promise<Decision>;
}

/** The values of a flag that may be repeated. */
export function valuesOf(request: ParsedCommand, flag: string): readonly string[] {
  return entriesOf(request, flag).map(({ text }) => text);
}

/** The same, each with where it stands if that is in a file. */
export function entriesOf(
  request: ParsedCommand,
  flag: string,
): readonly { readonly text: string; readonly where: Option['where'] }[] {
  return request.options.flatMap(({ flag: given, value, where }) =>
    given === flag && typeof value === 'string' ? [{ text: value, where }] : [],
  );
}

/** The value of a flag that is given once. */
export function singleValue(request: ParsedCommand, flag: string): string | undefined {
  return valuesOf(request, flag).at(-1);
}

export function isSet(request: ParsedCommand, flag: string): boolean {
  return request.options.some((option) => option.flag === flag && option.value === true);
}
