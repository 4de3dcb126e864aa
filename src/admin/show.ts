/** `userdocker-admin show`: a user's merged policy, and where each value of it was written. Pure. */
import { type ConfigNode, type MapNode, type Place, type Plain, plain } from '../config/node.ts';
import type { Caller } from '../domain/caller.ts';
import { hasInvisible, visible } from '../report/visible.ts';

/**
 * YAML that could be a configuration of its own, with file and line of each value as a comment. `${user}` and the like are
 * as they were written. Ends with a newline.
 */
export function showText(caller: Caller, files: readonly string[], tree: MapNode): string {
  const groups = caller.groups.map(({ gid, name }) => (name === undefined ? String(gid) : `${gid}(${name})`));
  return [
    `# The policy of ${visible(caller.user)}: uid ${caller.uid}, gid ${caller.gid}, home ${visible(caller.home)}`,
    `# groups ${visible(groups.join(' '))}`,
    `# files: ${visible(files.join(' ')) || 'none, the defaults alone'}`,
    ...mapLines(tree, ''),
    '',
  ].join('\n');
}

function mapLines({ entries }: MapNode, indent: string): readonly string[] {
  return [...entries].flatMap(([key, { value }]) => nodeLines(`${indent}${scalar(key)}:`, value, indent));
}

function nodeLines(start: string, node: ConfigNode, indent: string): readonly string[] {
  if (node.kind === 'map' && node.entries.size > 0) return [start, ...mapLines(node, `${indent}  `)];
  if (node.kind === 'list' && node.items.length > 0) {
    return [start, ...node.items.map((item) => withPlace(`${indent}  - ${flow(plain(item))}`, item.place))];
  }
  return [withPlace(`${start} ${flow(plain(node))}`, node.place)];
}

const column = 56;

function withPlace(text: string, { file, line }: Place): string {
  return `${text.padEnd(column)} # ${visible(file)}:${line}`;
}

/** One value on one line: `[-t, --tty]`, `{flag: --cpus, max: 16}`. */
export function flow(value: Plain): string {
  if (typeof value === 'string') return scalar(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (isList(value)) return `[${value.map(flow).join(', ')}]`;
  const pairs = Object.entries(value).map(([key, inner]) => `${scalar(key)}: ${flow(inner)}`);
  return `{${pairs.join(', ')}}`;
}

function isList(value: object): value is readonly Plain[] {
  return Array.isArray(value);
}

/** Unquoted only what YAML 1.1 and 1.2 take for a text. */
function scalar(text: string): string {
  if (hasInvisible(text)) return escaped(text);
  const isWord = /^(?:--?)?[A-Za-z_/][A-Za-z0-9_./=-]*$/.test(text);
  const isOther = /^(?:true|false|null|yes|no|on|off|y|n|nan|inf)$/i.test(text);
  return isWord && !isOther ? text : `'${text.replaceAll("'", "''")}'`;
}

/** YAML's double quotes know JSON's escapes. */
function escaped(text: string): string {
  const units = JSON.stringify(text).split('');
  return units
    .map((unit) => (/[^ -~]/.test(unit) ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}` : unit))
    .join('');
}

/** A list of values, each with its path, layer, file and line. Ends with a newline. */
export function showJson(caller: Caller, files: readonly string[], tree: MapNode): string {
  const { user, uid, gid, home, groups } = caller;
  const document = { user, uid, gid, home, groups, files, settings: leaves(tree, '') };
  return `${JSON.stringify(document, null, 2)}\n`;
}

interface Leaf {
  readonly path: string;
  readonly value: Plain;
  readonly layer: string;
  readonly file: string;
  readonly line: number;
}

function leaves(node: ConfigNode, path: string): readonly Leaf[] {
  if (node.kind === 'map' && node.entries.size > 0) {
    return [...node.entries].flatMap(([key, { value }]) =>
      leaves(value, path === '' ? key : `${path}.${key}`),
    );
  }
  if (node.kind === 'list' && node.items.length > 0) {
    return node.items.map((item, index) => leaf(`${path}[${index}]`, item));
  }
  return [leaf(path, node)];
}

function leaf(path: string, node: ConfigNode): Leaf {
  const { layer, file, line } = node.place;
  return { path, value: plain(node), layer, file, line };
}
