import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UserdockerError } from '../../src/domain/errors.ts';
import { parseContainerId, parseUid } from '../../src/domain/ids.ts';
import type { Result } from '../../src/domain/result.ts';
import {
  assessClaims,
  claimGpus,
  type GpuClaim,
  type GpuSituation,
  grace,
  type MadeContainer,
  observeClaims,
  releaseGpus,
} from '../../src/nvidia/claims.ts';
import { readRecord, replaceRecord } from '../../src/nvidia/records.ts';
import { currentHolder } from '../../src/state/holder.ts';

function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

const [one, two, three] = ['GPU-11111111-0', 'GPU-22222222-0', 'GPU-33333333-0'] as const;
const here = currentHolder();
const dead = { ...here, startTime: here.startTime - 1 };
const id = must(parseContainerId('c'.repeat(64)));

let runtime: string;
beforeEach(() => {
  runtime = fs.mkdtempSync(path.join(os.tmpdir(), 'userdocker-claims-'));
});
afterEach(() => fs.rmSync(runtime, { recursive: true }));

function claim(nonce: string, change: Partial<GpuClaim> = {}): GpuClaim {
  const uid = must(parseUid('1000'));
  return {
    holder: here,
    uid,
    user: 'alice',
    nonce,
    container: undefined,
    created: 1,
    orphanedAt: undefined,
    ...change,
  };
}

function made(nonce: string, state: string): MadeContainer {
  return { id, name: 'alice_1', nonce, state };
}

interface Look {
  readonly containers?: readonly MadeContainer[];
  readonly mark?: boolean;
  /** What the engine says when it is asked again; `silent`: nothing. */
  readonly inspected?: string | undefined;
}

function look(
  uuids: readonly string[],
  { containers = [], mark = false, inspected }: Look = {},
): Promise<GpuSituation> {
  const observed = observeClaims(uuids, runtime);
  const stateOf = async () => (inspected === 'silent' ? new Promise<never>(() => undefined) : inspected);
  return assessClaims(observed, containers, { stateOf, mark, runtime });
}

async function take(uuids: readonly string[], mine: GpuClaim): Promise<true | undefined> {
  return claimGpus(uuids, mine, await look([one, two, three]), runtime);
}

async function held(look_: Look = {}): Promise<readonly string[]> {
  return (await look([one, two, three], look_)).holds.map(({ uuid }) => uuid);
}

describe('a claim', () => {
  test('holds its GPU, and says who', async () => {
    expect(await held()).toEqual([]);
    expect(await take([two], claim('a'))).toBe(true);
    expect((await look([one, two])).holds).toEqual([
      { uuid: two, user: 'alice', uid: 1000, container: undefined, pid: here.pid, since: 1 },
    ]);
  });

  test('of several is all or nothing', async () => {
    expect(await take([three, one], claim('a'))).toBe(true);
    expect(await held()).toEqual([one, three]);
    const before = await look([one, two, three]);
    // Between the look and the claim, GPU 3 changes hands.
    releaseGpus([one, three], claim('a'), runtime);
    expect(await take([three], claim('b'))).toBe(true);
    expect(claimGpus([one, two, three], claim('c'), before, runtime)).toBeUndefined();
    expect((await look([one, two, three])).holds.map(({ uuid }) => uuid)).toEqual([three]);
    expect(readRecord(three, runtime).claims.map(({ nonce }) => nonce)).toEqual(['b']);
  });

  test('on what somebody else has taken since the look fails', async () => {
    const before = await look([one]);
    expect(await take([one], claim('fast'))).toBe(true);
    expect(claimGpus([one], claim('slow'), before, runtime)).toBeUndefined();
    // Though the other one is over again by then.
    releaseGpus([one], claim('fast'), runtime);
    expect(claimGpus([one], claim('slow'), before, runtime)).toBeUndefined();
    expect(await held()).toEqual([]);
  });

  test('is given back by its own call only', async () => {
    await take([one], claim('a'));
    releaseGpus([one, two], claim('b'), runtime);
    expect(await held()).toEqual([one]);
    releaseGpus([one, two], claim('a'), runtime);
    releaseGpus([one, two], claim('a'), runtime);
    expect(await held()).toEqual([]);
  });

  test('that shares a GPU carries over the one that was there', async () => {
    await take([one], claim('a'));
    await take([one], claim('b'));
    expect(readRecord(one, runtime).claims.map(({ nonce }) => nonce)).toEqual(['a', 'b']);
    releaseGpus([one], claim('a'), runtime);
    expect(readRecord(one, runtime).claims.map(({ nonce }) => nonce)).toEqual(['b']);
  });

  test('survives what the file makes of it', async () => {
    const full = claim('a', { container: id, orphanedAt: 12.5 });
    replaceRecord(one, readRecord(one, runtime), [full], runtime);
    expect(readRecord(one, runtime).claims).toEqual([full]);
  });
});

