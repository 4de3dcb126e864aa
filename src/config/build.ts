/** From the merged layers to one caller's policy: variables filled in, every value in its type. */
import type { Caller } from '../domain/caller.ts';
import type { ArgumentRule, CommandArguments, MountRule, Policy } from '../domain/policy.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { accountFile, accountFiles } from '../paths.ts';
import { containerUserComponent } from '../policy/image-user.ts';
import { argumentEntry } from './argument-entry.ts';
import { completeExecutor, executorEntry } from './executor-entry.ts';
import { fillLoadTags, loadTags } from './load-tags.ts';
import { availableMount, fixedMount, type MountEntry } from './mount-entry.ts';
import { driverName } from './names.ts';
import { type MapNode, type Mistake, plainObject } from './node.ts';
import { PolicyReader } from './policy-reader.ts';
import { knownSubcommands, type Subcommand } from './subcommands.ts';
import {
  aboveZero,
  absolutePath,
  allGpus,
  capability,
  decimal,
  didYouMean,
  dockerHost,
  gpuName,
  integer,
  oneOf,
  orNone,
  type Parse,
  pattern,
  size,
  text,
  truth,
  writtenText,
} from './values.ts';
import { fillText, variablesOf } from './variables.ts';

/** What depends on the caller, or on several layers, is found here; everything else the schema has found before. */
export function buildPolicy(tree: MapNode, caller: Caller): Result<Policy, readonly Mistake[]> {
  const reader = new PolicyReader(tree, variablesOf(caller));
  const executors = reader.map('executors', (value, variables, name) => {
    const entry = executorEntry(value, variables);
    return entry.ok ? completeExecutor(name, entry.value) : entry;
  });
  const policy: Policy = {
    log_level: reader.value('log_level', oneOf(['debug', 'info', 'warning', 'error'])),
    executors,
    executor_default: reader.value('executor_default', oneOfTheExecutors(Object.keys(executors))),
    docker_host: reader.value('docker_host', dockerHost),
    docker_config: reader.value('docker_config', absolutePath),
    allowed_subcommands: reader.list('allowed_subcommands', oneOf(knownSubcommands)),
    args: plainObject(knownSubcommands.map((command) => [command, readArguments(reader, command)])),
    volume_mounts: {
      always: [...readMounts(reader, 'volume_mounts.always', fixedMount), ...accountMounts(reader, caller)],
      available: readMounts(reader, 'volume_mounts.available', availableMount),
      default: readMounts(reader, 'volume_mounts.default', fixedMount),
      probe: reader.value('volume_mounts.probe', truth),
    },
    images: readImages(reader, caller),
    user_in_container: reader.value('user_in_container', truth),
    groups_in_container: reader.value('groups_in_container', truth),
    names_in_container: reader.value('names_in_container', truth),
    no_new_privileges: reader.value('no_new_privileges', truth),
    caps_drop: reader.list('caps_drop', capability),
    caps_add: reader.list('caps_add', capability),
    allowed_port_mappings: reader.list('allowed_port_mappings', pattern),
    env: reader.map('env', text),
    env_always: reader.map('env_always', text),
    log_driver: {
      name: reader.value('log_driver.name', driverName),
      options: reader.map('log_driver.options', text),
    },
    sysctls: reader.map('sysctls', text),
    env_by_executor: reader.maps('env_by_executor', text),
    container_names: {
      default: reader.value('container_names.default', defaultName(caller)),
      default_template: reader.value('container_names.default', writtenText),
      allowed: reader.value('container_names.allowed', pattern),
    },
    cpus_default: reader.value('cpus_default', decimal),
    limits: {
      containers: reader.value('limits.containers', orNone(integer(0))),
      gpus: reader.value('limits.gpus', orNone(integer(0))),
      memory: reader.value('limits.memory', orNone(aboveZero(size))),
      cpus: reader.value('limits.cpus', orNone(aboveZero(decimal))),
      pids: reader.value('limits.pids', orNone(integer(1))),
      ports: reader.value('limits.ports', orNone(integer(0))),
    },
    ps_scope: reader.value('ps_scope', oneOf(['own', 'all'])),
    nvidia: {
      smi: reader.value('nvidia.smi', absolutePath),
      allowed_gpus: reader.isList('nvidia.allowed_gpus')
        ? reader.list('nvidia.allowed_gpus', gpuName)
        : reader.value('nvidia.allowed_gpus', allGpus),
      default_gpu_count_reservation: reader.value('nvidia.default_gpu_count_reservation', integer(0)),
      max_gpu_count_reservation: reader.value('nvidia.max_gpu_count_reservation', integer(-1)),
      gpu_unavailable_above_memory_used: reader.value(
        'nvidia.gpu_unavailable_above_memory_used',
        integer(-1),
      ),
      exclusive_container_gpu_reservation: reader.value('nvidia.exclusive_container_gpu_reservation', truth),
      allow_own_gpu_reuse: reader.value('nvidia.allow_own_gpu_reuse', truth),
    },
    audit: {
      file: reader.value('audit.file', absolutePath),
      syslog: reader.value('audit.syslog', truth),
      required: reader.value('audit.required', truth),
    },
  };
  return reader.mistakes.length === 0 ? ok(policy) : err(reader.mistakes);
}

