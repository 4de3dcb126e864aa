/** YAML of what was converted, with the Python lines that each value comes from. */
import type { Document, Node } from 'yaml';
import { visible } from '../../report/visible.ts';
import type { Output, OutputItem } from './outcome.ts';
import type { Mark } from './scope.ts';
import type { Spot } from './value.ts';

export interface FileText {
  /** Of the Python file, as it is to be named. */
  readonly source: string;
  readonly text: string;
  readonly outputs: readonly Output[];
  readonly marks: readonly Mark[];
}

type Library = typeof import('yaml');

export async function yamlOf({ source, text, outputs, marks }: FileText): Promise<string> {
  const yaml = await import('yaml');
  const lines = text.split('\n');
  const document = new yaml.Document(new yaml.YAMLMap());
  document.commentBefore = header(source, lines, marks);
  // What is said last counts, as for Python.
  const unique = new Map(outputs.map((output) => [JSON.stringify([output.path, output.operator]), output]));
  for (const output of unique.values()) {
    const node = nodeOf(yaml, document, output, lines);
    place(yaml, document, output, node);
  }
  if (outputs.length === 0) document.contents = null;
  const options = { lineWidth: 0, flowCollectionPadding: false, singleQuote: true } as const;
  return outputs.length === 0 ? `${comment(document.commentBefore ?? '')}\n` : document.toString(options);
}

function header(source: string, lines: readonly string[], marks: readonly Mark[]): string {
  const name = visible(source);
  if (marks.length === 0) return ` Made of ${name} by userdocker-admin import-config.\n`;
  const told = marks.flatMap(({ spot, why }) => [
    ` line ${spot.first}: ${visible(why)}`,
    ...(spot.file === source ? original(lines, spot) : []),
  ]);
  return [
    ` Made of ${name} by userdocker-admin import-config. NOT WHOLE: this was not converted:`,
    ...told,
    '',
  ].join('\n');
}

/** At most so many of the original's lines for each mark. */
const shownLines = 12;

function original(lines: readonly string[], { first, last }: Spot): readonly string[] {
  const all = lines.slice(first - 1, last);
  const shown = all.slice(0, shownLines).map((line) => `     | ${visible(line).slice(0, 160)}`);
  return all.length > shown.length ? [...shown, `     | ... to line ${last}`] : shown;
}

function comment(text: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : `#${line}`))
    .join('\n')
    .trimEnd();
}

function nodeOf(yaml: Library, document: Document, output: Output, lines: readonly string[]): Node {
  const { value, spot } = output;
  if (value.kind === 'scalar') return withComment(document.createNode(value.scalar), origin(spot));
  if (value.kind === 'list') return listNode(yaml, document, value.items, spot);
  const node = withComment(
    document.createNode(null),
    ` UNDECIDED, so nobody can call: ${visible(value.why)}`,
  );
  node.commentBefore = spot.file === '' ? '' : original(lines, spot).join('\n');
  return node;
}

function listNode(yaml: Library, document: Document, items: readonly OutputItem[], spot: Spot): Node {
  const list = new yaml.YAMLSeq();
  for (const item of items) {
    const node = document.createNode(item.value);
    if (yaml.isCollection(node)) node.flow = true;
    list.items.push(withComment(node, origin(item.spot)));
  }
  if (items.length > 0) return list;
  list.flow = true;
  return withComment(list, origin(spot));
}

function withComment<T extends Node>(node: T, text: string): T {
  node.comment = text;
  return node;
}

function origin({ file, first }: Spot): string {
  return file === '' ? " the Python program's own" : ` ${visible(file)}:${first}`;
}

function place(
  yaml: Library,
  document: Document,
  { path, operator, comment: remark }: Output,
  node: Node,
): void {
  const [last = '', ...above] = [...path].reverse();
  let map = document.contents;
  for (const key of above.reverse()) {
    if (!yaml.isMap(map)) return;
    const inner = map.get(key, true);
    const next = yaml.isMap(inner) ? inner : new yaml.YAMLMap();
    if (!yaml.isMap(inner)) map.set(key, next);
    map = next;
  }
  if (!yaml.isMap(map)) return;
  const key = document.createNode(`${last}${operator}`);
  const before = node.commentBefore ?? '';
  node.commentBefore = null;
  const remarks = [before, remark === undefined ? '' : ` ${visible(remark)}`].filter((part) => part !== '');
  if (remarks.length > 0) key.commentBefore = remarks.join('\n');
  map.add({ key, value: node });
}
