/** Sample command lines, decided by the Python program's rules and by what was made of them. */
import { parseCommand } from '../../args/parse.ts';
import type { ParsedCommand } from '../../args/types.ts';
import type { Command, Subject } from '../../commands/command.ts';
import { buildPolicy } from '../../config/build.ts';
import { readDocument } from '../../config/document.ts';
import { itemKey } from '../../config/item-key.ts';
import { defaultLayer } from '../../config/load.ts';
import { mergeLayers } from '../../config/merge.ts';
import { validateLayer } from '../../config/validate.ts';
import { variablesOf } from '../../config/variables.ts';
import { decide } from '../../decide.ts';
import type { Caller } from '../../domain/caller.ts';
import { commandWords } from '../../domain/decision.ts';
import { parseAbsolutePath, parseGid, parseUid } from '../../domain/ids.ts';
import type { Layer, Policy } from '../../domain/policy.ts';
import { extraFlags } from '../../policy/argument-rules.ts';
import type { Conversion, ConvertedFile } from './convert.ts';
import { isCostly } from './patterns.ts';
import { PythonPolicy, type PythonVerdict } from './python-model.ts';
import { sampleContainers, sampleRunFacts } from './sample-facts.ts';

export interface SampleRow {
  /** The files that count for this caller: `config.yaml group/config_10_students.yaml`. */
  readonly files: string;
  readonly line: string;
  readonly python: PythonVerdict;
  readonly userdocker: Verdict | undefined;
  /** `looser`: refused before, allowed now; `read-only`: likewise, but mounted as if `:ro` had been written. */
  readonly comparison: 'same' | 'stricter' | 'read-only' | 'looser' | 'unknown';
}

interface Verdict {
  readonly kind: 'allowed' | 'refused';
  readonly why: string;
  /** What docker is given. */
  readonly words: readonly string[];
}

/** For everybody, and for those of each further file alone. */
export async function compareSamples({
  files: [first, ...others],
  program,
}: Conversion): Promise<readonly SampleRow[]> {
  const groups = [[first], ...others.map((file) => [first, file])];
  const rows: SampleRow[] = [];
  for (const files of groups) {
    const caller = sampleCaller();
    const last = files.at(-1) ?? first;
    const python = new PythonPolicy(last.layer.after, program, variablesOf(caller));
    const policy = policyOf(files, caller);
    const name = files.map(({ layer }) => layer.input.output).join(' ');
    for (const words of sampleLines(python)) rows.push(await compare(name, words, python, policy, caller));
  }
  return rows;
}

function sampleCaller(): Caller {
  const [uid, gid, home] = [parseUid('1000'), parseGid('1000'), parseAbsolutePath('/home/alice')];
  if (!uid.ok || !gid.ok || !home.ok) throw new Error('the sample caller is not one');
  const groups = [{ gid: gid.value, name: 'users' }];
  return {
    uid: uid.value,
    user: 'alice',
    gid: gid.value,
    group: 'users',
    home: home.value,
    groups,
    isRoot: false,
  };
}

/** `undefined` where something is undecided, so that every call is refused, or could not be tried in a bounded time. */
function policyOf(files: readonly ConvertedFile[], caller: Caller): Policy | undefined {
  const trees = files.map(({ yaml, layer }) => {
    const kind: Layer = layer.input.kind === 'default' ? 'config' : layer.input.kind;
    const { tree, mistakes } = readDocument({ layer: kind, file: layer.input.output, text: yaml });
    return { tree, mistakes: [...mistakes, ...validateLayer(tree)] };
  });
  if (trees.some(({ mistakes }) => mistakes.length > 0)) return undefined;
  const merged = mergeLayers(
    defaultLayer('/etc/userdocker').tree,
    trees.map(({ tree }) => tree),
    itemKey,
  );
  const built = buildPolicy(merged.tree, caller);
  if (!built.ok || merged.mistakes.length > 0) return undefined;
  const { images, allowed_port_mappings: ports } = built.value;
  return [...images.allowed, ...ports].some(isCostly) ? undefined : built.value;
}