describe('when a claim is over', () => {
  const old = os.uptime() - grace - 1;
  const fresh = os.uptime();
  const started = { container: id };
  test.each<[string, Partial<GpuClaim>, Look, 'holds' | 'over']>([
    ['alive, nothing made yet', {}, {}, 'holds'],
    ['alive, made', {}, { containers: [made('a', 'created')] }, 'holds'],
    [
      'alive, running: the container holds the GPU by itself',
      {},
      { containers: [made('a', 'running')] },
      'over',
    ],
    ['alive start of a container that runs', started, { containers: [made('x', 'running')] }, 'holds'],
    ['alive, but its container has run and ended', {}, { containers: [made('a', 'exited')] }, 'over'],
    ['alive, its container is being removed', {}, { containers: [made('a', 'removing')] }, 'over'],
    ["alive, somebody else's container has ended", {}, { containers: [made('b', 'exited')] }, 'holds'],
    [
      'alive start of a container that does not run yet',
      started,
      { containers: [made('x', 'exited')] },
      'holds',
    ],
    [
      'before the reboot',
      { holder: { ...here, bootId: 'x' } },
      { containers: [made('a', 'created')] },
      'over',
    ],
    ['dead, nothing made', { holder: dead }, {}, 'over'],
    [
      'dead, running: the container holds the GPU by itself',
      { holder: dead },
      { containers: [made('a', 'running')] },
      'over',
    ],
    ['dead, paused', { holder: dead }, { containers: [made('a', 'paused')] }, 'over'],
    ['dead, has run', { holder: dead }, { containers: [made('a', 'exited')] }, 'over'],
    [
      'dead, made: its start may be under way',
      { holder: dead },
      { containers: [made('a', 'created')] },
      'holds',
    ],
    [
      'orphan, its time is not over',
      { holder: dead, orphanedAt: fresh },
      { containers: [made('a', 'created')] },
      'holds',
    ],
    [
      'orphan, time over, still only made',
      { holder: dead, orphanedAt: old },
      { containers: [made('a', 'created')], inspected: 'created' },
      'over',
    ],
    [
      'orphan, time over, gone',
      { holder: dead, orphanedAt: old },
      { containers: [made('a', 'created')], inspected: undefined },
      'over',
    ],
    [
      'orphan, time over, runs after all',
      { holder: dead, orphanedAt: old },
      { containers: [made('a', 'created')], inspected: 'running' },
      'holds',
    ],
    [
      'orphan, time over, the engine is still starting it',
      { holder: dead, orphanedAt: old },
      { containers: [made('a', 'created')], inspected: 'silent' },
      'holds',
    ],
    ['orphan, removed', { holder: dead, orphanedAt: fresh }, {}, 'over'],
    [
      'orphan, runs by now',
      { holder: dead, orphanedAt: fresh },
      { containers: [made('a', 'running')] },
      'over',
    ],
    [
      'dead start of a container that is there',
      { ...started, holder: dead },
      { containers: [made('x', 'exited')] },
      'holds',
    ],
    [
      'dead restart of a container that runs: the engine may be about to stop and start it',
      { ...started, holder: dead },
      { containers: [made('x', 'running')] },
      'holds',
    ],
    ['dead start of a container that is gone', { ...started, holder: dead }, {}, 'over'],
    [
      'dead start, time over',
      { ...started, holder: dead, orphanedAt: old },
      { containers: [made('x', 'exited')], inspected: 'exited' },
      'over',
    ],
  ])('%s', async (_title, change, look_, expected) => {
    replaceRecord(one, readRecord(one, runtime), [claim('a', change)], runtime);
    expect(await held(look_)).toEqual(expected === 'holds' ? [one] : []);
    // What is over can be taken; what holds is carried over, never lost.
    const situation = await look([one], look_);
    expect(claimGpus([one], claim('new'), situation, runtime)).toBe(true);
    expect(readRecord(one, runtime).claims.map(({ nonce }) => nonce)).toEqual(
      expected === 'holds' ? ['a', 'new'] : ['new'],
    );
  });

  test('an orphan is marked once, and only where something may be changed', async () => {
    const containers = [made('a', 'created')];
    const mark = () => readRecord(one, runtime).claims[0]?.orphanedAt;
    replaceRecord(one, readRecord(one, runtime), [claim('a', { holder: dead })], runtime);
    await look([one], { containers });
    expect(mark()).toBeUndefined();
    await look([one], { containers, mark: true });
    const first = mark();
    expect(first).toBeCloseTo(os.uptime(), -1);
    await look([one], { containers, mark: true });
    expect(mark()).toBe(first);
  });

  test('a restarted container that stops and runs in turns is an orphan anew each time', async () => {
    const restarting = claim('a', { holder: dead, container: id, orphanedAt: old });
    replaceRecord(one, readRecord(one, runtime), [restarting], runtime);
    const mark = () => readRecord(one, runtime).claims[0]?.orphanedAt;
    await look([one], { containers: [made('x', 'running')], mark: true });
    expect(mark()).toBeUndefined();
    expect(await held({ containers: [made('x', 'exited')], mark: true, inspected: 'exited' })).toEqual([one]);
    expect(mark()).toBeCloseTo(os.uptime(), -1);
  });

  test('a later claim for the same container takes the place of a dead one, never of a living one', async () => {
    const other = must(parseContainerId('d'.repeat(64)));
    const claims = [
      claim('a', { container: id, holder: dead }),
      claim('b', { container: id }),
      claim('c', { container: other, holder: dead }),
      claim('d', { container: id, holder: dead }),
    ];
    replaceRecord(one, readRecord(one, runtime), claims, runtime);
    const containers = [made('x', 'running'), { ...made('y', 'running'), id: other }];
    const { records } = await look([one], { containers });
    expect(records[0]?.valid.map(({ nonce }) => nonce)).toEqual(['b', 'c', 'd']);
  });

  test('a container that is made and about to be started is named', async () => {
    await take([one], claim('a'));
    const { holds } = await look([one], { containers: [made('a', 'created')] });
    expect(holds[0]).toMatchObject({ container: { id, name: 'alice_1' }, pid: here.pid });
  });

  test('an engine that fails to answer frees nothing', async () => {
    replaceRecord(one, readRecord(one, runtime), [claim('a', { holder: dead, orphanedAt: old })], runtime);
    const stateOf = () => Promise.reject(new Error('down'));
    const { holds } = await assessClaims(observeClaims([one], runtime), [made('a', 'created')], {
      stateOf,
      mark: false,
      runtime,
    });
    expect(holds).toHaveLength(1);
  });
});

