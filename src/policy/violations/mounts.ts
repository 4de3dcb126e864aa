/** Mounts: binds that a rule allows as they are, and tmpfs. */
import { isObject, type JsonObject, objectAt, textAt } from '../../domain/json.ts';
import type { MountRule } from '../../domain/policy.ts';
import {
  type Context,
  firstProblem,
  isEmpty,
  isKernels,
  isWithin,
  type Judge,
  plainPath,
  show,
  textEntries,
} from './common.ts';

export const judgeMounts: Judge = (value, context) => {
  if (!isEmpty(value) && !Array.isArray(value)) return `mounts what can't be read: ${show(value)}`;
  const mounts: readonly unknown[] = Array.isArray(value) ? value : [];
  return firstProblem(mounts, (mount) => judgeMount(mount, context)) ?? judgeEnforced(mounts, context);
};

/** Options in the old form: compiled command lines have none, and their sources are made by the engine where they are missing. */
export const judgeBinds: Judge = (value) =>
  isEmpty(value) ? undefined : `has binds outside of Mounts: ${show(value)}`;

/** `{ '/path': 'exec,nosuid,...' }`. What stands nowhere here (`suid`, `dev`, `uid=`) lifts something. */
export const judgeTmpfs: Judge = (value) => {
  const entries = textEntries(value);
  if (entries === undefined) return `mounts what can't be read: ${show(value)}`;
  return firstProblem(entries, ([path, options]) => {
    const wrong = options
      .split(',')
      .find(
        (option) =>
          !/^(?:|ro|rw|exec|noexec|nosuid|nodev|size=[0-9]+[bkmgt]?|mode=0?[01]?[0-7]{3})$/i.test(option),
      );
    return judgeTarget(path) ?? (wrong === undefined ? undefined : `has a tmpfs at ${path} with ${wrong}`);
  });
};

/** Fields of a mount; with `BindOptions` and `TmpfsOptions` below. */
const mountFields = ['Type', 'Source', 'Target', 'ReadOnly', 'Consistency', 'BindOptions', 'TmpfsOptions'];

function judgeMount(mount: unknown, context: Context): string | undefined {
  if (!isObject(mount)) return `mounts what can't be read: ${show(mount)}`;
  const target = textAt(mount, 'Target') ?? '';
  const unknown = Object.entries(mount).find(([key, value]) => !mountFields.includes(key) && !isEmpty(value));
  if (unknown !== undefined) return `mounts something at ${target} with ${unknown[0]}`;
  const type = textAt(mount, 'Type');
  const problem = judgeTarget(target);
  if (problem !== undefined) return problem;
  if (type === 'tmpfs') return judgeTmpfsMount(mount, target);
  return type === 'bind'
    ? judgeBind(mount, plainPath(target), context)
    : `has a mount of the type ${show(type)}`;
}

/** Over the kernel's file systems; as the image itself; as a request for a GPU (the toolkit's volume mounts). */
function judgeTarget(target: string): string | undefined {
  const plain = plainPath(target);
  const isGood =
    target.startsWith('/') &&
    plain !== '/' &&
    !isKernels(plain) &&
    !plain.split('/').includes('nvidia-container-devices');
  return isGood ? undefined : `mounts something at ${target}`;
}

function judgeTmpfsMount(mount: JsonObject, target: string): string | undefined {
  if (!isEmpty(mount['Source']) || !isEmpty(mount['BindOptions']))
    return `has a tmpfs at ${target} with a source`;
  const { SizeBytes: size, Mode: mode, ...others } = objectAt(mount, 'TmpfsOptions');
  const isGood =
    (isEmpty(size) || (typeof size === 'number' && size > 0)) &&
    // No set-user-ID and no set-group-ID directory.
    (isEmpty(mode) || (typeof mode === 'number' && mode <= 0o1777)) &&
    Object.values(others).every(isEmpty);
  return isGood ? undefined : `has a tmpfs at ${target} with ${show(mount['TmpfsOptions'])}`;
}