const runs = [
  'run debian',
  'run -it debian bash',
  'run -d debian',
  'run --rm debian',
  'run --read-only debian',
  'run --entrypoint sh debian',
  'run -w /tmp debian',
  'run --name mine debian',
  'run -e A=b debian',
  'run -m 1g debian',
  'run --shm-size 1g debian',
  'run --init debian',
  'run -P debian',
  'run -p 8080 debian',
  'run -p 127.0.0.1::8080 debian',
  'run -p 80:80 debian',
  'run -p 8080:80 debian',
  'run -v /etc:/host debian',
  'run -v /:/host debian',
  'run -v /home/alice:/home/alice:ro debian',
  'run --no-default-mounts debian',
  'run --privileged debian',
  'run --network=host debian',
  'run --pid=host debian',
  'run --user=0 debian',
  'run --cap-add=SYS_ADMIN debian',
  'run --device=/dev/sda debian',
  'run ubuntu:22.04',
  'run nvcr.io/nvidia/pytorch:24.01-py3',
  'run registry.example.org/lab/tool:1',
  'run localhost/alice/tool',
];
const others = [
  'images',
  'images -a',
  'ps',
  'ps -a',
  'pull debian',
  'load',
  'version',
  'dockviz',
  'attach mine',
  'exec -it mine sh',
  'stop mine',
  'kill mine',
  'rm mine',
  'logs mine',
  'inspect mine',
];

