/** What to tell someone who wrote an option that their command does not have. */
import { findFlag, grammars, spellings } from './grammar.ts';
import { nearest } from './nearest.ts';
import type { FlagSpec } from './types.ts';

/** Options of userdocker itself stand before the command. */
const ownGlobal = new Set([
  '--dry-run',
  '--no-default-args',
  '--executor',
  '--debug',
  '--quiet',
  '--version',
  '-n',
  '-q',
]);
/** Options of docker itself, which choose the engine or the client's configuration. */
const dockerGlobal = new Set([
  ...['-H', '--host', '--context', '--config', '-D', '--log-level', '--tls', '--tlscacert', '--tlscert'],
  ...['--tlskey', '--tlsverify'],
]);

/**
 * @param spelled the flag: `--foo` or `-f`
 * @param word the whole word it stood in: `-rm`
 */
export function unknownFlagHint(
  command: string,
  flags: readonly FlagSpec[],
  spelled: string,
  word: string,
): string | undefined {
  const doubled = `-${word.split('=', 1)[0]}`;
  if (!word.startsWith('--') && findFlag(flags, doubled) !== undefined) return `did you mean ${doubled}?`;
  if (ownGlobal.has(spelled))
    return `userdocker's own options stand before the command: userdocker ${spelled} ... ${command} ...`;
  if (dockerGlobal.has(spelled)) return 'which engine is used, and how, is up to the admin';
  const owners = grammars.filter((grammar) => findFlag(grammar.flags, spelled) !== undefined);
  const near = spelled.startsWith('--') ? nearest(spelled, flags.flatMap(longSpellings)) : undefined;
  if (near !== undefined) return `did you mean ${near}?`;
  if (owners.length > 0 && spelled.startsWith('--')) {
    return `${spelled} is an option of ${owners.map((owner) => owner.command).join(', ')}`;
  }
  return `see: userdocker ${command} --help`;
}

function longSpellings(flag: FlagSpec): readonly string[] {
  return spellings(flag).filter((spelled) => spelled.startsWith('--'));
}
