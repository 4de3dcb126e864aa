/**
 * Words that userdocker itself knows, beside docker's subcommands: they tell of the policy and start nothing. Everybody
 * may use them, they need no entry in `allowed_subcommands`, and they leave no record.
 */
import type { Ending } from '../exec/replace.ts';
import type { Show } from '../pipeline.ts';
import type { Session } from './command.ts';

/** Decides a command line as a dry run does, and shows the decision in another way. */
export type Consider = (words: readonly string[], show: Show) => Promise<Ending>;
export type OwnWord = (session: Session, consider: Consider) => Promise<Ending>;

interface Entry {
  readonly usage: string;
  /** A line for `userdocker --help`. */
  readonly summary: string;
  readonly load: () => Promise<OwnWord>;
}

const table = {
  completion: {
    usage: 'completion bash|zsh|fish',
    summary: 'print the script that completes command lines in a shell',
    load: async () => (await import('./completion.ts')).completion,
  },
  explain: {
    usage: 'explain [--format json] [OPTIONS] COMMAND [ARG...]',
    summary: 'show what a command would become, and why, or why not',
    load: async () => (await import('./explain.ts')).explain,
  },
  policy: {
    usage: 'policy [--format json]',
    summary: 'show what you may do on this machine',
    load: async () => (await import('./policy.ts')).policy,
  },
} as const satisfies { readonly [name: string]: Entry };

export const ownWords: ReadonlyMap<string, Entry> = new Map(Object.entries(table));

/** What shells ask while a line is typed. In no list: it is not for people. */
export const completeWord = '__complete';

/** @returns `undefined`: it is one of docker's, or nobody's */
export async function findOwnWord(name: string): Promise<OwnWord | undefined> {
  if (name === completeWord) return (await import('./complete.ts')).complete;
  return ownWords.get(name)?.load();
}
