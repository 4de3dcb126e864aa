/**
 * What a configuration file may say: one layer, every setting optional, a list also as `name+` and `name-`. Strict: what
 * stands nowhere here is an error. Values are judged with sample variables, so that a mistake is found whoever calls,
 * also in a setting that a later layer overrides.
 */
import type { CommandArguments, Policy } from '../domain/policy.ts';
import { fittingEntry } from './argument-entry.ts';
import { executorEntry } from './executor-entry.ts';
import { loadTags } from './load-tags.ts';
import { availableMount, fixedMount } from './mount-entry.ts';
import { driverName, environmentName, executorName, optionName, sysctlName } from './names.ts';
import { leaf, listOf, mapOf, type Setting, type ShapeOf, section, wordOrListOf } from './setting.ts';
import { knownSubcommands, type Subcommand } from './subcommands.ts';
import {
  aboveZero,
  absolutePath,
  allGpus,
  capability,
  decimal,
  dockerHost,
  gpuName,
  integer,
  oneOf,
  orNone,
  pattern,
  size,
  text,
  truth,
} from './values.ts';

function commandArguments(command: Subcommand): Setting {
  const entries = (list: keyof CommandArguments) => listOf(fittingEntry(command, list));
  return section({
    always: entries('always'),
    default: entries('default'),
    available: entries('available'),
  } satisfies ShapeOf<CommandArguments>);
}

const environment = () => mapOf(environmentName, leaf(text));
const limit = (least: number) => leaf(orNone(integer(least)));
const count = (least: number) => leaf(integer(least));
const flag = () => leaf(truth);

const settings = {
  log_level: leaf(oneOf(['debug', 'info', 'warning', 'error'])),
  executors: mapOf(executorName, leaf(executorEntry)),
  executor_default: leaf(executorName),
  docker_host: leaf(dockerHost),
  docker_config: leaf(absolutePath),
  allowed_subcommands: listOf(oneOf(knownSubcommands)),
  args: section(Object.fromEntries(knownSubcommands.map((command) => [command, commandArguments(command)]))),
  volume_mounts: section({
    always: listOf(fixedMount),
    available: listOf(availableMount),
    default: listOf(fixedMount),
    probe: flag(),
  } satisfies ShapeOf<Policy['volume_mounts']>),
  images: section({
    allowed: listOf(pattern),
    pull: leaf(oneOf(['default', 'never', 'always'])),
    load_tags: leaf(loadTags),
    load_max: leaf(size),
  } satisfies ShapeOf<Omit<Policy['images'], 'load_tags_template'>>),
  user_in_container: flag(),
  groups_in_container: flag(),
  names_in_container: flag(),
  no_new_privileges: flag(),
  caps_drop: listOf(capability),
  caps_add: listOf(capability),
  allowed_port_mappings: listOf(pattern),
  env: environment(),
  env_always: environment(),
  log_driver: section({
    name: leaf(driverName),
    options: mapOf(optionName, leaf(text)),
  } satisfies ShapeOf<Policy['log_driver']>),
  sysctls: mapOf(sysctlName, leaf(text)),
  env_by_executor: mapOf(executorName, environment()),
  container_names: section({
    default: leaf(text),
    allowed: leaf(pattern),
  } satisfies ShapeOf<Omit<Policy['container_names'], 'default_template'>>),
  cpus_default: leaf(decimal),
  limits: section({
    containers: limit(0),
    gpus: limit(0),
    memory: leaf(orNone(aboveZero(size))),
    cpus: leaf(orNone(aboveZero(decimal))),
    pids: limit(1),
    ports: limit(0),
  } satisfies ShapeOf<Policy['limits']>),
  ps_scope: leaf(oneOf(['own', 'all'])),
  nvidia: section({
    smi: leaf(absolutePath),
    allowed_gpus: wordOrListOf(allGpus, gpuName),
    default_gpu_count_reservation: count(0),
    max_gpu_count_reservation: count(-1),
    gpu_unavailable_above_memory_used: count(-1),
    exclusive_container_gpu_reservation: flag(),
    allow_own_gpu_reuse: flag(),
  } satisfies ShapeOf<Policy['nvidia']>),
  audit: section({
    file: leaf(absolutePath),
    syslog: flag(),
    required: flag(),
  } satisfies ShapeOf<Policy['audit']>),
} satisfies ShapeOf<Policy>;

/** A whole file. */
export const layerSetting: Setting = section(settings);
