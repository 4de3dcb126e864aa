/** Programs that hang, print without end, can't be started, or leave somebody behind who holds their output. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ask } from '../../src/exec/ask.ts';

const sh = (script: string, more: { readonly [option: string]: unknown } = {}) =>
  ask({ program: '/bin/sh', args: ['-c', script], timeout: 20_000, largest: 1000, ...more });

function text({ stdout, stderr }: { readonly stdout: Buffer; readonly stderr: Buffer }) {
  return { stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8') };
}

describe('a program that comes to its end', () => {
  it('has a status, and says both of what it printed', async () => {
    const answer = await sh('echo out; echo err >&2; exit 3');
    expect(answer).toMatchObject({ end: 'exited', status: 3 });
    expect(text(answer)).toEqual({ stdout: 'out\n', stderr: 'err\n' });
  });
  it('may print as much as is allowed', async () => {
    expect(await sh('head -c 1000 /dev/zero')).toMatchObject({ end: 'exited', status: 0 });
  });
  it('by a signal has a status that is no success', async () => {
    expect(await sh('kill -KILL $$')).toMatchObject({ end: 'exited', status: 128 });
  });
  it('sees nothing of our environment, and begins in /', async () => {
    const { stdout } = await sh('pwd; env');
    const lines = stdout.toString('utf8').trim().split('\n');
    expect(lines.filter((line) => !/^(PWD|OLDPWD|SHLVL|_)=/.test(line)).toSorted()).toEqual([
      '/',
      'LC_ALL=C',
      'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
    ]);
  });
  it('has an empty standard input', async () => {
    expect(text(await sh('cat')).stdout).toBe('');
  });
});

describe('a program that does not', () => {
  it('is late, and what it said until then is there', async () => {
    const answer = await sh('echo so far; exec sleep 60', { timeout: 500 });
    expect(answer.end).toBe('late');
    expect(text(answer).stdout).toBe('so far\n');
  });
  it('is killed', async () => {
    const { stdout } = await sh('echo $$; exec sleep 60', { timeout: 500 });
    const pid = stdout.toString('utf8').trim();
    await expect.poll(() => stateOf(pid), { timeout: 20_000 }).toBeUndefined();
  });
  it('is endless from one byte too many on, on either stream', async () => {
    expect(await sh('head -c 1001 /dev/zero; exec sleep 60')).toMatchObject({ end: 'endless' });
    expect(await sh('head -c 500 /dev/zero; head -c 501 /dev/zero >&2; exec sleep 60')).toMatchObject({
      end: 'endless',
    });
    expect((await sh('exec cat /dev/zero')).end).toBe('endless');
  });
  it('can be waited for no longer than the time by a child of its own that holds its output', async () => {
    const answer = await sh('sleep 5 & echo done', { timeout: 500 });
    expect(answer.end).toBe('late');
    expect(text(answer).stdout).toBe('done\n');
  });
});

it('says what can not be started', async () => {
  const answer = await ask({ program: '/nonexistent', args: [], timeout: 20_000, largest: 1000 });
  expect(answer).toMatchObject({ end: 'unstartable', error: { code: 'ENOENT' } });
});

it('says of a word that is longer than the system takes that nothing was started', async () => {
  expect(await sh('x'.repeat(200_000))).toMatchObject({ end: 'unstartable', error: { code: 'E2BIG' } });
});

describe('what goes to standard error', () => {
  it('does not count where nobody wants to see it', async () => {
    const answer = await sh('head -c 2000 /dev/zero >&2; echo out', { stderr: 0 });
    expect(answer).toMatchObject({ end: 'exited', status: 0 });
    expect(text(answer)).toEqual({ stdout: 'out\n', stderr: '' });
  });
  it('is cut, and leaves the bound to the other stream, where only its beginning is wanted', async () => {
    const answer = await sh('printf begins >&2; head -c 1000000 /dev/zero >&2; head -c 1000 /dev/zero', {
      stderr: 10,
    });
    expect(answer).toMatchObject({ end: 'exited', status: 0 });
    expect(answer.stderr.toString('utf8')).toMatch(/^begins/);
    expect(answer.stderr.length).toBeLessThan(200_000);
    expect(await sh('head -c 1001 /dev/zero; exec sleep 60', { stderr: 10 })).toMatchObject({
      end: 'endless',
    });
  });
});

/** `undefined`: there is no such process, or nothing but its status is left. */
function stateOf(pid: string): string | undefined {
  try {
    const state = /\) (.)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
    return state === 'Z' ? undefined : state;
  } catch {
    return undefined;
  }
}
