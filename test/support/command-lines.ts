/** Command lines as a user might write them, sound and odd ones. */
import fc from 'fast-check';
import { spellings } from '../../src/args/grammar.ts';
import type { CommandGrammar, FlagSpec } from '../../src/args/types.ts';

const word = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('img', 'a', 'true', 'A=1', '/x', 'a=b=c', '') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '-',
      '--',
      '=',
      '==',
      '-x',
      '--rm',
      '-t',
      '-h',
      '--help',
      '---',
      '--=',
      'é',
      '\u{1F40B}',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.string({ minLength: 0, maxLength: 6, unit: fc.constantFrom(...'-=taw.\n ,:/0') }),
  },
);
const booleanText = fc.constantFrom('true', 'false', '1', '0', 't', 'F', 'TRUE', '', 'yes', '=');

/** Whole command lines behind the command's name: options mostly, of the command mostly. */
export function commandLines(grammar: CommandGrammar): fc.Arbitrary<readonly string[]> {
  const option =
    grammar.flags.length === 0
      ? word.map((one) => [one])
      : fc.constantFrom(...grammar.flags).chain(optionWords);
  const cluster = clusters(grammar);
  const piece = fc.oneof(
    { weight: 6, arbitrary: option },
    { weight: 3, arbitrary: cluster },
    { weight: 2, arbitrary: word.map((one) => [one]) },
  );
  const operand = fc.constantFrom('img', 'c1', 'a', '-odd', '');
  const most = Math.min(grammar.operands.max + (grammar.payload ? 3 : 0), 4);
  const operands = fc.array(operand, { minLength: 0, maxLength: Math.max(most, 0) });
  return fc
    .tuple(fc.array(piece, { maxLength: 4 }), fc.constantFrom([], ['--']), operands)
    .map(([pieces, end, rest]) => [...pieces.flat(), ...end, ...rest]);
}

/** One flag in one of its spellings: `-w /x`, `-w/x`, `-w=/x`, `--workdir /x`, `--workdir=/x`, `-t`, `--tty=false`. */
export function optionWords(flag: FlagSpec): fc.Arbitrary<readonly string[]> {
  return fc
    .tuple(fc.constantFrom(...spellings(flag)), fc.boolean(), fc.constantFrom('', '='))
    .chain(([spelled, apart, equals]): fc.Arbitrary<readonly string[]> => {
      const value = flag.type === 'bool' ? booleanText : word;
      if (flag.type === 'bool' && apart) return fc.constant([spelled]);
      if (apart) return value.map((text) => [spelled, text]);
      const glue = spelled.startsWith('--') ? '=' : equals;
      return value.map((text) => [`${spelled}${glue}${text}`]);
    });
}

/** Short flags in one word, the last with or without a value. */
function clusters({ flags }: CommandGrammar): fc.Arbitrary<readonly string[]> {
  const letters = flags.flatMap(({ short }) => (short === undefined ? [] : [short.slice(1)]));
  const letter = fc.constantFrom(...letters, ...(letters.length === 0 ? ['Z'] : []));
  return fc
    .tuple(fc.array(letter, { minLength: 1, maxLength: 4 }), word, fc.boolean())
    .map(([some, text, apart]) => {
      const cluster = `-${some.join('')}`;
      return apart ? [cluster, text] : [`${cluster}${text}`];
    });
}