describe('records', () => {
  const directory = () => path.join(runtime, 'gpus', one.toLowerCase());
  const next = (seen = readRecord(one, runtime), nonce = 'n') =>
    replaceRecord(one, seen, [claim(nonce)], runtime);

  test('reading makes nothing', () => {
    expect(readRecord(one, runtime)).toEqual({ generation: 0, claims: [] });
    expect(fs.readdirSync(runtime)).toEqual([]);
  });

  test('generations grow, and only the last few are kept', () => {
    for (let count = 1; count <= 20; count += 1) expect(next()?.generation).toBe(count);
    expect(
      fs
        .readdirSync(directory())
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual([13, 14, 15, 16, 17, 18, 19, 20]);
  });

  test('one generation is replaced once', () => {
    const seen = readRecord(one, runtime);
    expect(next(seen, 'a')?.generation).toBe(1);
    expect(next(seen, 'b')).toBeUndefined();
    expect(readRecord(one, runtime).claims.map(({ nonce }) => nonce)).toEqual(['a']);
  });

  test('a process that slept for generations does not win, and leaves nothing', () => {
    const asleep = next();
    for (let count = 0; count < 20; count += 1) next();
    if (asleep === undefined) throw new Error('it was the first');
    expect(fs.existsSync(path.join(directory(), String(asleep.generation + 1)))).toBe(false);
    expect(next(asleep, 'late')).toBeUndefined();
    expect(fs.existsSync(path.join(directory(), String(asleep.generation + 1)))).toBe(false);
    expect(readRecord(one, runtime).generation).toBe(21);
    expect(next()?.generation).toBe(22);
  });

  test('of a GPU in two spellings are one', () => {
    expect(
      replaceRecord(one, readRecord(one.toLowerCase(), runtime), [claim('a')], runtime)?.generation,
    ).toBe(1);
    expect(readRecord(one.toUpperCase(), runtime).claims).toHaveLength(1);
    const mig = `MIG-${one}/3/0`;
    expect(replaceRecord(mig, readRecord(mig, runtime), [claim('a')], runtime)?.generation).toBe(1);
    expect(fs.readdirSync(path.join(runtime, 'gpus')).sort()).toEqual([
      'gpu-11111111-0',
      'mig-gpu-11111111-0_3_0',
    ]);
  });

  test.each(['', '..', 'GPU-', 'GPU-..', '../GPU-1', 'GPU-1\n', 'GPU-1 2', `GPU-${'1'.repeat(200)}`])(
    '%j is no UUID',
    (uuid) => {
      expect(() => readRecord(uuid, runtime)).toThrow(UserdockerError);
    },
  );

  test.each(['{', '[]', '{}', '{"claims":{}}', '{"claims":[{}]}', '{"claims":[{"nonce":"x"}]}', 'x'])(
    '%s is damaged',
    (text) => {
      next();
      fs.symlinkSync(text, path.join(directory(), '2'));
      expect(() => readRecord(one, runtime)).toThrow(UserdockerError);
    },
  );

  test('hold what a symbolic link can hold, and no more', () => {
    const many = Array.from({ length: 30 }, (_, index) => claim(`n${index}`));
    expect(() => replaceRecord(one, readRecord(one, runtime), many, runtime)).toThrow(UserdockerError);
    expect(replaceRecord(one, readRecord(one, runtime), many.slice(0, 12), runtime)?.claims).toHaveLength(12);
    expect(readRecord(one, runtime).claims).toHaveLength(12);
  });

  test('lie where only root can write', () => {
    next();
    expect(fs.statSync(directory()).mode & 0o777).toBe(0o700);
    fs.chmodSync(directory(), 0o777);
    expect(() => next()).toThrow(UserdockerError);
  });
});
