/** `userdocker-admin show --diff`: the settings in which two users' policies differ, with where each was written. Pure. */

import { itemKey } from '../config/item-key.ts';
import { type ConfigNode, type MapNode, type Place, type Plain, plain } from '../config/node.ts';
import type { Caller } from '../domain/caller.ts';
import { visible } from '../report/visible.ts';
import { flow } from './show.ts';

export interface Side {
  readonly caller: Caller;
  readonly files: readonly string[];
  /** The merged layers. */
  readonly tree: MapNode;
}

/** A value, or an item of a list, that one has and the other has not, or has otherwise. */
export interface Difference {
  readonly path: string;
  /** Missing where that user has no such entry. */
  readonly values: readonly [Placed | undefined, Placed | undefined];
}

interface Placed {
  readonly value: Plain;
  readonly place: Place;
}

export function differencesOf(one: MapNode, other: MapNode): readonly Difference[] {
  return mapDifferences(one, other, []);
}

function mapDifferences(one: MapNode, other: MapNode, path: readonly string[]): readonly Difference[] {
  const keys = new Set([...one.entries.keys(), ...other.entries.keys()]);
  return [...keys].flatMap((key) =>
    nodeDifferences(one.entries.get(key)?.value, other.entries.get(key)?.value, [...path, key]),
  );
}

function nodeDifferences(
  one: ConfigNode | undefined,
  other: ConfigNode | undefined,
  path: readonly string[],
): readonly Difference[] {
  if (one?.kind === 'map' && other?.kind === 'map') return mapDifferences(one, other, path);
  if (one?.kind === 'list' && other?.kind === 'list') return listDifferences(one.items, other.items, path);
  if (one?.kind === 'map' && other === undefined)
    return mapDifferences(one, { ...one, entries: new Map() }, path);
  if (other?.kind === 'map' && one === undefined)
    return mapDifferences({ ...other, entries: new Map() }, other, path);
  if (one !== undefined && other !== undefined && JSON.stringify(plain(one)) === JSON.stringify(plain(other)))
    return [];
  return [{ path: path.join('.'), values: [placed(one), placed(other)] }];
}

/** By meaning, as `key-` compares them: `-t` is `[-t]`. The order does not count. */
function listDifferences(
  one: readonly ConfigNode[],
  other: readonly ConfigNode[],
  path: readonly string[],
): readonly Difference[] {
  const key = (item: ConfigNode) => itemKey(path, item);
  const name = path.join('.');
  const ones = new Set(one.map(key));
  const others = new Set(other.map(key));
  return [
    ...one
      .filter((item) => !others.has(key(item)))
      .map((item) => ({ path: name, values: [placed(item), undefined] as const })),
    ...other
      .filter((item) => !ones.has(key(item)))
      .map((item) => ({ path: name, values: [undefined, placed(item)] as const })),
  ];
}

function placed(node: ConfigNode | undefined): Placed | undefined {
  return node === undefined ? undefined : { value: plain(node), place: node.place };
}

/** As diff(1) shows it: `-` for the first user, `+` for the second. Ends with a newline. */
export function diffText(one: Side, other: Side): string {
  const differences = differencesOf(one.tree, other.tree);
  const lines = differences.flatMap(({ path, values }, index) => [
    ...(differences[index - 1]?.path === path ? [] : [`${visible(path)}:`]),
    ...sideLine('-', values[0]),
    ...sideLine('+', values[1]),
  ]);
  return [
    `--- ${headOf(one)}`,
    `+++ ${headOf(other)}`,
    ...(lines.length === 0 ? ['No setting differs.'] : lines),
    '',
  ].join('\n');
}

function headOf({ caller, files }: Side): string {
  return visible(`${caller.user} (uid ${caller.uid}): ${files.join(' ') || 'the defaults alone'}`);
}

const column = 54;

function sideLine(sign: string, side: Placed | undefined): readonly string[] {
  if (side === undefined) return [];
  const { file, line } = side.place;
  const shown = `${sign} ${flow(side.value)}`;
  return [`${shown.padEnd(column)} # ${visible(file)}:${line}`];
}

/** Ends with a newline. */
export function diffJson(one: Side, other: Side): string {
  const sides = [one, other].map(({ caller, files }) => ({ user: caller.user, uid: caller.uid, files }));
  const differences = differencesOf(one.tree, other.tree).map(({ path, values }) => ({
    path,
    values: values.map((side) =>
      side === undefined
        ? null
        : { value: side.value, layer: side.place.layer, file: side.place.file, line: side.place.line },
    ),
  }));
  return `${JSON.stringify({ users: sides, differences }, null, 2)}\n`;
}
