/** When two items of a list are the same, so that `key-` finds what it shall remove. */
import { argumentEntry } from './argument-entry.ts';
import type { ItemKey } from './merge.ts';
import { availableMount } from './mount-entry.ts';
import { plain } from './node.ts';
import { knownSubcommands } from './subcommands.ts';
import { capability, gpuName, type Parse } from './values.ts';
import type { Variables } from './variables.ts';

/** Variables stand for themselves, as no text that an admin can write: `${home}/data` is the same as `${home}/data` only. */
const asWritten: Variables = {
  uid: '${uid}',
  gid: '${gid}',
  user: '${user}',
  group: '${group}',
  home: '/${home}',
};

/**
 * By meaning, not by spelling: `-t` is `[-t]`, `CAP_KILL` is `kill`, `/a:/b` is `/a:/b:rw`, GPU `0` is `'0'`. The order of
 * aliases does not count: who takes `[--tty, -t]` away means the same flag as `[-t, --tty]`.
 */
export const itemKey: ItemKey = (path, item) => {
  const value = plain(item);
  const meaning = parserOf(path)?.(value, asWritten);
  return JSON.stringify(meaning?.ok ? meaning.value : ['as written', String(value)]);
};

function parserOf(path: readonly string[]): Parse<unknown> | undefined {
  const [first, second] = path;
  if (first === 'args') {
    const command = knownSubcommands.find((known) => known === second);
    return command === undefined ? undefined : argumentMeaning(command);
  }
  if (first === 'volume_mounts') return mountMeaning;
  if (first === 'caps_add' || first === 'caps_drop') return capability;
  return first === 'nvidia' ? gpuName : undefined;
}

function argumentMeaning(command: (typeof knownSubcommands)[number]): Parse<unknown> {
  return (value, variables) => {
    const entry = argumentEntry(command)(value, variables);
    if (!entry.ok) return entry;
    const { flags, values } = entry.value;
    const sortedValues = values.kind === 'one-of' ? [...values.values].sort() : values;
    return { ok: true, value: ['argument', [...flags].sort(), sortedValues] };
  };
}

const mountMeaning: Parse<unknown> = (value, variables) => {
  const entry = availableMount(value, variables);
  if (!entry.ok) return entry;
  const { text: _text, ...meaning } = entry.value;
  return { ok: true, value: ['mount', meaning] };
};
