import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseDuration, parseInteger, parseNanoCpus, parseSize } from '../../src/policy/values.ts';
import { dockerClients, runClient } from '../support/docker-clients.ts';
import { startRecorder } from '../support/recorder.ts';

const notPlain = [
  '',
  ' ',
  ' 1',
  '1 ',
  '+5',
  '-1',
  '-0',
  '0x10',
  '010',
  '00',
  '1_000',
  '1e3',
  '1E3',
  'Inf',
  'NaN',
  'unlimited',
  '1/2',
  '1,5',
  '١',
  '1\n',
  '\n1',
];

const sizes: readonly (readonly [string, number])[] = [
  ['0', 0],
  ['1', 1],
  ['8388608', 8_388_608],
  ['8388608b', 8_388_608],
  ['64m', 64 * 1024 ** 2],
  ['64M', 64 * 1024 ** 2],
  ['64mb', 64 * 1024 ** 2],
  ['64MiB', 64 * 1024 ** 2],
  ['1.5g', 1.5 * 1024 ** 3],
  ['0.5g', 0.5 * 1024 ** 3],
  ['7000000.5k', 7_000_000.5 * 1024],
  ['2t', 2 * 1024 ** 4],
  ['1p', 1024 ** 5],
];
const cpus: readonly (readonly [string, number])[] = [
  ['0', 0],
  ['1', 1e9],
  ['1.5', 1.5e9],
  ['.5', 0.5e9],
  ['0.1', 0.1e9],
  ['0.000000001', 1],
  ['128', 128e9],
];
const integers: readonly (readonly [string, number])[] = [
  ['0', 0],
  ['5', 5],
  ['4096', 4096],
];
const durations: readonly (readonly [string, number])[] = [
  ['0s', 0],
  ['90s', 90_000],
  ['1m30s', 90_000],
  ['2h', 7_200_000],
  ['1h1m1s1ms', 3_661_001],
  ['1.5s', 1500],
  ['200ms', 200],
];

describe.each([
  [
    'parseSize',
    parseSize,
    sizes,
    [...notPlain, '1x', '1kk', '1 g', 'g', '.5g', '5.', '1.2.3', '1eb', '9999p', '1kx', 'b', 'ib'],
  ],
  [
    'parseNanoCpus',
    parseNanoCpus,
    cpus,
    [...notPlain, '1.', '.', '1.0000000001', '1g', '1.5.1', '99999999999'],
  ],
  ['parseInteger', parseInteger, integers, [...notPlain, '1.0', '1.5', '1g', '9999999999999999999']],
  [
    'parseDuration',
    parseDuration,
    durations,
    [...notPlain, '1', '1d', '1m1h', '1s1s', 's', '1.5h', '1us', '1 s', '-1s', '+1s'],
  ],
] as const)('%s', (_name, parse, plain, wrong) => {
  it.each(plain)('%j', (text, value) => {
    expect(parse(text)).toBe(value);
  });
  it.each(wrong.map((text) => [text]))('not %j', (text) => {
    expect(parse(text)).toBeUndefined();
  });
});

const directory = mkdtempSync(join(tmpdir(), 'values-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What we read as an amount, docker reads as the same amount. */
describe.each(dockerClients)('docker $version', (client) => {
  it.each([
    ['--memory', 'Memory', sizes, 1],
    ['--cpus', 'NanoCpus', cpus, 1],
    ['--pids-limit', 'PidsLimit', integers, 1],
    ['--health-interval', 'Interval', durations, 1e6],
  ] as const)('%s', async (flag, field, plain, factor) => {
    const socket = join(directory, `${client.version}${flag}`);
    const recorder = await startRecorder({ socket });
    for (const [text] of plain)
      await runClient(client, `unix://${socket}`, ['run', '-d', `${flag}=${text}`, 'img']);
    await recorder.close();
    const understood = recorder.requests.map(({ body }) => findField(body, field) ?? 0);
    expect(understood).toEqual(plain.map(([, value]) => value * factor));
  });
});

function findField(value: unknown, field: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const found = name === field ? inner : findField(inner, field);
    if (found !== undefined && found !== null) return found;
  }
  return undefined;
}