function judgeBind(mount: JsonObject, target: string, context: Context): string | undefined {
  const given = textAt(mount, 'Source') ?? '';
  const source = context.container.pins.get(given) ?? given;
  if (source !== plainPath(source)) return `mounts ${source}, which is no plain path`;
  const rules = mostExact(context, source, target);
  const [rule] = rules;
  if (rule === undefined) return `mounts ${source} at ${target}`;
  if (context.container.gpus.length > 0 && rule.target === undefined && isToolkits(target))
    return `mounts ${source} at ${target}, which is the NVIDIA toolkit's in a container with GPUs`;
  if (mount['ReadOnly'] !== true && rules.every(({ readOnly }) => readOnly))
    return `mounts ${source} for writing`;
  return judgeBindOptions(objectAt(mount, 'BindOptions'), source) ?? judgeOptionsOfOthers(mount, source);
}

function judgeOptionsOfOthers(mount: JsonObject, source: string): string | undefined {
  return isEmpty(mount['TmpfsOptions']) ? undefined : `mounts ${source} with options of a tmpfs`;
}

/**
 * `NonRecursive` uncovers what other mounts hide on the host; `CreateMountpoint` makes a directory as root;
 * `ReadOnlyNonRecursive` leaves what is mounted below the source writable; every propagation but a private one lets mounts pass
 * between host and container.
 */
function judgeBindOptions(options: JsonObject, source: string): string | undefined {
  return firstProblem(Object.entries(options), ([key, value]) => {
    if (isEmpty(value) || key === 'ReadOnlyForceRecursive') return undefined;
    if (key === 'Propagation' && (value === 'private' || value === 'rprivate')) return undefined;
    return `mounts ${source} with ${key} ${show(value)}`;
  });
}

/** The rules that decide: of those that fit, the ones with the longest host path; one path before a tree; a fixed target before a free one. */
function mostExact(context: Context, source: string, target: string): readonly MountRule[] {
  const { always, default: usual, available } = context.policy.volume_mounts;
  const fitting = [...always, ...usual, ...available].flatMap((rule) => {
    const lengths = hostsOf(rule, context)
      .filter((host) => covers(rule, host, source))
      .map((host) => host.length);
    if (lengths.length === 0 || (rule.target !== undefined && plainPath(rule.target) !== target)) return [];
    const rank = Math.max(...lengths) * 4 + (rule.subtree ? 0 : 2) + (rule.target === undefined ? 0 : 1);
    return [{ rule, rank }];
  });
  const best = Math.max(...fitting.map(({ rank }) => rank));
  return fitting.filter(({ rank }) => rank === best).map(({ rule }) => rule);
}

/** A rule for a whole tree does not mean the kernel's file systems in it. */
function covers(rule: MountRule, host: string, source: string): boolean {
  if (source === host) return true;
  return rule.subtree && isWithin(source, host) && (!isKernels(source) || isKernels(host));
}

function hostsOf(rule: MountRule, { container }: Context): readonly string[] {
  const real = container.hosts?.get(rule.host);
  return real === undefined || real === rule.host ? [rule.host] : [rule.host, real];
}

/** Two rules for one target: the last stands. The user may have added `ro`. */
function judgeEnforced(mounts: readonly unknown[], context: Context): string | undefined {
  const rules = new Map(
    context.policy.volume_mounts.always.map((rule) => [plainPath(rule.target ?? rule.host), rule]),
  );
  return firstProblem([...rules], ([target, rule]) => {
    const mount = mounts.find((each) => plainPath(textAt(each, 'Target') ?? '') === target);
    const given = textAt(mount, 'Source') ?? '';
    const source = context.container.pins.get(given) ?? given;
    return hostsOf(rule, context).some((host) => covers(rule, host, source))
      ? undefined
      : `lacks the mount ${rule.text}, which the policy enforces`;
  });
}

/** Where the toolkit, as root, puts its files or looks for them. */
function isToolkits(target: string): boolean {
  const trees = ['/etc', '/usr', '/bin', '/sbin', '/run', '/var'];
  const below =
    /^\/(?:s?bin|lib[^/]*|usr\/(?:s?bin|lib[^/]*|local\/cuda[^/]*|share\/(?:nvidia|glvnd|vulkan|egl))|etc\/(?:ld\.so\.c[^/]*|nvidia|vulkan|glvnd|egl|OpenCL)|run\/nvidia[^/]*|var\/run)(?:\/|$)/;
  return trees.includes(target) || below.test(target);
}
