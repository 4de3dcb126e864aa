/** How often the ownership files are looked at: there may be thousands of them, and `run` and `ps` are to stay quick. */
import { beforeEach, expect, test, vi } from 'vitest';
import { gatherContested } from '../../src/commands/contested.ts';
import { ps } from '../../src/commands/ps.ts';
import { type ContainerId, parseContainerId } from '../../src/domain/ids.ts';
import { ownedContainers, ownsContainer } from '../../src/state/ownership.ts';
import { engineSaying, quiet, sessionOn } from '../support/session.ts';

vi.mock('../../src/state/ownership.ts', async (original) => ({
  ...(await original<typeof import('../../src/state/ownership.ts')>()),
  ownsContainer: vi.fn(),
  ownedContainers: vi.fn(),
}));
beforeEach(() => {
  vi.mocked(ownsContainer).mockReset();
  vi.mocked(ownedContainers).mockReset();
});

const idOf = (number: number): ContainerId => {
  const id = parseContainerId(number.toString(16).padStart(64, '0'));
  if (!id.ok) throw new Error(id.error);
  return id.value;
};
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const listed = (containers: readonly number[]) =>
  engineSaying({
    ...quiet,
    '/containers/json': containers.map((number) => ({
      Id: idOf(number),
      Names: [`/alice_${number}`],
      Image: 'box',
      State: 'running',
      Labels: {},
      Created: 0,
    })),
  });
const request = (command: string, ...flags: readonly string[]) => ({
  command,
  options: flags.map((flag) => ({ flag, spelled: flag, value: true })),
  operands: [],
  payload: [],
});

test('a run looks once at each container that says it is the caller’s', async () => {
  vi.mocked(ownsContainer).mockImplementation((_uid, id) => id !== idOf(2));
  const session = sessionOn('run debian', listed([1, 2, 3]).engine);
  const { own, unproven } = await gatherContested(session, request('run'), []);
  expect(own.map(({ id }) => id)).toEqual([idOf(1), idOf(3)]);
  expect(unproven.map(({ id }) => id)).toEqual([idOf(2)]);
  expect(vi.mocked(ownsContainer).mock.calls.map(([, id]) => id)).toEqual([1, 2, 3].map(idOf));
});

test.each([
  ['a few, unseen', 40, undefined],
  ['more, of which the engine says what runs', 41, ['running', 'paused', 'restarting']],
])('ps lists the files once: %s', async (_what, count, status) => {
  vi.mocked(ownedContainers).mockReturnValue(
    numbers(count).map((number) => ({ nonce: 'a'.repeat(32), id: idOf(number) })),
  );
  // 99 says that it is the caller's, and there is no file that does.
  const { engine, asked } = listed([3, 99, 1]);
  const ids = await ps.gather(sessionOn('ps', engine), request('ps'));
  expect(ids).toEqual(status === undefined ? numbers(count).map(idOf) : [idOf(3), idOf(1)]);
  expect(asked).toEqual(status === undefined ? [] : [expect.stringContaining(JSON.stringify(status))]);
  expect(ownedContainers).toHaveBeenCalledTimes(1);
  expect(ownsContainer).not.toHaveBeenCalled();
});

test.each(['--all', '--last', '--latest', '--filter'])('ps %s is also of what has ended', async (flag) => {
  vi.mocked(ownedContainers).mockReturnValue(
    numbers(41).map((number) => ({ nonce: 'a'.repeat(32), id: idOf(number) })),
  );
  const { engine, asked } = listed([1]);
  expect(await ps.gather(sessionOn('ps', engine), request('ps', flag))).toEqual([idOf(1)]);
  expect(asked.filter((path) => path.includes('"status"'))).toEqual([]);
});