function readArguments(reader: PolicyReader, command: Subcommand): CommandArguments {
  const list = (name: keyof CommandArguments): readonly ArgumentRule[] =>
    reader.list(`args.${command}.${name}`, (value, variables, origin) => {
      const entry = argumentEntry(command)(value, variables);
      return entry.ok ? ok({ ...entry.value, origin }) : entry;
    });
  return { always: list('always'), default: list('default'), available: list('available') };
}

function readMounts(reader: PolicyReader, path: string, parse: Parse<MountEntry>): readonly MountRule[] {
  return reader.list(path, (value, variables, origin) => {
    const entry = parse(value, variables);
    return entry.ok ? ok({ ...entry.value, origin }) : entry;
  });
}

/** The caller's own /etc/passwd and /etc/group (src/state/accounts.ts), by rules like an admin's: everything judges them as such. */
function accountMounts(reader: PolicyReader, { uid }: Caller): readonly MountRule[] {
  const wanted =
    reader.value('names_in_container', truth) === true && reader.value('user_in_container', truth) === true;
  const origin = reader.origin('names_in_container');
  if (!wanted || origin === undefined) return [];
  return accountFiles.map((name) => {
    const [host, target] = [accountFile(uid, name), `/etc/${name}`];
    const text = `${host}:${target}:ro`;
    return { host, subtree: false, target, readOnly: true, create: false, text, origin };
  });
}

function readImages(reader: PolicyReader, caller: Caller): Policy['images'] {
  return {
    allowed: reader.list('images.allowed', pattern),
    pull: reader.value('images.pull', oneOf(['default', 'never', 'always'])),
    load_tags: reader.value('images.load_tags', (value, variables) => {
      const template = loadTags(value, variables);
      return template.ok ? fillLoadTags(template.value, caller) : template;
    }),
    load_tags_template: reader.value('images.load_tags', loadTags),
    load_max: reader.value('images.load_max', size),
  };
}

function oneOfTheExecutors(names: readonly string[]): Parse<string> {
  return (value) => {
    const name = String(value);
    return names.includes(name) ? ok(name) : err(`${name} is not among executors${didYouMean(name, names)}`);
  };
}

/** A number follows it: `alice_1`. */
function defaultName({ user, uid }: Caller): Parse<string> {
  return (value, variables) => {
    const written = writtenText(value);
    if (!written.ok) return written;
    const name = fillText(written.value, { ...variables, user: containerUserComponent(user, uid) });
    if (!name.ok) return name;
    return /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name.value)
      ? name
      : err(`${name.value} is no beginning of a container name`);
  };
}
