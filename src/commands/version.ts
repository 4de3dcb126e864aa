/** `version`: docker's, client and engine. */
import { grammarOf } from '../args/grammar.ts';
import type { Command } from './command.ts';

export const version: Command<undefined> = {
  grammar: grammarOf('version'),
  gather: async () => undefined,
  judge: () => ({ reasons: [], parts: [], operands: [], payload: [] }),
};
