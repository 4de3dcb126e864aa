/** What holds of the drawn lines without asking docker: order and spelling do not matter, and a policy that says less allows less. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runFlags } from '../../src/args/run-flags.ts';
import { defaultLayer } from '../../src/config/load.ts';
import { nodeAt, plain } from '../../src/config/node.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { type Case, cases, type Line, layersOf, wordsOf } from './cases.ts';
import { type Compiled, compile } from './compile.ts';
import { policyFor } from './policies.ts';
import { settings } from './settings.ts';
import { worldOf } from './worlds.ts';

const { seed } = settings;

/** Each of them is a few lines. */
const numRuns = 400;
const isWhole = ({ options }: Line) => options.every(({ piece }) => piece.flag !== undefined);

const policies = new WeakMap<Case, Policy>();

function verdict(given: Case, line: Line, words = wordsOf(line, given.caller), more: readonly string[] = []) {
  const known = more.length === 0 ? policies.get(given) : undefined;
  const policy = known ?? policyFor(given.caller, layersOf(given), more);
  if (more.length === 0) policies.set(given, policy);
  return compile(policy, given.caller, words, worldOf(line.world, given.caller));
}

/** What docker is told, in no order; pins have numbers in the order of the mounts. */
function told(compiled: Compiled): readonly string[] {
  if (compiled.kind === 'deny') return [...new Set(compiled.rules)];
  const pins = [...compiled.pins];
  return compiled.words
    .map((word) => pins.reduce((text, [pin, real]) => text.replace(`=${pin},`, `=${real},`), word))
    .toSorted();
}

function saysNothingTwice({ options }: Line): boolean {
  const flags = options.map(({ piece }) => piece.flag);
  return new Set(flags).size === flags.length;
}

function check(property: (given: Case, line: Line) => void): void {
  fc.assert(
    fc.property(cases, (given) => {
      for (const line of given.lines) property(given, line);
    }),
    { numRuns, seed },
  );
}

describe(`seed ${seed}`, () => {
  test('what is allowed is allowed, and what is denied denied, in any order of the options', () => {
    let denied = 0;
    check((given, line) => {
      if (!isWhole(line) || line.options.length < 2) return;
      const first = verdict(given, line);
      for (const options of [
        line.options.toReversed(),
        [...line.options.slice(1), ...line.options.slice(0, 1)],
      ]) {
        const again = verdict(given, { ...line, options });
        expect(again.kind).toBe(first.kind);
        // Of two values of a name docker takes the last, and of two mistakes the parser tells the first.
        const isComparable = first.kind === 'deny' ? first.request !== undefined : saysNothingTwice(line);
        if (isComparable) expect(told(again)).toEqual(told(first));
      }
      if (first.kind === 'deny') denied += 1;
    });
    expect(denied).toBeGreaterThan(200);
  });

  test('what means the same gets the same answer, however it is spelled', () => {
    let different = 0;
    check((given, line) => {
      if (!isWhole(line)) return;
      const [one, other] = [
        wordsOf(line, given.caller, 0),
        wordsOf({ ...line, clustered: false }, given.caller, 1),
      ];
      if (one.join('\0') !== other.join('\0')) different += 1;
      expect(told(verdict(given, line, other))).toEqual(told(verdict(given, line, one)));
    });
    expect(different).toBeGreaterThan(500);
  });

  test('an option that docker does not have is never allowed, wherever it stands', () => {
    const names = new Set(runFlags.flatMap(({ long, aliases = [] }) => [long, ...aliases]));
    const abbreviated = [...names].map((name) => name.slice(0, -1)).filter((name) => !names.has(name));
    const strangers = [...abbreviated, '--PRIVILEGED', '--unknown', '-Z', '-–privileged', '--tty ', '---tty'];
    fc.assert(
      fc.property(cases, fc.constantFrom(...strangers), fc.nat(), (given, stranger, at) => {
        for (const line of given.lines.filter(isWhole)) {
          const options = line.options.toSpliced(at % (line.options.length + 1), 0, {
            piece: { flag: undefined, value: true, words: [stranger] },
            spellings: [plainly, plainly],
          });
          expect(verdict(given, { ...line, options, clustered: false }).kind).toBe('deny');
        }
      }),
      { numRuns, seed },
    );
  });

  test('a layer that takes something away never lets more through', () => {
    let narrowed = 0;
    fc.assert(
      fc.property(cases, fc.constantFrom(...takingAway), (given, less) => {
        for (const line of given.lines) {
          const words = wordsOf(line, given.caller);
          const [wide, narrow] = [verdict(given, line), verdict(given, line, words, [less])];
          if (narrow.kind === 'allow') expect(wide.kind, less).toBe('allow');
          else if (wide.kind === 'allow') narrowed += 1;
        }
      }),
      { numRuns: 2 * numRuns, seed },
    );
    expect(narrowed).toBeGreaterThan(50);
  });

  test('the payload is nobody’s business', () => {
    check((given, line) => {
      const empty = verdict(given, { ...line, payload: [] });
      const kind = (payload: readonly string[]) => verdict(given, { ...line, payload }).kind;
      if (empty.kind === 'allow') expect(kind(['--privileged', '-v', '/:/x', '--', ''])).toBe('allow');
      else expect(kind(['sh', '-c', 'id'])).toBe('deny');
    });
  });
});

const plainly = { name: 0, form: 0, truth: 0 };

/** Each entry of the defaults' lists, and settings that only narrow. */
const takingAway: readonly string[] = [
  ...entries('args.run.available').map((entry) => `args: {run: {available-: [${JSON.stringify(entry)}]}}`),
  ...entries('images.allowed').map((entry) => `images: {allowed-: [${JSON.stringify(entry)}]}`),
  ...entries('allowed_port_mappings').map((entry) => `allowed_port_mappings-: [${JSON.stringify(entry)}]`),
  'allowed_subcommands-: [run]',
  'caps_add: []',
  'caps_add-: [SYS_PTRACE]',
  'groups_in_container: false',
  'allowed_port_mappings: []',
  'limits: {ports: 0}',
  'limits: {containers: 0}',
  'limits: {pids: 1}',
  'limits: {memory: 1}',
  'limits: {cpus: 0.001}',
  "volume_mounts: {available-: ['/data/**:', '/**:', '${home}/**:']}",
  'nvidia: {allowed_gpus: []}',
  'env_always: {A: x}',
  'args: {run: {available: []}}',
  'images: {allowed: []}',
  "container_names: {allowed: 'nobody'}",
];

function entries(path: string): readonly unknown[] {
  const node = nodeAt(defaultLayer('/etc/userdocker').tree, path.split('.'));
  const list = node === undefined ? [] : plain(node);
  if (!Array.isArray(list) || list.length === 0) throw new Error(`the defaults have no list ${path}`);
  return list;
}
