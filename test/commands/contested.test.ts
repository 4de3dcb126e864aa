import os from 'node:os';
import { describe, expect, test } from 'vitest';
import { settle } from '../../src/commands/contested.ts';
import type { ContainerSummary } from '../../src/docker/facts.ts';
import { parseContainerId } from '../../src/domain/ids.ts';
import { nonceLabel } from '../../src/state/ownership.ts';
import { grace, type Reservation } from '../../src/state/reservations.ts';

const parsed = parseContainerId('c'.repeat(64));
if (!parsed.ok) throw new Error(parsed.error);
const id = parsed.value;
const nonce = 'a'.repeat(32);
const holder = { bootId: 'b', pid: 1, startTime: 1, pidNamespace: 'p' };

const made = (state: string): ContainerSummary => {
  return { id, names: ['alice_1'], image: 'box', state, labels: { [nonceLabel]: nonce }, created: 0 };
};
const reservation = (age: number | undefined, again = false): Reservation => ({
  nonce: again ? 'f'.repeat(32) : nonce,
  container: again ? id : undefined,
  holder,
  created: 0,
  orphanedAt: age === undefined ? undefined : os.uptime() - age,
});
/** An engine whose `inspect` says this; `silent`: it is starting the container, and does not answer. */
const engineThatSays = (state: string | undefined) => ({
  engine: {
    socketPath: '',
    get: (path: string) => {
      expect(path).toBe(`/containers/${id}/json`);
      if (state === 'silent') return new Promise<never>(() => undefined);
      return Promise.resolve(state === undefined ? undefined : { Id: id, State: { Status: state } });
    },
  },
});
async function counts(
  one: Reservation | readonly Reservation[],
  listed: readonly ContainerSummary[],
  says: string | undefined = 'nothing',
): Promise<number> {
  const all = Array.isArray(one) ? one : [one];
  const { counting, over } = await settle(engineThatSays(says), listed, all);
  expect(counting.length + over.length).toBe(all.length);
  return counting.length;
}

describe('a start whose client is dead', () => {
  test.each([
    ['alive', undefined],
    ['dead for a moment', grace - 2],
  ])('counts while it is %s, whatever the engine knows', async (_what, age) => {
    expect(await counts(reservation(age), [])).toBe(1);
    expect(await counts(reservation(age), [made('created')])).toBe(1);
  });
  test.each<readonly [string, string, string | undefined, number]>([
    ['the engine is still at it', 'created', 'silent', 1],
    ['it runs by now', 'created', 'running', 1],
    ['it was never started', 'created', 'created', 0],
    ['it is gone', 'created', undefined, 0],
    ['it counts by itself', 'running', 'nothing', 0],
    ['it has run', 'exited', 'exited', 0],
  ])('later on the engine is asked: %s', async (_what, listed, says, expected) => {
    expect(await counts(reservation(grace + 60), [made(listed)], says)).toBe(expected);
  });
  test('is over where nothing was made', async () => {
    expect(await counts(reservation(grace + 60), [])).toBe(0);
  });
  test.each<readonly [string, string, string | undefined, number]>([
    ['the engine is still at it', 'exited', 'silent', 1],
    ['it was not started', 'exited', 'exited', 0],
    ['it runs, and may be about to be stopped and started', 'running', 'nothing', 1],
  ])('started again: %s', async (_what, listed, says, expected) => {
    expect(await counts(reservation(grace + 60, true), [made(listed)], says)).toBe(expected);
  });
  test('started again and again: counts once', async () => {
    const again = [
      reservation(grace + 60, true),
      reservation(grace + 30, true),
      reservation(grace + 20, true),
    ];
    expect(await counts(again, [made('running')])).toBe(1);
    expect(await counts(again, [made('exited')], 'silent')).toBe(1);
  });
});
