import type { Reason } from './errors.ts';
import type { Origin } from './policy.ts';

/** Who put a part of the final command line there. */
export type Source = 'you' | 'default' | 'enforced';

/** One argument (or one inseparable group of arguments) of the final command, with its reason for being there. */
export interface Part {
  readonly words: readonly string[];
  readonly source: Source;
  /** The setting that says so, `args.run.always`; `docker` for what the grammar itself requires. */
  readonly rule: string;
  readonly origin?: Origin;
}

/** Everything the last step needs: the process that userdocker becomes. */
export interface ExecPlan {
  /** Absolute path of docker or nvidia-docker. */
  readonly executable: string;
  readonly parts: readonly Part[];
  /** The whole environment, made from nothing. */
  readonly env: { readonly [name: string]: string };
  /** What docker reads from open descriptors, the first of them 3. Shown nowhere. */
  readonly files?: readonly string[];
}

declare const minted: unique symbol;

export interface Allow {
  readonly kind: 'allow';
  readonly plan: ExecPlan;
  /** Only src/decide.ts makes one; src/exec takes nothing else. */
  readonly [minted]: true;
}
export interface Deny {
  readonly kind: 'deny';
  /** Every reason, not the first. */
  readonly reasons: readonly Reason[];
}
export type Decision = Allow | Deny;

/** The words of the final command, without the executable. */
export function commandWords(plan: ExecPlan): readonly string[] {
  return plan.parts.flatMap(({ words }) => words);
}
