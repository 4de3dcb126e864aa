import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ContainerId, parseContainerId } from '../../src/domain/ids.ts';
import {
  cidfilePath,
  collectOwnership,
  isNonce,
  newNonce,
  nonceLabel,
  noteContainer,
  notePins,
  ownedContainers,
  ownershipDirectory,
  ownsContainer,
  prepareOwnership,
  recallPins,
} from '../../src/state/ownership.ts';
import { alice, bob } from '../support/builders.ts';
import { must } from '../support/mounts.ts';
import { makeTree, removeTree } from '../support/tree.ts';

let state = '';
beforeEach(() => {
  state = makeTree({});
  prepareOwnership(alice.uid, state);
  prepareOwnership(bob.uid, state);
});
afterEach(() => removeTree(state));

const idOf = (digit: string): ContainerId => must(parseContainerId(digit.repeat(64)));
const one = idOf('1');
const two = idOf('2');

/** As docker's `--cidfile` does. @returns the nonce */
function started(uid: typeof alice.uid, text: string): string {
  const nonce = newNonce();
  writeFileSync(cidfilePath(uid, nonce, state), text);
  return nonce;
}
const labelled = (nonce: string) => ({ [nonceLabel]: nonce });

describe('whose container it is', () => {
  test('the one whose file holds its id', () => {
    const nonce = started(alice.uid, one);
    expect(ownsContainer(alice.uid, one, labelled(nonce), state)).toBe(true);
    expect(ownsContainer(bob.uid, one, labelled(nonce), state)).toBe(false);
  });
  test('not another container that carries the same label: an image can have any', () => {
    const nonce = started(alice.uid, one);
    expect(ownsContainer(alice.uid, two, labelled(nonce), state)).toBe(false);
  });
  test('not by somebody else’s nonce, and not by a link to somebody else’s file', () => {
    const nonce = started(bob.uid, one);
    expect(ownsContainer(alice.uid, one, labelled(nonce), state)).toBe(false);
    expect(ownsContainer(alice.uid, one, labelled(`../${bob.uid}/${nonce}`), state)).toBe(false);
  });
  test.each([
    '',
    '.',
    '..',
    'f',
    'F'.repeat(32),
    '0'.repeat(31),
    '0'.repeat(33),
    `${'0'.repeat(32)}\n`,
    '../1001/x',
  ])('a label that says %j names no file', (nonce) => {
    expect(isNonce(nonce)).toBe(false);
    expect(ownsContainer(alice.uid, one, labelled(nonce), state)).toBe(false);
  });
  test('where docker was interrupted, the one for whom it is noted afterwards', () => {
    const nonce = newNonce();
    expect(ownsContainer(alice.uid, one, labelled(nonce), state)).toBe(false);
    noteContainer(alice.uid, nonce, one, state);
    expect(ownsContainer(alice.uid, one, labelled(nonce), state)).toBe(true);
    expect(ownsContainer(bob.uid, one, labelled(nonce), state)).toBe(false);
    expect(readdirSync(ownershipDirectory(alice.uid, state))).toEqual([nonce]);
    expect(statSync(cidfilePath(alice.uid, nonce, state)).mode & 0o777).toBe(0o600);
  });
  test.each(['', '..', '../1001/x', 'note'])('nothing is noted under the label %j', (nonce) => {
    noteContainer(alice.uid, nonce, one, state);
    expect(readdirSync(`${state}/containers`, { recursive: true }).map(String).sort()).toEqual(
      [String(alice.uid), String(bob.uid)].sort(),
    );
  });
  test('what can not be read is an error, and not nobody’s', () => {
    const nonce = newNonce();
    mkdirSync(cidfilePath(alice.uid, nonce, state));
    expect(() => ownsContainer(alice.uid, one, labelled(nonce), state)).toThrow('EISDIR');
    mkdirSync(`${cidfilePath(alice.uid, nonce, state)}.pins`);
    expect(() => recallPins(alice.uid, nonce, state)).toThrow('EISDIR');
    writeFileSync(`${state}/file`, '');
    expect(() => ownedContainers(alice.uid, `${state}/file`)).toThrow('ENOTDIR');
  });
  test('no label, and what every object has', () => {
    expect(ownsContainer(alice.uid, one, {}, state)).toBe(false);
    expect(ownsContainer(alice.uid, one, Object.create(labelled(started(alice.uid, one))), state)).toBe(
      false,
    );
  });
  test.each([
    one.slice(1),
    `${one}1`,
    one.slice(0, 12),
    `${one}\n`,
    ` ${one}`,
    '',
    'x'.repeat(64),
    'A'.repeat(64),
  ])('not by a file that holds %j', (text) => {
    const nonce = started(alice.uid, text);
    expect(ownsContainer(alice.uid, one, labelled(nonce), state)).toBe(false);
    expect(ownedContainers(alice.uid, state)).toEqual([]);
  });
  test('before the first run of a user', () => {
    removeTree(state);
    state = makeTree({});
    expect(ownsContainer(alice.uid, one, labelled(newNonce()), state)).toBe(false);
    expect(ownedContainers(alice.uid, state)).toEqual([]);
  });
});

