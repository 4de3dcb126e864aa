import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  familiar,
  isPathComponent,
  normalizedName,
  parseNormalized,
  parseReference,
} from '../../src/policy/reference.ts';

const hex64 = '0123456789abcdef'.repeat(4);
const digest = `sha256:${hex64}`;

/** What docker 20.10 and 28 show after `docker tag IMAGE <left>`. */
describe('docker shows', () => {
  test.each([
    ['debian', 'debian:latest', 'docker.io/library/debian'],
    ['debian:12', 'debian:12', 'docker.io/library/debian'],
    ['library/debian', 'debian:latest', 'docker.io/library/debian'],
    ['docker.io/debian', 'debian:latest', 'docker.io/library/debian'],
    ['index.docker.io/debian:12', 'debian:12', 'docker.io/library/debian'],
    ['nvidia/cuda:12', 'nvidia/cuda:12', 'docker.io/nvidia/cuda'],
    ['library/a/b', 'library/a/b:latest', 'docker.io/library/a/b'],
    ['docker.io/localhost/x', 'localhost/x:latest', 'docker.io/localhost/x'],
    ['localhost/x', 'localhost/x:latest', 'localhost/x'],
    ['localhost:5000/x', 'localhost:5000/x:latest', 'localhost:5000/x'],
    ['ghcr.io/a/b/c:x', 'ghcr.io/a/b/c:x', 'ghcr.io/a/b/c'],
    ['a__b/c--d', 'a__b/c--d:latest', 'docker.io/a__b/c--d'],
    ['x:T_x.-', 'x:T_x.-', 'docker.io/library/x'],
    [`x@${digest}`, `x@${digest}`, 'docker.io/library/x'],
    ['abc123', 'abc123:latest', 'docker.io/library/abc123'],
  ])('%s as %s', (text, shown, name) => {
    const parsed = parseNormalized(text);
    expect(parsed.ok && familiar(parsed.value)).toBe(shown);
    expect(parsed.ok && normalizedName(parsed.value)).toBe(name);
  });
});

describe('no reference to docker either', () => {
  test.each([
    '',
    ' a',
    'a b',
    'a\n',
    'a\0b',
    'ä',
    'a:ä',
    'a//b',
    '/a',
    'a/',
    'a:',
    'a:b:c',
    'a:.t',
    'a:-t',
    `a:${'t'.repeat(129)}`,
    '.a',
    'a.',
    '-a',
    'a-',
    'a..b',
    'a___b',
    'a-_b',
    'x.y-/c',
    'x.y:/c',
    'x.y:a/c',
    'a.b./c',
    'docker.io/',
    'a@sha256:abc',
    `a@${hex64}`,
    'a@md5:00000000000000000000000000000000',
    `a@${digest}@${digest}`,
    '@',
    `${'b'.repeat(300)}`,
    `a/${'b'.repeat(100_000)}`,
  ])('%j', (text) => {
    expect(parseNormalized(text).ok).toBe(false);
    expect(parseReference(text).ok).toBe(false);
  });
});

describe('docker would take it, userdocker does not', () => {
  test.each([
    ['an id', hex64, undefined],
    ['an id with its algorithm', digest, undefined],
    ['a name that reads like an id', `${hex64}:latest`, undefined],
    ['a short id with its algorithm', 'sha256:0123abcd', undefined],
    ['the algorithm as a name', 'sha256', undefined],
    ['tag and digest', `debian:12@${digest}`, `write debian:12 or debian@${digest}`],
    ['capitals in a host', 'Registry.Lab/x', 'write registry.lab/x'],
    ['capitals that make a host of it', 'LOCALHOST/bob/x', 'write localhost/bob/x'],
    ['a port with a leading zero', 'registry.lab:05000/x', undefined],
    ['a port that is none', 'registry.lab:99999/x', undefined],
    ['another spelling of the hub', 'docker.io/library/debian', 'write debian:latest'],
    ['another spelling of an official image', 'library/debian:12', 'write debian:12'],
    ["another spelling, with the hub's old name", 'index.docker.io/a/b', 'write a/b:latest'],
  ])('%s: %s', (_, text, instead) => {
    const parsed = parseReference(text);
    expect(parsed.ok).toBe(false);
    if (instead !== undefined) expect(!parsed.ok && parsed.error.instead).toBe(instead);
  });

  test('docker.io/localhost/x, which docker shows as localhost/x, gets no advice to write that', () => {
    const parsed = parseReference('docker.io/localhost/alice/x:1');
    expect(!parsed.ok && parsed.error).toEqual({
      message: 'docker.io/localhost/alice/x:1 is not how docker shows that image',
    });
  });
});

describe('parseReference', () => {
  test.each([
    ['debian', 'debian:latest'],
    ['debian:latest', 'debian:latest'],
    ['localhost/alice/x', 'localhost/alice/x:latest'],
    ['localhost:5000/x', 'localhost:5000/x:latest'],
    ['1.2.3.4:5/x:1', '1.2.3.4:5/x:1'],
    [`debian@${digest}`, `debian@${digest}`],
    ['0123abcd', '0123abcd:latest'],
  ])('%s is %s', (text, shown) => {
    const parsed = parseReference(text);
    expect(parsed.ok && familiar(parsed.value)).toBe(shown);
  });

  test('the longest name and the longest tag', () => {
    const name = `x.y/${'b'.repeat(251)}`;
    expect(parseReference(`${name}:${'t'.repeat(128)}`).ok).toBe(true);
    expect(parseReference(`${name}b`).ok).toBe(false);
  });

  const piece = fc.constantFrom(
    'a',
    'b9',
    '.',
    '-',
    '_',
    '/',
    ':',
    '@',
    'A',
    'localhost',
    'x.y',
    '5000',
    'docker.io',
    'library',
    digest,
  );
  test('what it accepts has one spelling, with or without :latest', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 7 }), (pieces) => {
        const text = pieces.join('');
        const parsed = parseReference(text);
        if (!parsed.ok) return;
        const shown = familiar(parsed.value);
        expect([text, `${text}:latest`]).toContain(shown);
        expect(parseReference(shown)).toEqual(parsed);
      }),
      { numRuns: 2000 },
    );
  });
});

test.each([
  ['alice', true],
  ['u1000', true],
  ['john.doe', true],
  ['john_doe', true],
  ['John', false],
  ['john+x', false],
  ['a/b', false],
  ['', false],
])('isPathComponent(%j) is %s', (text, valid) => {
  expect(isPathComponent(text)).toBe(valid);
});
