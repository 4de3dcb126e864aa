import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GpuFact } from '../../src/domain/gpu.ts';
import { parseContainerId, parseUid } from '../../src/domain/ids.ts';
import type { Result } from '../../src/domain/result.ts';
import type { GpuClaim } from '../../src/nvidia/claims.ts';
import { readRecord, replaceRecord } from '../../src/nvidia/records.ts';
import { decideAndClaim, type GpuFacts, gatherGpuFacts } from '../../src/nvidia/reserve.ts';
import { currentHolder } from '../../src/state/holder.ts';

function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

const gpus: readonly GpuFact[] = ['GPU-11111111-0', 'GPU-22222222-0'].map((uuid, index) => {
  return { index, uuid, name: 'GPU', memoryUsedMiB: 0, memoryTotalMiB: 1, migEnabled: false, instances: [] };
});
const here = currentHolder();
const living: GpuClaim = {
  holder: here,
  uid: must(parseUid('1000')),
  user: 'alice',
  nonce: 'a',
  container: undefined,
  created: 1,
  orphanedAt: undefined,
};
const dead = { ...living, holder: { ...here, startTime: here.startTime - 1 } };
const restart = { container: must(parseContainerId('c'.repeat(64))) };

let runtime: string;
beforeEach(() => {
  runtime = fs.mkdtempSync(path.join(os.tmpdir(), 'userdocker-reserve-'));
});
afterEach(() => fs.rmSync(runtime, { recursive: true }));

describe('the states in which containers are asked for', () => {
  const running = ['running', 'paused', 'restarting'];
  test.each<[string, readonly GpuClaim[], readonly string[] | undefined]>([
    ['nobody was ever there', [], running],
    ['a dead run: it may have made one', [dead], [...running, 'created']],
    ['a living run: its container may have ended', [living], undefined],
    ['a living run behind a dead one', [dead, living], undefined],
    ['a dead start: its container may still have ended', [{ ...dead, ...restart }], undefined],
    ['a living start', [{ ...living, ...restart }], undefined],
  ])('%s', async (_title, claims, expected) => {
    const uuid = gpus[1]?.uuid ?? '';
    if (claims.length > 0) replaceRecord(uuid, readRecord(uuid, runtime), claims, runtime);
    const asked: (readonly string[] | undefined)[] = [];
    const list = async (states: readonly string[] | undefined) => {
      asked.push(states);
      return [];
    };
    await gatherGpuFacts(gpus, list, { stateOf: async () => undefined, mark: false, runtime });
    expect(asked).toEqual([expected]);
  });
});

describe('deciding until the GPUs decided on are held', () => {
  const [{ uuid: first } = { uuid: '' }, { uuid: second } = { uuid: '' }] = gpus;
  const gather = () =>
    gatherGpuFacts(gpus, async () => [], { stateOf: async () => undefined, mark: false, runtime });
  const held = ({ holds }: GpuFacts) => holds.map(({ uuid }) => uuid);
  /** What another call does, between the moment we look and the moment we claim. */
  const other = (uuid: string) => {
    const claim = { ...living, nonce: `other ${Math.random()}` };
    replaceRecord(uuid, readRecord(uuid, runtime), [claim], runtime);
  };
  const holders = (uuid: string) => readRecord(uuid, runtime).claims.map(({ nonce }) => nonce);

  test('a GPU that somebody was faster to take is looked at again', async () => {
    const seen: (readonly string[])[] = [];
    const decision = await decideAndClaim(
      gather,
      (facts) => {
        seen.push(held(facts));
        if (seen.length === 1) other(first);
        return held(facts).includes(first)
          ? { decision: 'the second', uuids: [second] }
          : { decision: 'the first', uuids: [first] };
      },
      living,
      runtime,
    );
    expect(decision).toBe('the second');
    expect(seen).toEqual([[], [first]]);
    expect(holders(first)).toEqual([expect.stringMatching(/^other/)]);
    expect(holders(second)).toEqual(['a']);
  });
  test('of several all are held or none', async () => {
    let tries = 0;
    const decision = await decideAndClaim(
      gather,
      () => {
        tries += 1;
        if (tries > 1) return { decision: 'none left', uuids: [] };
        other(second);
        return { decision: 'both', uuids: [second, first] };
      },
      living,
      runtime,
    );
    expect(decision).toBe('none left');
    expect([holders(first), holders(second)]).toEqual([[], [expect.stringMatching(/^other/)]]);
  });
  test('who is never fast enough is told, and holds nothing', async () => {
    const decide = () => {
      other(first);
      return { decision: 'the first', uuids: [first] };
    };
    await expect(decideAndClaim(gather, decide, living, runtime)).rejects.toMatchObject({
      failure: { code: 'unavailable', message: 'other calls were always faster to take a GPU' },
    });
    expect(holders(first)).not.toContain('a');
  });
});
