/** `run`: what a container gets. Facts in src/commands/run-facts.ts, rules in src/policy, each in a file of its own. */
import { grammarOf } from '../args/grammar.ts';
import type { ParsedCommand } from '../args/types.ts';
import type { Part } from '../domain/decision.ts';
import type { Reason } from '../domain/errors.ts';
import { judgeConfinement } from '../policy/confinement.ts';
import { cpuParts } from '../policy/cpus.ts';
import { judgeDataRoot } from '../policy/data-root.ts';
import { environmentWords, identityVariables, judgeEnvironment } from '../policy/environment.ts';
import { judgeGroupNames } from '../policy/group-names.ts';
import { judgeSizes } from '../policy/image-size.ts';
import { judgePlatform } from '../policy/images.ts';
import { judgeExisting, judgeLimits, type LimitQuestion } from '../policy/limits.ts';
import { mountParts } from '../policy/mount-render.ts';
import { judgeMounts } from '../policy/mounts.ts';
import { judgeName } from '../policy/names.ts';
import { judgePorts, type PortVerdict } from '../policy/ports.ts';
import { processLimitParts } from '../policy/process-limit.ts';
import { familiar } from '../policy/reference.ts';
import { labelParts, logParts, sysctlParts } from '../policy/run.ts';
import { handedFiles } from '../policy/value-files.ts';
import { parseNanoCpus, parseSize } from '../policy/values.ts';
import { userdockerVersion } from '../version.ts';
import {
  type Command,
  entriesOf,
  isSet,
  type ListedOption,
  type Subject,
  singleValue,
  type Verdict,
  valuesOf,
} from './command.ts';
import { gatherRun, type RunFacts } from './run-facts.ts';
import { judgeRunGpus } from './run-gpus.ts';
import { holdRun } from './run-hold.ts';

/** These need an entry, and are rendered by the rules below. */
const rendered: ReadonlySet<string> = new Set([
  '--env',
  '--env-file',
  '--label-file',
  '--name',
  '--pull',
  '--publish-all',
  '--tmpfs',
]);

export const run: Command<RunFacts> = {
  grammar: grammarOf('run'),
  rendered,
  gather: gatherRun,
  release: ({ mounts }) => mounts.close(),
  judge: judgeRun,
  hold: holdRun,
};

export function judgeRun(
  subject: Subject,
  request: ParsedCommand,
  facts: RunFacts,
  listed: readonly ListedOption[],
): Verdict {
  const { policy, caller, executor } = subject;
  const gpus = judgeRunGpus(subject, request, facts);
  const environment = judgeEnvironment(policy, executor.name, entriesOf(request, '--env'), {
    ...identityVariables(caller, userdockerVersion),
    ...gpus.variables,
  });
  const { shown, lines } = environmentWords(environment.variables);
  const files = handedFiles('run', [
    { flag: '--env-file', lines },
    { flag: '--label-file', lines: hiddenLabels(listed) },
  ]);
  const confinement = judgeConfinement(
    policy,
    caller,
    (flag) => valuesOf(request, flag),
    facts.accounts.groups === undefined,
  );
  const mounts = judgeMounts(policy, facts.mounts.selection, facts.mounts.facts, gpus.devices.length > 0);
  const ports = judgeRunPorts(subject, request, facts);
  const cpus = cpuParts(policy, textOf(listed, '--cpus'), textOf(listed, '--cpuset-cpus'), facts.processors);
  const asked = shareOf(listed, cpus);
  const image = facts.image.reference === undefined ? '' : familiar(facts.image.reference);
  const container = { ...asked, image, nonce: facts.nonce, version: userdockerVersion, gpus: gpus.devices };
  return {
    reasons: [
      ...judgeDataRoot(facts.dataRoot),
      ...facts.image.reasons,
      ...imageReasons(request, facts),
      ...judgeGroupNames(policy, caller, facts.accounts.groups, facts.runc),
      ...nameReasons(subject, request, facts),
      ...environment.reasons,
      ...labelReasons(request),
      ...networkReasons(request),
      ...confinement.reasons,
      ...mounts.reasons,
      ...facts.mountProblems,
      ...ports.reasons,
      ...gpus.reasons,
      ...(caller.isRoot ? [] : limitReasons(policy, facts.contested, asked)),
    ],
    parts: [
      ...files.parts,
      ...shown.map(({ name, value, source, rule }) => ({
        words: [`--env=${name}=${value}`],
        source,
        rule,
      })),
      ...mountParts(mounts.mounts, facts.pins),
      ...ports.mappings.map((mapping) => ({
        words: [`--publish=${mapping}`],
        source: 'you' as const,
        rule: 'allowed_port_mappings',
      })),
      ...cpus,
      ...nameParts(request, facts),
      ...gpus.parts,
      ...confinement.parts,
      ...processLimitParts(policy, caller, facts.machineProcesses, textsOf(listed, '--ulimit')),
      ...logParts(policy),
      ...sysctlParts(policy, textOf(listed, '--network')),
      ...labelParts(caller, container),
      enforced('images.pull', '--pull=never'),
      enforced('ownership', `--cidfile=${facts.cidfile}`),
    ],
    operands: [operandOf(facts.image)],
    payload: request.payload,
    env: gpus.env,
    files: files.files,
  };
}

