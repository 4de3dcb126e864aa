/** The options of userdocker's own words: `--format`, right behind the word, and `--help`. */
import { usage } from '../domain/errors.ts';
import { HelpWanted } from '../pipeline.ts';

export type Format = 'text' | 'json';

/** @throws usage; HelpWanted for `--help` */
export function takeFormat(
  word: string,
  args: readonly string[],
): { readonly format: Format; readonly rest: readonly string[] } {
  const [first, second] = args;
  if (first === '--help' || first === '-h') throw new HelpWanted(word);
  if (first === '--format') return { format: formatNamed(second), rest: args.slice(2) };
  if (first?.startsWith('--format=')) {
    return { format: formatNamed(first.slice('--format='.length)), rest: args.slice(1) };
  }
  return { format: 'text', rest: args };
}

function formatNamed(name: string | undefined): Format {
  if (name === 'text' || name === 'json') return name;
  throw usage(`--format is text or json${name === undefined ? '' : `, not ${name}`}`, '--format json');
}
