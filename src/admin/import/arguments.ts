/** `ARGS_ALWAYS`, `ARGS_DEFAULT` and `ARGS_AVAILABLE`: three lists for each command. */
import { knownSubcommands, type Subcommand } from '../../config/subcommands.ts';
import { argumentEntryOf, type Converted, splitWord, wordsOf } from './entries.ts';
import type { OutputItem } from './outcome.ts';
import { builtInArguments } from './python-defaults.ts';
import { convertList, type Job } from './settings.ts';
import { doubt, ListValue, MapValue, type Value } from './value.ts';

const lists = [
  { name: 'ARGS_ALWAYS', key: 'always', kind: 'enforces' },
  { name: 'ARGS_DEFAULT', key: 'default', kind: 'enforces' },
  { name: 'ARGS_AVAILABLE', key: 'available', kind: 'grants' },
] as const;
type List = (typeof lists)[number];

export function convertArguments(job: Job): undefined {
  for (const list of lists) {
    const value = job.layer.after.get(list.name);
    if (value === undefined) {
      // Only the fork has ARGS_DEFAULT.
      continue;
    }
    if (!(value instanceof MapValue) || value.spoilt !== undefined) {
      job.outcome.undecided(['args', 'run', list.key], value.spot, doubt(value)?.why ?? 'no map');
      for (const command of job.commands) {
        if (command !== 'run') job.outcome.undecided(['args', command, list.key], value.spot, 'see args.run');
      }
      continue;
    }
    convertMap(job, list, value);
  }
}

function convertMap(job: Job, list: List, map: MapValue): undefined {
  const isNew = job.isFirst || map.path === undefined;
  if (isNew && map.uncertain)
    return job.outcome.undecided(
      ['args', 'run', list.key],
      map.spot,
      'other files of groups or users may change it',
    );
  for (const [command, value] of map.entries) {
    if (!knownSubcommands.some((known) => known === command))
      job.outcome.mark(value.spot, `${list.name}: userdocker does not have the command ${command}`);
  }
  for (const command of job.commands) {
    const value = map.entries.get(command);
    const isDeleted = map.deleted.has(command) && value === undefined;
    if (value !== undefined && (isNew || isTouched(map, list, command, value)))
      convertCommand(job, list, command, value);
    else if (value === undefined && (isNew || isDeleted))
      convertCommand(job, list, command, new ListValue('list', [], map.deleted.get(command) ?? map.spot));
  }
}

function isTouched(map: MapValue, list: List, command: string, value: Value): boolean {
  if (map.fresh.has(command) || !(value instanceof ListValue) || value.spoilt !== undefined) return true;
  const { change } = value;
  return change?.path !== `${list.name}.${command}` || change.added.length + change.removed.length > 0;
}

function convertCommand(job: Job, list: List, command: Subcommand, value: Value): undefined {
  const { key, kind, name } = list;
  const seen = new Map(key === 'available' ? inheritedFlags(job, value, `${name}.${command}`) : []);
  const plainly = (item: Value) => argumentEntryOf(job.program, command, key, item);
  const convert = (item: Value): Converted => {
    const handled = key === 'always' ? elsewhere(job, command, item) : undefined;
    if (handled !== undefined) return handled;
    return (key === 'available' ? repeatedFlag(job, item, seen) : undefined) ?? plainly(item);
  };
  const builtIn = key === 'available' ? builtInItems(job, command) : [];
  const path = ['args', command, key];
  convertList(job, {
    path,
    kind,
    name: `${name}.${command}`,
    value,
    convert,
    convertRemoved: plainly,
    builtIn,
  });
}

const packaged = { file: '', first: 0, last: 0 };

function builtInItems({ program }: Job, command: string): readonly OutputItem[] {
  return (builtInArguments[program][command] ?? []).map((value) => ({ value, spot: packaged }));
}

/** Flags with the values of their entry, as one text. */
type Flags = readonly (readonly [flag: string, values: string])[];

/** Of the entries that a list had before this file added to it. */
function inheritedFlags(job: Job, value: Value, name: string): Flags {
  if (job.isFirst || !(value instanceof ListValue) || value.change?.path !== name) return [];
  const { added } = value.change;
  return value.items.filter((item) => !added.includes(item)).flatMap((item) => flagsOf(job, item));
}

function flagsOf(job: Job, item: Value): Flags {
  const words = wordsOf(item);
  const split = (words.ok ? words.value : []).flatMap((word) => {
    const part = splitWord(job.program, word);
    return part.ok ? [part.value] : [];
  });
  const values = JSON.stringify(split.flatMap(({ value }) => (value === undefined ? [] : [value])));
  return split.flatMap(({ flag }) => (flag === '' ? [] : [[flag, values] as const]));
}

/** The Python program takes an option's first entry, and passes over later ones of the same name. */
function repeatedFlag(job: Job, item: Value, seen: Map<string, string>): Converted | undefined {
  const flags = flagsOf(job, item);
  const known = flags.filter(([flag]) => seen.has(flag));
  const differs = known.some(([flag, values]) => seen.get(flag) !== values);
  for (const [flag, values] of flags) if (!seen.has(flag)) seen.set(flag, values);
  if (known.length === 0) return undefined;
  const names = known.map(([flag]) => flag).join(', ');
  if (known.length === flags.length)
    return {
      kind: 'needless',
      why: `${names} is there already: the Python program takes the first entry alone`,
    };
  return differs ? { kind: 'lost', why: `${names} is in two entries with other values` } : undefined;
}

/** Enforced options that have a setting of their own in userdocker. */
function elsewhere({ outcome }: Job, command: string, item: Value): Converted | undefined {
  const words = wordsOf(item);
  const [word = ''] = words.ok ? words.value : [];
  if (command !== 'run') return undefined;
  if (/^--security-opt[= ]no-new-privileges(?:[:=]true)?$/.test(word)) {
    outcome.scalar(['no_new_privileges'], true, item.spot);
    return { kind: 'needless', why: `${word} is no_new_privileges` };
  }
  const pids = /^--pids-limit[= ]([1-9][0-9]{0,8})$/.exec(word)?.[1];
  if (pids === undefined) return undefined;
  outcome.scalar(['limits', 'pids'], Number(pids), item.spot);
  return { kind: 'needless', why: `${word} is limits.pids` };
}
