import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { resetConfig, writeConfig } from './support/config.ts';
import { docker, removeContainers, tryDocker } from './support/engine.ts';
import { type GpuWitness, gpusInUse, watchGpus } from './support/gpu-witness.ts';
import { installNvidiaSmi, removeNvidiaSmi } from './support/nvidia.ts';
import { type Call, makeRacers, racers, reluctantPipe, startCall } from './support/racers.ts';
import { mustUserdocker } from './support/userdocker.ts';

/** `npm run test:long` */
const long = process.env['USERDOCKER_LONG'] === '1';
const detached = 'run -d --network=none box sleep 300';
const minutes = (count: number) => ({ timeout: count * 60_000 });
const [alice = '', bob = ''] = racers;

let witness: GpuWitness;
beforeAll(async () => {
  resetConfig();
  await removeContainers();
  installNvidiaSmi('r550-h100-8');
  await makeRacers();
  witness = await watchGpus();
});
afterAll(() => {
  witness.close();
  removeNvidiaSmi();
});
afterEach(async () => {
  await removeContainers();
  expect(witness.violations).toEqual([]);
});

test('the witness would notice', async () => {
  const other = await watchGpus();
  const label = 'userdocker.gpus=GPU-1,GPU-2';
  for (const name of ['one', 'two'])
    await docker(['run', '-d', '--network=none', '--name', name, '--label', label, 'box', 'sleep', '300']);
  await expect.poll(() => other.violations.length).toBe(2);
  other.close();
  await removeContainers();
  witness.forget();
});

