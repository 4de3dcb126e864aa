/** One fault in a healthy machine: exactly that one is named, with a way to mend it. */
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../src/admin/doctor/finding.ts';
import type { AuditFacts } from '../../../src/admin/doctor/gather/audit.ts';
import type { DiskFact } from '../../../src/admin/doctor/gather/disk.ts';
import type { EngineFacts } from '../../../src/admin/doctor/gather/engine.ts';
import type { KernelFacts } from '../../../src/admin/doctor/gather/kernel.ts';
import type { NvidiaFacts } from '../../../src/admin/doctor/gather/nvidia.ts';
import { judgeAccounts } from '../../../src/admin/doctor/judge/accounts.ts';
import { judgeAudit } from '../../../src/admin/doctor/judge/audit.ts';
import { judgeConfiguration } from '../../../src/admin/doctor/judge/configuration.ts';
import { judgeDisks } from '../../../src/admin/doctor/judge/disk.ts';
import { judgeEngine } from '../../../src/admin/doctor/judge/engine.ts';
import { judgeKernel } from '../../../src/admin/doctor/judge/kernel.ts';
import { judgeNvidia } from '../../../src/admin/doctor/judge/nvidia.ts';
import { readToml } from '../../../src/admin/doctor/judge/toml.ts';
import {
  entry,
  healthyEngine,
  healthyInfo,
  healthyNvidia,
  pathFact,
  settingsWith,
  shippedRotation,
  shippedToml,
  socket,
} from './support.ts';

/** `fault engine-seccomp`. */
function told(findings: readonly Finding[]): readonly string[] {
  for (const { message, fix } of findings) {
    expect(message).not.toMatch(/undefined|NaN|\[object/);
    expect(fix).not.toMatch(/^$|undefined|null|NaN/);
  }
  return findings.map(({ severity, id }) => `${severity} ${id}`);
}

describe('engine', () => {
  const judge = (more: Partial<EngineFacts> = {}, yaml = '') =>
    told(judgeEngine({ ...healthyEngine, ...more }, settingsWith(yaml)));
  const info = (more: object) => ({ info: { ...healthyInfo, ...more } });

  test('a healthy one', () => {
    expect(judge()).toEqual([]);
    expect(judge({}, 'limits: {memory: 64g, cpus: 8}')).toEqual([]);
  });
  test.each<[string, Partial<EngineFacts>, string]>([
    [
      'it does not answer',
      { failure: 'no answer within 10 s', version: {}, info: {} },
      'fault engine-silent',
    ],
    ['too old', { version: { Version: '19.03.15' } }, 'fault engine-old'],
    ['everybody can use its socket', { socket: pathFact({ ...socket, mode: 0o666 }) }, 'fault engine-socket'],
    [
      'everybody can write to its socket',
      { socket: pathFact({ ...socket, mode: 0o662 }) },
      'fault engine-socket',
    ],
    ['it listens on the network', { addresses: ['tcp://0.0.0.0:2375'] }, 'fault engine-network'],
    ['with certificates', { addresses: ['tcp://0.0.0.0:2376'], verifies: true }, 'warning engine-network'],
    ['no seccomp', info({ SecurityOptions: ['name=apparmor'] }), 'fault engine-seccomp'],
    [
      'seccomp unconfined',
      info({ SecurityOptions: ['name=seccomp,profile=unconfined'] }),
      'fault engine-seccomp',
    ],
    [
      'userns-remap',
      info({ SecurityOptions: ['name=seccomp,profile=default', 'name=userns'] }),
      'warning engine-userns',
    ],
    [
      'rootless',
      info({ SecurityOptions: ['name=seccomp,profile=default', 'name=rootless'] }),
      'warning engine-rootless',
    ],
    ['nvidia is the default runtime', info({ DefaultRuntime: 'nvidia' }), 'note engine-runtime'],
    ['another default runtime', info({ DefaultRuntime: 'sysbox-runc' }), 'warning engine-runtime'],
    ['btrfs', info({ Driver: 'btrfs', DriverStatus: [] }), 'warning engine-storage'],
    [
      'containerd’s image store',
      info({ Driver: 'overlayfs', DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] }),
      'warning engine-storage',
    ],
    [
      'btrfs, and nobody knows which runc',
      { ...info({ Driver: 'btrfs', DriverStatus: [] }), builds: [] },
      'fault engine-storage',
    ],
    ['xfs without ftype', info({ DriverStatus: [['Supports d_type', 'false']] }), 'fault engine-d-type'],
    ['no limits for processes', info({ PidsLimit: false }), 'fault engine-limits'],
    [
      'an open data root',
      { dataRoot: { path: '/d', traversable: true, fileSystem: 'ext4' } },
      'fault engine-data-root',
    ],
    [
      'an open image store',
      { imageStore: { path: '/c', traversable: true, fileSystem: 'xfs' } },
      'fault engine-data-root',
    ],
    [
      'a data root on NFS',
      { dataRoot: { path: '/d', traversable: false, fileSystem: 'nfs4' } },
      'warning engine-data-root-network',
    ],
    [
      'a data root in memory',
      { dataRoot: { path: '/d', traversable: false, fileSystem: 'tmpfs' } },
      'note engine-data-root-memory',
    ],
    [
      'an old runc',
      { builds: [{ component: 'runc', version: '1.1.11', packaged: false, mentioned: undefined }] },
      'fault cve-runc',
    ],
  ])('%s', (_name, planted, expected) => {
    expect(judge(planted)).toEqual([expected]);
  });
  test('limits that nobody has set need not be kept', () => {
    expect(judge(info({ MemoryLimit: false, CpuCfsQuota: false }))).toEqual([]);
    expect(judge(info({ MemoryLimit: false }), 'limits: {memory: 64g}')).toEqual(['fault engine-limits']);
    expect(judge(info({ CpuCfsQuota: false }), 'limits: {cpus: 4}')).toEqual(['fault engine-limits']);
  });
});

