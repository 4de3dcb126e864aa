/** Holds a layer against the schema and says where each mistake stands. */
import { keyPlaceAt, type MapNode, type Mistake, pathText, placeAt, plain } from './node.ts';
import { layerSetting } from './schema.ts';
import { issuesOf } from './setting.ts';

export function validateLayer(tree: MapNode): readonly Mistake[] {
  const mistakes = issuesOf(layerSetting, plain(tree)).map(({ path, message, atKey }) => {
    const above = path.slice(0, -1);
    const subject = atKey ? above : path;
    const place = atKey ? keyPlaceAt(tree, above, String(path.at(-1))) : placeAt(tree, path);
    return { place, message: subject.length === 0 ? message : `${pathText(subject)}: ${message}` };
  });
  return [...mistakes, ...contradictions(tree, [])].sort(byPlace);
}

/** `key` says what a list is, `key+` and `key-` change what it was: only one can be meant. Maps have both kinds of change. */
function contradictions(tree: MapNode, path: readonly string[]): readonly Mistake[] {
  return [...tree.entries].flatMap(([key, { keyPlace, value }]) => {
    const below = value.kind === 'map' ? contradictions(value, [...path, key]) : [];
    const base = key.replace(/[+-]$/, '');
    const other = base === key ? undefined : tree.entries.get(base);
    if (other === undefined || other.value.kind === 'map') return below;
    const name = [...path, base].join('.');
    return [
      ...below,
      { place: keyPlace, message: `${name}: either ${base} or ${key} in one file, not both` },
    ];
  });
}

function byPlace(a: Mistake, b: Mistake): number {
  return a.place.line - b.place.line || a.place.column - b.place.column;
}
