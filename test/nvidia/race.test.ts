/** Many processes at once, killed and stopped anywhere. Short by default; USERDOCKER_LONG=1 runs minutes. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { observeClaims } from '../../src/nvidia/claims.ts';
import { readRecord } from '../../src/nvidia/records.ts';
import { sleep, startWorker, type Worker } from '../support/workers.ts';
import { type FakeEngine, startFakeEngine } from './fake-engine.ts';

const long = process.env['USERDOCKER_LONG'] === '1';
/** Seconds. The engine below starts a container within a third of it. */
const grace = 0.6;
const claimWorker = path.join(import.meta.dirname, 'claim-worker.ts');
const recordWorker = path.join(import.meta.dirname, 'record-worker.ts');

let runtime: string;
let engine: FakeEngine;
let workers: Worker[];

beforeEach(async () => {
  runtime = fs.mkdtempSync(path.join(os.tmpdir(), 'userdocker-race-'));
  engine = await startFakeEngine(path.join(runtime, 'engine'), 200);
  workers = [];
});

afterEach(async () => {
  for (const { process: child } of workers) child.kill('SIGKILL');
  await Promise.all(workers.map(({ exited }) => exited));
  await engine.close();
  fs.rmSync(runtime, { recursive: true });
});

function gpuList(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `GPU-${index}0000000-5326-e718-c682-cd2377bf8d77`);
}

function start(uid: number, gpus: readonly string[], rounds: number, wanted = 1): Worker {
  const args = [
    runtime,
    path.join(runtime, 'engine'),
    String(uid),
    gpus.join(','),
    String(rounds),
    String(wanted),
    String(grace),
  ];
  const worker = startWorker(claimWorker, ...args);
  workers.push(worker);
  return worker;
}

/** No call that is alive holds anything, and no container runs: a newcomer gets all GPUs, after the orphans' time at the latest. */
async function expectAllFree(gpus: readonly string[]): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const newcomer = start(4000, gpus, 1, gpus.length);
    await newcomer.exited;
    if (newcomer.lines.includes('ran')) return;
    if (Date.now() > deadline) throw new Error(`not free: ${JSON.stringify(observeClaims(gpus, runtime))}`);
    await sleep(100);
  }
}

describe('records under attack', () => {
  test('every generation is made once, whoever is killed or stopped', { timeout: 120_000 }, async () => {
    const [uuid = ''] = gpuList(1);
    const duration = long ? 20_000 : 1500;
    const racers = Array.from({ length: long ? 6 : 4 }, () =>
      startWorker(recordWorker, runtime, uuid, String(duration)),
    );
    workers.push(...racers);
    const end = Date.now() + duration;
    while (Date.now() < end) {
      const victim = racers[Math.floor(Math.random() * racers.length)];
      victim?.process.kill('SIGSTOP');
      await sleep(Math.random() * 30);
      victim?.process.kill('SIGCONT');
      if (Math.random() < 0.05) {
        victim?.process.kill('SIGKILL');
        const replacement = startWorker(recordWorker, runtime, uuid, String(Math.max(0, end - Date.now())));
        workers.push(replacement);
        racers.push(replacement);
      }
    }
    await Promise.all(racers.map(({ exited }) => exited));
    const made = racers.flatMap(({ lines }) => lines.map(Number));
    expect(made.length).toBeGreaterThan(100);
    expect(new Set(made).size).toBe(made.length);
    // Those who were killed may have made more than they could tell.
    expect(readRecord(uuid, runtime).generation).toBeGreaterThanOrEqual(Math.max(...made));
  });
});

describe('simultaneous runs', () => {
  test.each(long ? [1, 2, 3, 4, 5] : [1])(
    '16 on 8 GPUs: 8 get one each, the others are denied (%i)',
    { timeout: 60_000 },
    async () => {
      const gpus = gpuList(8);
      const runs = Array.from({ length: 16 }, (_, index) => start(1000 + (index % 4), gpus, 1));
      await Promise.all(runs.map(({ exited }) => exited));
      const claimed = runs.flatMap(({ lines }) => lines.filter((line) => line.startsWith('claimed')));
      expect(claimed).toHaveLength(8);
      expect(new Set(claimed).size).toBe(8);
      expect(runs.filter(({ lines }) => lines.includes('denied'))).toHaveLength(8);
      expect(engine.violations).toEqual([]);
      expect(engine.running()).toHaveLength(8);
    },
  );

  test('killed and stopped anywhere: no GPU is ever given twice, none stays reserved', {
    timeout: 400_000,
  }, async () => {
    const gpus = gpuList(4);
    const end = Date.now() + (long ? 180_000 : 6000);
    const begin = (slot: number) => start(1000 + (slot % 3), gpus, 100_000, 1 + (slot % 2));
    const slots = Array.from({ length: 6 }, (_, slot) => begin(slot));
    let kills = 0;
    while (Date.now() < end) {
      const slot = Math.floor(Math.random() * slots.length);
      const victim = slots[slot];
      await sleep(Math.random() * 60);
      if (Math.random() < 0.5) {
        victim?.process.kill('SIGSTOP');
        await sleep(Math.random() * 100);
      }
      if (Math.random() < 0.6) {
        victim?.process.kill('SIGKILL');
        slots[slot] = begin(slot);
        kills += 1;
      } else victim?.process.kill('SIGCONT');
    }
    for (const { process: child } of slots) child.kill('SIGKILL');
    await Promise.all(slots.map(({ exited }) => exited));
    expect(engine.violations).toEqual([]);
    expect(engine.started).toBeGreaterThan(long ? 500 : 5);
    expect(kills).toBeGreaterThan(long ? 200 : 5);
    await expectAllFree(gpus);
    expect(engine.violations).toEqual([]);
  });

  test('a stopped call keeps its GPU and makes nobody wait', { timeout: 60_000 }, async () => {
    const gpus = gpuList(2);
    const alice = start(1000, gpus, 1);
    const claimed = await alice.line('claimed');
    alice.process.kill('SIGSTOP');
    await sleep(500); // the engine may still be starting her container
    const bob = start(1001, gpus, 1);
    await bob.line('begins');
    const began = Date.now();
    const got = await bob.line('claimed');
    expect(Date.now() - began).toBeLessThan(1000);
    expect(got).not.toBe(claimed);
    const carol = start(1002, gpus, 1);
    await carol.exited;
    expect(carol.lines).toContain('denied');
    expect(engine.violations).toEqual([]);
  });
});
