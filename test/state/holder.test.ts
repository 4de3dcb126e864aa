import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { currentHolder, type Holder, isAlive, parseHolder, parseStatus } from '../../src/state/holder.ts';
import { sleep } from '../support/workers.ts';

/** Fields 3 to 22 of /proc/PID/stat. */
function stat(comm: string, state = 'S', threads = '1', start = '4711'): string {
  return `42 (${comm}) ${state} 1 42 42 34816 42 4194304 1 0 0 0 0 0 0 0 20 0 ${threads} 0 ${start} 1 2 3\n`;
}

describe('/proc/PID/stat', () => {
  test.each([
    ['sleep'],
    ['a b'],
    ['a) S 1 2 3'],
    ['((('],
    [')))'],
    ['x) Z 1 42 42 34816 42 4194304 1 0 0 0 0 0 0 0 20 0 1 0 1'],
    ['\n'],
    [''],
  ])('a program called %j', (comm) => {
    expect(parseStatus(stat(comm))).toEqual({ dead: false, startTime: 4711 });
  });

  test.each([
    ['R', '1', false],
    ['D', '1', false],
    ['T', '1', false],
    ['t', '1', false],
    ['Z', '1', true],
    ['Z', '0', true],
    ['X', '1', true],
    // Only the first thread has ended; the others go on.
    ['Z', '2', false],
  ])('state %s with %s threads: dead %s', (state, threads, dead) => {
    expect(parseStatus(stat('sleep', state, threads))?.dead).toBe(dead);
  });

  test.each([
    [''],
    ['42'],
    ['42 (x) S 1 2'],
    [stat('x', 'S', 'one')],
    [stat('x', 'S', '1', '-1')],
    [stat('x', 'S', '1', '1.5')],
  ])('no answer from %j', (text) => {
    expect(parseStatus(text)).toBeUndefined();
  });
});

describe('the holder', () => {
  const here = currentHolder();

  test('this process, and its neighbours in time, number and place', () => {
    expect(isAlive(here)).toBe(true);
    expect(isAlive({ ...here, startTime: here.startTime - 1 })).toBe(false);
    expect(isAlive({ ...here, startTime: here.startTime + 1 })).toBe(false);
    expect(isAlive({ ...here, bootId: '00000000-0000-0000-0000-000000000000' })).toBe(false);
    expect(isAlive({ ...here, pid: 2 ** 22 + 1 })).toBe(false);
  });

  test('survives what is written to a file and read again', () => {
    expect(parseHolder(JSON.parse(JSON.stringify(here)))).toEqual(here);
  });

  test.each([
    [undefined],
    [null],
    ['x'],
    [[]],
    [{}],
    [{ ...here, pid: '1' }],
    [{ ...here, pid: -1 }],
    [{ ...here, pid: 1.5 }],
    [{ ...here, bootId: 1 }],
    [{ ...here, startTime: null }],
    [{ bootId: here.bootId, pid: here.pid, startTime: here.startTime }],
  ])('%j is no holder', (value) => {
    expect(parseHolder(value)).toBeUndefined();
  });

  test('dies with its process, though the parent does not fetch the status', async () => {
    // The shell becomes sleep(1), which never waits for its child.
    const child = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 30'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const pid = Number(await new Promise((resolve) => child.stdout.once('data', resolve)));
    const holder = holderOf(pid);
    expect(isAlive(holder)).toBe(true);
    await sleep(600);
    expect(fs.readFileSync(`/proc/${pid}/stat`, 'latin1')).toContain(' Z ');
    expect(isAlive(holder)).toBe(false);
  });

  test('survives execve', async () => {
    const child = spawn('sh', ['-c', 'echo ready; sleep 0.3; exec sleep 30'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const before = holderOf(child.pid ?? 0);
    await sleep(800);
    expect(fs.readFileSync(`/proc/${child.pid}/comm`, 'latin1')).toBe('sleep\n');
    expect(isAlive(before)).toBe(true);
  });

  test('stopped is alive', () => {
    const child = spawn('sleep', ['30'], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    const holder = holderOf(child.pid ?? 0);
    child.kill('SIGSTOP');
    expect(isAlive(holder)).toBe(true);
  });

  const canUnshare = spawnSync('unshare', ['--pid', '--fork', 'true']).status === 0;
  test.runIf(canUnshare)('is found in another pid namespace, and missed when it is gone', async () => {
    const child = spawn('unshare', ['--pid', '--fork', 'sh', '-c', 'echo ready; exec sleep 30'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const [inner] = fs
      .readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1')
      .trim()
      .split(' ')
      .map(Number);
    const pid = inner ?? 0;
    const holder = { ...holderOf(pid), pid: 1, pidNamespace: fs.readlinkSync(`/proc/${pid}/ns/pid`) };
    expect(isAlive(holder)).toBe(true);
    expect(isAlive({ ...holder, startTime: holder.startTime + 1 })).toBe(false);
    process.kill(pid, 'SIGKILL');
    await sleep(200);
    expect(isAlive(holder)).toBe(false);
  });
});

function holderOf(pid: number): Holder {
  const startTime = parseStatus(fs.readFileSync(`/proc/${pid}/stat`, 'latin1'))?.startTime ?? 0;
  return { ...currentHolder(), pid, startTime };
}
