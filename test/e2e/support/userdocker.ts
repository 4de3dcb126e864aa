import { existsSync } from 'node:fs';
import type { CommandOptions, Outcome } from './command.ts';
import { as, mustAs, type User } from './users.ts';

/** `await userdocker('alice', 'ps --all')`: through sudo, in the user's home. */
export function userdocker(user: User, words: string, options: CommandOptions = {}): Promise<Outcome> {
  return as(user, `sudo userdocker ${words}`, options);
}

/** As `userdocker`, for what must succeed; gives standard output without its last line end. */
export async function mustUserdocker(
  user: User,
  words: string,
  options: CommandOptions = {},
): Promise<string> {
  return (await mustAs(user, `sudo userdocker ${words}`, options)).trimEnd();
}

/** The docker clients of this machine: Debian's, and a newer one where somebody has put it. */
export const clients: readonly string[] = ['/usr/bin/docker', '/usr/local/bin/docker'].filter(existsSync);
