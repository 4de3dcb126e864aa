import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { terminalWidth, wantsColour, writeAll } from '../../src/report/output.ts';

const scratch = mkdtempSync(join(tmpdir(), 'userdocker-output-'));
const program = join(scratch, 'write.mjs');
afterAll(() => rmSync(scratch, { recursive: true }));

function sh(script: string) {
  return spawnSync('/bin/bash', ['-c', script], { encoding: 'utf8', timeout: 20_000 });
}

describe('writeAll', () => {
  beforeAll(() => {
    const bun = 'node_modules/@oven/bun-linux-x64-baseline/bin/bun';
    const { status, stderr } = spawnSync(
      bun,
      ['build', '--target=node', `--outfile=${program}`, 'test/report/fixtures/write.ts'],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(stderr);
  }, 30_000);

  it('waits for a slow reader of a non-blocking pipe', () => {
    expect(sh(`${process.execPath} ${program} 3000000 | (sleep 0.3; wc -c)`).stdout).toBe('3000000\n');
  });
  it.each([
    ['a reader that is gone', '| true'],
    ['a full disk', '> /dev/full'],
  ])('says so quietly: %s', (_, target) => {
    const { stdout, stderr } = sh(`${process.execPath} ${program} 3000000 ${target}; echo \${PIPESTATUS[0]}`);
    expect({ stdout, stderr }).toEqual({ stdout: '74\n', stderr: '' });
  });
  it('writes characters of several bytes', () => {
    const file = join(scratch, 'text');
    const fd = openSync(file, 'w');
    expect(writeAll(fd, 'ä€😀\n')).toBe(true);
    expect(writeAll(fd, '')).toBe(true);
    closeSync(fd);
    expect(readFileSync(file, 'utf8')).toBe('ä€😀\n');
  });
});

describe('terminals', () => {
  it('what is no terminal has no width and no colour', () => {
    const fd = openSync('/dev/null', 'r');
    expect(terminalWidth(fd)).toBeUndefined();
    expect(wantsColour(fd, { TERM: 'xterm' })).toBe(false);
    closeSync(fd);
  });
  // /dev/ptmx gives a terminal of our own, even where the tests have none.
  it.each([
    [{ TERM: 'xterm' }, true],
    [{ TERM: 'xterm', NO_COLOR: '' }, true],
    [{ TERM: 'xterm', NO_COLOR: '1' }, false],
    [{ TERM: 'xterm', NO_COLOR: '0' }, false],
    [{ TERM: 'dumb' }, false],
    [{}, false],
  ])('colour on a terminal with %j: %s', (env, colour) => {
    const fd = openSync('/dev/ptmx', 'r+');
    expect(wantsColour(fd, env)).toBe(colour);
    closeSync(fd);
  });
  it('a terminal without a size has no width', () => {
    const fd = openSync('/dev/ptmx', 'r+');
    expect(terminalWidth(fd)).toBeUndefined();
    closeSync(fd);
  });
});
