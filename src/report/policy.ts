/** What the policy lets its caller do: in words, and as JSON. Nothing of what is for admins alone. Pure. */
import { grammarOf } from '../args/grammar.ts';
import type { Caller } from '../domain/caller.ts';
import { isObject } from '../domain/json.ts';
import type { Executor, Policy } from '../domain/policy.ts';
import { enforcedParts } from '../policy/confinement.ts';
import { readable } from '../policy/full-match.ts';
import { formatBytes } from '../policy/limits.ts';
import { logParts, sysctlParts } from '../policy/run.ts';
import { commandRows, fixedRows, optionRows, type Row, runSections, section } from './help.ts';
import { visible } from './visible.ts';

/** Ends with a newline. */
export function policyText(policy: Policy, caller: Caller): string {
  const run = policy.args['run'];
  const lines = [
    `What ${caller.user} (${caller.uid}:${caller.gid}) may do on this machine.`,
    ...section('Commands', commandRows(policy)),
    ...(policy.allowed_subcommands.includes('run')
      ? [
          ...section('Options of run', optionRows(grammarOf('run'), run)),
          ...section('Given to run unless you say otherwise (--no-default-args)', fixedRows(run?.default)),
          ...section('Always given to run', fixedRows(run?.always)),
          ...runSections(policy, caller),
          ...section('Names of containers (--name)', nameRows(policy)),
          ...section('GPUs', gpuRows(policy)),
          ...section('Variables (-e changes them)', variableRows(policy.env)),
          ...section('Variables that you can not change', variableRows(policy.env_always)),
          ...section('Enforced for every container', enforcedRows(policy, caller)),
        ]
      : []),
    ...section('Where images come from', imageRows(policy)),
    ...section('Containers', [['ps shows', policy.ps_scope === 'all' ? "everybody's" : 'your own']]),
    '',
    'userdocker COMMAND --help shows the options of the other commands.',
    '',
  ];
  // A value of the policy may hold anything, a name of the directory service too.
  return lines.map(visible).join('\n');
}

function nameRows({ container_names: names }: Policy): readonly Row[] {
  return [
    [`${names.default}1, ${names.default}2, ...`, 'where you give none'],
    [readable(names.allowed), 'must match the whole name'],
  ];
}

function imageRows({ images, allowed_subcommands: commands }: Policy): readonly Row[] {
  const pull = {
    default: 'those that are missing are pulled',
    never: 'local ones only, nothing is pulled',
    always: 'pulled before each run',
  } as const;
  const load: readonly Row[] = commands.includes('load')
    ? [['those you load', `become ${images.load_tags}NAME, at most ${formatBytes(images.load_max)} each`]]
    : [];
  return [['run', pull[images.pull]], ...load];
}

function gpuRows({ executors, nvidia }: Policy): readonly Row[] {
  const names = gpuExecutors(executors);
  if (names.length === 0) return [['none', 'no executor has GPUs']];
  const { allowed_gpus: allowed, max_gpu_count_reservation: most } = nvidia;
  const shared = nvidia.exclusive_container_gpu_reservation
    ? 'to one container at a time'
    : 'also to several containers';
  const again = nvidia.allow_own_gpu_reuse ? '; yours again to you, if you name it' : '';
  return [
    ['with', names.map((name) => `--executor=${name}`).join(', ')],
    ['which', allowed === 'ALL' ? 'all' : allowed.length === 0 ? 'none' : allowed.join(', ')],
    ['unless you name some', String(nvidia.default_gpu_count_reservation)],
    ['at most in a run', most < 0 ? 'no maximum' : String(most)],
    ['are given', nvidia.exclusive_container_gpu_reservation ? `${shared}${again}` : shared],
  ];
}

function gpuExecutors(executors: { readonly [name: string]: Executor }): readonly string[] {
  return Object.entries(executors).flatMap(([name, { gpus }]) => (gpus === undefined ? [] : [name]));
}

function variableRows(variables: { readonly [name: string]: string }): readonly Row[] {
  return Object.entries(variables).map(([name, value]) => [`${name}=${value}`, '']);
}

/** The very parts that a run is given. */
function enforcedRows(policy: Policy, caller: Caller): readonly Row[] {
  const parts = [
    ...enforcedParts(policy, caller, true),
    ...logParts(policy),
    ...sysctlParts(policy, undefined),
  ];
  return parts.map(({ words, rule }) => [words.join(' '), rule]);
}

/** The caller's own settings, by the names of userdocker.yaml(5). Paths of the machine's programs and logs are left out. */
export function policyJson(policy: Policy, caller: Caller): string {
  const { log_level, executors, docker_host, docker_config, audit, nvidia, ...own } = policy;
  const { smi, ...gpus } = nvidia;
  const document = {
    user: caller.user,
    uid: caller.uid,
    gid: caller.gid,
    groups: caller.groups,
    gpu_executors: gpuExecutors(executors),
    ...own,
    nvidia: gpus,
  };
  return `${JSON.stringify(document, withoutOrigins, 2)}\n`;
}

/** Where a rule is written is for root, and for `explain`. `undefined` would be left out: no limit is `null`, as in YAML. */
function withoutOrigins(_key: string, value: unknown): unknown {
  if (value === undefined) return null;
  const isOrigin = isObject(value) && isObject(value['origin']) && 'layer' in value['origin'];
  if (!isOrigin) return value;
  const { origin, ...rest } = value;
  return rest;
}
