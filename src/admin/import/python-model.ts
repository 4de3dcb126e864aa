/**
 * How the Python program decides a command line, as far as samples need it: its lists of options, mounts by their text, images
 * and ports by `re.match`. It looks at words only, never at the machine.
 */
import { findGrammar, spellings } from '../../args/grammar.ts';
import { fillPattern, type Variables } from '../../config/variables.ts';
import { splitWord } from './entries.ts';
import { isCostly, translatePattern } from './patterns.ts';
import { builtInArguments, type Program } from './python-defaults.ts';
import { doubt, ListValue, MapValue, type Piece, type Value } from './value.ts';

export type PythonVerdict =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'refused'; readonly why: string }
  /** The configuration is not known well enough. */
  | { readonly kind: 'unknown'; readonly why: string };

export interface Call {
  readonly command: string;
  /** Flag and value, in order; a value of `undefined`: none was given. */
  readonly options: readonly { readonly flag: string; readonly value: string | undefined }[];
  /** The image of a `run`. */
  readonly operand: string | undefined;
}

export class PythonPolicy {
  readonly #names: ReadonlyMap<string, Value>;
  readonly #program: Program;
  readonly #variables: Variables;

  constructor(names: ReadonlyMap<string, Value>, program: Program, variables: Variables) {
    this.#names = names;
    this.#program = program;
    this.#variables = variables;
  }

  decide(call: Call): PythonVerdict {
    try {
      return this.#decide(call);
    } catch (error) {
      if (error instanceof Unsure) return { kind: 'unknown', why: error.message };
      throw error;
    }
  }

  /** The texts of a list. @throws Unsure */
  texts(name: string): readonly string[] {
    return this.#items(this.#names.get(name), name).map((item) => this.#text(item, name));
  }

  /** The expressions of a list, each as a test of a text's beginning. */
  patterns(name: string): readonly ((text: string) => boolean)[] {
    return this.#items(this.#names.get(name), name).map((item) => this.#pattern(item, name));
  }

  #decide({ command, options, operand }: Call): PythonVerdict {
    if (!this.texts('ALLOWED_SUBCOMMANDS').includes(command))
      return refused(`${command} is not in ALLOWED_SUBCOMMANDS`);
    for (const { flag, value } of options) {
      const problem = this.#option(command, flag, value);
      if (problem !== undefined) return refused(problem);
    }
    if (command !== 'run' || operand === undefined) return { kind: 'allowed' };
    const image = /[:@]/.test(operand) ? operand : `${operand}:latest`;
    const images = this.patterns('ALLOWED_IMAGE_REGEXPS');
    const isAllowed = images.length === 0 || images.some((matches) => matches(image));
    return isAllowed ? { kind: 'allowed' } : refused(`${image} matches none of ALLOWED_IMAGE_REGEXPS`);
  }

  #option(command: string, flag: string, value: string | undefined): string | undefined {
    if (command === 'run' && flag === '--volume') return this.#mount(value ?? '');
    if (command === 'run' && flag === '--publish') return this.#port(value ?? '');
    if (command === 'run' && flag === '--no-default-mounts') return undefined;
    if (command === 'ps' && flag.startsWith('--gpu-')) return undefined;
    const entries = [
      ...this.#arguments('ARGS_AVAILABLE', command),
      ...this.#arguments('ARGS_ALWAYS', command),
      ...this.#arguments('ARGS_DEFAULT', command),
      ...(builtInArguments[this.#program][command] ?? []).map((entry) =>
        typeof entry === 'string' ? [entry] : entry,
      ),
    ];
    const names = namesOf(command, flag);
    const found = entries.map((words) => words.map((word) => this.#word(word)));
    const matching = found.find((words) => words.some((word) => names.includes(word.flag)));
    if (matching === undefined) return `${flag} is in no list of ARGS_*`;
    const values = matching.flatMap((word) => (word.value === undefined ? [] : [word.value]));
    if (values.length === 0) return value === undefined ? undefined : `${flag} takes no value`;
    return values.includes('') || values.includes(value ?? '')
      ? undefined
      : `${flag} takes ${values.join(', ')} only`;
  }

  #word(word: string): { readonly flag: string; readonly value: string | undefined } {
    const split = splitWord(this.#program, word);
    if (!split.ok) throw new Unsure(split.error);
    return split.value;
  }

  #arguments(name: string, command: string): readonly (readonly string[])[] {
    const map = this.#names.get(name);
    if (map === undefined) return [];
    if (!(map instanceof MapValue) || map.spoilt !== undefined) throw new Unsure(name);
    const list = map.entries.get(command);
    if (list === undefined) return [];
    return this.#items(list, name).map((item) =>
      item instanceof ListValue
        ? this.#items(item, name).map((part) => this.#text(part, name))
        : [this.#text(item, name)],
    );
  }

  /** By the text, with `ro` added, or by the host part of a rule that leaves the place open. */
  #mount(wanted: string): string | undefined {
    const rules = ['VOLUME_MOUNTS_ALWAYS', 'VOLUME_MOUNTS_DEFAULT', 'VOLUME_MOUNTS_AVAILABLE'].flatMap(
      (name) => this.texts(name),
    );
    const [host = '', place, flag, ...more] = wanted.split(':');
    if (place === undefined) return `${wanted} is an anonymous mount`;
    if (rules.includes(wanted)) return undefined;
    if (flag === 'ro' && more.length === 0 && rules.includes(`${host}:${place}`)) return undefined;
    return rules.includes(`${host}:`) ? undefined : `${wanted} is in no list of VOLUME_MOUNTS_*`;
  }

  #port(wanted: string): string | undefined {
    const isAllowed = this.patterns('ALLOWED_PORT_MAPPINGS').some((matches) => matches(wanted));
    return isAllowed ? undefined : `${wanted} matches none of ALLOWED_PORT_MAPPINGS`;
  }

  #items(value: Value | undefined, name: string): readonly Value[] {
    if (value === undefined) return [];
    if (!(value instanceof ListValue) || value.spoilt !== undefined) throw new Unsure(name);
    return value.items;
  }

  #text(value: Value, name: string): string {
    if (value.kind === 'id') return this.#variables[value.variable];
    if (value.kind !== 'text') throw new Unsure(doubt(value)?.why ?? name);
    return value.pieces.map((piece) => this.#piece(piece)).join('');
  }

  #piece(piece: Piece): string {
    return typeof piece === 'string' ? piece : this.#variables[piece.variable];
  }

  #pattern(value: Value, name: string): (text: string) => boolean {
    if (value.kind !== 'text') throw new Unsure(doubt(value)?.why ?? name);
    const translated = translatePattern(value.pieces);
    const filled = translated.ok ? fillPattern(translated.value.prefix, this.#variables) : translated;
    if (!filled.ok) throw new Unsure(filled.error);
    if (isCostly(filled.value)) throw new Unsure('a regular expression that could take for ever');
    const expression = new RegExp(`^(?:${filled.value})`, 'su');
    return (text) => expression.test(text);
  }
}

class Unsure extends Error {}

/** `-t` is found under `--tty` too. */
function namesOf(command: string, flag: string): readonly string[] {
  const spec = findGrammar(command)?.flags.find((one) => spellings(one).includes(flag));
  return spec === undefined ? [flag] : spellings(spec);
}

function refused(why: string): PythonVerdict {
  return { kind: 'refused', why };
}