describe('the directory', () => {
  test('is root’s alone', () => {
    const directory = ownershipDirectory(alice.uid, state);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(`${directory}/..`).mode & 0o777).toBe(0o700);
  });
  test('is not taken over from anybody', () => {
    removeTree(state);
    state = makeTree({ containers: {}, 'containers/1000': { uid: 1000 } });
    expect(() => prepareOwnership(alice.uid, state)).toThrow('unavailable');
  });
  test('other files in it are nobody’s', () => {
    writeFileSync(`${ownershipDirectory(alice.uid, state)}/notes`, one);
    expect(ownedContainers(alice.uid, state)).toEqual([]);
  });
});

test('nonces are long, and never the same', () => {
  const nonces = new Set(Array.from({ length: 1000 }, newNonce));
  expect(nonces.size).toBe(1000);
  expect([...nonces].every(isNonce)).toBe(true);
});

describe('pins', () => {
  test('are remembered with the run', () => {
    const nonce = started(alice.uid, one);
    notePins(alice.uid, nonce, ['/home/alice', '/data/x\ny'], state);
    expect(recallPins(alice.uid, nonce, state)).toEqual(['/home/alice', '/data/x\ny']);
    expect(recallPins(bob.uid, nonce, state)).toEqual([]);
    expect(statSync(`${cidfilePath(alice.uid, nonce, state)}.pins`).mode & 0o777).toBe(0o600);
  });
  test('none: no file', () => {
    const nonce = newNonce();
    notePins(alice.uid, nonce, [], state);
    expect(readdirSync(ownershipDirectory(alice.uid, state))).toEqual([]);
    expect(recallPins(alice.uid, nonce, state)).toEqual([]);
  });
  test('are written once', () => {
    const nonce = newNonce();
    notePins(alice.uid, nonce, ['/a'], state);
    expect(() => notePins(alice.uid, nonce, ['/b'], state)).toThrow('EEXIST');
  });
  test('of a label that is no nonce', () => {
    expect(recallPins(alice.uid, '../x', state)).toEqual([]);
  });
});

describe('collectOwnership', () => {
  const collect = (existing: readonly ContainerId[], running: readonly string[] = []) =>
    collectOwnership(
      alice.uid,
      ownedContainers(alice.uid, state),
      (id) => existing.includes(id),
      (nonce) => running.includes(nonce),
      state,
    );
  const left = () => readdirSync(ownershipDirectory(alice.uid, state)).toSorted();

  test('forgets what is gone, and its pins', () => {
    const gone = started(alice.uid, one);
    const kept = started(alice.uid, two);
    for (const nonce of [gone, kept]) notePins(alice.uid, nonce, ['/a'], state);
    collect([two]);
    expect(left()).toEqual([kept, `${kept}.pins`]);
  });
  test('forgets what never came to be: docker was killed, or could not start it', () => {
    const empty = started(alice.uid, '');
    const alone = newNonce();
    for (const nonce of [empty, alone]) notePins(alice.uid, nonce, ['/a'], state);
    collect([]);
    expect(left()).toEqual([]);
  });
  test('leaves alone a run that is on its way', () => {
    const starting = started(alice.uid, '');
    const waiting = newNonce();
    const unseen = started(alice.uid, one);
    notePins(alice.uid, waiting, ['/a'], state);
    collect([], [starting, waiting, unseen]);
    expect(left()).toEqual([starting, unseen, `${waiting}.pins`].toSorted());
  });
  test('forgets what a call that was killed has half written', () => {
    const draft = `${cidfilePath(alice.uid, newNonce(), state)}.draft`;
    started(alice.uid, one);
    writeFileSync(draft, 'half');
    collect([one]);
    expect(existsSync(draft)).toBe(false);
    expect(left()).toHaveLength(1);
  });
  test('leaves alone what was written since the list was made', () => {
    const late = started(alice.uid, one);
    collectOwnership(
      alice.uid,
      [],
      () => false,
      () => false,
      state,
    );
    expect(existsSync(cidfilePath(alice.uid, late, state))).toBe(true);
  });
  test('touches nothing of others', () => {
    const nonce = started(bob.uid, one);
    mkdirSync(`${ownershipDirectory(alice.uid, state)}/directory`);
    collect([]);
    expect(existsSync(cidfilePath(bob.uid, nonce, state))).toBe(true);
    expect(left()).toEqual(['directory']);
  });
});