/** The fixed ones, and those that the configuration itself names: its mounts, and images that fit its expressions. */
function sampleLines(python: PythonPolicy): readonly (readonly string[])[] {
  const own: string[][] = [];
  for (const name of ['VOLUME_MOUNTS_ALWAYS', 'VOLUME_MOUNTS_DEFAULT', 'VOLUME_MOUNTS_AVAILABLE']) {
    for (const rule of attempt(() => python.texts(name)) ?? []) {
      const wanted = rule.endsWith(':') ? `${rule}/mnt/here` : rule;
      own.push(['run', '-v', wanted, 'debian']);
      if (!/:r[ow]$/.test(wanted)) own.push(['run', '-v', `${wanted}:ro`, 'debian']);
      else own.push(['run', '-v', wanted.replace(/:r[ow]$/, ''), 'debian']);
    }
  }
  for (const image of attempt(() => python.texts('ALLOWED_IMAGE_REGEXPS'))?.map(imageLike) ?? [])
    own.push(['run', image]);
  const all = [...runs, ...others].map((line) => line.split(' '));
  return [...new Map([...all, ...own.slice(0, 60)].map((words) => [words.join(' '), words])).values()];
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

/** Something that the expression could be meant for. */
function imageLike(pattern: string): string {
  const text = pattern
    .replace(/^\^|\$$/g, '')
    .replace(/\((?:\?:)?([^()|]*)\|[^()]*\)/g, '$1')
    .replace(/\[([a-z0-9])[^\]]*\][*+]?/gi, (_whole, first: string) => first.toLowerCase())
    .replace(/\.[*+]|\\[wd][*+]?/g, '1')
    .replace(/\(\?:|[()?^$*+[\]]/g, '')
    .replaceAll('\\', '');
  return /^[a-z0-9]/.test(text) ? text.replace(/[/:.-]+$/, (end) => `${end}x`) : `x${text}`;
}

async function compare(
  files: string,
  words: readonly string[],
  python: PythonPolicy,
  policy: Policy | undefined,
  caller: Caller,
): Promise<SampleRow> {
  const before = python.decide(readWords(words));
  const now = policy === undefined ? undefined : await decideLine(policy, caller, words);
  const row = { files, line: words.join(' '), python: before, userdocker: now };
  if (before.kind === 'unknown' || now === undefined) return { ...row, comparison: 'unknown' };
  if (before.kind === now.kind) return { ...row, comparison: 'same' };
  if (before.kind === 'allowed') return { ...row, comparison: 'stricter' };
  return { ...row, comparison: isOnlyReadOnly(words, python, now.words) ? 'read-only' : 'looser' };
}

/** What a rule says is read-only userdocker mounts read-only, where the Python program wants `:ro` to be written. */
function isOnlyReadOnly(words: readonly string[], python: PythonPolicy, final: readonly string[]): boolean {
  const [, flag, wanted = ''] = words;
  if (flag !== '-v') return false;
  const spelled = words.map((word) => (word === wanted ? `${word}:ro` : word));
  const target = wanted.split(':')[1] ?? '';
  const mount = final.find((word) => word.startsWith('--mount=') && word.includes(`=${target},`));
  return (
    python.decide(readWords(spelled)).kind === 'allowed' && /,(?:readonly|ro)(?:[,=]|$)/.test(mount ?? '')
  );
}

const withValue = new Set(['-v', '-p', '-w', '-e', '-m', '--entrypoint', '--name', '--shm-size']);
const clusters: { readonly [word: string]: readonly string[] } = { '-it': ['-i', '-t'] };
const longNames: { readonly [flag: string]: string } = { '-v': '--volume', '-p': '--publish' };

/** The samples' own few forms. */
function readWords([command = '', ...words]: readonly string[]): Parameters<PythonPolicy['decide']>[0] {
  const options: { flag: string; value: string | undefined }[] = [];
  let index = 0;
  for (; words[index]?.startsWith('-') === true; index += 1) {
    const word = words[index] ?? '';
    const [flag = '', value] = word.split('=', 2);
    if (withValue.has(word)) {
      index += 1;
      options.push({ flag: longNames[word] ?? word, value: words[index] });
    } else if (clusters[word] !== undefined) {
      for (const one of clusters[word]) options.push({ flag: one, value: undefined });
    } else options.push({ flag, value });
  }
  return { command, options, operand: words[index] };
}

async function decideLine(
  policy: Policy,
  caller: Caller,
  [name = '', ...args]: readonly string[],
): Promise<Verdict> {
  const decider = await deciderOf(name);
  const executor = policy.executors[policy.executor_default];
  if (decider === undefined || executor === undefined) return refused(`${name} is no command`);
  const subject: Subject = {
    caller,
    policy,
    executor: { ...executor, name: policy.executor_default },
    noDefaultArgs: false,
  };
  return decider(subject, args);
}

type Decider = (subject: Subject, args: readonly string[]) => Verdict;

async function deciderOf(name: string): Promise<Decider | undefined> {
  const lifecycle = () => import('../../commands/lifecycle.ts');
  const containers = (_subject: Subject, request: ParsedCommand) => sampleContainers(request.operands);
  switch (name) {
    case 'run':
      return decider((await import('../../commands/run.ts')).run, sampleRunFacts);
    case 'exec':
      return decider((await import('../../commands/exec.ts')).exec, (_subject, { operands }) => ({
        named: sampleContainers(operands),
        groups: undefined,
        runc: '1.3.0',
      }));
    case 'attach':
    case 'inspect':
    case 'kill':
    case 'logs':
    case 'rm':
    case 'stop':
      return decider((await lifecycle())[name], containers);
    case 'images':
      return decider<readonly string[] | 'all'>(
        (await import('../../commands/images.ts')).images,
        () => 'all',
      );
    case 'ps':
      return decider<readonly string[] | 'all'>((await import('../../commands/ps.ts')).ps, () => 'all');
    case 'pull':
      return decider((await import('../../commands/pull.ts')).pull, () => ({
        engine: undefined,
        isPrivate: false,
      }));
    case 'dockviz':
      return decider((await import('../../commands/dockviz.ts')).dockviz, () => undefined);
    case 'version':
      return decider((await import('../../commands/version.ts')).version, () => undefined);
    case 'load':
      return decider((await import('../../commands/load.ts')).load, () => ({
        engine: { version: '28.0.0', major: 28, apiVersion: '1.50', architecture: 'amd64', runc: '1.3.0' },
        dataRoot: { path: '/var/lib/docker', traversable: false },
      }));
    default:
      return undefined;
  }
}

function decider<Facts>(
  command: Command<Facts>,
  facts: (subject: Subject, request: ParsedCommand) => Facts,
): Decider {
  return (subject, args) => {
    const { grammar } = command;
    const rules = subject.policy.args[grammar.command];
    const parsed = parseCommand(grammar, args, rules === undefined ? [] : extraFlags(grammar, rules));
    if (!parsed.ok) return refused(parsed.error.message);
    const decision = decide(command, subject, parsed.value, facts(subject, parsed.value));
    if (decision.kind === 'allow') return { kind: 'allowed', why: '', words: commandWords(decision.plan) };
    return refused(decision.reasons.map(({ message }) => message).join('; '));
  };
}

function refused(why: string): Verdict {
  return { kind: 'refused', why, words: [] };
}
