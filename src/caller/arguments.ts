/**
 * The command line as the kernel has it. JavaScript's strings can't hold bytes that are not UTF-8: both runtimes put in U+FFFD
 * without a word, and what is checked and handed over would no longer be what the user wrote.
 */
import fs from 'node:fs';
import { usage } from '../domain/errors.ts';

/** @throws usage where the runtime has changed an argument (proc_pid_cmdline(5): the words, each ended by NUL) */
export function assertArgumentsUnchanged(
  argv: readonly string[],
  commandLine: Buffer = fs.readFileSync('/proc/self/cmdline'),
): void {
  const expected = Buffer.from(argv.map((word) => `${word}\0`).join(''), 'utf8');
  const actual = commandLine.subarray(commandLine.length - expected.length);
  if (commandLine.length >= expected.length && actual.equals(expected)) return;
  throw usage('an argument is not valid UTF-8', 'file names and values must be UTF-8 text');
}
