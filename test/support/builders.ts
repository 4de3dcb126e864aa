/**
 * Callers, policies, facts and whole calls, said in one line each. A policy is the package's own defaults with some
 * lines of YAML on top, read by the program's own configuration; a call is a command line that goes through the program's own parsers
 * to its one decision, with facts that are made up.
 */
import { parseCopy } from '../../src/args/copy-path.ts';
import { parseCommand } from '../../src/args/parse.ts';
import type { Command, Subject } from '../../src/commands/command.ts';
import type { NamedContainer } from '../../src/commands/containers.ts';
import { cp } from '../../src/commands/cp.ts';
import { dockviz } from '../../src/commands/dockviz.ts';
import { exec } from '../../src/commands/exec.ts';
import { images } from '../../src/commands/images.ts';
import * as lifecycle from '../../src/commands/lifecycle.ts';
import { load } from '../../src/commands/load.ts';
import { port } from '../../src/commands/port.ts';
import { ps } from '../../src/commands/ps.ts';
import { pull } from '../../src/commands/pull.ts';
import { rmi } from '../../src/commands/rmi.ts';
import { run } from '../../src/commands/run.ts';
import { restart, start } from '../../src/commands/start.ts';
import { stats } from '../../src/commands/stats.ts';
import { version } from '../../src/commands/version.ts';
import { buildPolicy } from '../../src/config/build.ts';
import { readDocument } from '../../src/config/document.ts';
import { itemKey } from '../../src/config/item-key.ts';
import { defaultLayer } from '../../src/config/load.ts';
import { mergeLayers } from '../../src/config/merge.ts';
import { validateLayer } from '../../src/config/validate.ts';
import { decide } from '../../src/decide.ts';
import type { InspectedContainer } from '../../src/docker/facts.ts';
import type { Caller } from '../../src/domain/caller.ts';
import { commandWords, type Decision } from '../../src/domain/decision.ts';
import { parseContainerId, parseGid, parseUid } from '../../src/domain/ids.ts';
import { objectAt, textMapAt } from '../../src/domain/json.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { parseFrame } from '../../src/frame.ts';
import { extraFlags } from '../../src/policy/argument-rules.ts';
import { executorFor } from '../../src/policy/executor.ts';
import { inspected } from './engine-json.ts';
import { absolute, must } from './mounts.ts';
import { type Facts, runFacts, type World } from './run-facts.ts';

export type { World } from './run-facts.ts';

/** @param groups all of the user's, `gid:name` or a number without a name; the first is the primary one */
export function person(user: string, uid: number, ...groups: readonly (string | number)[]): Caller {
  const all = groups.map((group) => {
    const [gid = '', name] = String(group).split(':');
    return { gid: must(parseGid(gid)), name };
  });
  const [primary = { gid: must(parseGid(String(uid))), name: user }] = all;
  return {
    uid: must(parseUid(String(uid))),
    user,
    gid: primary.gid,
    group: primary.name ?? String(primary.gid),
    home: absolute(uid === 0 ? '/root' : `/home/${user}`),
    groups: (all.length === 0 ? [primary] : all).toSorted((a, b) => a.gid - b.gid),
    isRoot: uid === 0,
  };
}

export const alice = person('alice', 1000, '100:users', '2000:lab', 3000);
export const bob = person('bob', 1001, '100:users');
export const root = person('root', 0, '0:root');

const defaults = defaultLayer('/etc/userdocker').tree;
const known = new Map<string, Policy>();

/** The caller's policy where config.yaml says this. @throws for a configuration that the program would refuse */
export function policyOf(yaml = '', caller: Caller = alice): Policy {
  const key = `${caller.user} ${yaml}`;
  const policy = known.get(key) ?? makePolicy(yaml, caller);
  known.set(key, policy);
  return policy;
}

function makePolicy(text: string, caller: Caller): Policy {
  const { tree, mistakes } = readDocument({ layer: 'config', file: '/etc/userdocker/config.yaml', text });
  const merged = mergeLayers(defaults, [tree], itemKey);
  const built = buildPolicy(merged.tree, caller);
  const all = [...mistakes, ...validateLayer(tree), ...merged.mistakes, ...(built.ok ? [] : built.error)];
  if (!built.ok || all.length > 0) throw new Error(all.map(({ message }) => message).join('; '));
  return built.value;
}

/** What is known about a call beside its words. */
export interface Call extends World {
  readonly yaml?: string;
  readonly policy?: Policy;
  readonly caller?: Caller;
}

/** The caller's containers are `mine` and `other` (both running); whatever else is named does not exist. */
export const mine = 'a'.repeat(64);
export const other = 'b'.repeat(64);

/** What comes of a command line: `userdocker` is followed by these words. */
export function decisionOn(line: string | readonly string[], call: Call = {}): Decision {
  const words = typeof line === 'string' ? line.split(' ').filter((word) => word !== '') : line;
  const caller = call.caller ?? alice;
  const policy = call.policy ?? policyOf(call.yaml, caller);
  const frame = parseFrame(words);
  const name = frame.executor ?? policy.executor_default;
  const executor = executorFor(policy, name, frame.command);
  if (executor === undefined) throw new Error(`there is no executor ${name}`);
  const subject: Subject = {
    caller,
    policy,
    executor,
    noDefaultArgs: frame.noDefaultArgs,
  };
  const decider = deciders[frame.command ?? ''];
  if (decider === undefined) throw new Error(`there is no command ${frame.command}`);
  return decider({ subject, args: frame.args, world: call });
}

