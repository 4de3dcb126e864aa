/** `userdocker-admin import-config`: the Python program's configuration as YAML. Runs nothing of what it reads. */
import { resolve } from 'node:path';
import { usage } from '../domain/errors.ts';
import { convertConfiguration } from './import/convert.ts';
import { readInput } from './import/input.ts';
import type { Program } from './import/python-defaults.ts';
import { problemLines, sampleTable } from './import/report.ts';
import { compareSamples } from './import/samples.ts';
import { writeTree } from './import/write-tree.ts';

export interface ImportCall {
  readonly path: string;
  /** A directory to be made; `undefined`: the one file goes to standard output. */
  readonly output: string | undefined;
  /** `undefined`: told by the files. */
  readonly program: Program | undefined;
}

export interface Imported {
  /** For standard output: the YAML, or the table of samples where the YAML went into files. */
  readonly output: string;
  /** For standard error. */
  readonly messages: string;
  /** All of it was converted, and no sample is decided more loosely. */
  readonly whole: boolean;
}

/** @throws usage, config for what is no Python, unavailable where nothing can be written */
export async function importConfig({ path, output, program }: ImportCall): Promise<Imported> {
  const input = readInput(path);
  const conversion = await convertConfiguration(input, program);
  const { files } = conversion;
  const [first] = files;
  if (output === undefined && files.length > 1)
    throw usage(`${files.length} files come of this`, 'say where to: --output DIRECTORY');
  const rows = await compareSamples(conversion);
  const whole =
    files.every(({ marks }) => marks.length === 0) &&
    rows.every(({ comparison }) => comparison !== 'looser' && comparison !== 'unknown');
  if (output !== undefined)
    writeTree(
      resolve(output),
      files.map(({ layer, yaml }) => ({ path: layer.input.output, text: yaml })),
    );
  const table = sampleTable(rows);
  const verdict = whole
    ? []
    : ['this is NOT the whole configuration: look at each line above before you use it'];
  const told = [...problemLines(conversion), ...verdict]
    .map((line) => `userdocker-admin: ${line}\n`)
    .join('');
  return output === undefined
    ? { output: first.yaml, messages: `${table}\n${told}`, whole }
    : { output: table, messages: told, whole };
}
