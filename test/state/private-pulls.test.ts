/** Names by digest that exist for a moment. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { currentHolder } from '../../src/state/holder.ts';
import { endPull, leftPulls, notePull, otherPulls } from '../../src/state/private-pulls.ts';

const state = mkdtempSync(join(tmpdir(), 'private-pulls-'));
const directory = join(state, 'private-pulls');
afterEach(() => rmSync(state, { recursive: true, force: true }));

/** What a call left that is over. */
function dead(name: string): void {
  notePull('to make the directory', state);
  writeFileSync(join(directory, 'f'.repeat(32)), JSON.stringify({ ...currentHolder(), startTime: 1, name }));
}

test('nothing is left where nothing was fetched', () => expect(leftPulls(state)).toEqual([]));
test('what is on its way is not left, and is seen by others that fetch the same', () => {
  const one = notePull('x@sha256:1', state);
  const two = notePull('x@sha256:1', state);
  expect(leftPulls(state)).toEqual([]);
  expect(otherPulls(one, state).map(({ file }) => file)).toEqual([two.file]);
  expect(otherPulls(notePull('y@sha256:1', state), state)).toEqual([]);
  endPull(two);
  expect(otherPulls(one, state)).toEqual([]);
  endPull(one);
  endPull(one);
});
test('what a killed call left is found, by name', () => {
  dead('x@sha256:1');
  expect(leftPulls(state).map(({ name }) => name)).toEqual(['x@sha256:1']);
  for (const note of leftPulls(state)) endPull(note);
  expect(leftPulls(state)).toEqual([]);
});
test('a note that is no whole one counts for nothing', () => {
  notePull('x', state);
  writeFileSync(join(directory, 'half'), '{"name": "x@sha');
  expect(leftPulls(state)).toEqual([]);
  expect(readdirSync(directory)).toContain('half');
});