interface Question {
  readonly subject: Subject;
  readonly args: readonly string[];
  readonly world: World;
}
type Decider = (question: Question) => Decision;

function decider<F>(command: Command<F>, facts: Facts<F>): Decider {
  return ({ subject, args, world }) => {
    const { grammar } = command;
    const rules = subject.policy.args[grammar.command];
    const parsed = parseCommand(grammar, args, rules === undefined ? [] : extraFlags(grammar, rules));
    if (!parsed.ok) throw new Error(`${parsed.error.kind}: ${parsed.error.message}`);
    return decide(command, subject, parsed.value, facts(subject, parsed.value, world));
  };
}

function container(name: string, id: string): InspectedContainer {
  const raw = inspected();
  const labels = textMapAt(objectAt(raw, 'Config'), 'Labels');
  return { id: must(parseContainerId(id)), name, labels, state: 'running', raw };
}

type Named = readonly NamedContainer[];

function named(names: readonly string[], world: World): Named {
  const own = world.containers ?? { mine: container('mine', mine), other: container('other', other) };
  return names.map((asked) => ({ asked, container: own[asked] }));
}

const ofContainers: Facts<Named> = (_subject, request, world) => named(request.operands, world);
const ofOneContainer: Facts<Named> = (_subject, request, world) => named(request.operands.slice(0, 1), world);
const nothing: Facts<undefined> = () => undefined;
const ofStart: Facts<Parameters<typeof start.judge>[2]> = (_subject, request, world) => ({
  named: named(request.operands, world),
  mounts: new Map(),
  usage: world.usage ?? { shares: [], gpus: [] },
  over: [],
  gpus: undefined,
});

/** Every command there is. */
export const deciders: { readonly [command: string]: Decider } = {
  attach: decider(lifecycle.attach, ofContainers),
  cp: decider(cp, (_subject, request, world) => {
    const copy = parseCopy(request.operands[0] ?? '', request.operands[1] ?? '');
    if (!copy.ok) throw new Error(`bad-syntax: ${copy.error}`);
    return {
      copy: copy.value,
      named: named([copy.value.inside.container], world),
      groups: world.groupsUnsafe,
      runc: world.runc ?? '1.3.0',
    };
  }),
  dockviz: decider(dockviz, nothing),
  exec: decider(exec, (subject, request, world) => ({
    named: ofContainers(subject, request, world),
    groups: world.groupsUnsafe,
    runc: world.runc ?? '1.3.0',
  })),
  images: decider<readonly string[] | 'all'>(images, ({ caller }, _request, { tags = ['debian:12'] }) =>
    caller.isRoot ? 'all' : tags,
  ),
  inspect: decider(lifecycle.inspect, ofContainers),
  kill: decider(lifecycle.kill, ofContainers),
  load: decider(load, (_subject, _request, { dataRootIsOpen = false }) => ({
    engine: { version: '28.2.2', major: 28, apiVersion: '1.50', architecture: 'amd64', runc: '1.3.0' },
    dataRoot: { path: '/var/lib/docker', traversable: dataRootIsOpen },
  })),
  logs: decider(lifecycle.logs, ofContainers),
  port: decider(port, ofOneContainer),
  ps: decider<readonly string[] | 'all'>(ps, ({ policy, caller }) =>
    caller.isRoot || policy.ps_scope === 'all' ? 'all' : [mine, other],
  ),
  pull: decider(pull, (_subject, _request, { isPrivate = false }) => ({
    engine: { version: '28.2.2', major: 28, apiVersion: '1.50', architecture: 'amd64', runc: '1.3.0' },
    isPrivate,
  })),
  restart: decider(restart, ofStart),
  rm: decider(lifecycle.rm, ofContainers),
  rmi: decider(rmi, nothing),
  run: decider(run, runFacts),
  start: decider(start, ofStart),
  stats: decider<Parameters<typeof stats.judge>[2]>(stats, ({ caller }, request, world) => ({
    named: named(request.operands, world),
    own: request.operands.length > 0 || caller.isRoot ? 'all' : [mine, other],
  })),
  stop: decider(lifecycle.stop, ofContainers),
  top: decider(lifecycle.top, ofContainers),
  version: decider(version, nothing),
  wait: decider(lifecycle.wait, ofContainers),
};

/** The words docker is given. @throws where the call is denied */
export function wordsOf(line: string | readonly string[], call: Call = {}): readonly string[] {
  const decision = decisionOn(line, call);
  if (decision.kind === 'deny') throw new Error(`denied: ${JSON.stringify(decision.reasons)}`);
  return commandWords(decision.plan);
}

/** `allowed`, or `denied: ` and the rules that say so. */
export function verdictOn(line: string | readonly string[], call: Call = {}): string {
  const decision = decisionOn(line, call);
  if (decision.kind === 'allow') return 'allowed';
  return `denied: ${[...new Set(decision.reasons.map(({ rule }) => rule))].join(' ')}`;
}

/** The values that docker is given for a flag. */
export function valuesIn(words: readonly string[], flag: string): readonly string[] {
  return words.flatMap((word) => (word.startsWith(`${flag}=`) ? [word.slice(flag.length + 1)] : []));
}

/** Options are words of their own: what stands between the command and `--`. */
export function optionsIn(words: readonly string[]): readonly string[] {
  const end = words.indexOf('--');
  return words.slice(1, end < 0 ? undefined : end);
}
