import { type Conversion, convertConfiguration } from '../../../src/admin/import/convert.ts';
import { type PythonFile, readInput } from '../../../src/admin/import/input.ts';
import type { Program } from '../../../src/admin/import/python-defaults.ts';
import type { Value } from '../../../src/admin/import/value.ts';

export const sites = 'test/fixtures/python';

/** Python in `config.py`; further files by their path, `group/config_10_lab.py`. */
export function convert(
  text: string,
  files: { readonly [path: string]: string } = {},
  program?: Program,
): Promise<Conversion> {
  const further = Object.entries(files).map(([path, words]): PythonFile => {
    const [kind = '', name = ''] = path.split('/');
    if (kind !== 'group' && kind !== 'gid' && kind !== 'user' && kind !== 'uid') throw new Error(path);
    const subject = name.replace(/^config_(?:[0-9]{2}_)?|\.py$/g, '');
    return { kind, path, text: words, subject, output: path.replace(/py$/, 'yaml') };
  });
  const config = { kind: 'config', path: 'config.py', text, subject: '', output: 'config.yaml' } as const;
  return convertConfiguration({ files: [config, ...further], notes: [] }, program);
}

export function convertSite(name: string): Promise<Conversion> {
  return convertConfiguration(readInput(`${sites}/${name}`));
}

/** What came of a setting of the first file, `images.allowed`, or of another's; `undefined`: nothing was written. */
export function setting({ files }: Conversion, path: string, file = 'config.yaml'): unknown {
  const outputs = files.find(({ layer }) => layer.input.output === file)?.outputs ?? [];
  const found = outputs.findLast((output) => `${output.path.join('.')}${output.operator}` === path)?.value;
  if (found === undefined) return undefined;
  if (found.kind === 'scalar') return found.scalar;
  return found.kind === 'list' ? found.items.map(({ value }) => value) : `undecided: ${found.why}`;
}

/** `3: an if statement`, of all files. */
export function marks({ files }: Conversion): readonly string[] {
  return files.flatMap((file) => file.marks.map(({ spot, why }) => `${spot.first}: ${why}`));
}

const variables = { uid: '1000', gid: '100', user: 'alice', group: 'users', home: '/home/alice' };

/** A value as JSON, for alice. */
export function plainOf(value: Value | undefined): unknown {
  switch (value?.kind) {
    case 'text':
      return value.pieces
        .map((piece) => (typeof piece === 'string' ? piece : variables[piece.variable]))
        .join('');
    case 'list':
      return value.items.map(plainOf);
    case 'map':
      return Object.fromEntries([...value.entries].map(([key, inner]) => [key, plainOf(inner)]));
    case 'id':
      return Number(variables[value.variable]);
    case 'none':
      return null;
    case 'number':
    case 'truth':
      return value.value;
    default:
      return undefined;
  }
}
