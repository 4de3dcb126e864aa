/** What can stand at a place, as far as the caller's policy allows it and the caller could list it by other commands as well. */
import { rightsOf } from '../caller/as-user.ts';
import type { Session } from '../commands/command.ts';
import { ownContainers } from '../commands/contested.ts';
import { visible } from '../commands/images.ts';
import { ownWords } from '../commands/own-words.ts';
import { findCommand } from '../commands/registry.ts';
import { type ContainerSummary, listContainers } from '../docker/facts.ts';
import { assertNever } from '../domain/result.ts';
import { assertRootsAlone } from '../exec/trusted.ts';
import { frameCommand } from '../frame.ts';
import { allowedUnits } from '../policy/gpus.ts';
import { judgeImage, ownTree } from '../policy/images.ts';
import { familiarName, parseReference } from '../policy/reference.ts';
import { type Candidate, words } from './candidate.ts';
import { listDirectories } from './directory.ts';
import { directoryToList, mountCandidates } from './mounts.ts';
import { fixedValues, optionCandidates } from './options.ts';
import type { Place } from './place.ts';

/** Milliseconds for each question to somebody else. */
export const patience = 1500;

/** @param session with an engine that is asked no longer than `patience` */
export async function candidatesAt(
  place: Place,
  typed: string,
  session: Session,
): Promise<readonly Candidate[]> {
  const { policy } = session.loaded;
  const executor = session.executor.name;
  switch (place.kind) {
    case 'nowhere':
      return [];
    case 'global-option':
      return globalOptions();
    case 'executor':
      return words(Object.keys(policy.executors), place.lead);
    case 'command':
      return commands(session, place.explained);
    case 'fixed':
      return words(place.words, place.lead);
    case 'option':
      return isAllowed(session, place.grammar.command)
        ? optionCandidates({ grammar: place.grammar, policy, executor }, place.given, typed)
        : [];
    case 'value':
      return isAllowed(session, place.grammar.command) ? values(place, typed, session) : [];
    case 'operand':
      return isAllowed(session, place.grammar.command) ? operands(place, session) : [];
    default:
      return assertNever(place);
  }
}

function isAllowed({ loaded }: Session, command: string): boolean {
  return loaded.policy.allowed_subcommands.includes(command);
}

function globalOptions(): readonly Candidate[] {
  return frameCommand().options.flatMap(({ long, description }) =>
    long === null || long === undefined ? [] : [{ word: long, about: description }],
  );
}

function commands({ loaded }: Session, explained: boolean): readonly Candidate[] {
  const about = (name: string) => findCommand(name)?.summary ?? '';
  return [
    ...loaded.policy.allowed_subcommands.map((word) => ({ word, about: about(word) })),
    ...(explained ? [] : [...ownWords].map(([word, { summary }]) => ({ word, about: summary }))),
  ];
}

async function values(
  { grammar, flag, lead }: Extract<Place, { kind: 'value' }>,
  typed: string,
  session: Session,
): Promise<readonly Candidate[]> {
  const { policy } = session.loaded;
  const value = typed.slice(lead.length);
  if (flag.long === '--volume' || flag.long === '--mount') {
    const listed = await directoriesIn(directoryToList(flag.long, value, policy), value, session);
    const found = mountCandidates(flag.long, value, policy, listed);
    return found.map(({ word }) => ({ word: `${lead}${word}` }));
  }
  if (flag.long === '--gpus') return words(await gpus(session), lead);
  const { name: executor } = session.executor;
  return fixedValues({ grammar, policy, executor }, flag, lead);
}

async function directoriesIn(
  directory: string | undefined,
  typed: string,
  { caller }: Session,
): Promise<readonly string[]> {
  if (directory === undefined) return [];
  const hidden = typed.slice(typed.lastIndexOf('/') + 1).startsWith('.');
  return listDirectories(rightsOf(caller), directory, hidden, patience);
}

async function gpus({ executor, loaded }: Session): Promise<readonly string[]> {
  if (executor.gpus === undefined) return [];
  const { nvidia } = loaded.policy;
  assertRootsAlone(nvidia.smi);
  const { readGpus } = await import('../nvidia/smi.ts');
  const units = allowedUnits(await readGpus(nvidia.smi, patience), nvidia);
  return ['all', ...units.map(({ id }) => `device=${id}`)];
}

const alive = ['running', 'paused', 'restarting'];
const ended = ['created', 'exited', 'dead'];
/** Commands that name containers, and in which states these make sense; none: in all. */
const containerStates: ReadonlyMap<string, readonly string[] | undefined> = new Map([
  ['attach', alive],
  ['exec', alive],
  ['inspect', undefined],
  ['kill', alive],
  ['logs', undefined],
  ['port', alive],
  ['restart', undefined],
  ['rm', undefined],
  ['start', ended],
  ['stats', alive],
  ['stop', alive],
  ['top', alive],
  ['wait', alive],
]);

/** Either end may be one in a container; the other is a file, which the shell completes. */
async function copyEnds(session: Session): Promise<readonly Candidate[]> {
  const found = await containers(session, alive);
  return found.map(({ names, state }) => ({ word: `${names[0] ?? ''}:`, about: state }));
}

async function operands(
  { grammar: { command }, given }: Extract<Place, { kind: 'operand' }>,
  session: Session,
): Promise<readonly Candidate[]> {
  if (command === 'cp') return copyEnds(session);
  if (containerStates.has(command)) {
    const found = await containers(session, containerStates.get(command));
    return found
      .map(({ names, state }) => ({ word: names[0] ?? '', about: state }))
      .filter(({ word }) => !given.includes(word));
  }
  return words((await images(command, session)).filter((name) => !given.includes(name)));
}

/** What a label says is not enough: `ownContainers` looks into the ownership files, as `ps` does. */
async function containers(
  session: Session,
  states: readonly string[] | undefined,
): Promise<readonly ContainerSummary[]> {
  if (!session.caller.isRoot) return ownContainers(session, states);
  return listContainers(session.engine, states === undefined ? {} : { status: states });
}

/** Of the local images that `images` shows, those that the command would take. */
async function images(command: string, session: Session): Promise<readonly string[]> {
  if (!['run', 'pull', 'rmi', 'images'].includes(command)) return [];
  const { caller, loaded } = session;
  const policy = loaded.policy.images;
  return (await visible(session)).flatMap((tag): readonly string[] => {
    const parsed = parseReference(tag);
    if (!parsed.ok) return [];
    const reference = parsed.value;
    if (command === 'images') return [familiarName(reference)];
    if (command === 'rmi') return caller.isRoot || ownTree(reference, policy) ? [tag] : [];
    return judgeImage({ reference, policy, isRoot: caller.isRoot }).kind === 'allowed' ? [tag] : [];
  });
}
