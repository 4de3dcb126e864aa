import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Part } from '../../src/domain/decision.ts';
import { UserdockerError } from '../../src/domain/errors.ts';
import { parseGid, parseUid } from '../../src/domain/ids.ts';
import type { Result } from '../../src/domain/result.ts';
import { type AuditRecord, appendAudit, auditLine } from '../../src/report/audit.ts';

function valid<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

const you = (...words: readonly string[]): Part => ({ words, source: 'you', rule: 'docker' });
const us = (...words: readonly string[]): Part => ({ words, source: 'enforced', rule: 'test' });

const base: AuditRecord = {
  caller: {
    uid: valid(parseUid('1000')),
    gid: valid(parseGid('100')),
    user: 'alice',
    groups: [
      { gid: valid(parseGid('100')), name: 'users' },
      { gid: valid(parseGid('2000')), name: undefined },
    ],
  },
  environment: { NV_GPU: '0,1', NVIDIA_VISIBLE_DEVICES: undefined, TERM: 'xterm', TOKEN: 'hunter2' },
  asked: ['run', '-e', 'TOKEN=hunter2', 'debian', 'env', '-e', 'A=b'],
  payloadLength: 3,
  decision: 'allow',
  reasons: [],
  plan: {
    executable: '/usr/bin/docker',
    parts: [
      you('run'),
      you('--env=TOKEN=hunter2'),
      us('--env=USERDOCKER_UID=1000', '--user=1000:100'),
      you('--', 'debian'),
      you('env', '-e', 'A=b'),
    ],
    env: { DOCKER_HOST: 'unix:///x' },
  },
  version: '3.0.0',
  configFiles: ['/etc/userdocker/config.yaml'],
};
const now = new Date('2024-02-29T12:34:56.789Z');
const lineOf = (changes: Partial<AuditRecord>, keep?: number) =>
  auditLine({ ...base, ...changes }, now, keep);
const parsed = (changes: Partial<AuditRecord>, keep?: number): Record<string, unknown> =>
  JSON.parse(lineOf(changes, keep));

describe('a record', () => {
  it('of an allowed call', () => {
    expect(parsed({})).toEqual({
      time: '2024-02-29T12:34:56.789Z',
      pid: process.pid,
      uid: 1000,
      gid: 100,
      user: 'alice',
      groups: [100, 2000],
      env: { NV_GPU: '0,1' },
      tty: expect.toSatisfy((tty) => tty === null || typeof tty === 'string'),
      cwd: process.cwd(),
      argv: ['run', '-e', 'TOKEN=***', 'debian', 'env', '-e', 'A=b'],
      decision: 'allow',
      reasons: [],
      exec: [
        '/usr/bin/docker',
        'run',
        '--env=TOKEN=***',
        '--env=USERDOCKER_UID=1000',
        '--user=1000:100',
        '--',
        'debian',
        'env',
        '-e',
        'A=b',
      ],
      version: '3.0.0',
      config: ['/etc/userdocker/config.yaml'],
    });
  });

  it('of a denied call: the reasons with their origin, and no secret in them', () => {
    const origin = { layer: 'user', file: '/etc/userdocker/user/config_alice.yaml', line: 4 } as const;
    const reasons = [
      { rule: 'env_always', message: '-e TOKEN=hunter2 is set by the policy', instead: 'x', origin },
      { rule: 'images.allowed', message: 'no' },
    ];
    expect(parsed({ decision: 'deny', reasons, plan: undefined })).toMatchObject({
      decision: 'deny',
      reasons: [
        {
          rule: 'env_always',
          message: '-e TOKEN=*** is set by the policy',
          origin: '/etc/userdocker/user/config_alice.yaml:4',
        },
        { rule: 'images.allowed', message: 'no' },
      ],
      exec: null,
    });
  });

  it('is of bounded size, however many groups there are and however long a wish is', () => {
    const groups = Array.from({ length: 60_000 }, (_, index) => ({
      gid: valid(parseGid(String(index))),
      name: undefined,
    }));
    const line = parsed({ caller: { ...base.caller, groups }, environment: { NV_GPU: '1'.repeat(100_000) } });
    expect(line['groups']).toHaveLength(256);
    expect(JSON.stringify(line['env']).length).toBeLessThan(300);
  });

  it('is one line of plain ASCII controls-free JSON, whatever the words hold', () => {
    const words = ['a\nb', '\u001b[31m', '\u009b', '\u202e', '\u2028', '\u007f', '{"uid":0}'];
    const line = lineOf({ asked: words, payloadLength: 0 });
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
    expect(JSON.parse(line).argv).toEqual(words);
  });
});

