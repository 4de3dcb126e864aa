/**
 * Flags that no policy can offer: docker's client itself opens the file they name, and it is root. `--cidfile` writes one
 * anywhere. (`--env-file` and `--label-file` of `run` and `exec` are read with the user's rights, so they can be offered; a file
 * that the policy itself named would be read as root, and its contents shown.)
 */
import type { ArgumentRule } from '../domain/policy.ts';
import type { Subcommand } from './subcommands.ts';

const reads = "docker's client reads that file as root";
const writes = "docker's client writes that file as root";

const everywhere: ReadonlyMap<string, string> = new Map([
  ['--env-file', reads],
  ['--label-file', reads],
  ['--cidfile', writes],
  ['--iidfile', writes],
  ['--output', writes],
  ['-o', writes],
  ['--use-api-socket', "docker's client hands root's credentials and docker's socket to the container"],
]);
const byCommand: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  [
    'load',
    new Map([
      ['--input', reads],
      ['-i', reads],
    ]),
  ],
]);

const readAsUser: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['run', new Set(['--env-file', '--label-file'])],
  ['exec', new Set(['--env-file'])],
]);

/** Why an entry can't be had; `undefined`: it can. */
export function refusedArgument(
  command: Subcommand,
  entry: Omit<ArgumentRule, 'origin'>,
): string | undefined {
  for (const flag of entry.flags) {
    if (readAsUser.get(command)?.has(flag) === true) {
      if (entry.values.kind === 'any' || entry.values.kind === 'pattern') continue;
      return `${flag} can't be offered for a file that you name: ${flag}= is for the users' own; for yours there is env_always`;
    }
    const why = everywhere.get(flag) ?? byCommand.get(command)?.get(flag);
    if (why !== undefined) return `${flag} can't be offered: ${why}`;
    if (flag === '--security-opt' && !isHarmlessList(entry)) {
      return `${flag} can't be offered with a free value: for seccomp=FILE ${reads}; list the values`;
    }
  }
  return undefined;
}

function isHarmlessList({ values }: Omit<ArgumentRule, 'origin'>): boolean {
  return (
    values.kind === 'one-of' &&
    values.values.every((value) => !/^seccomp[=:](?!unconfined$|builtin$)/.test(value))
  );
}
