import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { auditRecords, lastAuditRecord } from './support/audit.ts';
import { resetConfig, writeConfig } from './support/config.ts';
import { docker, removeContainers } from './support/engine.ts';
import { openTerminal } from './support/terminal.ts';
import { mustUserdocker, userdocker } from './support/userdocker.ts';
import { as, mustRoot } from './support/users.ts';

afterEach(async () => {
  await removeContainers();
  resetConfig();
});

describe('a record', () => {
  test('says who, where, what was asked and what was done', async () => {
    const uid = Number(await mustRoot('id -u alice'));
    await as(
      'alice',
      'mkdir -p work; cd work; sudo userdocker run --name noted -e TOKEN=secret -i box sh -c "echo x"; rmdir ../work',
    );
    expect(lastAuditRecord()).toMatchObject({
      user: 'alice',
      uid,
      tty: null,
      cwd: '/home/alice/work',
      decision: 'allow',
      reasons: [],
      config: ['/etc/userdocker/config.yaml'],
    });
    const { argv, exec, time } = lastAuditRecord();
    expect(argv).toEqual([
      'run',
      '--name',
      'noted',
      '-e',
      expect.stringMatching(/^TOKEN=/),
      '-i',
      'box',
      'sh',
      '-c',
      'echo x',
    ]);
    expect(exec).toEqual(
      expect.arrayContaining([
        '/usr/bin/docker',
        'run',
        '--name=noted',
        '--label=userdocker.image=box:latest',
        '--',
      ]),
    );
    expect(JSON.stringify(lastAuditRecord())).not.toContain('secret');
    expect(Math.abs(Date.parse(String(time)) - Date.now())).toBeLessThan(10_000);
  });
  test('of a refusal: why', async () => {
    await userdocker('alice', 'run --privileged -v /etc:/etc box');
    expect(lastAuditRecord()).toMatchObject({ decision: 'deny', exec: null });
    expect(lastAuditRecord()['reasons']).toHaveLength(2);
    await userdocker('alice', 'nonsense');
    expect(lastAuditRecord()).toMatchObject({ argv: ['nonsense'], decision: 'deny' });
    await userdocker('bob', 'exec nobodys id');
    expect(lastAuditRecord()).toMatchObject({ user: 'bob', decision: 'deny' });
  });
  test('names the terminal', async () => {
    const terminal = openTerminal('alice', 'sudo userdocker ps');
    await terminal.ended;
    expect(lastAuditRecord()['tty']).toMatch(/^\/dev\/pts\/\d+$/);
  });
  test('is one line, whatever the bytes and the length', async () => {
    const before = auditRecords().length;
    await userdocker('alice', "run box echo 'a\nb' \"$(printf '\\033[31m')\" $(seq 20000)");
    await userdocker('alice', 'exec \'x\n{"user":"root"}\' id');
    expect(auditRecords()).toHaveLength(before + 2);
    expect(auditRecords().at(-2)).toMatchObject({ argv_cut: { words: 20005 } });
  });
  test('of twenty calls at a time: twenty', async () => {
    const before = auditRecords().length;
    await Promise.all(Array.from({ length: 20 }, () => userdocker('alice', 'ps')));
    expect(auditRecords()).toHaveLength(before + 20);
  });
  test('is root’s to read', async () => {
    expect(statSync('/var/log/userdocker/audit.jsonl').mode & 0o777).toBe(0o600);
    expect((await as('alice', 'cat /var/log/userdocker/audit.jsonl')).status).not.toBe(0);
  });
});

describe('audit.required', () => {
  const directory = '/var/log/elsewhere';
  const file = `${directory}/audit.jsonl`;
  beforeEach(() => mkdirSync(directory, { mode: 0o700 }));
  afterEach(async () => {
    await mustRoot(`umount ${directory} 2>/dev/null; rm -rf ${directory}`);
  });
  test('nothing is done that could not be written down', async () => {
    writeConfig({ audit: { file } });
    mkdirSync(file);
    for (const words of ['run -d box sleep 300', 'exec x id', 'load </dev/null']) {
      const { status, stdout, stderr } = await userdocker('alice', words);
      expect({ status, stdout }).toEqual({ status: 69, stdout: '' });
      expect(stderr).toMatch(/^userdocker: this call can ?not be recorded/);
    }
    expect(await docker(['ps', '-aq'])).toBe('');
  });
  test('false: it is done nevertheless, and the user is not bothered', async () => {
    writeConfig({ audit: { file, required: false } });
    mkdirSync(file);
    const { status, stdout, stderr } = await userdocker('alice', 'run box echo done');
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'done\n', stderr: '' });
  });
  test('file: where it goes, made where it is missing', async () => {
    rmSync(directory, { recursive: true });
    writeConfig({ audit: { file } });
    await mustUserdocker('alice', 'ps');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ argv: ['ps'] });
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });
});

test('audit.syslog hands the record to syslog as well', async () => {
  rmSync('/run/logged', { force: true });
  renameSync('/usr/bin/logger', '/usr/bin/logger.real');
  writeFileSync('/usr/bin/logger', '#!/bin/sh\necho "$@" >/run/logged; cat >>/run/logged\n', { mode: 0o755 });
  try {
    await mustUserdocker('alice', 'ps');
    expect(await mustRoot('cat /run/logged 2>/dev/null || true')).toBe('');
    writeConfig({ audit: { syslog: true } });
    await mustUserdocker('alice', 'ps -a');
    const [words = '', line = ''] = readFileSync('/run/logged', 'utf8').split('\n');
    expect(words).toContain('authpriv');
    expect(JSON.parse(line)).toMatchObject({ user: 'alice', argv: ['ps', '-a'] });
  } finally {
    renameSync('/usr/bin/logger.real', '/usr/bin/logger');
  }
});