describe('a long command line', () => {
  const asked = ['run', 'debian', 'é'.repeat(10_000), 'end'];
  it('is cut, at a whole character, with its length and hash', () => {
    const { argv, argv_cut } = parsed({ asked, payloadLength: 0 });
    expect(argv).toEqual(['run', 'debian', expect.stringMatching(/^é{4090}…$/)]);
    expect(argv_cut).toEqual({
      words: 4,
      bytes: 20_016,
      sha256: createHash('sha256').update(asked.join('\0')).digest('hex'),
    });
  });
  it('of many words keeps the first ones', () => {
    const { argv, argv_cut } = parsed({
      asked: Array.from({ length: 5000 }, (_, index) => `w${index}`),
      payloadLength: 0,
    });
    expect(argv).toHaveLength(1551);
    expect(argv).toContain('w1549');
    expect(argv_cut).toMatchObject({ words: 5000 });
  });
  it('has the same hash whatever the masked values are', () => {
    const cut = (value: string) =>
      parsed({ asked: [...asked, '-e', `A=${value}`], payloadLength: 0 })['argv_cut'];
    expect(cut('one')).toEqual(cut('another'));
  });
  it('stays bounded at its worst', () => {
    const worst = Array.from({ length: 5000 }, () => '\u0001'.repeat(50));
    const reasons = Array.from({ length: 5000 }, () => ({ rule: 'r', message: '\u0001'.repeat(5000) }));
    const plan = { executable: '/x', parts: [you(...worst)], env: {} };
    expect(Buffer.byteLength(lineOf({ asked: worst, payloadLength: 0, reasons, plan }))).toBeLessThan(
      256 * 1024,
    );
  });
  it('a short one is not cut', () => {
    expect(parsed({ asked: ['x'.repeat(8191)], payloadLength: 0 })).not.toHaveProperty('argv_cut');
    expect(parsed({ asked: ['x'.repeat(8192)], payloadLength: 0 })).toHaveProperty('argv_cut');
  });
});