describe('nvidia', () => {
  const judge = (more: Partial<NvidiaFacts> = {}, yaml = '') =>
    told(judgeNvidia({ ...healthyNvidia, ...more }, settingsWith(yaml)));
  const toml = (text: string) => ({ settings: readToml(text) });
  const without: NvidiaFacts = {
    driver: false,
    smiFailures: [],
    toolkit: undefined,
    settings: undefined,
    runtimes: ['runc'],
    cdi: false,
  };

  test('a healthy one, and a machine without GPUs', () => {
    expect(judge()).toEqual([]);
    expect(told(judgeNvidia(without, settingsWith()))).toEqual([]);
  });
  test.each<[string, Partial<NvidiaFacts>, string]>([
    [
      'mounts as devices',
      toml(`accept-nvidia-visible-devices-as-volume-mounts = true\n${shippedToml}`),
      'fault nvidia-volume-mounts',
    ],
    [
      'the variable is not looked at',
      toml('accept-nvidia-visible-devices-envvar-when-unprivileged = false # hard'),
      'warning nvidia-envvar',
    ],
    [
      'libraries from images',
      toml('[features]\nallow-cuda-compat-libs-from-container = true'),
      'warning nvidia-compat-libs',
    ],
    [
      'ldconfig of the image',
      toml('[nvidia-container-cli]\nldconfig = "/sbin/ldconfig"'),
      'fault nvidia-ldconfig',
    ],
    [
      'ldconfig of the image, by a feature',
      toml('features.allow-ldconfig-from-container = true'),
      'fault nvidia-ldconfig',
    ],
    ['no control groups', toml('[nvidia-container-cli]\nno-cgroups = true'), 'warning nvidia-no-cgroups'],
    [
      'an old toolkit',
      { toolkit: { version: '1.17.7', packaged: false, mentioned: undefined } },
      'fault cve-nvidia-container-toolkit',
    ],
    ['nvidia-smi fails', { smiFailures: ['nvidia-smi fails'] }, 'fault nvidia-smi'],
    ['the engine has no such runtime', { runtimes: ['runc'] }, 'fault nvidia-runtime'],
    ['the driver is not loaded', { driver: false }, 'note nvidia-driver'],
  ])('%s', (_name, planted, expected) => {
    expect(judge(planted)).toEqual([expected]);
  });
  test('without the hook that LD_PRELOAD reaches, an old toolkit is no more than a warning', () => {
    const toolkit = { version: '1.17.7', packaged: false, mentioned: undefined };
    const settings = (value: string) => toml(`[features]\ndisable-cuda-compat-lib-hook = ${value}`);
    expect(judge({ toolkit, ...settings('true') })).toEqual(['warning cve-nvidia-container-toolkit']);
    expect(judge({ toolkit, ...settings('false') })).toEqual(['fault cve-nvidia-container-toolkit']);
  });
  test('what belongs to how docker is told', () => {
    const mode = (gpus: string) => `executors: {nvidia-docker: {path: /usr/bin/docker, gpus: ${gpus}}}`;
    expect(judge({ runtimes: ['runc'], cdi: true }, mode('cdi'))).toEqual([]);
    expect(judge({ runtimes: ['runc'] }, mode('cdi'))).toEqual(['fault nvidia-cdi']);
    expect(judge({ runtimes: ['runc'] }, mode('flag'))).toEqual([]);
    expect(judge(toml('[nvidia-container-runtime]\nmode = "cdi"'), mode('flag'))).toEqual([
      'warning nvidia-mode',
    ]);
    expect(
      judge(toml('accept-nvidia-visible-devices-envvar-when-unprivileged = false'), `${mode('cdi')}`),
    ).toEqual(['fault nvidia-cdi']);
  });
  test.each([
    '# accept-nvidia-visible-devices-as-volume-mounts = true',
    '[other]\naccept-nvidia-visible-devices-as-volume-mounts = true',
  ])('no matter: %j', (text) => {
    expect(judge(toml(text))).toEqual([]);
  });
});

