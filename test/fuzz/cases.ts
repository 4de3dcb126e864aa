/** Whole cases: a caller, a policy, and command lines of which a good half is allowed. */
import fc from 'fast-check';
import { runFlags } from '../../src/args/run-flags.ts';
import type { Caller } from '../../src/domain/caller.ts';
import { anyText, hostileValues, junk, type Mutation, mutated, mutation } from './hostile.ts';
import { frames, offers } from './offers.ts';
import { callers, type LayerName, layerNames } from './policies.ts';
import { clustered, type Spelling, spell, spelling } from './spelling.ts';
import { type WorldChoice, worldChoice } from './worlds.ts';

/** One option, or what stands in the place of one. */
export interface Piece {
  /** `undefined`: only the words. */
  readonly flag: string | undefined;
  readonly value: boolean | string;
  readonly needs?: LayerName | undefined;
  readonly mutation?: Mutation | undefined;
  readonly words?: readonly string[];
}

export interface Line {
  readonly frame: { readonly words: readonly string[]; readonly needs?: LayerName };
  readonly options: readonly { readonly piece: Piece; readonly spellings: readonly [Spelling, Spelling] }[];
  readonly clustered: boolean;
  readonly end: boolean;
  readonly image: string;
  readonly payload: readonly string[];
  readonly world: WorldChoice;
  /** Which docker client, and which version of the API it shall speak. */
  readonly client: number;
}

export interface Case {
  readonly caller: Caller;
  readonly layers: readonly LayerName[];
  /** The policy does not care what the lines would need. */
  readonly deaf: boolean;
  readonly lines: readonly Line[];
}

const offered: fc.Arbitrary<Piece> = fc.oneof(
  ...offers.map(({ flag, values, needs }) =>
    fc.constantFrom(...values).map((value): Piece => ({ flag, value, needs })),
  ),
);

/** Drawn more often than others. */
const dangerous = runFlags.filter(({ long }) => hostileValues[long] !== undefined);

/** Any flag that docker has, with a value that is made for it, or with any text. */
const hostile: fc.Arbitrary<Piece> = fc
  .constantFrom(...runFlags, ...dangerous, ...dangerous)
  .chain(({ long, type }) => {
    const known = hostileValues[long] ?? (type === 'bool' ? [true, true, false] : anyText);
    return fc.constantFrom(...known).map((value): Piece => ({ flag: long, value }));
  });

const bent: fc.Arbitrary<Piece> = fc
  .tuple(fc.oneof({ weight: 3, arbitrary: offered }, hostile), mutation)
  .map(([piece, change]) => ({ ...piece, mutation: change }));

const broken: fc.Arbitrary<Piece> = fc
  .constantFrom(...junk)
  .map((words) => ({ flag: undefined, value: true, words }));

const withSpellings = (piece: fc.Arbitrary<Piece>) =>
  fc.record({ piece, spellings: fc.tuple(spelling, spelling) });

const usual = fc.array(withSpellings(offered), { maxLength: 7 });
/** One option that is not as it should be, among good ones. */
const oneOdd = fc
  .tuple(
    fc.array(withSpellings(offered), { maxLength: 3 }),
    withSpellings(fc.oneof({ weight: 3, arbitrary: hostile }, { weight: 2, arbitrary: bent })),
    fc.nat({ max: 3 }),
  )
  .map(([others, odd, at]) => others.toSpliced(at, 0, odd));
const attack = fc.array(
  withSpellings(fc.oneof({ weight: 3, arbitrary: hostile }, bent, { weight: 1, arbitrary: broken })),
  { minLength: 1, maxLength: 4 },
);
const options = fc.oneof(
  { weight: 14, arbitrary: usual },
  { weight: 4, arbitrary: oneOdd },
  { weight: 2, arbitrary: attack },
);

const images = [
  ...[
    'debian',
    'debian',
    'debian',
    'debian:12',
    'debian:12',
    'localhost/${user}/x:1',
    'ghcr.io/a/b:1',
    'a/b',
  ],
  ...[
    'localhost/bob/x',
    'localhost:5000/a',
    '0x',
    'Debian',
    `sha256:${'e'.repeat(64)}`,
    'e'.repeat(64),
    'debian:',
    'docker.io/library/debian',
  ],
  ...[
    `ghcr.io/a/b@sha256:${'1'.repeat(64)}`,
    'registry.local/u-1000/x',
    'registry.local/u-1001/x',
    'debian:12\n',
    '',
  ],
];
const payloads = [
  'sh',
  '-c',
  'id',
  '--privileged',
  '-v',
  '',
  '--',
  '-u0',
  'é\n',
  '/:/x',
  'run',
  '\u001b[0m',
  '"',
  '-',
];

const line: fc.Arbitrary<Line> = fc.record({
  frame: fc.constantFrom(...frames),
  options,
  clustered: fc.boolean(),
  end: fc.boolean(),
  image: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...images.slice(0, 5)) },
    fc.constantFrom(...images),
  ),
  payload: fc.oneof(fc.constant([]), fc.array(fc.constantFrom(...payloads), { maxLength: 4 })),
  world: fc.oneof({ weight: 3, arbitrary: fc.constant(quiet()) }, { weight: 2, arbitrary: worldChoice }),
  client: fc.nat({ max: 11 }),
});

/** Nothing special. */
function quiet(): WorldChoice {
  return {
    exposed: [],
    workdir: '',
    holds: 'none',
    asks: '',
    running: 0,
    accounts: 'sound',
    processors: 8,
    taken: false,
    otherUser: false,
  };
}

/** Caller, policy and lines are drawn apart, so that a failure shrinks in each of them. */
export const cases: fc.Arbitrary<Case> = fc.record({
  caller: fc.constantFrom(...callers),
  layers: fc.subarray([...layerNames], { maxLength: 3 }),
  deaf: fc.constantFrom(false, false, false, false, false, true),
  lines: fc.array(line, { minLength: 1, maxLength: 4 }),
});

export function layersOf({ layers, deaf, lines }: Case): readonly LayerName[] {
  const needed = lines.flatMap(({ frame, options: given }) => [
    frame.needs,
    ...given.map(({ piece }) => piece.needs),
  ]);
  return [...layers, ...(deaf ? [] : needed.filter((name) => name !== undefined))];
}

/** The words behind `userdocker`. */
export function wordsOf(given: Line, caller: Caller, which: 0 | 1 = 0): readonly string[] {
  const groups = given.options.map((option) => optionWords(option, caller, which));
  return [
    ...given.frame.words,
    'run',
    ...(given.clustered ? clustered(groups) : groups.flat()),
    ...(given.end ? ['--'] : []),
    filled(given.image, caller),
    ...given.payload,
  ];
}

export function optionWords(
  { piece, spellings }: Line['options'][number],
  caller: Caller,
  which: 0 | 1,
): readonly string[] {
  if (piece.flag === undefined) return piece.words ?? [];
  return spell(piece.flag, givenValue(piece, caller), spellings[which]);
}

export function givenValue({ value, mutation: change }: Piece, caller: Caller): boolean | string {
  if (typeof value === 'boolean') return value;
  const text = filled(value, caller);
  return change === undefined ? text : mutated(text, change);
}

function filled(text: string, { user, uid, gid, group, home, groups }: Caller): string {
  const other = groups.find((each) => each.gid !== gid)?.gid ?? gid;
  const values: { readonly [name: string]: string } = {
    ...{ user, group, home, uid: String(uid), gid: String(gid), group1: String(other) },
  };
  return text.replace(/\$\{([a-z0-9]+)\}/g, (whole, name: string) => values[name] ?? whole);
}
