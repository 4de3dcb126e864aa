import { expect, test } from 'vitest';
import { judgeGroupNames, looksUpNumbers } from '../../src/policy/group-names.ts';

test.each([
  ['1.1.5+ds1', true],
  ['1.0.0-rc95', true],
  ['1.2.9', true],
  ['1.3.0-rc.1', false],
  ['1.3.0', false],
  ['1.10.0', false],
  ['2.0.0', false],
  ['0.9', true],
  // crun, kata, what nobody knows.
  ['', true],
  ['unknown', true],
])('runc %j looks numbers up: %s', (version, expected) => {
  expect(looksUpNumbers(version)).toBe(expected);
});

test.each([
  ['an image that could say otherwise', true, false, 'x', '1.1.5', 1],
  ['an image that can’t', true, false, undefined, '1.1.5', 0],
  ['a runtime that does not ask it', true, false, 'x', '1.3.0', 0],
  ['containers as the image says', false, false, 'x', '1.1.5', 0],
  ['root', true, true, 'x', '1.1.5', 0],
])('%s', (_what, user_in_container, isRoot, problem, runc, count) => {
  expect(judgeGroupNames({ user_in_container }, { isRoot }, problem, runc)).toHaveLength(count);
});