describe('accounts', () => {
  const users = [
    { name: 'root', uid: 0, gid: 0 },
    { name: 'alice', uid: 1000, gid: 1000 },
    { name: 'bob', uid: 1001, gid: 999 },
  ];
  const judge = (
    groups: readonly { name: string; gid: number; members: string[] }[],
    socketGids = [999],
    more = users.slice(0, 2),
  ) => told(judgeAccounts({ accounts: { users: more, groups }, socketGids }));

  test('nobody is in the engine’s group', () => {
    expect(judge([{ name: 'docker', gid: 999, members: [] }])).toEqual([]);
    expect(judge([{ name: 'docker', gid: 999, members: ['root'] }])).toEqual([]);
    // Started by hand, the socket is root's.
    expect(judge([{ name: 'root', gid: 0, members: ['alice'] }], [0])).toEqual([]);
  });
  test.each([
    ['a member', [{ name: 'docker', gid: 999, members: ['alice'] }], [999]],
    ['a group of another name', [{ name: 'containers', gid: 999, members: ['alice'] }], [999]],
    ['the group, while the engine does not run', [{ name: 'docker', gid: 999, members: ['alice'] }], []],
  ])('%s', (_name, groups, gids) => {
    expect(judge(groups, gids)).toEqual(['fault accounts-docker']);
  });
  test('a primary group', () => {
    expect(judge([{ name: 'docker', gid: 999, members: [] }], [999], users)).toEqual([
      'fault accounts-docker',
    ]);
  });
  test.each(['disk', 'lxd', 'sudo', 'wheel'])('%s is a note', (name) => {
    expect(judge([{ name, gid: 6, members: ['alice'] }])).toEqual(['note accounts-group']);
    expect(judge([{ name, gid: 6, members: [] }])).toEqual([]);
  });
  test('a second root', () => {
    expect(judge([], [], [...users.slice(0, 1), { name: 'toor', uid: 0, gid: 0 }])).toEqual([
      'note accounts-root',
    ]);
  });
  test('databases that do not answer', () => {
    expect(told(judgeAccounts({ accounts: undefined, socketGids: [] }))).toEqual(['warning accounts-silent']);
  });
  test('thousands of members make a short message', () => {
    const members = Array.from({ length: 5000 }, (_, index) => `user${index}`);
    const [finding] = judgeAccounts({
      accounts: { users: [], groups: [{ name: 'docker', gid: 9, members }] },
      socketGids: [],
    });
    expect(finding?.message.length).toBeLessThan(300);
    expect(finding?.message).toContain('and 4996 more');
  });
});

