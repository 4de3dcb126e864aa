/** `userdocker-admin replay`: recorded calls, decided again under another configuration. Changes nothing at all. */
import { resolve } from 'node:path';
import { assertGroupLayersResolve, groupsAreLocal } from '../caller/group-layers.ts';
import { callerForUser } from '../caller/identity.ts';
import { type NameService, systemNames } from '../caller/name-service.ts';
import { layerGroups } from '../config/layers.ts';
import { loadPolicy } from '../config/load.ts';
import type { Caller } from '../domain/caller.ts';
import { configError, UserdockerError } from '../domain/errors.ts';
import { configDirectory } from '../paths.ts';
import { checkEverybody } from './check.ts';
import { sourcesOf } from './log/call.ts';
import { type Change, compare, type Unjudged } from './replay/compare.ts';
import { decideAgain, type Outcome, type Rules } from './replay/decide-again.ts';
import { type RecordedCall, readRecords } from './replay/records.ts';
import type { Replay } from './replay/report.ts';

export interface ReplayCall {
  /** The candidate's directory. */
  readonly config: string;
  /** Audit logs; none: those of the present configuration, with what was rotated. `-`: standard input. */
  readonly files: readonly string[];
}

export interface ReplayOptions {
  /** The present configuration's directory. */
  readonly present?: string;
  readonly names?: NameService;
  readonly decide?: typeof decideAgain;
}

/** @throws config where the candidate has a mistake, or is not root's alone; unavailable where a log can't be read */
export async function replay({ config, files }: ReplayCall, options: ReplayOptions = {}): Promise<Replay> {
  const { present = configDirectory, names = systemNames, decide = decideAgain } = options;
  const candidate = resolve(config);
  const { problems } = checkEverybody(candidate, names);
  if (problems.length > 0) throw configError(...problems);
  const { calls, records, unreadable } = await readRecords(sourcesOf(files).sources);
  const people = new People(names, present, candidate);
  const changes: Change[] = [];
  const unjudged: Unjudged[] = [];
  let judged = 0;
  for (const repeated of calls) {
    const { call } = repeated;
    const person = call.problem ?? people.find(call);
    if (typeof person === 'string') {
      unjudged.push({ repeated, why: person });
      continue;
    }
    const outcome = async (rules: Rules): Promise<Outcome> => {
      const wish = wishProblem(call, rules);
      if (wish !== undefined) return { kind: 'unknown', why: wish };
      return decide(call.argv, call.environment ?? {}, person.caller, rules);
    };
    const comparison = compare(repeated, await outcome(person.present), await outcome(person.candidate));
    if (comparison.kind === 'unjudged') unjudged.push(comparison.unjudged);
    else judged += repeated.count;
    if (comparison.kind === 'change') changes.push(comparison.change);
  }
  return { changes, unjudged, judged, records, unreadable, regrouped: people.regrouped };
}

/** Records of older versions don't say which GPUs were wished for. */
function wishProblem({ argv, environment }: RecordedCall, rules: Rules): string | undefined {
  if (environment !== undefined || 'problems' in rules || !argv.includes('run')) return undefined;
  const { executors, executor_default: usual } = rules.policy;
  const named = argv.find((word) => word.startsWith('--executor='))?.slice('--executor='.length);
  const name =
    named ?? (argv.includes('--executor') ? argv[argv.indexOf('--executor') + 1] : undefined) ?? usual;
  const gpus = Object.hasOwn(executors, name) ? executors[name]?.gpus : undefined;
  return gpus === undefined ? undefined : 'the record is of a version that did not note NV_GPU';
}

interface Person {
  readonly caller: Caller;
  readonly present: Rules;
  readonly candidate: Rules;
}

/** Who called, as the system knows them today. */
class People {
  readonly #names: NameService;
  readonly #directories: readonly [string, string];
  readonly #known = new Map<string, Person | string>();
  readonly #regrouped = new Set<string>();

  constructor(names: NameService, present: string, candidate: string) {
    this.#names = names;
    this.#directories = [present, candidate];
  }

  get regrouped(): readonly string[] {
    return [...this.#regrouped];
  }

  /** @returns why not, where the user can't be had */
  find(call: RecordedCall): Person | string {
    const key = JSON.stringify([call.uid, call.gid, call.user]);
    const person = this.#known.get(key) ?? this.#lookUp(call);
    this.#known.set(key, person);
    if (typeof person !== 'string' && call.groups !== undefined && call.groups.length < 256) {
      const today = person.caller.groups.map(({ gid }) => gid);
      if (JSON.stringify(today) !== JSON.stringify(call.groups)) this.#regrouped.add(call.user);
    }
    return person;
  }

  #lookUp(call: RecordedCall): Person | string {
    try {
      const caller = withGroup(callerForUser(call.user, this.#names), call.gid);
      if (caller.uid !== call.uid || caller.user !== call.user)
        return `there is no user ${call.user} with uid ${call.uid} any more`;
      const [present, candidate] = this.#directories.map((directory) => this.#rules(directory, caller));
      if (present === undefined || candidate === undefined) throw new Error('two directories');
      return { caller, present, candidate };
    } catch (error) {
      if (!(error instanceof UserdockerError)) throw error;
      const { failure } = error;
      if (failure.code === 'unavailable') return failure.message;
      return `there is no user ${call.user} any more`;
    }
  }

  #rules(directory: string, caller: Caller): Rules {
    try {
      if (!groupsAreLocal()) assertGroupLayersResolve(layerGroups(directory), caller, this.#names);
      return loadPolicy({ directory, caller });
    } catch (error) {
      if (error instanceof UserdockerError && error.failure.code === 'config')
        return { problems: error.failure.problems };
      throw error;
    }
  }
}

/** The group that the user worked with, where it is still one of theirs. */
function withGroup(caller: Caller, gid: number): Caller {
  const group = caller.groups.find((one) => one.gid === gid);
  return group === undefined ? caller : { ...caller, gid: group.gid, group: group.name ?? String(group.gid) };
}
