import { describe, expect, test } from 'vitest';
import {
  type ContainerUsage,
  formatBytes,
  judgeExisting,
  judgeLimits,
  type ReservedUsage,
  usage,
} from '../../src/policy/limits.ts';

const g = 1024 ** 3;

function container(name: string, more: Partial<ContainerUsage> = {}): ContainerUsage {
  return {
    id: `id-${name}`,
    name,
    nonce: `nonce-${name}`,
    state: 'running',
    memory: g,
    cpus: 1,
    gpus: [],
    ...more,
  };
}

function reservation(name: string, more: Partial<ReservedUsage> = {}): ReservedUsage {
  return { nonce: `nonce-${name}`, name, memory: g, cpus: 1, gpus: [], ...more };
}

describe('what counts', () => {
  const orphan = { orphanedAt: 1 };
  test.each<[string, readonly ContainerUsage[], readonly ReservedUsage[], readonly string[]]>([
    ['nothing', [], [], []],
    ['running', [container('a')], [], ['a']],
    ['paused', [container('a', { state: 'paused' })], [], ['a']],
    ['restarting', [container('a', { state: 'restarting' })], [], ['a']],
    ['created', [container('a', { state: 'created' })], [], []],
    ['exited', [container('a', { state: 'exited' })], [], []],
    [
      'dead, being removed, or something new',
      ['dead', 'removing', 'x'].map((state) => container('a', { state })),
      [],
      [],
    ],
    ['just starting', [], [reservation('a')], ['a (starting)']],
    [
      'just starting, without a name yet',
      [],
      [reservation('a', { name: undefined })],
      ['a container (starting)'],
    ],
    ['running, its client attached: once', [container('a')], [reservation('a')], ['a']],
    [
      'made, its client about to start it',
      [container('a', { state: 'created' })],
      [reservation('a')],
      ['a (starting)'],
    ],
    ['two calls', [container('a')], [reservation('b')], ['a', 'b (starting)']],
    [
      'start, not there yet',
      [container('a', { state: 'exited' })],
      [{ ...reservation('x'), name: 'a', container: 'id-a' }],
      ['a (starting)'],
    ],
    [
      'start, running by now: once',
      [container('a')],
      [{ ...reservation('x'), name: 'a', container: 'id-a' }],
      ['a'],
    ],
    ['its client is dead, nothing was made', [], [reservation('a', orphan)], []],
    [
      'its client is dead, the engine may be starting it',
      [container('a', { state: 'created' })],
      [reservation('a', orphan)],
      ['a (starting)'],
    ],
    ['its client is dead, it runs: once', [container('a')], [reservation('a', orphan)], ['a']],
    ['its client is dead, it has run', [container('a', { state: 'exited' })], [reservation('a', orphan)], []],
    [
      'the client of a start is dead',
      [container('a', { state: 'exited' })],
      [{ ...reservation('x', orphan), name: 'a', container: 'id-a' }],
      ['a (starting)'],
    ],
  ])('%s', (_title, containers, reservations, expected) => {
    expect(usage(containers, reservations).shares.map(({ name }) => name)).toEqual(expected);
  });

  test('a GPU that two containers share is one', () => {
    const containers = [container('a', { gpus: ['GPU-1', 'GPU-2'] }), container('b', { gpus: ['GPU-2'] })];
    expect(usage(containers, [reservation('c', { gpus: ['GPU-1', 'GPU-3'] })]).gpus).toEqual([
      'GPU-1',
      'GPU-2',
      'GPU-3',
    ]);
    expect(usage([container('a', { gpus: ['GPU-1'], state: 'exited' })], []).gpus).toEqual([]);
  });
});

interface Situation {
  readonly containers?: number | undefined;
  readonly memory?: number | undefined;
  readonly cpus?: number | undefined;
  readonly running: readonly ContainerUsage[];
  readonly asked?: { readonly memory?: number; readonly cpus?: number };
}

function outcome({ containers, memory, cpus, running, asked = {} }: Situation): string {
  const reasons = judgeLimits({
    limits: { containers, memory, cpus },
    usage: usage(running, []),
    asked: { memory: asked.memory, cpus: asked.cpus },
  });
  return (
    reasons.map(({ rule, message, instead }) => `${rule}: ${message} [${instead}]`).join('; ') || 'allows'
  );
}

