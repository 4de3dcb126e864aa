/**
 * The defaults as data with line numbers. They are embedded so (src/config/defaults.generated.ts, made by
 * scripts/embed-defaults.ts), because to parse their YAML at each start would take longer than docker's own client does.
 */
import type { ConfigNode, Entry, MapNode, Place, Scalar } from './node.ts';

/** `[line, value]`; in a map's value the line is the key's. */
export type Packed = readonly [
  line: number,
  value: Scalar | readonly Packed[] | { readonly [key: string]: Packed },
];

/** The text of src/config/defaults.generated.ts. */
export function generateDefaults(tree: MapNode): string {
  return `// Made by scripts/embed-defaults.ts of etc-userdocker/default.yaml. Do not edit.
// biome-ignore-all format: generated
import type { Packed } from './packed.ts';

export const packedDefaults: Packed = ${JSON.stringify(pack(tree))};
`;
}

export function pack(node: ConfigNode, line = node.place.line): Packed {
  if (node.kind === 'scalar') return [line, node.value];
  if (node.kind === 'list') return [line, node.items.map((item) => pack(item))];
  return [
    line,
    Object.fromEntries(
      [...node.entries].map(([key, entry]) => [key, pack(entry.value, entry.keyPlace.line)]),
    ),
  ];
}

/** @param file where the admin can read them */
export function unpackDefaults([line, value]: Packed, file: string): MapNode {
  const place = placeIn(file, line);
  return { kind: 'map', entries: isMap(value) ? unpackEntries(value, file) : new Map(), place };
}

function unpack([line, value]: Packed, file: string): ConfigNode {
  const place = placeIn(file, line);
  if (isList(value)) return { kind: 'list', items: value.map((item) => unpack(item, file)), place };
  return isMap(value)
    ? { kind: 'map', entries: unpackEntries(value, file), place }
    : { kind: 'scalar', value, place };
}

function unpackEntries(map: { readonly [key: string]: Packed }, file: string): ReadonlyMap<string, Entry> {
  return new Map(
    Object.entries(map).map(([key, packed]) => [
      key,
      { keyPlace: placeIn(file, packed[0]), value: unpack(packed, file) },
    ]),
  );
}

function isList(value: Packed[1]): value is readonly Packed[] {
  return Array.isArray(value);
}

function isMap(value: Packed[1]): value is { readonly [key: string]: Packed } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function placeIn(file: string, line: number): Place {
  return { layer: 'default', file, line, column: 1 };
}
