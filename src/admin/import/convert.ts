/** A Python configuration as files of YAML. Nothing is executed, and nothing is written here. */
import { knownSubcommands, type Subcommand } from '../../config/subcommands.ts';
import { type Followed, followFiles, type Layer } from './follow.ts';
import type { PythonInput } from './input.ts';
import { Outcome, type Output } from './outcome.ts';
import type { Program } from './python-defaults.ts';
import type { Mark } from './scope.ts';
import { convertSettings, type Job } from './settings.ts';
import { ListValue, literal, MapValue, type Value } from './value.ts';
import { yamlOf } from './write.ts';

export interface ConvertedFile {
  readonly layer: Layer;
  readonly outputs: readonly Output[];
  /** Sorted by line, each once. Where there are none the file says what the Python file says. */
  readonly marks: readonly Mark[];
  readonly yaml: string;
}

export interface Conversion {
  readonly program: Program;
  readonly files: readonly [ConvertedFile, ...ConvertedFile[]];
  readonly notes: readonly string[];
}

export async function convertConfiguration(input: PythonInput, program?: Program): Promise<Conversion> {
  const followed = await followFiles(input.files, program);
  const [first, ...others] = followed.layers;
  const notes = [...input.notes, `taken for the files of ${shown(followed.program)}: ${followed.because}`];
  const commands = commandsOf(followed);
  const variables = variablesOf(first);
  const convert = (layer: Layer) =>
    convertLayer({ layer, program: followed.program, isFirst: layer === first, commands, variables }, notes);
  const files: [ConvertedFile, ...ConvertedFile[]] = [await convert(first)];
  for (const layer of others) files.push(await convert(layer));
  if (others.some(({ input: { kind } }) => kind === 'group' || kind === 'gid'))
    notes.push(
      "files of groups now also count for those whose primary group it is: the Python program only looked at a group's members",
    );
  return { program: followed.program, files, notes };
}

function shown(program: Program): string {
  return program === 'diffproml' ? 'userdocker-diffproml' : 'userdocker 2';
}

async function convertLayer(job: Omit<Job, 'outcome'>, notes: string[]): Promise<ConvertedFile> {
  const outcome = new Outcome();
  const { input, marks } = job.layer;
  convertSettings({ ...job, outcome });
  if (job.isFirst) {
    const spot = { file: '', first: 0, last: 0 };
    outcome.scalar(
      ['groups_in_container'],
      false,
      spot,
      "userdocker itself would say true: the caller's further groups",
    );
  }
  notes.push(...outcome.notes);
  const all = uniqueMarks([...marks, ...outcome.marks]);
  const yaml = await yamlOf({ source: input.path, text: input.text, outputs: outcome.outputs, marks: all });
  return { layer: job.layer, outputs: outcome.outputs, marks: all, yaml };
}

function uniqueMarks(marks: readonly Mark[]): readonly Mark[] {
  const unique = new Map(marks.map((mark) => [`${mark.spot.file}:${mark.spot.first}:${mark.why}`, mark]));
  return [...unique.values()].sort((a, b) => a.spot.first - b.spot.first);
}

/** Every command that some file allows or has options for; all of them where that is not known. */
function commandsOf({ layers }: Followed): readonly Subcommand[] {
  const named = new Set<string>();
  for (const { after } of layers) {
    for (const name of ['ALLOWED_SUBCOMMANDS', 'ARGS_ALWAYS', 'ARGS_DEFAULT', 'ARGS_AVAILABLE']) {
      const value = after.get(name);
      const words = value === undefined ? [] : wordsOf(value);
      if (words === undefined) return knownSubcommands;
      for (const word of words) named.add(word);
    }
  }
  return knownSubcommands.filter((command) => named.has(command));
}

function wordsOf(value: Value): readonly string[] | undefined {
  if (value instanceof MapValue && value.spoilt === undefined) return [...value.entries.keys()];
  if (!(value instanceof ListValue) || value.spoilt !== undefined) return undefined;
  const words = value.items.map(literal);
  return words.includes(undefined) ? undefined : words.flatMap((word) => word ?? []);
}

function variablesOf({ after }: Layer): readonly string[] {
  const value = after.get('ENV_VARS');
  if (!(value instanceof ListValue)) return [];
  return value.items.flatMap((item) => {
    const [first] = item.kind === 'text' ? item.pieces : [];
    const name = typeof first === 'string' ? /^([^=]+)=/.exec(first)?.[1] : undefined;
    return name === undefined ? [] : [name];
  });
}
