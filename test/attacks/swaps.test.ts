/**
 * A mount whose path is exchanged for a link while it is looked at and mounted, as fast as one processor can
 * (renameat2(2), RENAME_EXCHANGE: the path is never missing). docker alone is fooled; userdocker never mounts what no rule names.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { resetConfig, writeConfig } from '../e2e/support/config.ts';
import { removeContainers, tryDocker } from '../e2e/support/engine.ts';
import { userdocker } from '../e2e/support/userdocker.ts';
import { mustRoot } from '../e2e/support/users.ts';

/** `npm run test:long` */
const long = process.env['USERDOCKER_LONG'] === '1';
const rounds = long ? 125 : 13;
const atOnce = 3;

const work = '/home/alice/work';
const renameat2 = process.arch === 'arm64' ? 276 : 316;
const exchange = `$| = 1; print "."; my ($one, $other) = @ARGV;
while (1) { syscall(${renameat2}, -100, $one, -100, $other, 2) }`;

let swapper: ChildProcess | undefined;
/** Runs of userdocker that had the right directory. */
let mounted = 0;
async function swap(one: string, other: string): Promise<void> {
  const ids = ['--reuid=alice', '--regid=alice', '--init-groups'];
  swapper = spawn('/usr/bin/setpriv', [...ids, 'perl', '-e', exchange, one, other], { env: {} });
  await new Promise((resolve) => swapper?.stdout?.once('data', resolve));
}

beforeAll(async () => {
  writeConfig({ volume_mounts: { available: [`${work}/**:`], default: [] } });
  await mustRoot(`set -e; umask 022; rm -rf ${work} /srv/foreign /root/foreign
    for place in ${work}/way ${work}/other /srv/foreign /root/foreign; do mkdir -p $place/data; done
    for place in /srv/foreign /root/foreign; do echo foreign | tee $place/mark >$place/data/mark; echo foreign >$place/file; done
    echo checked | tee ${work}/way/data/mark >${work}/way/file; echo checked >${work}/way/mark
    ln -s /srv/foreign/data ${work}/leaf; ln -s /root/foreign/data ${work}/roots; ln -s /srv/foreign ${work}/parent
    ln -s way/data ${work}/link; ln -s /srv/foreign/file ${work}/single
    chown -hR alice: ${work}`);
});
afterEach(async () => {
  swapper?.kill('SIGKILL');
  await removeContainers();
});
afterAll(async () => {
  await mustRoot(`rm -rf ${work} /srv/foreign /root/foreign`);
  resetConfig();
});

/** What each of so many containers had at /data. */
async function seen(
  count: number,
  run: () => Promise<{ readonly stdout: string }>,
): Promise<readonly string[]> {
  const all: string[] = [];
  while (all.length < count) {
    const outcomes = await Promise.all(Array.from({ length: atOnce }, run));
    all.push(...outcomes.map(({ stdout }) => stdout.trim()));
  }
  return all;
}

describe.each([
  ['the directory itself', 'way/data', 'leaf', 'way/data'],
  ['the directory itself, for one that only root can enter', 'way/data', 'roots', 'way/data'],
  ['a directory on the way', 'way', 'parent', 'way/data'],
  ['a link to it', 'link', 'leaf', 'link'],
  ['a file', 'way/file', 'single', 'way/file'],
])('%s is swapped', (_what, one, other, asked) => {
  const path = `${work}/${asked}`;
  const show = ['box', 'sh', '-c', 'cat /data/mark /data 2>/dev/null'];

  test('docker alone mounts what it should not', { timeout: 120_000 }, async () => {
    await swap(`${work}/${one}`, `${work}/${other}`);
    let foreign = false;
    for (let round = 0; round < 20 && !foreign; round += 1) {
      const outcomes = await seen(atOnce, () =>
        tryDocker(['run', '--rm', '--network=none', `--volume=${path}:/data`, ...show]),
      );
      foreign = outcomes.includes('foreign');
    }
    expect(foreign).toBe(true);
  });
  test(`userdocker never does (${rounds} runs)`, { timeout: long ? 900_000 : 120_000 }, async () => {
    await swap(`${work}/${one}`, `${work}/${other}`);
    const outcomes = await seen(rounds, () =>
      userdocker(
        'alice',
        `run --network=none -v ${path}:/data box sh -c 'cat /data/mark /data 2>/dev/null'`,
        {
          timeoutMs: 60_000,
        },
      ),
    );
    // Empty: it saw the link, and refused.
    expect(outcomes.filter((text) => text !== 'checked' && text !== '')).toEqual([]);
    expect(outcomes.length).toBeGreaterThanOrEqual(rounds);
    mounted += outcomes.filter((text) => text === 'checked').length;
  });
});

test('some of those runs got what they asked for, or nothing was shown', () => {
  expect(mounted).toBeGreaterThan(0);
});
