import { describe, expect, test } from 'vitest';
import { isCostly, translatePattern } from '../../../src/admin/import/patterns.ts';
import { fullMatch } from '../../../src/policy/full-match.ts';

const whole = (pattern: string) => {
  const translated = translatePattern([pattern]);
  return translated.ok ? translated.value.whole : `error: ${translated.error}`;
};

describe('Python expressions', () => {
  test.each([
    ['^[A-Za-z_].*', '^[A-Za-z_].*'],
    ['debian', 'debian.*'],
    ['^debian:12$', '^debian:12$'],
    ['a\\$', 'a\\$.*'],
    ['a\\\\$', 'a\\\\$'],
    ['a|b$', '(?:a|b$).*'],
    ['(a|b)', '(a|b).*'],
    ['[|]x', '[|]x.*'],
    ['\\Aa\\Z', '^a$'],
    ['lab\\-x\\_y\\/z', 'lab-x_y\\/z.*'],
    ['[\\w\\-.]+$', '[\\w\\-.]+$'],
    ['[]a]', '[\\]a].*'],
    ['[^]a]', '[^\\]a].*'],
    ['a{2,3}', 'a{2,3}.*'],
    ['a{,3}$', 'a{0,3}$'],
    ['a{x}', 'a\\{x\\}.*'],
    ['a]', 'a\\].*'],
    ['(?P<n>a)(?P=n)$', '(?<n>a)\\k<n>$'],
    ['(?:a)(?#why)b$', '(?:a)b$'],
    ['(?!a)b$', '(?!a)b$'],
  ])('%s', (pattern, expected) => {
    expect(whole(pattern)).toBe(expected);
  });
  test.each([
    '(?i)a',
    '(?x) a',
    '(?(1)a|b)',
    '\\N{DASH}',
    '(',
    '[a',
    'a\\',
    'a**',
    '\\y',
    '(?>a)',
    '${x}',
    '\ue000',
  ])('%s can not be said', (pattern) => {
    expect(whole(pattern)).toMatch(/^error: /);
  });
  test('a variable is a unit', () => {
    const translated = translatePattern(['^localhost/', { variable: 'user' }, '(?:/|$)']);
    expect(translated).toMatchObject({ ok: true, value: { whole: '^localhost/${user}(?:/|$).*' } });
  });
});

/** `re.match` of Python: whether it matches at the beginning. */
test.each([
  ['a|b$', 'abc', true],
  ['a|b$', 'bc', false],
  ['a|b$', 'b', true],
  ['^debian:1[23]', 'debian:12-slim', true],
  ['^debian:1[23]$', 'debian:12-slim', false],
  ['ebian', 'debian', false],
  ['(?P<n>ab)(?P=n)', 'ababx', true],
  ['[]x]', ']', true],
  ['a{,2}b', 'aab', true],
  ['a{,2}b', 'aaab', false],
])('%s on %s: %s', (pattern, text, expected) => {
  expect(fullMatch(whole(pattern), text)).toBe(expected);
});

test.each([
  ['(a+)+$', true],
  ['(.|.)*x', true],
  ['(?:a|b)+c', true],
  ['(a?)*b', true],
  ['.*.*.*.*.*x', true],
  ['(?:a){2,}b', false],
  ['^[a-z]+(:.*)?$', false],
  ['^registry\\.example/(x|y)/.*', false],
  ['\\(a+\\)+', false],
])('%s takes too long to be tried: %s', (pattern, expected) => {
  expect(isCostly(pattern)).toBe(expected);
});
