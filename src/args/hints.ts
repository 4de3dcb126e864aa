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
  const shortened = spelled.startsWith('--') ? longer(spelled, flags.flatMap(longSpellings)) : undefined;
  if (shortened !== undefined) return `options can't be shortened: ${shortened}`;
  if (owners.length > 0 && spelled.startsWith('--')) {
    return `${spelled} is an option of ${owners.map((owner) => owner.command).join(', ')}`;
  }
  return `see: userdocker ${command} --help`;
}

/** What `--inter` is the beginning of, if that is one thing. */
function longer(spelled: string, candidates: readonly string[]): string | undefined {
  const found = spelled.length > 3 ? candidates.filter((candidate) => candidate.startsWith(spelled)) : [];
  return found.length === 1 ? found[0] : undefined;
}

/**
 * For an option that stands before the command.
 * @param known long forms of userdocker's own
 */
export function unknownGlobalHint(spelled: string, known: readonly string[]): string {
  if (dockerGlobal.has(spelled)) return 'which engine is used, and how, is up to the admin';
  const near = spelled.startsWith('--') ? (nearest(spelled, known) ?? longer(spelled, known)) : undefined;
  if (near !== undefined) return `did you mean ${near}?`;
  const letters = spelled.startsWith('--') ? [spelled] : [...spelled.slice(1)].map((letter) => `-${letter}`);
  const owner = grammars.filter(({ flags }) =>
    letters.every((letter) => findFlag(flags, letter) !== undefined),
  );
  const { command } = owner.find(({ command: name }) => name === 'run') ?? owner[0] ?? {};
  if (command === undefined) return 'try: userdocker --help';
  return `options of ${command} stand behind it: userdocker ${command} ${spelled} ...`;
}

function longSpellings(flag: FlagSpec): readonly string[] {
  return spellings(flag).filter((spelled) => spelled.startsWith('--'));
}
