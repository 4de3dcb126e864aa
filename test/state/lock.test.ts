import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseUid, type Uid } from '../../src/domain/ids.ts';
import { withUserLock } from '../../src/state/lock.ts';
import { sleep, startWorker, type Worker } from '../support/workers.ts';

const workerFile = path.join(import.meta.dirname, 'lock-worker.ts');
const long = process.env['USERDOCKER_LONG'] === '1';

let directory: string;
let workers: Worker[];

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'userdocker-lock-'));
  workers = [];
});

afterEach(async () => {
  for (const { process: child } of workers) child.kill('SIGKILL');
  await Promise.all(workers.map(({ exited }) => exited));
  fs.rmSync(directory, { recursive: true });
});

function start(uid: number, timeout: number, hold: number | 'child', file?: string): Worker {
  const args = [String(uid), directory, String(timeout), String(hold), ...(file === undefined ? [] : [file])];
  const worker = startWorker(workerFile, ...args);
  workers.push(worker);
  return worker;
}

function uid(number: number): Uid {
  const result = parseUid(String(number));
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

describe('the lock of a user', () => {
  test('of many calls one at a time gets it', { timeout: 60_000 }, async () => {
    const file = path.join(directory, 'counter');
    fs.writeFileSync(file, '0');
    const count = long ? 40 : 8;
    await Promise.all(Array.from({ length: count }, () => start(1000, 50_000, 20, file).exited));
    expect(fs.readFileSync(file, 'utf8')).toBe(String(count));
  });

  test('is free at once when its holder is killed', { timeout: 20_000 }, async () => {
    const first = start(1000, 5000, 60_000);
    await first.line('locked');
    const second = start(1000, 5000, 0);
    await second.line('begins');
    await sleep(200);
    expect(second.lines).not.toContain('locked');
    first.process.kill('SIGKILL');
    expect(await second.exited).toBe(0);
  });

  test('is free when the work is done or has failed, in the same process', async () => {
    const answer = await withUserLock(uid(1000), 1000, async () => 'done', directory);
    expect(answer).toBe('done');
    const failing = withUserLock(uid(1000), 1000, async () => Promise.reject(new Error('no')), directory);
    await expect(failing).rejects.toThrow('no');
    await withUserLock(uid(1000), 100, async () => undefined, directory);
  });

  test.each([
    ['names who has it', undefined, `another call of yours (process ${process.pid})`],
    ['names nobody while its holder is just noting itself', '', 'another call of yours'],
    ['names nobody where the note is damaged', '{"pid": "1"}', 'another call of yours'],
  ])('who waits too long is told, and it %s', async (_what, note, who) => {
    let inside = false;
    const work = async () => {
      inside = true;
    };
    const second = () => withUserLock(uid(1000), 100, work, directory);
    const busy = withUserLock(
      uid(1000),
      1000,
      async () => {
        if (note !== undefined) fs.writeFileSync(path.join(directory, 'users/1000/lock'), note);
        return second();
      },
      directory,
    );
    await expect(busy).rejects.toMatchObject({
      failure: { code: 'unavailable', message: `${who} has not come to its end within 0.1 s` },
    });
    expect(inside).toBe(false);
    await second();
    expect(inside).toBe(true);
  });

  test('is not shared: a stopped call of alice blocks alice, with an error, and nobody else', {
    timeout: 20_000,
  }, async () => {
    const stopped = start(1000, 5000, 60_000);
    await stopped.line('locked');
    stopped.process.kill('SIGSTOP');
    const own = start(1000, 700, 0);
    const begin = Date.now();
    await withUserLock(uid(1001), 1000, async () => undefined, directory);
    await withUserLock(uid(0), 1000, async () => undefined, directory);
    expect(Date.now() - begin).toBeLessThan(500);
    expect(await own.exited).toBe(1);
    const failure = await own.line('failed');
    expect(failure).toContain('"code":"unavailable"');
    expect(failure).toContain(
      `another call of yours (process ${stopped.pid}) has not come to its end within 0.7 s`,
    );
    stopped.process.kill('SIGCONT');
    stopped.process.kill('SIGKILL');
    await stopped.exited;
    await withUserLock(uid(1000), 1000, async () => undefined, directory);
  });

  test('is not inherited by a process started while it is held', { timeout: 20_000 }, async () => {
    const first = start(1000, 5000, 'child');
    expect(await first.exited).toBe(0);
    await withUserLock(uid(1000), 300, async () => undefined, directory);
  });

  test('a process killed while it waits leaves nothing behind', { timeout: 20_000 }, async () => {
    const holder = start(1000, 5000, 60_000);
    await holder.line('locked');
    const waiting = start(1000, 600, 0);
    await waiting.line('begins');
    await sleep(100);
    waiting.process.kill('SIGKILL');
    await waiting.exited;
    holder.process.kill('SIGKILL');
    await holder.exited;
    // Its flock(1) may get the lock now, and gives it back when it ends.
    await withUserLock(uid(1000), 2000, async () => undefined, directory);
  });

  test('lies where only root can go, and is the file itself, not a link', async () => {
    const user = path.join(directory, 'users', '1000');
    await withUserLock(uid(1000), 1000, async () => undefined, directory);
    expect(fs.statSync(user).mode & 0o777).toBe(0o700);
    expect(fs.statSync(path.join(user, 'lock')).mode & 0o777).toBe(0o600);
    fs.rmSync(path.join(user, 'lock'));
    fs.symlinkSync('/etc/hostname', path.join(user, 'lock'));
    await expect(withUserLock(uid(1000), 1000, async () => undefined, directory)).rejects.toThrow('ELOOP');
  });
});
