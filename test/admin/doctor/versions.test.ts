import { describe, expect, test } from 'vitest';
import { compareVersions, isMended, parseVersion, type Version } from '../../../src/admin/doctor/versions.ts';

function version(text: string): Version {
  return parseVersion(text) ?? expect.fail(`no version: ${text}`);
}

test.each([
  ['1.1.12', false],
  ['v2.0.4', false],
  ['1.9.17p1', false],
  ['1.4.0-rc.3', false],
  ['1.0.0-rc93', false],
  ['20.10.24+dfsg1', true],
  ['1.6.20~ds1', true],
  ['1.1.12-0ubuntu2~22.04.1', true],
  ['1.9.13p3-1+deb12u1', true],
])('%s: a distribution’s: %s', (text, rebuilt) => {
  expect(version(text).rebuilt).toBe(rebuilt);
});

test.each(['', 'unknown', '7', 'dev-1.2'])('%j is no version', (text) => {
  expect(parseVersion(text)).toBeUndefined();
});

test('order', () => {
  const sorted = [
    '1.0.0-rc3',
    '1.0.0-rc93',
    '1.0.0',
    '1.1.9',
    '1.1.12',
    '1.2',
    '1.2.1',
    '1.9.5p1',
    '1.9.5p2',
    '1.9.12',
    '1.9.12p2',
    '20.10',
  ];
  const mixed = sorted.toSorted((one, other) => (one < other ? 1 : -1)).map(version);
  expect(mixed.toSorted(compareVersions).map(({ text }) => text)).toEqual(sorted);
  expect(compareVersions(version('1.2'), version('1.2.0'))).toBe(0);
});

describe('a hole that was mended in 1.2.8, 1.3.3 and 1.4.0-rc.3', () => {
  const fixed = ['1.2.8', '1.3.3', '1.4.0-rc.3'];
  test.each(['1.2.8', '1.2.9', '1.3.3', '1.4.0-rc.3', '1.4.0', '1.5.0-rc.1', '2.0.0'])(
    '%s has it no more',
    (text) => {
      expect(isMended(version(text), fixed)).toBe(true);
    },
  );
  test.each(['1.0.0', '1.1.15', '1.2.7', '1.3.0', '1.3.2', '1.4.0-rc.2'])('%s has it', (text) => {
    expect(isMended(version(text), fixed)).toBe(false);
  });
});
