/** `exec`: one more process in a container of the caller's, confined like the container's first. */
import { grammarOf } from '../args/grammar.ts';
import type { ParsedCommand } from '../args/types.ts';
import { engineVersion } from '../docker/facts.ts';
import { inspectAccounts } from '../mounts/image-accounts.ts';
import { layersOf } from '../mounts/image-links.ts';
import { allowedUsers, enforcedUser } from '../policy/confinement.ts';
import { environmentWords, judgeEnvironment } from '../policy/environment.ts';
import { judgeGroupNames } from '../policy/group-names.ts';
import { judgeWorkingDirectory } from '../policy/targets.ts';
import { handedFiles } from '../policy/value-files.ts';
import {
  type Command,
  entriesOf,
  type Session,
  type Subject,
  singleValue,
  type Verdict,
  valuesOf,
} from './command.ts';
import { findContainers, foundIds, missingContainers, type NamedContainer } from './containers.ts';

/** What is looked at before a process is put into a container; `cp` does so, too. */
export interface ExecFacts {
  readonly named: readonly NamedContainer[];
  /** Why the numbers of groups could mean something else in there. */
  readonly groups: string | undefined;
  /** The engine's; empty where it does not say. */
  readonly runc: string;
}

export const exec: Command<ExecFacts> = {
  grammar: grammarOf('exec'),
  rendered: new Set(['--env', '--env-file']),
  gather: (session, request) => gatherExec(session, request.operands),
  judge: (subject, request, { named, groups, runc }): Verdict => {
    const environment = judgeEnvironment(
      subject.policy,
      subject.executor.name,
      entriesOf(request, '--env'),
      {},
    );
    const { shown, lines } = environmentWords(environment.variables.filter(({ source }) => source === 'you'));
    const files = handedFiles('exec', [{ flag: '--env-file', lines }]);
    return {
      reasons: [
        ...missingContainers(named),
        ...judgeUser(subject, request),
        ...environment.reasons,
        ...workdirReasons(singleValue(request, '--workdir')),
        ...judgeGroupNames(subject.policy, subject.caller, groups, runc),
      ],
      parts: [
        ...files.parts,
        ...shown.map(({ name, value, source, rule }) => ({
          words: [`--env=${name}=${value}`],
          source,
          rule,
        })),
        ...enforcedUser(subject.policy, subject.caller),
      ],
      operands: foundIds(named),
      payload: request.payload,
      files: files.files,
    };
  },
};

export async function gatherExec(session: Session, names: readonly string[]): Promise<ExecFacts> {
  const [named, { runc }] = await Promise.all([
    findContainers(session, names),
    engineVersion(session.engine),
  ]);
  // Of a container that is not there, or another's, nothing is looked at.
  const problems = named.map(({ container }) =>
    container === undefined ? undefined : inspectAccounts(layersOf(container.raw)).groups,
  );
  return { named, groups: problems.find((problem) => problem !== undefined), runc };
}

function judgeUser({ policy, caller }: Subject, request: ParsedCommand): Verdict['reasons'] {
  const allowed = allowedUsers(policy, caller);
  return valuesOf(request, '--user')
    .filter((value) => !allowed.includes(value))
    .map((value) => ({
      rule: 'user_in_container',
      message: `--user ${value} is not allowed`,
      instead: policy.user_in_container
        ? `leave it out: you are ${caller.uid}:${caller.gid} inside`
        : 'leave it out',
    }));
}

function workdirReasons(workdir: string | undefined): Verdict['reasons'] {
  const reason = workdir === undefined ? undefined : judgeWorkingDirectory(workdir);
  return reason === undefined ? [] : [reason];
}
