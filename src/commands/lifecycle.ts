/** The commands that only need their containers to be the caller's own. */
import { grammarOf } from '../args/grammar.ts';
import { containerCommand } from './containers.ts';

export const attach = containerCommand(grammarOf('attach'));
export const inspect = containerCommand(grammarOf('inspect'));
export const kill = containerCommand(grammarOf('kill'));
export const logs = containerCommand(grammarOf('logs'));
export const rm = containerCommand(grammarOf('rm'));
export const stop = containerCommand(grammarOf('stop'));
export const top = containerCommand(grammarOf('top'));
export const wait = containerCommand(grammarOf('wait'));