describe('audit', () => {
  const directory = entry('/var/log/userdocker', { kind: 'directory', mode: 0o700 });
  const path = '/var/log/userdocker/audit.jsonl';
  const file = entry(path, { mode: 0o600 });
  const healthy: AuditFacts = {
    required: true,
    files: [{ path, directory, file, links: 1, bytes: 1000, failure: undefined }],
    rotation: shippedRotation,
    logrotate: true,
  };
  const judge = (more: Partial<AuditFacts> = {}) => told(judgeAudit({ ...healthy, ...more }));
  const with1 = (more: Partial<AuditFacts['files'][number]>) => ({
    files: healthy.files.map((each) => ({ ...each, ...more })),
  });

  test('a healthy one, and one that is yet to be written', () => {
    expect(judge()).toEqual([]);
    expect(judge(with1({ file: undefined }))).toEqual([]);
    // Nobody else gets to it.
    expect(judge(with1({ file: { ...file, mode: 0o644 } }))).toEqual([]);
  });
  test.each<[string, Partial<AuditFacts>, string]>([
    [
      'a directory that others can write',
      with1({ directory: { ...directory, mode: 0o770 } }),
      'fault audit-writable',
    ],
    [
      'a directory of somebody else’s',
      with1({ directory: { ...directory, uid: 1000 } }),
      'fault audit-owner',
    ],
    ['an open directory', with1({ directory: { ...directory, mode: 0o755 } }), 'warning audit-open'],
    ['a directory that is a link', with1({ directory: { ...directory, kind: 'link' } }), 'fault audit-kind'],
    ['no directory', with1({ directory: undefined, file: undefined }), 'note audit-missing'],
    ['a file that others can write', with1({ file: { ...file, mode: 0o660 } }), 'fault audit-writable'],
    ['a file of somebody else’s', with1({ file: { ...file, uid: 7 } }), 'fault audit-owner'],
    ['a link', with1({ file: { ...file, kind: 'link' }, failure: 'ELOOP' }), 'fault audit-kind'],
    ['a second name', with1({ links: 2 }), 'fault audit-kind'],
    ['a read-only disk', with1({ failure: 'EROFS' }), 'fault audit-unwritable'],
    [
      'as little as a warning where no record is required',
      { required: false, ...with1({ failure: 'EROFS' }) },
      'warning audit-unwritable',
    ],
    ['it is never rotated', with1({ bytes: 3 * 1024 ** 3 }), 'warning audit-large'],
    ['no rotation', { rotation: undefined }, 'warning audit-rotation'],
    ['no logrotate', { logrotate: false }, 'warning audit-rotation'],
    [
      'the rotation is for another file',
      { rotation: '/var/log/other/*.jsonl {\n}\n' },
      'warning audit-rotation',
    ],
    [
      'the rotation is a comment',
      { rotation: '#/var/log/userdocker/*.jsonl {\n}\n' },
      'warning audit-rotation',
    ],
    [
      'copytruncate',
      { rotation: `${shippedRotation.replace('daily', 'copytruncate')}` },
      'warning audit-rotation-loses',
    ],
  ])('%s', (_name, planted, expected) => {
    expect(judge(planted)).toEqual([expected]);
  });
});

describe('disk', () => {
  const disk = (more: Partial<DiskFact>) =>
    told(
      judgeDisks([
        {
          what: 'images',
          path: '/d',
          free: 50 * 1024 ** 3,
          total: 100 * 1024 ** 3,
          inodes: 1e6,
          freeInodes: 9e5,
          ...more,
        },
      ]),
    );
  test.each<[string, Partial<DiskFact>, readonly string[]]>([
    ['space enough', {}, []],
    ['a small one, half full', { free: 100 * 1024 ** 2, total: 200 * 1024 ** 2 }, []],
    ['full', { free: 1024 ** 2 }, ['fault disk-full']],
    ['nearly full', { free: 1024 ** 3 }, ['warning disk-low']],
    ['no more files', { freeInodes: 10 }, ['warning disk-inodes']],
    ['a file system without inodes', { inodes: 0, freeInodes: 0 }, []],
  ])('%s', (_name, planted, expected) => {
    expect(disk(planted)).toEqual(expected);
  });
});

