import { describe, expect, test } from 'vitest';
import { cpuParts, parseCpuList } from '../../src/policy/cpus.ts';
import { policyOf } from '../support/builders.ts';

/** In the order in which they are taken. */
const online = [5, 0, 3, 7];

const words = (fallback: number, cpus?: string, cpuset?: string) =>
  cpuParts(policyOf(`cpus_default: ${fallback}`), cpus, cpuset, online).flatMap((part) => part.words);

describe('cpuParts', () => {
  test.each<[string, number, (string | undefined)?, (string | undefined)?, ...(readonly string[])]>([
    ['nobody says anything', 0],
    ['the default', 2, undefined, undefined, '--cpus=2', '--cpuset-cpus=0,5'],
    ['a part of one', 0.5, undefined, undefined, '--cpus=0.5', '--cpuset-cpus=5'],
    ['one and a part take two', 1.5, undefined, undefined, '--cpus=1.5', '--cpuset-cpus=0,5'],
    ['the default is all there are', 4, undefined, undefined, '--cpus=4'],
    ['the default is more than there are', 9, undefined, undefined, '--cpus=4'],
    ['the user’s share, without a default', 0, '3', undefined, '--cpuset-cpus=0,3,5'],
    ['the user’s share, over the default', 2, '1', undefined, '--cpuset-cpus=5'],
    ['the user’s share is all there are', 2, '4'],
    ['the user’s share is too much: docker says so', 2, '9'],
    ['the user’s processors, the default share', 2, undefined, '7', '--cpus=2'],
    ['the user says both', 2, '1', '7'],
    ['no number', 2, 'x'],
  ])('%s', (_what, fallback, cpus, cpuset, ...expected) => {
    expect(words(fallback, cpus, cpuset)).toEqual(expected);
  });
  test('is never the user’s doing', () => {
    const parts = cpuParts(policyOf('cpus_default: 1'), undefined, undefined, online);
    expect(parts.map(({ source, rule }) => `${source} ${rule}`)).toEqual([
      'default cpus_default',
      'default cpus_default',
    ]);
  });
});

test.each([
  ['0-3\n', [0, 1, 2, 3]],
  ['0', [0]],
  ['0-1,4,6-7\n', [0, 1, 4, 6, 7]],
  ['', []],
  ['\n', []],
  ['x,2', [2]],
  ['3-1', []],
  ['9-12', [9, 10, 11, 12]],
  ['x1,1x,1-2x,-1,1-', []],
  ['0-1000000', []],
])('parseCpuList %j', (text, processors) => expect(parseCpuList(text)).toEqual(processors));