describe('16 runs at once on 8 GPUs', () => {
  test(
    `8 get one, none is given twice, 8 are told who has them (${long ? 100 : 10} rounds)`,
    minutes(15),
    async () => {
      for (let round = 0; round < (long ? 100 : 10); round += 1) {
        // Two calls each: they compete with others for GPUs, and with themselves for their lock.
        const calls = racers.map((_, index) => startCall(racers[index % 8] ?? '', detached));
        const statuses = await Promise.all(calls.map(({ ended }) => ended));
        expect(statuses.filter((status) => status === 0)).toHaveLength(8);
        const refused = calls.filter((_, index) => statuses[index] === 77);
        expect(refused).toHaveLength(8);
        for (const { stderr } of refused) {
          expect(stderr()).toMatch(/^userdocker: denied: 1 GPU asked for, none is free\n/);
          expect(
            stderr().match(/GPU \d is held by racer\d \((?:container racer\d_\d|just starting)/g),
          ).toHaveLength(8);
        }
        const inUse = await gpusInUse();
        expect(inUse).toHaveLength(8);
        expect(new Set(inUse).size).toBe(8);
        await removeContainers();
      }
    },
  );
});

describe('several at once', () => {
  afterEach(resetConfig);

  test('of one user: no more GPUs than limits.gpus', minutes(1), async () => {
    writeConfig({ limits: { gpus: 3 } });
    const calls = Array.from({ length: 6 }, () => startCall(alice, detached));
    const statuses = await Promise.all(calls.map(({ ended }) => ended));
    expect(statuses.toSorted()).toEqual([0, 0, 0, 77, 77, 77]);
  });
  test(
    'of two users: a GPU that both their stopped containers had goes to one of them',
    minutes(2),
    async () => {
      writeConfig({ args: { run: { 'always-': ['--rm'] } } });
      const names = ['first', 'second'];
      for (const [index, name] of names.entries()) {
        await startCall(
          racers[index] ?? '',
          `run -d --gpus device=0 --network=none --name ${name} box sleep 300`,
        ).ended;
        await docker(['stop', '--time', '0', name]);
      }
      for (let round = 0; round < (long ? 20 : 3); round += 1) {
        const calls = names.map((name, index) => startCall(racers[index] ?? '', `start ${name}`));
        const statuses = await Promise.all(calls.map(({ ended }) => ended));
        expect(statuses.toSorted()).toEqual([0, 77]);
        expect(await gpusInUse()).toHaveLength(1);
        await docker(['stop', '--time', '0', ...names]);
      }
    },
  );
});

describe('calls that are killed, stopped, or hang on a full pipe, anywhere', () => {
  const random = (most: number) => Math.random() * most;
  const target = () => (Math.random() < 0.5 ? 'all' : 'last');
  const command = () => {
    const lasts = ['0.3', '2', '300'][Math.floor(random(3))];
    return `run ${Math.random() < 0.7 ? '-d' : ''} --network=none box sleep ${lasts}`;
  };

  /** What happens to a call, and what lets it go on at the end of the round. */
  const fates: readonly ((user: string) => Promise<{ readonly call: Call; readonly goOn: () => void }>)[] = [
    async (user) => ({ call: startCall(user, command()), goOn: () => undefined }),
    async (user) => {
      const call = startCall(user, command());
      await sleep(random(2000));
      call.signal('SIGKILL', target());
      return { call, goOn: () => undefined };
    },
    async (user) => {
      const call = startCall(user, command());
      await sleep(random(2000));
      const to = target();
      call.signal('SIGSTOP', to);
      return { call, goOn: () => call.signal('SIGCONT', 'all') };
    },
    async (user) => {
      const pipe = await reluctantPipe(random(4000));
      const call = startCall(user, `--debug ${command()}`, pipe);
      void call.ended.then(pipe.close);
      return { call, goOn: pipe.drain };
    },
  ];

  async function round(): Promise<void> {
    const raced = await Promise.all(racers.map((user, index) => fates[index % fates.length]?.(user)));
    await sleep(random(1500));
    for (const each of raced) if (Math.random() < 0.7) each?.goOn();
    await sleep(1500);
    for (const each of raced) each?.call.signal('SIGKILL', 'all');
    for (const each of raced) each?.goOn();
    await Promise.all(raced.map((each) => each?.call.ended));
  }

  /** Many are just about to go by themselves. */
  async function removeRunning(): Promise<void> {
    for (;;) {
      const running = (await docker(['ps', '--quiet'])).split('\n').filter((id) => id !== '');
      if (running.length === 0) return;
      await tryDocker(['rm', '--force', ...running]);
    }
  }

  test(`no GPU is ever held twice, none stays reserved (${long ? 60 : 4} rounds)`, minutes(20), async () => {
    const before = witness.started();
    for (let count = 0; count < (long ? 60 : 4); count += 1) {
      await round();
      const inUse = await gpusInUse();
      expect(new Set(inUse).size).toBe(inUse.length);
      // What was made and never started stays: its GPU must become free all the same.
      await removeRunning();
    }
    expect(witness.started() - before).toBeGreaterThan(long ? 200 : 10);
    await expect
      .poll(() => startCall(alice, '-q run --gpus all --network=none box true').ended, {
        timeout: 20_000,
        interval: 500,
      })
      .toBe(0);
  });
});

describe('a call of alice that does not go on', () => {
  /** Milliseconds until bob has a GPU. */
  async function bobRuns(): Promise<number> {
    const begin = Date.now();
    const call = startCall(bob, detached);
    expect(await call.ended, call.stderr()).toBe(0);
    return Date.now() - begin;
  }

  test('stopped anywhere never makes bob wait', minutes(5), async () => {
    const times: number[] = [];
    for (let delay = 0; delay < 700; delay += long ? 10 : 60) {
      const call = startCall(alice, detached);
      await sleep(delay);
      call.signal('SIGSTOP', 'all');
      times.push(await bobRuns());
      call.signal('SIGKILL', 'all');
      await call.ended;
      await removeContainers();
    }
    expect(Math.max(...times)).toBeLessThan(5000);
  });
  test('for a full pipe keeps its own GPU until it is gone, and no longer', minutes(1), async () => {
    // Room for the first message, not for the one that comes when all is decided.
    const pipe = await reluctantPipe(600);
    const call = startCall(alice, `--debug ${detached}`, pipe);
    const used = () =>
      mustUserdocker('carol', 'ps --gpu-used --format json').then((text) => JSON.parse(text));
    await expect.poll(used).toMatchObject([{ index: '0', user: alice, container: null }]);
    expect(await bobRuns()).toBeLessThan(5000);
    expect(await used()).toMatchObject([
      { index: '0', user: alice },
      { index: '1', user: bob },
    ]);
    call.signal('SIGKILL', 'all');
    await call.ended;
    pipe.close();
    expect(await used()).toMatchObject([{ index: '1', user: bob }]);
  });
});
