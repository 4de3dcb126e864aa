/**
 * `ENV_VARS` and `ENV_VARS_EXT`. The Python program puts them behind whatever the user says, so docker takes its values:
 * that is userdocker's `env_always`.
 */
import { environmentName } from '../../config/names.ts';
import { sampleVariables } from '../../config/variables.ts';
import { assignmentOf } from './entries.ts';
import type { OutputItem } from './outcome.ts';
import type { Job } from './settings.ts';
import { doubt, ListValue, MapValue, type Spot, type Value } from './value.ts';

interface Assignment {
  readonly name: string;
  readonly value: string;
  readonly spot: Spot;
}

export function convertEnvironment(job: Job, value: Value, name: string): undefined {
  const { outcome, isFirst } = job;
  const isOurs = value instanceof ListValue && !isFirst && value.change?.path === name;
  const items = value instanceof ListValue ? (isOurs ? (value.change?.added ?? []) : value.items) : undefined;
  if (
    items === undefined ||
    doubt(value) !== undefined ||
    (value instanceof ListValue && value.uncertain && !isOurs)
  )
    return outcome.undecided(['env_always'], value.spot, doubt(value)?.why ?? 'no list that is known');
  const assignments = readAll(items);
  if (typeof assignments === 'string') return outcome.undecided(['env_always'], value.spot, assignments);
  const removed = removedNames(job, value, isOurs, assignments);
  if (typeof removed === 'string') return outcome.undecided(['env_always'], value.spot, removed);
  if (isFirst && !assignments.some((one) => one.name === 'HOME'))
    outcome.list(['env'], '-', [{ value: 'HOME', spot: value.spot }], value.spot);
  if (removed.length > 0) outcome.list(['env_always'], '-', removed, value.spot);
  for (const one of lastOfEach(assignments)) outcome.scalar(['env_always', one.name], one.value, one.spot);
}

/** @returns the reason where one can't be read */
function readAll(items: readonly Value[]): readonly Assignment[] | string {
  const assignments: Assignment[] = [];
  for (const item of items) {
    const read = doubt(item) === undefined ? assignmentOf(item) : undefined;
    if (read === undefined || !read.ok)
      return doubt(item)?.why ?? (read?.ok === false ? read.error : 'unknown');
    const name = environmentName(read.value.name, sampleVariables);
    if (!name.ok) return name.error;
    assignments.push({ ...read.value, spot: item.spot });
  }
  return assignments;
}

/** What config.py has set and this file has not any more. */
function removedNames(
  { isFirst, variables }: Job,
  value: Value,
  isOurs: boolean,
  assignments: readonly Assignment[],
): readonly OutputItem[] | string {
  if (isFirst) return [];
  if (!isOurs)
    return variables
      .filter((name) => !assignments.some((one) => one.name === name))
      .map((name) => ({ value: name, spot: value.spot }));
  const gone = readAll(value instanceof ListValue ? (value.change?.removed ?? []) : []);
  if (typeof gone === 'string') return gone;
  return gone.map(({ name, spot }) => ({ value: name, spot }));
}

function lastOfEach(assignments: readonly Assignment[]): readonly Assignment[] {
  return [...new Map(assignments.map((one) => [one.name, one])).values()];
}

/** Its own default in userdocker, which must go where the Python program's files do not say it. */
const shipped = { executor: 'nvidia-docker', name: 'NCCL_TOPOLOGY' };

export function convertExecutorEnvironment(job: Job, value: Value): undefined {
  const { outcome, isFirst } = job;
  const path = ['env_by_executor'];
  if (!(value instanceof MapValue) || doubt(value) !== undefined)
    return outcome.undecided(path, value.spot, doubt(value)?.why ?? 'no map');
  const isNew = isFirst || value.path === undefined;
  if (isNew && value.uncertain) return outcome.undecided(path, value.spot, 'other files may change it');
  const read = new Map<string, readonly Assignment[]>();
  for (const [executor, list] of value.entries) {
    const items =
      list instanceof ListValue && doubt(list) === undefined && !list.uncertain
        ? readAll(list.items)
        : 'no known list';
    if (typeof items === 'string') return outcome.undecided(path, value.spot, items);
    read.set(executor, items);
  }
  const keepsShipped = read.get(shipped.executor)?.some(({ name }) => name === shipped.name) === true;
  const before = job.layer.before.get('ENV_VARS_EXT');
  const known = isFirst ? [shipped.executor] : before instanceof MapValue ? [...before.entries.keys()] : [];
  if (!isFirst || !keepsShipped) {
    const items = known.map((name) => ({ value: name, spot: value.spot }));
    if (items.length > 0) outcome.list(path, '-', items, value.spot);
  }
  for (const [executor, assignments] of read) {
    for (const one of lastOfEach(assignments))
      outcome.scalar([...path, executor, one.name], one.value, one.spot);
  }
}
