/**
 * Errors are data: one union, one exit status a variant, one renderer (src/report/render.ts).
 * Exit statuses are those of sysexits.h.
 */
import type { Origin } from './policy.ts';

/** One reason for a refusal. `message` says what was refused, `instead` what would be allowed. */
export interface Reason {
  /** Stable name of the rule: the setting's path (`volume_mounts.available`) or a built-in rule (`ownership`). */
  readonly rule: string;
  readonly message: string;
  readonly instead?: string;
  /** Where the setting was made. Shown to root and in the audit record, not to users. */
  readonly origin?: Origin;
}

/** A mistake in a configuration file. Only root sees `message`; users see which file an admin must look at. */
export interface ConfigProblem {
  readonly file: string;
  /** 1-based; `undefined` where the problem is the file itself (owner, mode, duplicate). */
  readonly line?: number;
  readonly column?: number;
  /** The text of that line, for the caret. */
  readonly sourceLine?: string;
  readonly message: string;
}

export type Failure =
  | { readonly code: 'usage'; readonly message: string; readonly hint?: string }
  | { readonly code: 'unavailable'; readonly message: string; readonly hint?: string }
  | { readonly code: 'denied'; readonly reasons: readonly Reason[] }
  | { readonly code: 'config'; readonly problems: readonly ConfigProblem[] };

/** sysexits.h: EX_USAGE, EX_UNAVAILABLE, EX_NOPERM, EX_CONFIG. */
export const exitStatus: { readonly [code in Failure['code']]: number } = {
  usage: 64,
  unavailable: 69,
  denied: 77,
  config: 78,
};

/** Carries a Failure up from code that does I/O. src/main.ts is the only place that catches it to exit. */
export class UserdockerError extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.code);
    this.failure = failure;
  }
}

export function usage(message: string, hint?: string): UserdockerError {
  return new UserdockerError({ code: 'usage', message, ...(hint === undefined ? {} : { hint }) });
}

export function unavailable(message: string, hint?: string): UserdockerError {
  return new UserdockerError({ code: 'unavailable', message, ...(hint === undefined ? {} : { hint }) });
}

export function denied(...reasons: readonly Reason[]): UserdockerError {
  return new UserdockerError({ code: 'denied', reasons });
}

export function configError(...problems: readonly ConfigProblem[]): UserdockerError {
  return new UserdockerError({ code: 'config', problems });
}
