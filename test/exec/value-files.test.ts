/** Values on their way to docker: open descriptors, no names, no words. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { handingOver } from '../../src/exec/value-files.ts';
import { handedPath } from '../../src/policy/value-files.ts';

const runtime = mkdtempSync(join(tmpdir(), 'value-files-'));
const directory = join(runtime, 'files');
afterAll(() => rmSync(runtime, { recursive: true }));

const env = { PATH: '/usr/bin:/bin' };
const show = (...args: readonly string[]) => ({ executable: '/bin/sh', args: ['-c', ...args], env });

describe('handingOver', () => {
  it('leaves a program alone that needs no files', () => {
    const program = show('true');
    expect(handingOver(program, [], runtime)).toBe(program);
    expect(existsSync(directory)).toBe(false);
  });
  it('gives it the contents, and its words unchanged, and leaves nothing behind', () => {
    const odd = ["a'b", '"$1"', '$(id)', '', '-x', 'a b', '`id`', '*', 'ä\n'];
    const script = `cat ${handedPath(0)} ${handedPath(1)} >&2; printf '%s|' "$@"; ls ${directory} >&2`;
    const program = handingOver(show(script, 'sh', ...odd), ['A=secret\n', 'B=other\n'], runtime);
    expect(JSON.stringify(program)).not.toContain('secret');
    expect(readdirSync(directory)).toHaveLength(2);
    for (const name of readdirSync(directory))
      expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
    const { stdout, stderr, status } = spawnSync(program.executable, program.args, {
      env: program.env,
      encoding: 'utf8',
    });
    expect({ stdout, stderr, status }).toEqual({
      stdout: odd.map((word) => `${word}|`).join(''),
      stderr: 'A=secret\nB=other\n',
      status: 0,
    });
    expect(readdirSync(directory)).toEqual([]);
  });
  it('is the same process, by the name that it would have had', () => {
    const program = handingOver(
      { executable: '/bin/cat', args: ['/proc/self/cmdline'], env },
      ['x'],
      runtime,
    );
    const { stdout, pid } = spawnSync(program.executable, program.args, { env, encoding: 'utf8' });
    expect(stdout).toBe('/bin/cat\0/proc/self/cmdline\0');
    const own = handingOver(show('echo $$'), ['x'], runtime);
    const second = spawnSync(own.executable, own.args, { env, encoding: 'utf8' });
    expect(second.stdout.trim()).toBe(String(second.pid));
    expect(pid).not.toBe(second.pid);
  });
  it('starts nothing where the file is gone', () => {
    const program = handingOver(show('echo started'), ['x'], runtime);
    for (const name of readdirSync(directory)) rmSync(join(directory, name));
    const { stdout, status } = spawnSync(program.executable, program.args, { env, encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).not.toBe(0);
  });
  it('removes what a killed call left behind, and not what another is about to hand over', () => {
    writeFileSync(join(directory, 'old'), 'secret');
    utimesSync(join(directory, 'old'), 1, 1);
    writeFileSync(join(directory, 'new'), 'fresh');
    handingOver(show('true'), ['x'], runtime);
    expect(existsSync(join(directory, 'old'))).toBe(false);
    expect(readFileSync(join(directory, 'new'), 'utf8')).toBe('fresh');
  });
});
