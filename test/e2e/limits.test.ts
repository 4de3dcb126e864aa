import { afterEach, describe, expect, test } from 'vitest';
import type { Outcome } from './support/command.ts';
import { resetConfig, writeConfig } from './support/config.ts';
import { docker, inspect, removeContainers } from './support/engine.ts';
import { importImage } from './support/images.ts';
import { mustUserdocker, userdocker } from './support/userdocker.ts';
import { mustRoot } from './support/users.ts';

afterEach(async () => {
  await removeContainers();
  resetConfig();
});

/** At one moment. */
function together(count: number, words: (number: number) => string): Promise<readonly Outcome[]> {
  return Promise.all(
    Array.from({ length: count }, (_, index) => userdocker('alice', words(index + 1), { timeoutMs: 60_000 })),
  );
}
const running = async () =>
  (await docker(['ps', '--format', '{{.Names}}'])).split('\n').filter((name) => name !== '');
const statuses = (outcomes: readonly Outcome[]) => outcomes.map(({ status }) => status).sort();
const sleeper = 'box sleep 300';

describe('containers', () => {
  test('of eight calls at a time three get through, and no call after them', async () => {
    writeConfig({ limits: { containers: 3 } });
    const outcomes = await together(8, () => `run -d ${sleeper}`);
    expect(statuses(outcomes)).toEqual([0, 0, 0, 77, 77, 77, 77, 77]);
    expect(await running()).toHaveLength(3);
    const { status, stderr } = await userdocker('alice', `run -d ${sleeper}`);
    expect(status).toBe(77);
    expect(stderr).toMatch(
      /you have 3 containers running, of at most 3: alice_\d, .*\n +Rule: limits.containers/,
    );
    await mustUserdocker('bob', `run -d ${sleeper}`);
  });
  test('what has ended makes room at once', async () => {
    writeConfig({ limits: { containers: 1 } });
    for (const round of ['one', 'two', 'three'])
      expect(await mustUserdocker('alice', `run box echo ${round}`)).toBe(round);
    await mustUserdocker('alice', `run -d --name last ${sleeper}`);
    await mustUserdocker('alice', 'kill last');
    await expect.poll(running).toEqual([]);
    await mustUserdocker('alice', `run -d ${sleeper}`);
  });
  test('none at all', async () => {
    writeConfig({ limits: { containers: 0 } });
    expect((await userdocker('alice', `run ${sleeper}`)).status).toBe(77);
  });
  test('started again they count again: at a time, one after the other, and in one call', async () => {
    writeConfig({ args: { run: { 'always-': ['--rm'] } } });
    for (const name of ['v1', 'v2', 'v3', 'v4'])
      await mustUserdocker('alice', `run -d --name ${name} ${sleeper}`);
    await mustUserdocker('alice', 'kill v1 v2 v3 v4');
    writeConfig({ args: { run: { 'always-': ['--rm'] } }, limits: { containers: 2 } });

    expect((await userdocker('alice', 'start v1 v2 v3 v4')).status).toBe(77);
    expect(await running()).toEqual([]);
    expect(statuses(await together(4, (number) => `start v${number}`))).toEqual([0, 0, 77, 77]);
    expect(await running()).toHaveLength(2);
    expect((await userdocker('alice', `run -d ${sleeper}`)).status).toBe(77);
    expect((await userdocker('alice', `restart -t 0 ${(await running()).join(' ')}`)).status).toBe(0);
    expect(await running()).toHaveLength(2);
  });
});

describe('memory and CPUs', () => {
  test.each([
    ['memory', { memory: '100m' }, '--memory=30m', 3],
    ['cpus', { cpus: 1 }, '--cpus=0.3', 3],
  ] as const)(
    'of eight calls with a share of %s as many get through as fit',
    async (_what, limits, share, fitting) => {
      writeConfig({ limits });
      const outcomes = await together(8, () => `run -d ${share} ${sleeper}`);
      expect(outcomes.filter(({ status }) => status === 0)).toHaveLength(fitting);
      expect(outcomes.filter(({ status }) => status === 77)).toHaveLength(8 - fitting);
      expect(await running()).toHaveLength(fitting);
    },
  );
  test('the rest is told, and can be had to the byte', async () => {
    writeConfig({ limits: { memory: '100m' } });
    await mustUserdocker('alice', `run -d --memory 64m ${sleeper}`);
    const { status, stderr } = await userdocker('alice', `run -d --memory=37m ${sleeper}`);
    expect(status).toBe(77);
    expect(stderr).toMatch(
      /100m for all your containers together; 64m in use: alice_1 \(64m\)(?:.|\n)*at most --memory 36m/,
    );
    await mustUserdocker('alice', `run -d --name exact -m 36m ${sleeper}`);
    expect(await inspect('exact', '.HostConfig.Memory')).toBe(String(36 * 1024 * 1024));
  });
  test('whoever names no share gets none; a default names it', async () => {
    writeConfig({ limits: { cpus: 1 } });
    const { status, stderr } = await userdocker('alice', `run ${sleeper}`);
    expect(status).toBe(77);
    expect(stderr).toContain('every container must name its share');
    writeConfig({ limits: { cpus: 1 }, args: { run: { 'default+': ['--cpus=0.5'] } } });
    expect(statuses(await together(4, () => `run -d ${sleeper}`))).toEqual([0, 0, 77, 77]);
    expect((await userdocker('alice', `--no-default-args run ${sleeper}`)).status).toBe(77);
  });
  test('a container from before the limit keeps new ones out', async () => {
    await mustUserdocker('alice', `run -d --name unbounded ${sleeper}`);
    writeConfig({ limits: { memory: '100m' } });
    const { status, stderr } = await userdocker('alice', `run -m 10m ${sleeper}`);
    expect(status).toBe(77);
    expect(stderr).toContain('runs without a share of its own: unbounded');
  });
});