describe('kernel', () => {
  const healthy: KernelFacts = {
    release: '6.1.0-18-amd64',
    pidMax: 4_194_304,
    threadsMax: 500_000,
    protectedSymlinks: 1,
    protectedHardlinks: 1,
  };
  const judge = (more: Partial<KernelFacts> = {}, yaml = '') =>
    told(judgeKernel({ ...healthy, ...more }, settingsWith(yaml)));

  const apart = 'user_in_container: false';
  test.each<[string, Partial<KernelFacts>, string, readonly string[]]>([
    ['a healthy one', {}, '', []],
    ['too old', { release: '5.0.21-generic' }, '', ['fault kernel-old']],
    ['old', { release: '5.4.0-150-generic' }, '', ['note kernel-read-only']],
    // A user's are bounded together, to a quarter.
    ['few process numbers', { pidMax: 32_768 }, '', []],
    ['no limit for containers', {}, 'limits: {containers: null}', []],
    ['the image chooses who it is', { pidMax: 32_768 }, apart, ['warning kernel-processes']],
    ['the same with many numbers', {}, apart, []],
    ['with small limits', { pidMax: 32_768 }, `${apart}\nlimits: {containers: 4, pids: 4096}`, []],
    [
      'a little more than half',
      { pidMax: 32_768 },
      `${apart}\nlimits: {containers: 4, pids: 4097}`,
      ['warning kernel-processes'],
    ],
    ['few threads', { threadsMax: 100_000 }, apart, ['warning kernel-processes']],
    [
      'no limit for containers, and the image chooses',
      {},
      `${apart}\nlimits: {containers: null}`,
      ['warning kernel-processes'],
    ],
    ['no limit for processes', {}, 'limits: {pids: null}', ['warning kernel-processes']],
    [
      'an admin’s own bound',
      { pidMax: 32_768 },
      'args: {run: {always+: [--ulimit=nproc=9000:9000]}}\nlimits: {pids: null}',
      [],
    ],
    [
      'an admin’s own bound that is none',
      { pidMax: 32_768 },
      'args: {run: {always+: [--ulimit=nproc=30000]}}',
      ['warning kernel-processes'],
    ],
    ['links in /tmp', { protectedSymlinks: 0 }, '', ['note kernel-links']],
    ['nothing to be read', { pidMax: undefined, threadsMax: undefined }, '', []],
  ])('%s', (_name, planted, yaml, expected) => {
    expect(judge(planted, yaml)).toEqual(expected);
  });
  test('the limit that is proposed is small enough', () => {
    const [finding] = judgeKernel({ ...healthy, pidMax: 32_768 }, settingsWith(apart));
    const pids = /limits: \{pids: ([0-9]+)\}/.exec(finding?.fix ?? '')?.[1];
    expect(judge({ pidMax: 32_768 }, `${apart}\nlimits: {pids: ${pids}}`)).toEqual([]);
    expect(finding?.fix).toContain('kernel.pid_max = 4194304');
  });
});

describe('configuration', () => {
  const problem = { file: '/etc/userdocker/config.yaml', line: 3, message: 'unknown setting x' };
  test.each([
    [[], [], []],
    [[problem], [], ['fault configuration-problem']],
    [[], [problem, problem], ['note configuration-warnings']],
  ])('%#', (problems, warnings, expected) => {
    expect(told(judgeConfiguration({ files: [], problems, warnings }))).toEqual(expected);
  });
  test('hundreds of mistakes are not all told', () => {
    const problems = Array.from({ length: 300 }, () => problem);
    expect(judgeConfiguration({ files: [], problems, warnings: [] })).toHaveLength(11);
  });
});
