import type { Outcome } from '../../e2e/support/command.ts';
import type { User } from '../../e2e/support/users.ts';

/**
 * One way in: a goal that somebody wants to reach, the way to it through userdocker, and the same way without userdocker.
 *
 * It counts as held only if the goal is reached by `control` (an attack that could never work proves nothing) and not
 * by `attack`. Spellings of one attack are `spellings` of it; another goal, or another weakness, is another attack.
 */
export interface Attack {
  /** What docs/threats.md and the test's name call it: lower case, words joined by `-`. Unique in the catalogue. */
  readonly id: string;
  readonly who: User;
  /** The goal, so that it can be seen: "a file of root's, set-user-ID, on the host". */
  readonly wants: string;
  /** What is there before: images, files, other users' containers. Run before `control` and before each attack. */
  readonly prepare?: () => Promise<unknown>;
  /** The goal reached without userdocker: docker as root, a policy that allows it, the unprotected helper. */
  readonly control: (spelling: string) => Promise<Outcome>;
  /** Different words for the same thing. `control` is run with the first, `attack` with each. */
  readonly spellings?: readonly string[];
  /** A refused spelling leaves nothing behind: all of them are tried in one test, prepared for once. */
  readonly inOneGo?: boolean;
  /** What `who` does, through sudo and userdocker. */
  readonly attack: (spelling: string) => Promise<Outcome>;
  /** Whether the goal is reached: looked up on the host or the engine, or read from what the last step printed. */
  readonly reached: (last: Outcome) => Promise<boolean> | boolean;
  /** Where it is held by a refusal: words of the message that name the rule. Where it is held in silence: left out. */
  readonly refused?: RegExp;
  /** The refusal's exit status. If left out: 77 (denied), or 64 where it is no command line (an option said twice). */
  readonly status?: number;
  /** Removes what `prepare`, `control` and `attack` made on the host. Containers are removed in any case. */
  readonly cleanUp?: () => Promise<unknown>;
}

/** A chapter of the catalogue. */
export interface Area {
  readonly title: string;
  readonly attacks: readonly Attack[];
  /** What all of its attacks need and none of them changes: images. Made once. */
  readonly before?: () => Promise<unknown>;
  readonly after?: () => Promise<unknown>;
}