describe('names', () => {
  test('ten calls at a time get alice_1 to alice_10', async () => {
    const outcomes = await together(10, () => `run -d ${sleeper}`);
    expect(statuses(outcomes)).toEqual(Array(10).fill(0));
    const expected = Array.from({ length: 10 }, (_, index) => `alice_${index + 1}`);
    expect([...(await running())].sort()).toEqual(expected.sort());
  });
  test('the lowest that is free, whoever has the others', async () => {
    await docker(['run', '--detach', '--name', 'alice_1', 'box', 'sleep', '300']);
    await mustUserdocker('alice', `run -d --name alice_3 ${sleeper}`);
    await mustUserdocker('alice', `run -d ${sleeper}`);
    await mustUserdocker('alice', `run -d ${sleeper}`);
    expect([...(await running())].sort()).toEqual(['alice_1', 'alice_2', 'alice_3', 'alice_4']);
  });
  test('one name asked for twice at a time is given once', async () => {
    const outcomes = await together(2, () => `run -d --name same ${sleeper}`);
    expect(outcomes.filter(({ status }) => status === 0)).toHaveLength(1);
    expect(await running()).toEqual(['same']);
  });
});

describe('in each container', () => {
  test('fewer processes may be asked for, more may not', async () => {
    writeConfig({ limits: { pids: 100 } });
    for (const [words, limit] of [
      ['', '100'],
      ['--pids-limit=20', '20'],
    ] as const) {
      expect(await mustUserdocker('alice', `-n run ${words} box`)).toContain(` --pids-limit=${limit} `);
    }
    for (const more of ['101', '0', '-1', 'unlimited'])
      expect((await userdocker('alice', `-n run --pids-limit=${more} box`)).status).toBe(77);
  });
  test('ports, the image’s own with -P as well', async () => {
    writeConfig({ limits: { ports: 2 }, 'allowed_port_mappings+': ['[0-9]+-[0-9]+'] });
    await importImage('open', { changes: ['EXPOSE 80 81 82'] });
    for (const words of ['-p 1 -p 2 box', '-P -p 80 box', '-P forged'])
      expect((await userdocker('alice', `-n run ${words}`)).status).toBe(0);
    for (const words of ['-p 1 -p 2 -p 3 box', '-P open', '-p 1-3 box']) {
      const { status, stderr } = await userdocker('alice', `-n run ${words}`);
      expect(status).toBe(77);
      expect(stderr).toContain('limits.ports');
    }
    await docker(['rmi', 'open']);
  });
  test('allowed_port_mappings: whatever the admin writes, and nothing else', async () => {
    writeConfig({ allowed_port_mappings: ['127\\.0\\.0\\.1:80[0-9]{2}:[0-9]+'] });
    await mustUserdocker('alice', `run -d --name web -p 127.0.0.1:8012:80 ${sleeper}`);
    expect(await mustUserdocker('alice', 'port web')).toBe('80/tcp -> 127.0.0.1:8012');
    for (const mapping of [
      '8080',
      '127.0.0.1::80',
      '127.0.0.1:8112:80',
      '0.0.0.0:8012:80',
      '127.0.0.1:8012:80/udp',
    ])
      expect((await userdocker('alice', `-n run -p ${mapping} box`)).status).toBe(77);
  });
  test('-P publishes what the image exposes, spelled out', async () => {
    expect(await mustUserdocker('alice', '-n run -P forged')).toContain(' --publish=8080 ');
    await mustUserdocker('alice', 'run -d --name open -P forged sleep 300');
    expect(await mustUserdocker('alice', 'port open 8080')).toMatch(/^0\.0\.0\.0:\d+/);
  });
  test.each([
    ['-p 8080', 0],
    ['-p 127.0.0.1::8080', 0],
    ['-p 80:8080', 77],
    ['-p 0.0.0.0::8080', 77],
    ['-p 127.0.0.1:8080:8080', 77],
    ['-p 8080/udp', 77],
    ['-p 70000', 77],
    ['-p 0', 77],
    ['-p published=1,target=2', 77],
  ])('%s: %i', async (words, status) => {
    expect((await userdocker('alice', `-n run ${words} box`)).status).toBe(status);
  });
});

test('a run that was killed before its start counts for some seconds, however often others are refused', async () => {
  writeConfig({ limits: { containers: 1 } });
  const nonce = 'd'.repeat(32);
  // What is left of it: a container that nobody starts, its note, and the reservation of a process that is dead.
  await mustRoot(`set -e; uid=$(id -u alice); notes=/var/lib/userdocker/containers/$uid
    reservations=/run/userdocker/users/$uid/reservations; mkdir -p -m 700 $notes $reservations; rm -f $notes/${nonce}
    docker create --cidfile $notes/${nonce} --label userdocker.uid=$uid --label userdocker.nonce=${nonce} box true >/dev/null
    boot=$(cat /proc/sys/kernel/random/boot_id); space=$(readlink /proc/self/ns/pid)
    echo '{"nonce":"${nonce}","created":1,"holder":{"bootId":"'$boot'","pid":1,"startTime":1,"pidNamespace":"'$space'"}}' >$reservations/${nonce}.json`);
  const again = async () => (await userdocker('alice', 'run box true')).status;
  expect(await again()).toBe(77);
  await expect.poll(again, { timeout: 30_000, interval: 500 }).toBe(0);
});
