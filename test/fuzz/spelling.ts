/** The words of one option, in any of the ways in which docker takes it. */
import fc from 'fast-check';
import { spellings } from '../../src/args/grammar.ts';
import { runFlags } from '../../src/args/run-flags.ts';
import type { FlagSpec } from '../../src/args/types.ts';

/** Which of the names, which form, which word for true or false. */
export const spelling = fc.record({
  name: fc.nat({ max: 5 }),
  form: fc.nat({ max: 5 }),
  truth: fc.nat({ max: 5 }),
});
export type Spelling = typeof spelling extends fc.Arbitrary<infer T> ? T : never;

const truths = ['true', '1', 't', 'T', 'TRUE', 'True'];
const lies = ['false', '0', 'f', 'F', 'FALSE', 'False'];

export function specOf(flag: string): FlagSpec {
  const spec = runFlags.find(({ long }) => long === flag);
  if (spec === undefined) throw new Error(`run has no ${flag}`);
  return spec;
}

export function spell(
  flag: string,
  value: boolean | string,
  { name, form, truth }: Spelling,
): readonly string[] {
  // -h is help here.
  const names = spellings(specOf(flag)).filter((each) => each !== '-h');
  const spelled = names[name % names.length] ?? flag;
  const forms = typeof value === 'boolean' ? switches(spelled, value, truth) : settings(spelled, value);
  return forms[form % forms.length] ?? [];
}

function switches(spelled: string, value: boolean, truth: number): readonly (readonly string[])[] {
  const written = (value ? truths : lies)[truth % 6] ?? String(value);
  return value ? [[spelled], [spelled], [`${spelled}=${written}`]] : [[`${spelled}=${written}`]];
}

/** `-w=` would be the value `=`, and `-w=x` is `x` (pflag). */
function settings(spelled: string, value: string): readonly (readonly string[])[] {
  const apart = [spelled, value];
  if (spelled.startsWith('--')) return [apart, [`${spelled}=${value}`]];
  if (value === '') return [apart];
  return [apart, [`${spelled}=${value}`], ...(value.startsWith('=') ? [] : [[`${spelled}${value}`]])];
}

/** Neighbours that are one letter each, in one word: `-i -t -w/x` is `-itw/x`. */
export function clustered(groups: readonly (readonly string[])[]): readonly string[] {
  const words: string[] = [];
  let open = false;
  for (const group of groups) {
    const [first = '', ...rest] = group;
    const isShort = /^-[a-zA-Z]/.test(first);
    if (open && isShort) words.push(`${words.pop() ?? ''}${first.slice(1)}`, ...rest);
    else words.push(...group);
    open = isShort && rest.length === 0 && first.length === 2 && isSwitch(first);
  }
  return words;
}

function isSwitch(short: string): boolean {
  return runFlags.some((flag) => flag.short === short && flag.type === 'bool');
}