describe('limits', () => {
  const two = [container('a'), container('b')];
  const many = Array.from({ length: 12 }, (_, index) => container(`c${index}`));
  test.each<[string, Situation, string | RegExp]>([
    ['no limits', { running: many }, 'allows'],
    ['containers: one more fits', { containers: 3, running: two }, 'allows'],
    [
      'containers: full',
      { containers: 2, running: two },
      'limits.containers: you have 2 containers running, of at most 2: a, b [stop one of them first]',
    ],
    [
      'containers: more than allowed already',
      { containers: 1, running: two },
      /^limits\.containers: you have 2 containers running, of at most 1/,
    ],
    [
      'containers: none allowed',
      { containers: 0, running: [] },
      'limits.containers: you may not have containers running [ask an admin whether you may have some]',
    ],
    [
      'containers: a long list is cut',
      { containers: 12, running: many },
      /c0, c1, c2, c3, c4, c5, c6, c7 and 4 more/,
    ],
    ['memory: exactly', { memory: 4 * g, running: two, asked: { memory: 2 * g } }, 'allows'],
    [
      'memory: a byte more',
      { memory: 4 * g, running: two, asked: { memory: 2 * g + 1 } },
      'limits.memory: --memory 2147483649: you have 4g for all your containers together; 2g in use: a (1g), b (1g) [at most --memory 2g]',
    ],
    [
      'memory: nothing runs',
      { memory: 4 * g, running: [], asked: { memory: 5 * g } },
      'limits.memory: --memory 5g: you have 4g for all your containers together [at most --memory 4g]',
    ],
    ['memory: full', { memory: 2 * g, running: two, asked: { memory: g } }, /\[stop one of them first\]$/],
    [
      'memory: less than a MiB is left',
      { memory: 2 * g + 1000, running: two, asked: { memory: g } },
      /\[stop one of them first\]$/,
    ],
    [
      'memory: over the limit already',
      { memory: g, running: two, asked: { memory: 1 } },
      /\[stop one of them first\]$/,
    ],
    [
      'memory: not named',
      { memory: 4 * g, running: two },
      'limits.memory: memory is limited here, so every container must name its share with --memory [at most --memory 2g]',
    ],
    ['memory: 0 is no share', { memory: 4 * g, running: two, asked: { memory: 0 } }, /must name its share/],
    [
      'memory: another one has none',
      { memory: 4 * g, running: [container('a', { memory: undefined })], asked: { memory: 1 } },
      /^limits\.memory: you have 4g of memory, but a container of yours runs without a share of its own: a /,
    ],
    [
      'memory: one that does not run has none',
      {
        memory: 4 * g,
        running: [container('a', { memory: undefined, state: 'exited' })],
        asked: { memory: 4 * g },
      },
      'allows',
    ],
    ['memory: free, others unlimited', { running: [container('a', { memory: undefined })] }, 'allows'],
    ['cpus: exactly', { cpus: 2.5, running: two, asked: { cpus: 0.5 } }, 'allows'],
    [
      'cpus: more',
      { cpus: 2.5, running: two, asked: { cpus: 0.6 } },
      'limits.cpus: --cpus 0.6: you have 2.5 for all your containers together; 2 in use: a (1), b (1) [at most --cpus 0.5]',
    ],
    [
      'cpus: 0.1 + 0.2 is 0.3',
      { cpus: 0.3, running: [container('a', { cpus: 0.1 })], asked: { cpus: 0.2 } },
      'allows',
    ],
    [
      'cpus: not named',
      { cpus: 4, running: [] },
      'limits.cpus: CPUs are limited here, so every container must name its share with --cpus [at most --cpus 4]',
    ],
    ['cpus: 0 is no share', { cpus: 4, running: [], asked: { cpus: 0 } }, /must name its share/],
    [
      'all at once',
      { containers: 2, memory: 2 * g, cpus: 2, running: two, asked: { memory: g, cpus: 1 } },
      /^limits\.containers.*; limits\.memory.*; limits\.cpus/,
    ],
  ])('%s', (_title, situation, expected) => {
    if (typeof expected === 'string') expect(outcome(situation)).toBe(expected);
    else expect(outcome(situation)).toMatch(expected);
  });
});

test.each([
  [0, '0'],
  [1, '1'],
  [1023, '1023'],
  [1024, '1k'],
  [1536 * 1024 ** 2, '1536m'],
  [64 * g, '64g'],
  [2 * 1024 * g, '2t'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

describe('containers that exist', () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `alice_${index + 1}`);
  test.each([
    [32, 255, 0, true],
    [32, 256, 0, false],
    [32, 200, 56, false],
    [32, 0, 256, false],
    [1, 31, 0, true],
    [1, 32, 0, false],
    [0, 32, 0, false],
    [undefined, 5000, 5000, true],
  ])('with limits.containers %s: %i, and %i that may be the caller’s', (limit, own, others, fine) => {
    const reasons = judgeExisting(limit, names(own), others);
    expect(reasons.map(({ rule }) => rule)).toEqual(fine ? [] : ['limits.containers']);
  });
  test('the message names some of the caller’s own', () => {
    const [reason] = judgeExisting(32, names(250), 6);
    expect(reason?.message).toMatch(
      /^you have 256 containers, ended ones included, of at most 256: alice_1, .*alice_8 and 242 more$/,
    );
  });
});
