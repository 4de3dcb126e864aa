/** What to tell somebody who names a command or an executor that there is not. Loaded only then. */
import { nearest } from '../args/nearest.ts';
import { describeUnknownCommand } from '../args/unknown-commands.ts';
import { denied, type UserdockerError, usage } from '../domain/errors.ts';
import type { Policy } from '../domain/policy.ts';
import { ownWords } from './own-words.ts';

/**
 * docker's own words get a sentence; the rest gets the nearest word that there is.
 * @param next the word behind it, `ls` of `container ls`
 */
export function unknownCommand(
  name: string,
  next: string | undefined,
  policy: Pick<Policy, 'allowed_subcommands'>,
): UserdockerError {
  const offered = policy.allowed_subcommands;
  const { known, message, hint } = describeUnknownCommand(name, next, offered, [...ownWords.keys()]);
  return known
    ? denied({ rule: 'allowed_subcommands', message, ...(hint === undefined ? {} : { instead: hint }) })
    : usage(message, hint);
}

export function unknownExecutor(name: string, { executors }: Pick<Policy, 'executors'>): UserdockerError {
  const names = Object.keys(executors);
  const near = nearest(name, names);
  return usage(
    `there is no executor ${name}`,
    near === undefined ? `there are: ${names.join(', ')}` : `did you mean --executor=${near}?`,
  );
}
