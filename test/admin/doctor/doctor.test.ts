/** How the parts are asked, what comes of one that hangs, and how it is told. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { askProcess, examine } from '../../../src/admin/doctor/doctor.ts';
import {
  type Found,
  fault,
  few,
  note,
  parts,
  readFindings,
  warning,
} from '../../../src/admin/doctor/finding.ts';
import { gatherDisks } from '../../../src/admin/doctor/gather/disk.ts';
import { gatherEngine, hostOptions, networkAddresses } from '../../../src/admin/doctor/gather/engine.ts';
import { gatherSettings } from '../../../src/admin/doctor/gather/settings.ts';
import { namesIn, readJson, readText } from '../../../src/admin/doctor/gather/text.ts';
import { askTool, isRoots } from '../../../src/admin/doctor/gather/tools.ts';
import { installationOf } from '../../../src/admin/doctor/part.ts';
import { doctorJson, doctorStatus, doctorText } from '../../../src/admin/doctor/report.ts';
import { configDirectory } from '../../config/support.ts';
import { answering, rawEngine } from '../../docker/fake-engine.ts';
import { makeTree, mountDead, removeTree } from '../../support/tree.ts';
import { installation, settingsWith } from './support.ts';

const found = (part: Found['part'], finding: Omit<Found, 'part'>): Found => ({ part, ...finding });

describe('a part in a process of its own', () => {
  const shell = (script: string) => ['/bin/sh', '-c', script];
  test('its findings', async () => {
    const findings = [fault('a', 'b', 'c')];
    expect(await askProcess('disk', shell(`echo '${JSON.stringify(findings)}'`))).toEqual(findings);
    expect(await askProcess('disk', shell('echo "[]"; exit 3'))).toEqual([]);
  });
  test('which part it is told', async () => {
    const script = 'printf \'[{"id":"%s","severity":"note","message":"%s","fix":"x"}]\' "$0" "$1"';
    expect(await askProcess('kernel', shell(script))).toMatchObject([
      { id: 'doctor-part', message: 'kernel' },
    ]);
  });
  test.each([
    ['it says nothing', 'true'],
    ['it says nonsense', 'echo nonsense'],
    ['it says half', 'echo "[{"'],
    ['a finding that is none', `echo '[{"id":"x","severity":"bad","message":"","fix":""}]'`],
    ['it is killed', 'kill -9 $$'],
  ])('%s: that is a finding', async (_name, script) => {
    expect(await askProcess('disk', shell(script))).toMatchObject([
      { id: 'disk-unanswered', severity: 'fault' },
    ]);
  });
  test('it can’t be started', async () => {
    expect(await askProcess('disk', ['/nonexistent'])).toMatchObject([{ id: 'disk-unanswered' }]);
  });
  test('it hangs, deaf to signals and with a child of its own', async () => {
    const [finding] = await askProcess('disk', shell("trap '' TERM; sleep 3 & sleep 3"), 200);
    expect(finding).toMatchObject({
      id: 'disk-unanswered',
      message: expect.stringContaining('no answer within 0.2 s'),
    });
  });
  test('it hangs in a system call on a dead file server', async () => {
    const folder = makeTree({ dead: {} });
    const unmount = mountDead(`${folder}/dead`);
    try {
      expect(await askProcess('files', ['/bin/ls', `${folder}/dead/x`], 500)).toMatchObject([
        { id: 'files-unanswered' },
      ]);
    } finally {
      unmount();
      removeTree(folder);
    }
  });
});

describe('a tool that is asked', () => {
  test('its answer', async () => {
    expect(await askTool('/bin/sh', ['-c', 'echo out; echo err >&2; exit 3'])).toEqual({
      status: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    expect(await askTool('/usr/bin/env', [])).toMatchObject({ stdout: expect.not.stringContaining('HOME') });
  });
  test('what others could have put there is not started', async () => {
    const folder = makeTree({
      open: { mode: 0o777 },
      'open/tool': { text: '#!/bin/sh\necho ran\n', mode: 0o755 },
    });
    expect(await askTool(`${folder}/open/tool`, [])).toEqual({ status: undefined, stdout: '', stderr: '' });
    expect(isRoots(`${folder}/open/tool`)).toBe(false);
    expect(isRoots('/bin/sh')).toBe(true);
    removeTree(folder);
  });
  test('it is not there, or hangs', async () => {
    expect(await askTool('/nonexistent', [])).toMatchObject({ status: undefined });
    expect(await askTool('/bin/sh', ['-c', 'echo so far; exec sleep 60'], 300)).toMatchObject({
      status: undefined,
      stdout: 'so far\n',
    });
  });
});

test('the worst first, then by part', async () => {
  const findings = await examine(async (part) => [
    note('n', part, 'x'),
    fault('f', part, 'x'),
    warning('w', part, 'x'),
  ]);
  expect(findings.map(({ severity }) => severity)).toEqual([
    ...parts.map(() => 'fault'),
    ...parts.map(() => 'warning'),
    ...parts.map(() => 'note'),
  ]);
  expect(findings.slice(0, parts.length).map(({ part }) => part)).toEqual([...parts]);
});

describe('the report', () => {
  const all = [
    found('sudo', fault('sudo-x', 'bad \u001b[2J thing', 'visudo')),
    found('disk', warning('disk-x', 'weak', 'df')),
    found('engine', note('engine-x', 'by the way', 'nothing')),
  ];
  test('the status, as Nagios has it', () => {
    expect(doctorStatus([])).toBe(0);
    expect(doctorStatus(all.slice(2))).toBe(0);
    expect(doctorStatus(all.slice(1))).toBe(1);
    expect(doctorStatus(all)).toBe(2);
  });
  test('as text', () => {
    expect(doctorText(all, { quiet: false })).toBe(
      [
        'fault: sudo: bad \\x1b[2J thing',
        '  Mend: visudo',
        'warning: disk: weak',
        '  Mend: df',
        'note: engine: by the way',
        '  Mend: nothing',
        '1 fault, 1 warning, 1 note',
        '',
      ].join('\n'),
    );
    expect(doctorText([], { quiet: false })).toBe('0 faults, 0 warnings, 0 notes\n');
  });
  test('quiet', () => {
    expect(doctorText(all.slice(2), { quiet: true })).toBe('');
    expect(doctorText(all, { quiet: true })).not.toContain('by the way');
    expect(doctorText(all, { quiet: true })).toContain('1 fault, 1 warning, 1 note\n');
  });
  test('no wider than the terminal', () => {
    const long = found('sudo', fault('x', 'word '.repeat(60), 'other '.repeat(60)));
    const lines = doctorText([long], { quiet: false, width: 80 }).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });
  test('as JSON', () => {
    const text = doctorJson(all);
    expect(text).not.toMatch(/[^\n\x20-\x7e]/);
    expect(JSON.parse(text)).toMatchObject({
      status: 2,
      faults: 1,
      warnings: 1,
      notes: 1,
      findings: [{ id: 'sudo-x', part: 'sudo', severity: 'fault', fix: 'visudo' }, {}, {}],
    });
  });
  test('findings read back', () => {
    const plain = [fault('a', 'b', 'c'), note('d', 'e', 'f')];
    expect(readFindings(JSON.stringify(plain))).toEqual(plain);
  });
  test.each([
    [[], ''],
    [['a'], 'a'],
    [['a', 'b'], 'a and b'],
    [['a', 'b', 'c', 'd', 'e'], 'a, b, c, d and e'],
    [['a', 'b', 'c', 'd', 'e', 'f'], 'a, b, c, d and 2 more'],
  ])('%j', (words, expected) => {
    expect(few(words)).toBe(expected);
  });
});

describe('the engine', () => {
  test('what it says', async () => {
    const host = await answering({
      '/version': {
        Version: '27.1.1',
        Components: [
          { Name: 'Engine', Version: '27.1.1' },
          { Name: 'containerd', Version: 'v1.7.29' },
          { Name: 'runc', Version: '1.3.6' },
        ],
      },
      '/info': {
        DockerRootDir: '/',
        Warnings: ['WARNING: API is accessible on http://0.0.0.0:2375 without encryption.'],
        Plugins: { Authorization: ['x'] },
      },
    });
    const facts = await gatherEngine(host);
    expect(facts.failure).toBeUndefined();
    expect(facts.dataRoot).toMatchObject({ path: '/', fileSystem: expect.any(String) });
    expect(facts.addresses).toEqual(['http://0.0.0.0:2375']);
    expect(facts.builds).toMatchObject([
      { component: 'dockerd', version: '27.1.1', inUse: ['authorization'] },
      { component: 'containerd', version: 'v1.7.29' },
      { component: 'runc', version: '1.3.6' },
    ]);
  });
  test.each([
    ['nobody listens', async () => 'unix:///nonexistent/docker.sock'],
    ['it speaks another language', () => rawEngine((socket) => socket.end('hello\n'))],
    ['it hangs up', () => rawEngine((socket) => socket.destroy())],
    ['it says something else', () => answering({})],
  ])('%s', async (name, make) => {
    const facts = await gatherEngine(await make());
    if (name === 'it says something else')
      expect(facts).toMatchObject({ failure: undefined, builds: [], dataRoot: undefined });
    else expect(facts.failure).toMatch(/docker engine/);
  });
  test('where it listens', () => {
    expect(
      hostOptions([
        'dockerd',
        '-H',
        'fd://',
        '-Htcp://a:1',
        '-H=tcp://b:2',
        '--host',
        'unix:///x',
        '--host=tcp://c:3',
        '-H',
      ]),
    ).toEqual(['fd://', 'tcp://a:1', 'tcp://b:2', 'unix:///x', 'tcp://c:3']);
    expect(networkAddresses(['fd://', 'unix:///x', 'tcp://c:3', 'tcp://c:3', '0.0.0.0:2375'])).toEqual([
      'tcp://c:3',
      '0.0.0.0:2375',
    ]);
  });
});

describe('small files', () => {
  test('what has no end, or nobody writes into, is not read', () => {
    const folder = makeTree({
      text: { text: '{"a": 1}' },
      zero: { link: '/dev/zero' },
      big: { text: 'x'.repeat(5_000_000) },
    });
    spawnSync('/usr/bin/mkfifo', [`${folder}/fifo`]);
    expect(readText(`${folder}/text`)).toBe('{"a": 1}');
    expect(readJson(`${folder}/text`)).toEqual({ a: 1 });
    for (const name of ['zero', 'fifo', 'big', 'none', ''])
      expect(readText(`${folder}/${name}`)).toBeUndefined();
    expect(namesIn(folder)).toEqual(['big', 'fifo', 'text', 'zero']);
    removeTree(folder);
  });
});

describe('the settings of everybody', () => {
  test('those of layers for somebody too, though nobody of that name is known', () => {
    const directory = configDirectory({
      'config.yaml': 'limits: {pids: 100}',
      'user/config_nobody-of-that-name.yaml':
        'docker_host: unix:///run/other.sock\nexecutors: {own: /opt/docker}',
      'group/config_10_no-such-group.yaml': 'audit: {file: /var/log/userdocker/other.jsonl}',
    });
    const settings = gatherSettings(directory);
    expect(settings.dockerHosts).toEqual(['unix:///var/run/docker.sock', 'unix:///run/other.sock']);
    expect(settings.auditFiles).toEqual([
      '/var/log/userdocker/audit.jsonl',
      '/var/log/userdocker/other.jsonl',
    ]);
    expect(settings.executors.map(({ path }) => path)).toContain('/opt/docker');
    expect(settings.limits).toMatchObject([{ pids: 100 }]);
  });
  test('the shipped ones where a mistake leaves nothing else', () => {
    const settings = gatherSettings(configDirectory({ 'config.yaml': 'x: 1' }));
    expect(settings.dockerHosts).toEqual(['unix:///var/run/docker.sock']);
    expect(gatherSettings('/nonexistent').auditFiles).toEqual(['/var/log/userdocker/audit.jsonl']);
  });
});

test('disks that are there', async () => {
  const disks = await gatherDisks(
    { ...installation, state: '/', runtime: '/nonexistent' },
    { ...settingsWith(), dockerHosts: [], auditFiles: ['/proc/x'] },
  );
  expect(disks.map(({ path }) => path)).toEqual(['/proc', '/']);
  expect(disks[1]?.total).toBeGreaterThan(disks[1]?.free ?? 0);
});

test('where it is installed', () => {
  expect(installationOf('/opt/ud/lib/userdocker/userdocker-admin').prefix).toBe('/opt/ud');
  expect(installationOf('/usr/bin/node').prefix).toBe('/usr/local');
});
