/** `userdocker-admin check`: every layer of everybody, as those would get it for whom it is. Changes nothing. */
import { callerForUser } from '../caller/identity.ts';
import { type NameService, systemNames } from '../caller/name-service.ts';
import { checkConfiguration } from '../config/check.ts';
import type { LayerFile } from '../config/layers.ts';
import { loadPolicy } from '../config/load.ts';
import type { Caller, Group } from '../domain/caller.ts';
import { type ConfigProblem, type Failure, UserdockerError } from '../domain/errors.ts';
import { type Gid, parseAbsolutePath, parseGid, parseUid } from '../domain/ids.ts';
import type { LoadedPolicy } from '../domain/policy.ts';
import type { Result } from '../domain/result.ts';
import { warningsOf } from './warnings.ts';

export interface CheckReport {
  readonly files: readonly string[];
  /** Each refuses the calls of those for whom the file is. */
  readonly problems: readonly ConfigProblem[];
  /** What has no effect, and what amounts to root. */
  readonly warnings: readonly ConfigProblem[];
}

/**
 * @param directory absolute
 * @throws UserdockerError (`unavailable`) where users and groups can't be looked up
 */
export function checkEverybody(directory: string, names: NameService = systemNames): CheckReport {
  const { files, problems, warnings } = checkConfiguration(directory);
  const found = files.map((file) => findSubject(file, names));
  const callers = [standIn(), ...found.map(({ caller }) => caller)];
  const judged = callers.map((caller) => judge(directory, caller));
  return {
    files: files.map(({ path }) => path),
    problems: unique([...problems, ...judged.flatMap((one) => one.problems)]),
    warnings: unique([
      ...warnings,
      ...found.flatMap(({ warning }) => (warning === undefined ? [] : [warning])),
      ...judged.flatMap((one) => one.warnings),
    ]),
  };
}

/** Nobody is looked up: whoever a file is for is a stand-in of that name. */
const nobodyKnown: NameService = {
  userById: () => undefined,
  userByName: () => undefined,
  groupIdsOf: () => [],
  groupNamesOf: () => new Map(),
  groupIdsByName: () => new Map(),
};

/**
 * The policy of those for whom no file is, and one for each file, as far as they are free of mistakes. Asks no directory
 * service.
 */
export function everybodysPolicies(directory: string): readonly LoadedPolicy[] {
  const { files } = checkConfiguration(directory);
  const callers = [standIn(), ...files.map((file) => findSubject(file, nobodyKnown).caller)];
  return callers.flatMap((caller) => {
    try {
      return [loadPolicy({ directory, caller })];
    } catch (error) {
      if (!(error instanceof UserdockerError) || error.failure.code !== 'config') throw error;
      return [];
    }
  });
}

function judge(directory: string, caller: Caller): Omit<CheckReport, 'files'> {
  try {
    const loaded = loadPolicy({ directory, caller });
    const warnings = warningsOf(loaded).map(({ setting, message, origin }) => ({
      file: origin?.file ?? directory,
      ...(origin === undefined ? {} : { line: origin.line }),
      message: `${setting}: ${message}`,
    }));
    return { problems: [], warnings };
  } catch (error) {
    if (!(error instanceof UserdockerError) || error.failure.code !== 'config') throw error;
    return { problems: error.failure.problems, warnings: [] };
  }
}

interface Subject {
  readonly caller: Caller;
  readonly warning?: ConfigProblem;
}

/** Somebody for whom a file is; where there is nobody, a stand-in, so that its mistakes are found before somebody comes. */
function findSubject({ layer, path, subject }: LayerFile, names: NameService): Subject {
  const absent = (caller: Caller, what: string): Subject => ({
    caller,
    warning: { file: path, message: `has no effect: ${what}` },
  });
  switch (layer) {
    case 'config':
      return { caller: standIn() };
    case 'group': {
      const gid = names.groupIdsByName([subject]).get(subject);
      const caller = standIn({ group: { gid: gid ?? nobody.gid, name: subject } });
      return gid === undefined ? absent(caller, `there is no group ${subject}`) : { caller };
    }
    case 'gid': {
      const gid = must(parseGid(subject));
      const name = names.groupNamesOf([gid]).get(gid);
      const caller = standIn({ group: { gid, name } });
      return name === undefined ? absent(caller, `there is no group with gid ${subject}`) : { caller };
    }
    case 'user':
    case 'uid':
      return findUser(layer, path, subject, names);
  }
}

function findUser(layer: 'user' | 'uid', path: string, subject: string, names: NameService): Subject {
  const uid = parseUid(subject);
  const account =
    layer === 'user' ? names.userByName(subject) : uid.ok ? names.userById(uid.value) : undefined;
  if (account === undefined) {
    const who = layer === 'user' ? `user ${subject}` : `user with uid ${subject}`;
    const caller =
      layer === 'user' ? standIn({ user: subject }) : standIn({ uid: uid.ok ? uid.value : nobody.uid });
    return { caller, warning: { file: path, message: `has no effect: there is no ${who}` } };
  }
  try {
    return { caller: callerForUser(account.name, names) };
  } catch (error) {
    if (!(error instanceof UserdockerError) || error.failure.code !== 'denied') throw error;
    return { caller: standIn(), warning: { file: path, message: reasonsOf(error.failure) } };
  }
}

function reasonsOf(failure: Failure): string {
  return failure.code === 'denied' ? failure.reasons.map(({ message }) => message).join('; ') : failure.code;
}

const nobody = { uid: must(parseUid('65534')), gid: must(parseGid('65534')) };

export function standIn(
  as: { readonly user?: string; readonly uid?: Caller['uid']; readonly group?: Group } = {},
): Caller {
  const own: Group = { gid: nobody.gid, name: undefined };
  return {
    uid: as.uid ?? nobody.uid,
    user: as.user ?? 'nobody',
    gid: nobody.gid,
    group: String(nobody.gid),
    home: must(parseAbsolutePath('/nonexistent')),
    groups: as.group === undefined ? [own] : distinct([own, as.group]),
    isRoot: false,
  };
}

/** The last of each gid, ascending. */
function distinct(groups: readonly Group[]): readonly Group[] {
  const byId = new Map<Gid, Group>(groups.map((group) => [group.gid, group]));
  return [...byId.values()].sort((a, b) => a.gid - b.gid);
}

function unique(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const key = ({ file, line, column, message }: ConfigProblem) =>
    JSON.stringify([file, line, column, message]);
  return [...new Map(problems.map((problem) => [key(problem), problem])).values()];
}

/** For values that were checked when the file was found. */
function must<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new Error(result.error);
}
