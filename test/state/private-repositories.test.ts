/** Which repositories somebody has fetched from with an own account. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ImageReference, parseReference } from '../../src/policy/reference.ts';
import { isMarked, markRepository } from '../../src/state/private-repositories.ts';

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'private-repositories-'));
});
afterEach(() => rmSync(state, { recursive: true, force: true }));
const directory = () => join(state, 'private-repositories');

function image(text: string): ImageReference {
  const parsed = parseReference(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
}
const digest = `sha256:${'a'.repeat(64)}`;

test('nothing is marked at first, and asking makes nothing', () => {
  expect(isMarked(image('reg.lab/team/x:1'), state)).toBe(false);
  expect(readdirSync(state)).toEqual([]);
});
test.each([
  ['reg.lab/team/x:1', 'reg.lab/team/x:2', true],
  ['reg.lab/team/x:1', `reg.lab/team/x@${digest}`, true],
  ['reg.lab:443/team/x:1', `reg.lab/team/x@${digest}`, true],
  ['reg.lab/team/x:1', `reg.lab:80/team/x@${digest}`, true],
  ['me/x:1', `me/x@${digest}`, true],
  ['reg.lab/team/x:1', `reg.lab/team/y@${digest}`, false],
  ['reg.lab/team/x:1', `reg.lab/team@${digest}`, false],
  ['reg.lab/team/x:1', `reg.lab/team/x/y@${digest}`, false],
  ['reg.lab/team/x:1', `reg.lab:5000/team/x@${digest}`, false],
  ['reg.lab/team/x:1', `team/x@${digest}`, false],
  ['reg.lab:4431/x:1', `reg.lab/x@${digest}`, false],
])('after a fetch of %s, %s is marked: %s', (fetched, asked, expected) => {
  markRepository(image(fetched), state);
  expect(isMarked(image(asked), state)).toBe(expected);
});
test('for root alone, and as often as one likes', () => {
  markRepository(image('reg.lab/x:1'), state);
  markRepository(image('reg.lab/x:2'), state);
  const [name = '', ...more] = readdirSync(directory());
  expect(more).toEqual([]);
  expect(statSync(directory()).mode & 0o777).toBe(0o700);
  expect(statSync(join(directory(), name)).mode & 0o777).toBe(0o600);
});
test('a mark that a full disk has left empty is one', () => {
  markRepository(image('reg.lab/x:1'), state);
  const [name = ''] = readdirSync(directory());
  writeFileSync(join(directory(), name), '');
  expect(isMarked(image('reg.lab/x:1'), state)).toBe(true);
});
test('what can’t be looked at is not taken for unmarked', () => {
  writeFileSync(directory(), 'no directory');
  expect(() => isMarked(image('reg.lab/x:1'), state)).toThrow();
});
test('what can’t be written is not taken for done', () => {
  mkdirSync(join(state, 'elsewhere'));
  symlinkSync(join(state, 'elsewhere'), directory());
  expect(() => markRepository(image('reg.lab/x:1'), state)).toThrow();
  expect(readdirSync(join(state, 'elsewhere'))).toEqual([]);
});