describe.runIf(process.getuid?.() === 0)('the file, as root', () => {
  let directory = '';
  let file = '';
  const scratch: string[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'userdocker-audit-'));
    scratch.push(directory);
    file = join(directory, 'audit.jsonl');
  });
  afterAll(() => {
    for (const path of scratch) rmSync(path, { recursive: true, force: true });
  });

  const append = (required = false) => appendAudit(base, { file, syslog: false, required });
  const lines = () => readFileSync(file, 'utf8').split('\n');

  it("is made, root's alone, and appended to", () => {
    expect(append()).toBeUndefined();
    expect(append(true)).toBeUndefined();
    expect(lines()).toHaveLength(3);
    expect(JSON.parse(lines()[1] ?? '')).toMatchObject({ user: 'alice', decision: 'allow' });
    expect(statSync(file)).toMatchObject({ uid: 0, mode: 0o100600 });
  });
  it("has a directory made for it, root's alone", () => {
    file = join(directory, 'userdocker', 'audit.jsonl');
    expect(append()).toBeUndefined();
    expect(statSync(join(directory, 'userdocker'))).toMatchObject({ uid: 0, mode: 0o40700 });
  });
  it('may be read by a group of log readers', () => {
    writeFileSync(file, '', { mode: 0o640 });
    expect(append()).toBeUndefined();
  });
  it('after half a record the next one has a line of its own', () => {
    writeFileSync(file, '{"time":"2024', { mode: 0o600 });
    expect(append()).toBeUndefined();
    expect(lines()[0]).toBe('{"time":"2024');
    expect(JSON.parse(lines()[1] ?? '')).toMatchObject({ user: 'alice' });
  });

  const existing = (mode: number, path = file) => {
    writeFileSync(path, '');
    chmodSync(path, mode);
  };
  /** Each prepares what is in the way; one that returns a path has the log there. */
  it.each<[string, () => unknown, RegExp]>([
    ['a link', () => symlinkSync('/etc/hostname', file), /ELOOP/],
    ['a link to nothing', () => symlinkSync(join(directory, 'new'), file), /ELOOP/],
    ['a directory', () => mkdirSync(file), /EISDIR/],
    ['a FIFO', () => spawnSync('/usr/bin/mkfifo', [file]), /not a plain file/],
    [
      'a hard link',
      () => {
        existing(0o600, `${file}.1`);
        linkSync(`${file}.1`, file);
      },
      /not a plain file/,
    ],
    [
      "somebody else's",
      () => {
        existing(0o600);
        chownSync(file, 1000, 0);
      },
      /does not belong to root/,
    ],
    ['writable by group', () => existing(0o660), /is writable by group or others/],
    ['writable by all', () => existing(0o602), /is writable by group or others/],
    [
      "in somebody else's directory",
      () => chownSync(directory, 1000, 0),
      /directory does not belong to root/,
    ],
    ["in a group's directory", () => chmodSync(directory, 0o770), /directory is writable by group/],
    [
      'in a directory that is a link',
      () => {
        symlinkSync(directory, `${directory}.link`);
        scratch.push(`${directory}.link`);
        return `${directory}.link/audit.jsonl`;
      },
      /ENOTDIR|ELOOP/,
    ],
    ['two directories short', () => join(directory, 'a', 'b', 'audit.jsonl'), /ENOENT/],
    [
      'where a file should be a directory',
      () => {
        existing(0o600, join(directory, 'a'));
        return join(directory, 'a', 'audit.jsonl');
      },
      /ENOTDIR/,
    ],
  ])('%s: not recorded', (_, prepare, problem) => {
    const path = prepare();
    if (typeof path === 'string') file = path;
    expect(append(false)).toMatch(problem);
    expect(() => append(true)).toThrow(UserdockerError);
    expect(existsSync(join(directory, 'new'))).toBe(false);
  });

  it('required: the refusal says why', () => {
    file = '/proc/userdocker/audit.jsonl';
    try {
      append(true);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        failure: { code: 'unavailable', message: expect.stringContaining('/proc/userdocker/audit.jsonl') },
      });
    }
  });

  describe('by other processes', () => {
    const build = mkdtempSync(join(tmpdir(), 'userdocker-append-'));
    const compiled = join(build, 'append');
    afterAll(() => rmSync(build, { recursive: true }));
    beforeAll(() => {
      const bun = 'node_modules/@oven/bun-linux-x64-baseline/bin/bun';
      const words = ['build', '--compile', `--outfile=${compiled}`, 'test/report/fixtures/append.ts'];
      const { status, stderr } = spawnSync(bun, words, { encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
    }, 30_000);

    it('records of simultaneous calls do not mix', async () => {
      const run = () =>
        new Promise((resolve) =>
          spawn(compiled, [file, '50', '7000'], { stdio: 'ignore' }).on('exit', resolve),
        );
      expect(await Promise.all([run(), run(), run(), run()])).toEqual([0, 0, 0, 0]);
      const records = lines().slice(0, -1);
      expect(records).toHaveLength(200);
      expect(new Set(records.map((line) => JSON.parse(line).argv[1].length))).toEqual(new Set([7000]));
    });

    it.each([
      ['no room at all', 0, /EFBIG/],
      ['room for a part', 1, /only a part of it/],
    ])('a file size limit that leaves %s: not recorded', (_, kilobytes, problem) => {
      const { status, stderr } = spawnSync(
        '/bin/bash',
        ['-c', `ulimit -f ${kilobytes}; exec ${compiled} ${file} 1 3000`],
        { encoding: 'utf8' },
      );
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(problem) });
    });

    it('names the terminal', () => {
      spawnSync('/usr/bin/script', ['-qec', `${compiled} ${file} 1 10`, '/dev/null'], { stdio: 'ignore' });
      expect(JSON.parse(lines()[0] ?? '').tty).toMatch(/^\/dev\/pts\/[0-9]+$/);
    });
    it('names no terminal where there is none', () => {
      spawnSync(compiled, [file, '1', '10'], { stdio: 'ignore', cwd: '/usr' });
      expect(JSON.parse(lines()[0] ?? '')).toMatchObject({ tty: null, cwd: '/usr' });
    });
  });
});