/**
 * The id of the image that was looked at: between the look and the run the name could be given to another one. Without one,
 * in a dry run, the name.
 */
function operandOf({ found, reference }: RunFacts['image']): string {
  if (found !== undefined) return found.id;
  return reference === undefined ? '' : familiar(reference);
}

function imageReasons(
  request: ParsedCommand,
  { accounts, image, architecture }: RunFacts,
): readonly Reason[] {
  const { refused } = accounts;
  return [
    ...(refused === undefined
      ? []
      : [
          {
            rule: 'images',
            message: `the image can't be run: ${refused}`,
            instead: 'use another image, or have this one mended',
          },
        ]),
    ...judgeSizes(image.found?.configurationSize ?? 0, valuesOf(request, '--label')),
    ...judgePlatform(singleValue(request, '--platform'), architecture),
  ];
}

function limitReasons(
  { limits }: Subject['policy'],
  { own, unproven, usage }: RunFacts['contested'],
  asked: LimitQuestion['asked'],
): readonly Reason[] {
  const names = own.map(({ id, names: [name] }) => name ?? id.slice(0, 12));
  return [
    ...judgeExisting(limits.containers, names, unproven.length),
    ...judgeLimits({ limits, usage, asked }),
  ];
}

function enforced(rule: string, word: string): Part {
  return { words: [word], source: 'enforced', rule };
}

function textOf(listed: readonly ListedOption[], flag: string): string | undefined {
  return textsOf(listed, flag).at(-1);
}

function textsOf(listed: readonly ListedOption[], name: string): readonly string[] {
  return listed.flatMap(({ flag, value }) => (flag === name && typeof value === 'string' ? [value] : []));
}

/** What the container will be bound to, in bytes and CPUs: the last of each option counts in docker. */
function shareOf(
  listed: readonly ListedOption[],
  cpus: readonly Part[],
): { readonly memory: number | undefined; readonly cpus: number | undefined } {
  const memory = textOf(listed, '--memory');
  const fallback = cpus.flatMap(({ words }) => words).find((word) => word.startsWith('--cpus='));
  const share = textOf(listed, '--cpus') ?? fallback?.slice('--cpus='.length);
  const nano = share === undefined ? undefined : parseNanoCpus(share);
  return {
    memory: memory === undefined ? undefined : parseSize(memory),
    cpus: nano === undefined ? undefined : nano / 1e9,
  };
}

function nameReasons({ policy }: Subject, request: ParsedCommand, facts: RunFacts): readonly Reason[] {
  const name = singleValue(request, '--name');
  return name === undefined ? [] : judgeName(name, policy, facts.otherUser);
}

function nameParts(request: ParsedCommand, { contested }: RunFacts): readonly Part[] {
  const given = singleValue(request, '--name') !== undefined;
  return [
    {
      words: [`--name=${contested.name}`],
      source: given ? 'you' : 'default',
      rule: 'container_names.default',
    },
  ];
}

/** The labels that say whose a container is are set last and by us alone. */
function labelReasons(request: ParsedCommand): readonly Reason[] {
  return entriesOf(request, '--label').flatMap(({ text, where }) => {
    if (/^userdocker(?:[.=]|$)/i.test(text)) {
      const message = `${where ?? `--label ${text}`} is set by userdocker alone`;
      return [{ rule: 'ownership', message, instead: 'leave it out' }];
    }
    // docker leaves such a line of a file out, without a word.
    if (where === undefined || text.includes('=')) return [];
    return [{ rule: 'args.run', message: `${where} has no value`, instead: 'write NAME=value, or NAME=' }];
  });
}

function hiddenLabels(listed: readonly ListedOption[]): readonly string[] {
  return listed.flatMap(({ flag, value, hidden }) =>
    flag === '--label' && hidden === true ? [String(value)] : [],
  );
}

/**
 * By its name alone. What has `=` in it docker reads as a record of keys (cli opts/network.go): addresses, and options of the driver that
 * no entry for a network's name was meant to give.
 */
function networkReasons(request: ParsedCommand): readonly Reason[] {
  return valuesOf(request, '--network')
    .filter((network) => network.includes('='))
    .map((network) => ({
      rule: 'args.run.available',
      message: `--network ${network}: a network is given by its name alone`,
      instead: '--network NAME',
    }));
}

function judgeRunPorts({ policy }: Subject, request: ParsedCommand, facts: RunFacts): PortVerdict {
  const exposed = isSet(request, '--publish-all') ? (facts.image.found?.exposedPorts ?? []) : [];
  return judgePorts(policy, valuesOf(request, '--publish'), exposed);
}
