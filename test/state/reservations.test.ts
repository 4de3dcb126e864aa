import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UserdockerError } from '../../src/domain/errors.ts';
import { parseUid } from '../../src/domain/ids.ts';
import { currentHolder } from '../../src/state/holder.ts';
import {
  grace,
  isOverdue,
  listReservations,
  peekReservations,
  release,
  reserve,
} from '../../src/state/reservations.ts';

const parsed = parseUid('1000');
if (!parsed.ok) throw new Error(parsed.error);
const alice = parsed.value;
const [one, two] = ['1'.repeat(32), '2'.repeat(32)];

let runtime: string;
let directory: string;
beforeEach(() => {
  runtime = fs.mkdtempSync(path.join(os.tmpdir(), 'userdocker-reservations-'));
  directory = path.join(runtime, 'users', '1000', 'reservations');
});
afterEach(() => fs.rmSync(runtime, { recursive: true }));

/** As if another process had written it. */
function plant(nonce: string, change: object): void {
  reserve(alice, { nonce, name: 'planted' }, runtime);
  const file = path.join(directory, `${nonce}.json`);
  fs.writeFileSync(file, JSON.stringify({ ...JSON.parse(fs.readFileSync(file, 'utf8')), ...change }));
}

const dead = { holder: { ...currentHolder(), startTime: currentHolder().startTime - 1 } };
const rebooted = { holder: { ...currentHolder(), bootId: 'another' } };

function names(): readonly (string | undefined)[] {
  return listReservations(alice, runtime)
    .map(({ name }) => name)
    .sort();
}

describe('reservations', () => {
  test('are kept as they were made, for one user', () => {
    const grant = { nonce: one, name: 'alice_1', memory: 1024, cpus: 0.5, gpus: ['GPU-1'], ports: ['8080'] };
    const made = reserve(alice, grant, runtime);
    reserve(alice, { nonce: two }, runtime);
    const [first] = listReservations(alice, runtime).filter(({ nonce }) => nonce === one);
    expect(first).toMatchObject({ ...grant, holder: currentHolder(), created: made.created });
    expect(first?.orphanedAt).toBeUndefined();
    const bob = parseUid('1001');
    expect(bob.ok && listReservations(bob.value, runtime)).toEqual([]);
    expect(fs.statSync(directory).mode & 0o777).toBe(0o700);
  });

  test('end on request, once', () => {
    reserve(alice, { nonce: one, name: 'a' }, runtime);
    reserve(alice, { nonce: two, name: 'b' }, runtime);
    release(alice, one, runtime);
    release(alice, one, runtime);
    expect(names()).toEqual(['b']);
  });

  test('end with a reboot, at once', () => {
    plant(one, rebooted);
    expect(names()).toEqual([]);
    expect(fs.readdirSync(directory)).toEqual([]);
  });

  test('whose holder is dead are orphans, and overdue after a while', () => {
    plant(one, dead);
    const [orphan] = listReservations(alice, runtime);
    expect(orphan?.orphanedAt).toBeCloseTo(os.uptime(), -1);
    expect(listReservations(alice, runtime)).toEqual([orphan]);
    for (const [age, overdue] of [
      [grace - 2, false],
      [grace, true],
      [10 * grace, true],
    ] as const) {
      plant(one, { ...dead, orphanedAt: os.uptime() - age });
      // Only who knows what the engine is at may end it.
      expect(listReservations(alice, runtime).map(isOverdue)).toEqual([overdue]);
      expect(peekReservations(alice, runtime).map(isOverdue)).toEqual([overdue]);
    }
    expect(fs.readdirSync(directory)).toEqual([`${one}.json`]);
  });

  test('that a killed call left half-written are removed', () => {
    reserve(alice, { nonce: one, name: 'a' }, runtime);
    fs.writeFileSync(path.join(directory, `${two}.draft`), '{"holder":');
    fs.writeFileSync(path.join(directory, 'core'), '');
    expect(names()).toEqual(['a']);
    expect(fs.readdirSync(directory)).toEqual([`${one}.json`]);
  });

  test.each([['{'], ['[]'], ['null'], ['{}'], ['{"nonce":"x"}']])(
    'that are damaged (%s) let nothing be granted',
    (text) => {
      reserve(alice, { nonce: one }, runtime);
      fs.writeFileSync(path.join(directory, `${one}.json`), text);
      expect(() => listReservations(alice, runtime)).toThrow(UserdockerError);
      expect(() => peekReservations(alice, runtime)).toThrow(UserdockerError);
    },
  );

  test('can be looked at without being changed', () => {
    expect(peekReservations(alice, runtime)).toEqual([]);
    expect(fs.readdirSync(runtime)).toEqual([]);
    reserve(alice, { nonce: one, name: 'a' }, runtime);
    plant(two, dead);
    fs.writeFileSync(path.join(directory, 'x.draft'), '');
    const before = fs
      .readdirSync(directory)
      .map((file) => fs.readFileSync(path.join(directory, file), 'utf8'));
    const seen = peekReservations(alice, runtime);
    expect(seen.map(({ nonce, orphanedAt }) => [nonce, orphanedAt === undefined])).toEqual(
      expect.arrayContaining([
        [one, true],
        [two, false],
      ]),
    );
    expect(
      fs.readdirSync(directory).map((file) => fs.readFileSync(path.join(directory, file), 'utf8')),
    ).toEqual(before);
  });
});
