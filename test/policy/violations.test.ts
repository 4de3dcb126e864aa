/** The second opinion, over plain data. What real clients send is in violations-clients.test.ts. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Caller } from '../../src/domain/caller.ts';
import { violations } from '../../src/policy/violations.ts';
import { alice, bob, policyOf, root } from '../support/builders.ts';
import { inspected, type Json, request } from '../support/engine-json.ts';

/** Puts values in: `HostConfig.CapAdd`, `Config.User`, `User`. `undefined` takes the field away. */
function changed(body: Json, changes: Json): Json {
  const copy: Json = structuredClone(body);
  for (const [path, value] of Object.entries(changes)) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let place: Json = copy;
    for (const name of names) {
      const next = place[name];
      if (typeof next !== 'object' || next === null) throw new Error(`no ${name} in the body`);
      place = Object(next);
    }
    if (value === undefined) delete place[last];
    else place[last] = value;
  }
  return copy;
}

interface More {
  readonly yaml?: string;
  readonly caller?: Caller;
  readonly gpus?: readonly string[];
  readonly pins?: ReadonlyMap<string, string>;
  readonly hosts?: ReadonlyMap<string, string>;
}

/** The settings that go beyond the policy. */
function found(json: unknown, { yaml = '', caller = alice, gpus = [], pins = new Map(), hosts }: More = {}) {
  const container = { json, gpus, pins, ...(hosts === undefined ? {} : { hosts }) };
  return violations(policyOf(yaml, caller), caller, container).map(({ setting }) => setting);
}
const ofRequest = (changes: Json, more: More = {}) => found(changed(request(), changes), more);
const ofContainer = (changes: Json, more: More = {}) => found(changed(inspected(), changes), more);
const host = (changes: Json, more: More = {}) =>
  ofRequest(
    Object.fromEntries(Object.entries(changes).map(([key, value]) => [`HostConfig.${key}`, value])),
    more,
  );

test('it shares no code with the rules whose work it judges', () => {
  const folder = new URL('../../src/policy/violations/', import.meta.url);
  const files = [
    new URL('../violations.ts', folder),
    ...readdirSync(folder).map((name) => new URL(name, folder)),
  ];
  const imports = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/^(?:import|export) .*from '(.*)';$/gm)].map(
      (match) => match[1] ?? '',
    ),
  );
  expect(imports.length).toBeGreaterThan(20);
  expect(
    imports.filter((path) => !/^(?:\.\.\/)+domain\/|^\.\/(?:violations\/)?[a-z]+\.ts$/.test(path)),
  ).toEqual([]);
});

describe('nothing to say', () => {
  test('of the usual request', () => expect(found(request())).toEqual([]));
  test('of the usual container', () => expect(found(inspected())).toEqual([]));
});

describe('what is no container at all is no container of the policy', () => {
  test.each([
    undefined,
    null,
    5,
    'x',
    [],
    {},
    { HostConfig: null },
    { Config: {} },
    { Config: null, HostConfig: [] },
  ])('%j', (json) => {
    expect(found(json)).toEqual(
      expect.arrayContaining([
        'User',
        'Env',
        'Labels',
        'HostConfig.CapDrop',
        'HostConfig.SecurityOpt',
        'HostConfig.PidsLimit',
      ]),
    );
  });
});

/** Engine API, definitions HostConfig and Resources, 1.24 to 1.48: every field, with a value that nobody is offered. */
const hostFields: { readonly [field: string]: unknown } = {
  Annotations: { 'run.oci.keep_original_groups': '1' },
  AutoRemove: 'yes',
  Binds: ['/etc:/etc'],
  BlkioDeviceReadBps: [{ Path: '/dev/sda', Rate: 1 }],
  BlkioDeviceReadIOps: [{ Path: '/dev/sda', Rate: 1 }],
  BlkioDeviceWriteBps: [{ Path: '/dev/sda', Rate: 1 }],
  BlkioDeviceWriteIOps: [{ Path: '/dev/sda', Rate: 1 }],
  BlkioWeight: 1000,
  BlkioWeightDevice: [{ Path: '/dev/sda', Weight: 1 }],
  CapAdd: ['SYS_ADMIN'],
  CapDrop: null,
  Capabilities: ['CAP_SYS_ADMIN'],
  Cgroup: 'container:x',
  CgroupParent: '/',
  CgroupnsMode: 'host',
  ContainerIDFile: '/etc/cron.d/x',
  CpuCount: 1,
  CpuPercent: 1,
  CpuPeriod: 1000,
  CpuQuota: 1000,
  CpuRealtimePeriod: 1000,
  CpuRealtimeRuntime: 1000,
  CpuShares: 262_144,
  CpusetCpus: 'all',
  CpusetMems: '0',
  DeviceCgroupRules: ['a *:* rwm'],
  DeviceRequests: [{ Driver: '', Count: -1, DeviceIDs: null, Capabilities: [['gpu']] }],
  Devices: [{ PathOnHost: '/dev/sda', PathInContainer: '/dev/sda', CgroupPermissions: 'rwm' }],
  DiskQuota: 1,
  Dns: ['192.0.2.1'],
  DnsOptions: ['ndots:1'],
  DnsSearch: ['example.org'],
  ExtraHosts: ['registry:192.0.2.1'],
  GroupAdd: ['0'],
  IOMaximumBandwidth: 1,
  IOMaximumIOps: 1,
  Init: 'yes',
  InitPath: '/bin/sh',
  IpcMode: 'host',
  Isolation: 'process',
  KernelMemory: 1,
  KernelMemoryTCP: 1,
  Links: ['db:db'],
  LogConfig: { Type: 'syslog', Config: { 'syslog-address': 'tcp://192.0.2.1' } },
  MaskedPaths: [],
  Memory: 2 ** 50,
  MemoryReservation: 1,
  MemorySwap: -1,
  MemorySwappiness: 100,
  Mounts: [{ Type: 'volume', Source: 'x', Target: '/x' }],
  NanoCpus: 2000e9,
  NetworkMode: 'host',
  OomKillDisable: true,
  OomScoreAdj: -1000,
  PidMode: 'host',
  PidsLimit: -1,
  PortBindings: { '22/tcp': [{ HostIp: '', HostPort: '2222' }] },
  Privileged: true,
  PublishAllPorts: true,
  ReadonlyPaths: [],
  ReadonlyRootfs: 1,
  RestartPolicy: { Name: 'always', MaximumRetryCount: 0 },
  Runtime: 'crun-vm',
  SecurityOpt: ['no-new-privileges', 'seccomp=unconfined'],
  ShmSize: 2 ** 50,
  StorageOpt: { size: '1t' },
  Sysctls: { 'net.ipv4.ip_unprivileged_port_start': '0' },
  Tmpfs: { '/x': 'suid' },
  UTSMode: 'host',
  Ulimits: [{ Name: 'nproc', Soft: -1, Hard: -1 }],
  UsernsMode: 'host',
  VolumeDriver: 'local',
  VolumesFrom: ['other'],
};

/** What goes with a field. */
const also: { readonly [field: string]: readonly string[] } = {
  Memory: ['Labels'],
  NanoCpus: ['Labels'],
  NetworkMode: ['HostConfig.Sysctls', 'NetworkingConfig.EndpointsConfig'],
};

describe('each field of HostConfig', () => {
  test.each(Object.keys(hostFields))('%s', (field) => {
    const value = hostFields[field];
    expect(host({ [field]: value }).filter((setting) => !also[field]?.includes(setting))).toEqual([
      `HostConfig.${field}`,
    ]);
    const later = ofContainer({ [`HostConfig.${field}`]: value });
    // With old control groups it is the engine's own choice.
    if (field !== 'CgroupnsMode') expect(later).toContain(`HostConfig.${field}`);
  });
  test('and those that are still to come', () => {
    expect(host({ HostProcess: true, NewThing: { a: 1 }, Other: [] })).toEqual([
      'HostConfig.HostProcess',
      'HostConfig.NewThing',
    ]);
    // Go reads names of any case.
    expect(host({ privileged: true, CAPADD: ['ALL'] })).toEqual([
      'HostConfig.privileged',
      'HostConfig.CAPADD',
    ]);
  });
  test.each(Object.keys(hostFields))('%s of a type that nobody expects', (field) => {
    for (const value of [7.5, 'odd', { odd: 1 }, [{ odd: 1 }], [7]]) {
      const isTheirs = (field === 'CpusetMems' || field === 'ConsoleSize') && value === 'odd';
      if (!isTheirs) expect(host({ [field]: value }), JSON.stringify(value)).toContain(`HostConfig.${field}`);
    }
  });
});

describe('each field of the configuration', () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ['User', '0:0'],
    ['User', '1000'],
    ['User', ''],
    ['User', '1000:100 '],
    ['User', '1001:100'],
    ['User', undefined],
    ['Domainname', 'example.org'],
    ['MacAddress', '02:00:00:00:00:01'],
    ['WorkingDir', '/proc/self/fd/8'],
    ['WorkingDir', '/x/../proc/1'],
    ['WorkingDir', '//dev'],
    ['WorkingDir', 'proc'],
    ['Hostname', '-x'],
    ['StopTimeout', 86_400],
    ['Volumes', { '/x': {} }],
    ['Healthcheck', { Test: ['CMD-SHELL', 'id'] }],
    ['Runtime', 'x'],
    ['hostconfig', { Privileged: true }],
    ['user', '0:0'],
    ['Env', null],
    ['Env', 'A=1'],
  ];
  test.each(rows)('%s: %j', (field, value) => expect(ofRequest({ [field]: value })).toEqual([field]));

  test.each<readonly [string, unknown]>([
    ['Hostname', 'web-1'],
    ['StopTimeout', 60],
    ['StopSignal', 'SIGTERM'],
    ['WorkingDir', '/procs'],
    ['WorkingDir', '/home/alice/proc'],
    ['Healthcheck', { Test: ['NONE'] }],
    ['Entrypoint', ['/bin/sh']],
    ['Cmd', null],
    ['Shell', ['/bin/sh']],
  ])('fine: %s: %j', (field, value) => expect(ofRequest({ [field]: value })).toEqual([]));

  const named = (name: unknown, image: unknown = `sha256:${'e'.repeat(64)}`, more: More = {}) =>
    ofRequest({ Image: image, Labels: { ...Object(request()['Labels']), 'userdocker.image': name } }, more);
  test.each(['localhost/alice/tool:1', 'nvcr.io/nvidia/pytorch:24.01-py3', 'debian:12'])(
    'fine: an image called %s',
    (name) => {
      expect(named(name)).toEqual([]);
      expect(named(name, name)).toEqual([]);
      // Not the one that was looked at.
      expect(named(name, 'other:1')).toEqual(['Image']);
      expect(named(name, null)).toEqual(['Image']);
    },
  );
  test.each(['localhost/bob/tool:1', '0/x:1', '', 'sha256:0', 'f'.repeat(64)])(
    'not an image called %j',
    (name) => {
      expect(named(name)).toEqual(['Image']);
    },
  );
  test('each of several rules for images counts', () => {
    const yaml = "images: {allowed: ['ubuntu:.*', 'debian:.*']}";
    expect(named('debian:12', 'ubuntu:1', { yaml })).toEqual(['Image']);
    expect(named('debian:12', 'debian:12', { yaml })).toEqual([]);
    expect(named('alpine:3', 'alpine:3', { yaml })).toEqual(['Image']);
  });
  test('the engine’s own choice of a name is nobody’s', () => {
    const yaml = "args: {run: {available+: ['--network=host']}}";
    const network = { 'HostConfig.NetworkMode': 'host', 'HostConfig.Sysctls': null };
    const names = { 'NetworkSettings.Networks': { host: {} }, 'Config.Hostname': '-node' };
    expect(
      ofContainer({ ...Object.fromEntries(Object.entries({ ...network, ...names })) }, { yaml }),
    ).toEqual([]);
    const asked = { ...network, Hostname: '-node', NetworkingConfig: null };
    expect(ofRequest(asked, { yaml })).toEqual(['Hostname']);
    expect(ofContainer({ 'Config.Hostname': 'd'.repeat(12) })).toEqual([]);
    expect(ofContainer({ 'Config.Hostname': '-d' })).toEqual(['Hostname']);
    expect(ofContainer({ 'Config.Hostname': 5 })).toEqual(['Hostname']);
  });
  test('an image may say what a user may not', () => {
    expect(ofContainer({ 'Config.StopTimeout': 86_400, 'Config.StopSignal': 'SIGSTOP now' })).toEqual([]);
    expect(ofContainer({ 'Config.Hostname': 'another' })).toEqual([]);
    expect(ofContainer({ 'Config.Hostname': '-another' })).toEqual(['Hostname']);
    expect(ofContainer({ 'Config.WorkingDir': '/proc/self/fd/8' })).toEqual(['WorkingDir']);
  });
});

describe('the environment', () => {
  const env = (...more: readonly string[]): Json => ({
    Env: ['USERDOCKER_USER=alice', 'USERDOCKER_UID=1000', 'NVIDIA_VISIBLE_DEVICES=void', ...more],
  });
  test.each([
    ['A=1'],
    ['NVIDIA_VISIBLE_DEVICES=none'],
    ['NVIDIA_MIG_CONFIG_DEVICES='],
    ['DOCKER_RESOURCE_GPU=void'],
    ['DOCKER_RESOURCE_GPU='],
    ['NVIDIA_DRIVER_CAPABILITIES=all'],
    ['MY_NVIDIA_GDS=1'],
    ['NVIDIA_GDS_PATH=1'],
    ['USERDOCKER_USER=alice'],
  ])('fine: %s', (variable) => expect(ofRequest(env(variable))).toEqual([]));
  test.each([
    ['NVIDIA_VISIBLE_DEVICES=all'],
    ['NVIDIA_VISIBLE_DEVICES=GPU-1'],
    ['NVIDIA_VISIBLE_DEVICES='],
    ['NVIDIA_VISIBLE_DEVICES'],
    ['NVIDIA_MIG_CONFIG_DEVICES=all'],
    ['NVIDIA_IMEX_CHANNELS=0'],
    ['NVIDIA_GDS=enabled'],
    ['DOCKER_RESOURCE_GPU=all'],
    ['USERDOCKER_USER=bob'],
    ['USERDOCKER_UID=0'],
  ])('not: %s, before or after the right one', (variable) => {
    expect(ofRequest(env(variable))).toEqual(['Env']);
    const { Env: right } = env();
    expect(ofRequest({ Env: [variable, ...(Array.isArray(right) ? right : [])] })).toEqual(['Env']);
  });
  test.each([0, 1, 2])('each of the three must be there (%i)', (index) => {
    const { Env: all } = env();
    expect(ofRequest({ Env: Array.isArray(all) ? all.toSpliced(index, 1) : [] })).toEqual(['Env']);
  });
  test('env_always', () => {
    const yaml = 'env_always: {PROXY: "a=b"}';
    expect(ofRequest(env('PROXY=a=b'), { yaml })).toEqual([]);
    for (const variable of ['PROXY=a', 'PROXY=', 'OTHER=a=b'])
      expect(ofRequest(env(variable), { yaml })).toEqual(['Env']);
  });
});

describe('labels', () => {
  const label = (name: string, value: unknown, more: More = {}) => {
    const { Labels: labels } = request();
    return ofRequest({ Labels: { ...(typeof labels === 'object' ? labels : {}), [name]: value } }, more);
  };
  test.each([
    'userdocker.uid',
    'userdocker.user',
    'userdocker.nonce',
    'userdocker.gpus',
    'userdocker.memory',
    'userdocker.cpus',
  ])('%s is what it must be', (name) => {
    expect(label(name, 'x')).toEqual(
      name === 'userdocker.nonce' ? ['Labels', 'HostConfig.ContainerIDFile'] : ['Labels'],
    );
  });
  test('what a container counts for is what it may use', () => {
    const labels = {
      ...Object(request()['Labels']),
      'userdocker.memory': '1073741824',
      'userdocker.cpus': '1.5',
    };
    expect(ofRequest({ Labels: labels, 'HostConfig.Memory': 2 ** 30, 'HostConfig.NanoCpus': 15e8 })).toEqual(
      [],
    );
    expect(ofRequest({ Labels: labels, 'HostConfig.Memory': 2 ** 31, 'HostConfig.NanoCpus': 15e8 })).toEqual([
      'Labels',
    ]);
    expect(ofRequest({ Labels: labels, 'HostConfig.Memory': 2 ** 30, 'HostConfig.NanoCpus': 2e9 })).toEqual([
      'Labels',
    ]);
    expect(host({ Memory: 2 ** 30 })).toEqual(['Labels']);
  });
  test.each(['project', 'Project_1', 'my-label'])('of the user: %s', (name) =>
    expect(label(name, 'x')).toEqual([]),
  );
  test.each([
    'com.docker.compose.project',
    'traefik.enable',
    'userdocker.other',
    'UserDocker.uid',
    'userdocker',
    '-x',
  ])('not of the user: %s', (name) => expect(label(name, 'x')).toEqual(['Labels']));
  test('none at all', () => expect(ofRequest({ Labels: null })).toContain('Labels'));
  test('an image’s own are no business of the policy', () => {
    const labels = { ...Object(request()['Labels']), 'traefik.enable': 'true' };
    expect(ofContainer({ 'Config.Labels': labels })).toEqual([]);
  });
  test('somebody else’s container', () => {
    expect(found(request(), { caller: bob })).toEqual(expect.arrayContaining(['User', 'Env', 'Labels']));
  });
});

describe('confinement', () => {
  test.each<readonly [string, Json, string]>([
    ['all spellings of the same', { CapDrop: ['all'], SecurityOpt: ['no-new-privileges:true'] }, ''],
    ['all spellings of the same', { SecurityOpt: ['no-new-privileges=true'] }, ''],
    ['what the policy adds', { CapAdd: ['CAP_SYS_PTRACE'] }, 'caps_add: [SYS_PTRACE]'],
    ['more dropped than need be', { CapDrop: ['ALL', 'CHOWN'] }, ''],
    ['fewer groups', { GroupAdd: ['2000'] }, ''],
    ['no groups', { GroupAdd: null }, ''],
    ['no new privileges all the same', {}, 'no_new_privileges: false'],
    ['fewer processes', { PidsLimit: 10 }, ''],
    ['any number of processes', { PidsLimit: null }, 'limits: {pids: null}'],
    ['an admin’s runtime', { Runtime: 'runsc' }, "args: {run: {always+: ['--runtime=runsc']}}"],
    [
      'an admin’s device',
      { Devices: [{ PathOnHost: '/dev/fuse', PathInContainer: '/dev/fuse', CgroupPermissions: 'rwm' }] },
      "args: {run: {available+: ['--device=/dev/fuse']}}",
    ],
    ['an admin’s memory of processes', { PidMode: 'host' }, "args: {run: {available+: ['--pid=host']}}"],
    ['an admin’s dns', { Dns: ['192.0.2.1'] }, "args: {run: {default+: ['--dns=192.0.2.1']}}"],
    ['an admin’s host', { ExtraHosts: ['a:192.0.2.1'] }, "args: {run: {available+: ['--add-host=']}}"],
    [
      'privileged, where an admin says so',
      { Privileged: true, MaskedPaths: [], ReadonlyPaths: [] },
      'args: {run: {available+: [--privileged]}}',
    ],
  ])('fine: %s', (_what, changes, yaml = '') => expect(host(changes, { yaml })).toEqual([]));

  test.each<readonly [string, Json, string]>([
    ['CapDrop', { CapDrop: [] }, ''],
    ['CapDrop', { CapDrop: ['CHOWN'] }, ''],
    ['CapDrop', { CapDrop: ['CHOWN'] }, 'caps_drop: [CHOWN, NET_RAW]'],
    ['CapAdd', { CapAdd: ['ALL'] }, ''],
    ['CapAdd', { CapAdd: ['cap_sys_admin'] }, 'caps_add: [SYS_PTRACE]'],
    ['SecurityOpt', { SecurityOpt: null }, ''],
    ['SecurityOpt', { SecurityOpt: [] }, ''],
    ['SecurityOpt', { SecurityOpt: ['no-new-privileges:false'] }, ''],
    ['SecurityOpt', { SecurityOpt: ['no-new-privileges', 'no-new-privileges=false'] }, ''],
    ['SecurityOpt', { SecurityOpt: ['no-new-privileges', 'label=disable'] }, ''],
    ['SecurityOpt', { SecurityOpt: ['no-new-privileges', 'apparmor=unconfined'] }, ''],
    ['GroupAdd', { GroupAdd: ['2000', '4'] }, ''],
    ['GroupAdd', { GroupAdd: ['docker'] }, ''],
    ['GroupAdd', { GroupAdd: ['2000'] }, 'groups_in_container: false'],
    ['PidsLimit', { PidsLimit: 4097 }, ''],
    ['PidsLimit', { PidsLimit: 0 }, ''],
    ['PidsLimit', { PidsLimit: null }, ''],
    ['IpcMode', { IpcMode: 'container:x' }, ''],
    ['IpcMode', { IpcMode: 'shareable' }, ''],
    ['PidMode', { PidMode: 'container:x' }, ''],
    ['MaskedPaths', { MaskedPaths: ['/proc/kcore'] }, ''],
    ['ReadonlyPaths', { ReadonlyPaths: ['/proc/bus', '/proc/sys'] }, ''],
    ['Runtime', { Runtime: 'nvidia' }, ''],
    [
      'Devices',
      { Devices: [{ PathOnHost: '/dev/sda', PathInContainer: '/dev/fuse', CgroupPermissions: 'rwm' }] },
      "args: {run: {available+: ['--device=/dev/fuse']}}",
    ],
    ['ReadonlyRootfs', { ReadonlyRootfs: false }, 'args: {run: {always+: [--read-only]}}'],
    ['AutoRemove', { AutoRemove: false }, ''],
    ['StorageOpt', { StorageOpt: { a: 'x', size: 5 } }, "args: {run: {available+: ['--storage-opt=']}}"],
    ['Dns', { Dns: ['192.0.2.1', 5] }, "args: {run: {available+: ['--dns=']}}"],
    ['Runtime', { Runtime: '' }, "args: {run: {always+: ['--runtime=runsc']}}"],
    ['MaskedPaths', { MaskedPaths: [] }, 'args: {run: {available+: [--privileged]}}'],
  ])('not: %s %j %s', (setting, changes, yaml = '') => {
    expect(host(changes, { yaml })).toEqual([`HostConfig.${setting}`]);
  });

  test('who runs in it, where the image decides', () => {
    const yaml = 'user_in_container: false';
    expect(ofRequest({ User: '' }, { yaml })).toEqual([]);
    expect(ofRequest({ User: '0' }, { yaml })).toEqual(['User']);
    expect(ofContainer({ 'Config.User': '0' }, { yaml })).toEqual([]);
  });
  test('root is root', () => {
    expect(found(request(), { caller: root })).toContain('User');
  });
  test('a default runtime that gives GPUs gives none', () => {
    expect(ofContainer({ 'HostConfig.Runtime': 'nvidia' })).toEqual([]);
    expect(ofContainer({ 'HostConfig.Runtime': 'io.containerd.runc.v2' })).toEqual([]);
    expect(ofContainer({ 'HostConfig.Runtime': 'kata' })).toEqual(['HostConfig.Runtime']);
  });
});

describe('mounts', () => {
  const bind = (source: string, target: string, more: Json = {}) => ({
    Type: 'bind',
    Source: source,
    Target: target,
    ...more,
  });
  const mounts = (all: readonly unknown[], more: More = {}) => host({ Mounts: all }, more);
  const ok: readonly string[] = [];
  const bad = ['HostConfig.Mounts'];
  const data =
    "volume_mounts: {available: ['/data/**:', '/data/secret:/secret:ro', '/ro/**::ro', '/fixed:/fixed']}";

  test.each([
    ['/data', '/x'],
    ['/data/a/b', '/x/y'],
    ['/fixed', '/fixed'],
    ['/fixed', '/fixed/'],
    ['/home/alice', '/home/alice'],
  ])('fine: %s at %s', (source, target) =>
    expect(mounts([bind(source, target)], { yaml: data })).toEqual(ok),
  );
  test.each([
    ['/', '/x'],
    ['/database', '/x'],
    ['/data/../etc', '/x'],
    ['/data/', '/x'],
    ['data', '/x'],
    ['', '/x'],
    ['/fixed', '/else'],
    ['/fixed/below', '/fixed'],
    ['/home/alice', '/x'],
    ['/home/bob', '/home/alice'],
    ['/data', '/'],
    ['/data', ''],
    ['/data', 'x'],
    ['/data', '/proc'],
    ['/data', '/x/../proc/sys'],
    ['/data', '//dev/shm'],
    ['/data', '/sys'],
    ['/data', '/var/run/nvidia-container-devices/all'],
    ['/var/run/docker.sock', '/x'],
  ])('not: %s at %s', (source, target) =>
    expect(mounts([bind(source, target)], { yaml: data })).toEqual(bad),
  );

  test('what only may be read', () => {
    const readOnly = { ReadOnly: true };
    for (const [source, target] of [
      ['/ro/x', '/x'],
      ['/data/secret', '/secret'],
    ] as const) {
      expect(mounts([bind(source, target, readOnly)], { yaml: data })).toEqual(ok);
      expect(mounts([bind(source, target)], { yaml: data })).toEqual(bad);
      expect(mounts([bind(source, target, { ReadOnly: 'yes' })], { yaml: data })).toEqual(bad);
    }
    // Elsewhere the tree's own rule decides.
    expect(mounts([bind('/data/secret', '/x')], { yaml: data })).toEqual(ok);
    expect(mounts([bind('/data', '/x', readOnly)], { yaml: data })).toEqual(ok);
  });
  test.each<readonly [Json, readonly string[]]>([
    [{ BindOptions: { Propagation: 'rprivate' } }, ok],
    [{ BindOptions: { ReadOnlyForceRecursive: true }, ReadOnly: true }, ok],
    [{ BindOptions: { NonRecursive: true } }, bad],
    [{ Consistency: 'default' }, ok],
    [{ BindOptions: { Propagation: 'rshared' } }, bad],
    [{ BindOptions: { Propagation: 'slave' } }, bad],
    [{ BindOptions: { CreateMountpoint: true } }, bad],
    [{ BindOptions: { ReadOnlyNonRecursive: true }, ReadOnly: true }, bad],
    [{ BindOptions: { NewThing: true } }, bad],
    [{ VolumeOptions: { DriverConfig: { Name: 'local' } } }, bad],
    [{ TmpfsOptions: { SizeBytes: 1 } }, bad],
    [{ ImageOptions: { Subpath: 'x' } }, bad],
    [{ Type: 'volume' }, bad],
    [{ Type: 'npipe' }, bad],
    [{ Type: 'image' }, bad],
    [{ Type: 'cluster' }, bad],
    [{ Type: undefined }, bad],
  ])('with %j', (more, expected) => {
    expect(mounts([bind('/data', '/x', more)], { yaml: data })).toEqual(expected);
  });
  test.each<readonly [Json, readonly string[]]>([
    [{}, ok],
    [{ TmpfsOptions: { SizeBytes: 1024, Mode: 0o1777 } }, ok],
    [{ TmpfsOptions: { Mode: 0o4755 } }, bad],
    [{ TmpfsOptions: { Mode: '1777' } }, bad],
    [{ TmpfsOptions: { SizeBytes: -1 } }, bad],
    [{ TmpfsOptions: { Options: [['suid']] } }, bad],
    [{ Source: '/etc' }, bad],
    [{ Target: '/dev' }, bad],
    [{ Target: '/proc/acpi' }, bad],
    [{ BindOptions: { Propagation: 'shared' } }, bad],
  ])('a tmpfs with %j', (more, expected) => {
    expect(mounts([{ Type: 'tmpfs', Target: '/x', ...more }])).toEqual(expected);
  });
  test.each([
    ['exec,nosuid,nodev,size=1048576,mode=1777', true],
    ['', true],
    ['suid', false],
    ['exec,dev', false],
    ['uid=0', false],
    ['mode=4755', false],
    ['size=50%', false],
    ['size=0x10', false],
  ])('--tmpfs with %j', (options, fine) => {
    expect(host({ Tmpfs: { '/x': options } })).toEqual(fine ? [] : ['HostConfig.Tmpfs']);
    expect(host({ Tmpfs: { '/sys': options } })).toEqual(['HostConfig.Tmpfs']);
    expect(host({ Tmpfs: { '/x': options } }, { yaml: "args: {run: {available-: ['--tmpfs=']}}" })).toContain(
      'HostConfig.Tmpfs',
    );
  });

  test('a pin stands for what it shows', () => {
    const pin = '/run/userdocker/pins/1000/x/0';
    const pins = (path: string) => new Map([[pin, path]]);
    expect(mounts([bind(pin, '/x')], { yaml: data, pins: pins('/data/a') })).toEqual(ok);
    expect(mounts([bind(pin, '/x')], { yaml: data, pins: pins('/etc') })).toEqual(bad);
    expect(mounts([bind(pin, '/x')], { yaml: data })).toEqual(bad);
    expect(mounts([bind(`${pin}/..`, '/x')], { yaml: data, pins: pins('/data/a') })).toEqual(bad);
  });
  test('a rule’s path may lead over a link', () => {
    const hosts = new Map([['/data', '/mnt/data']]);
    expect(mounts([bind('/mnt/data/a', '/x')], { yaml: data, hosts })).toEqual(ok);
    expect(mounts([bind('/mnt/data/a', '/x')], { yaml: data })).toEqual(bad);
    expect(mounts([bind('/mnt/database', '/x')], { yaml: data, hosts })).toEqual(bad);
  });
  test('a rule for everything does not mean the kernel’s own', () => {
    const yaml = "volume_mounts: {available: ['/**:']}";
    expect(mounts([bind('/srv/x', '/x')], { yaml })).toEqual(ok);
    expect(mounts([bind('/', '/x')], { yaml })).toEqual(ok);
    expect(mounts([bind('/proc/1', '/x')], { yaml })).toEqual(bad);
    expect(mounts([bind('/dev', '/x')], { yaml })).toEqual(bad);
  });
  test('with GPUs, free targets stay out of the toolkit’s way', () => {
    const gpus = ['GPU-1'];
    const label = { ...Object(request()['Labels']), 'userdocker.gpus': 'GPU-1' };
    const withGpu = (all: readonly unknown[]) =>
      ofRequest({ 'HostConfig.Mounts': all, Labels: label }, { yaml: data, gpus });
    for (const target of [
      '/usr',
      '/usr/lib/x86_64-linux-gnu',
      '/lib64',
      '/etc',
      '/etc/ld.so.cache',
      '/run/nvidia-persistenced',
      '/var',
    ])
      expect(withGpu([bind('/data', target)]), target).toEqual(bad);
    for (const target of [
      '/work',
      '/usr/local/lib',
      '/home/x',
      '/opt',
      '/binaries',
      '/usr/binary',
      '/etc/nvidiax',
      '/x/bin',
      '/varx',
    ])
      expect(withGpu([bind('/data', target)]), target).toEqual(ok);
    expect(mounts([bind('/data', '/usr')], { yaml: data })).toEqual(ok);
  });
  test('what the policy always mounts is there', () => {
    const yaml = "volume_mounts: {always: ['/etc/motd:/motd:ro', '/a:/x', '/b:/x']}";
    const motd = bind('/etc/motd', '/motd', { ReadOnly: true });
    expect(mounts([motd, bind('/b', '/x')], { yaml })).toEqual(ok);
    expect(mounts([motd, bind('/b', '/x', { ReadOnly: true })], { yaml })).toEqual(ok);
    expect(mounts([motd], { yaml })).toEqual(bad);
    expect(mounts([motd, bind('/a', '/x')], { yaml })).toEqual(bad);
    expect(mounts([bind('/etc/motd', '/motd'), bind('/b', '/x')], { yaml })).toEqual(bad);
    expect(mounts([{ Type: 'tmpfs', Target: '/motd' }, bind('/b', '/x')], { yaml })).toEqual(bad);
  });
  test('a rule for one target goes before a free one', () => {
    const yaml = "volume_mounts: {available: ['/a:', '/a:/x:ro']}";
    expect(mounts([bind('/a', '/x')], { yaml })).toEqual(bad);
    expect(mounts([bind('/a', '/x', { ReadOnly: true })], { yaml })).toEqual(ok);
    expect(mounts([bind('/a', '/y')], { yaml })).toEqual(ok);
  });
  test('a path of an enforced mount may lead over a link, too', () => {
    const yaml = "volume_mounts: {always: ['/data:/x']}";
    const hosts = new Map([['/data', '/mnt/data']]);
    expect(mounts([bind('/mnt/data', '/x')], { yaml, hosts })).toEqual(ok);
    expect(mounts([bind('/mnt/else', '/x')], { yaml, hosts })).toEqual(bad);
    expect(mounts([], { yaml, hosts })).toEqual(bad);
  });
  test.each([['x'], [5], [null], [[]]])('%j is no mount', (mount) => expect(mounts([mount])).toEqual(bad));
});

describe('a health check', () => {
  const yaml =
    'args: {run: {available+: [--health-cmd=, --health-interval=30s, {flag: --health-retries, max: 9}]}}';
  const check = { Test: ['CMD-SHELL', 'curl x'], Interval: 30e9, Retries: 3 };
  test.each([
    [check, []],
    [{ Test: ['NONE'] }, []],
    [{ ...check, Interval: 31e9 }, ['Healthcheck']],
    [{ ...check, Retries: 10 }, ['Healthcheck']],
    [{ ...check, Timeout: 1e9 }, ['Healthcheck']],
    [{ ...check, Later: 1 }, ['Healthcheck']],
    [{ ...check, Test: ['CMD', 'curl', 'x'] }, ['Healthcheck']],
    [{ ...check, Test: ['CMD-SHELL', 'a', 'b'] }, ['Healthcheck']],
    ['none', ['Healthcheck']],
  ])('%j', (value, expected) => {
    expect(ofRequest({ Healthcheck: value }, { yaml })).toEqual(expected);
  });
  test('is not to be had where no entry allows it', () =>
    expect(ofRequest({ Healthcheck: check })).toEqual(['Healthcheck']));
});

describe('networks and ports', () => {
  describe('a pattern for ranges', () => {
    const yaml = "allowed_port_mappings: ['80[0-9]{2}-80[0-9]{2}:[0-9]+-[0-9]+', '[0-9]+-[0-9]+/udp']";
    const row = (ports: readonly (readonly [number | string, number | string])[], protocol = 'tcp') =>
      Object.fromEntries(
        ports.map(([inside, HostPort]) => [
          `${inside}/${protocol}`,
          [{ HostIp: '', HostPort: String(HostPort) }],
        ]),
      );
    test.each([
      [
        'a row',
        row([
          [80, 8000],
          [81, 8001],
          [82, 8002],
        ]),
        true,
      ],
      ['one alone', row([[80, 8000]]), false],
      [
        'a gap',
        row([
          [80, 8000],
          [82, 8002],
        ]),
        false,
      ],
      [
        'out of step',
        row([
          [80, 8000],
          [81, 8005],
        ]),
        false,
      ],
      [
        'a row and one more',
        row([
          [80, 8000],
          [81, 8001],
          [90, 8090],
        ]),
        false,
      ],
      [
        'a row that begins elsewhere',
        row([
          [80, 7999],
          [81, 8000],
        ]),
        false,
      ],
      [
        'another protocol',
        row(
          [
            [80, 8000],
            [81, 8001],
          ],
          'sctp',
        ),
        false,
      ],
      [
        'ports of the engine’s choice',
        row(
          [
            [80, ''],
            [81, ''],
          ],
          'udp',
        ),
        true,
      ],
      [
        'an address more',
        { '80/tcp': [{ HostIp: '1.2.3.4', HostPort: '8000' }], ...row([[81, 8001]]) },
        false,
      ],
    ] as const)('%s', (_, bindings, isGood) => {
      expect(host({ PortBindings: bindings }, { yaml })).toEqual(isGood ? [] : ['HostConfig.PortBindings']);
    });
  });
  const lab = "args: {run: {available+: ['--network=lab']}}";
  const none = "args: {run: {always+: ['--network=none']}}";
  test.each<readonly [string, string, string, boolean]>([
    ['', 'bridge', 'bridge', true],
    ['', 'none', 'none', true],
    ['', 'default', 'bridge', true],
    ['', 'lab', 'lab', false],
    ['', 'host', 'host', false],
    ['', 'container:x', 'default', false],
    [lab, 'lab', 'lab', true],
    [lab, 'lab', 'other', false],
    [lab, 'none', 'lab', false],
    [lab, 'default', 'lab', false],
    [none, 'none', 'none', true],
    [none, 'default', 'default', false],
    [none, 'none', 'bridge', false],
  ])('%s: mode %s with an endpoint in %s', (yaml, mode, network, fine) => {
    const settings = ofRequest(
      { 'HostConfig.NetworkMode': mode, 'NetworkingConfig.EndpointsConfig': { [network]: null } },
      { yaml },
    );
    const isHost = mode === 'host' || mode.startsWith('container:');
    expect(settings.filter((setting) => !isHost || !/Sysctls/.test(setting)).length === 0).toBe(fine);
    const later = ofContainer(
      { 'HostConfig.NetworkMode': mode, 'NetworkSettings.Networks': { [network]: {} } },
      { yaml },
    );
    expect(later.filter((setting) => !isHost || !/Sysctls/.test(setting)).length === 0).toBe(fine);
  });
  test.each([
    { IPAMConfig: { IPv4Address: '172.17.0.9' } },
    { IPAMConfig: { IPv6Address: '::9' } },
    { IPAMConfig: { LinkLocalIPs: ['169.254.0.9'] } },
    { Aliases: ['db'] },
    { Links: ['db:db'] },
    { MacAddress: '02:00:00:00:00:01' },
    { DriverOpts: { x: 'y' } },
    { IPAddress: '172.17.0.9' },
    { NewThing: 1 },
  ])('an endpoint can’t ask for %j', (endpoint) => {
    expect(ofRequest({ 'NetworkingConfig.EndpointsConfig': { default: endpoint } })).toEqual([
      'NetworkingConfig.EndpointsConfig',
    ]);
  });
  test('a second network of an admin’s making', () => {
    expect(ofContainer({ 'NetworkSettings.Networks': { bridge: {}, lab: {} } })).toEqual([
      'NetworkSettings.Networks',
    ]);
    expect(ofRequest({ NetworkingConfig: { NewThing: 1 } })).toEqual(['NetworkingConfig']);
  });

  const port = (ip: string, number: string) => ({ HostIp: ip, HostPort: number });
  test.each<readonly [string, unknown, boolean]>([
    ['80/tcp', [port('', '')], true],
    ['80/tcp', [port('127.0.0.1', '')], true],
    ['80/tcp', null, true],
    ['80/tcp', [], true],
    ['80/tcp', [port('0.0.0.0', '')], false],
    ['80/tcp', [port('127.0.0.1', '80')], false],
    ['80/tcp', [port('', '8080')], false],
    ['53/udp', [port('', '')], false],
    ['80/tcp', [port('', ''), port('', '8080')], false],
    ['80/tcp', [null], false],
    ['80/tcp', 'x', false],
  ])('%s at %j', (inside, at, fine) => {
    expect(host({ PortBindings: { [inside]: at } })).toEqual(fine ? [] : ['HostConfig.PortBindings']);
  });
  test('in every spelling that -p has', () => {
    const allows = (pattern: string, ip: string, number: string) =>
      host(
        { PortBindings: { '80/tcp': [port(ip, number)] } },
        { yaml: `allowed_port_mappings: ['${pattern}']` },
      ).length === 0;
    expect(allows('8080:80', '', '8080')).toBe(true);
    expect(allows('8080:80/tcp', '', '8080')).toBe(true);
    expect(allows('\\[::1\\]::80', '::1', '')).toBe(true);
    expect(allows('127\\.0\\.0\\.1:8080:80', '127.0.0.1', '8080')).toBe(true);
    expect(allows('8080:80', '', '80801')).toBe(false);
    expect(allows('8080:8', '', '8080')).toBe(false);
    expect(allows('a|8080', '', '8080')).toBe(false);
  });
  test('no more than the policy allows', () => {
    const all = Object.fromEntries(
      Array.from({ length: 17 }, (_, index) => [`${index + 1}/tcp`, [port('', '')]]),
    );
    const { '17/tcp': _one, ...fewer } = all;
    expect(host({ PortBindings: fewer })).toEqual([]);
    expect(host({ PortBindings: all })).toEqual(['HostConfig.PortBindings']);
    expect(host({ PortBindings: { '80/tcp': Array(17).fill(port('', '')) } })).toEqual([
      'HostConfig.PortBindings',
    ]);
  });
  test('sysctls: those of the policy, and no others', () => {
    const own = { 'net.ipv4.ip_unprivileged_port_start': '1024' };
    expect(host({ Sysctls: {} })).toEqual(['HostConfig.Sysctls']);
    expect(host({ Sysctls: { ...own, 'net.ipv4.ip_forward': '1' } })).toEqual(['HostConfig.Sysctls']);
    const yaml = "args: {run: {available+: ['--sysctl=net.ipv4.ip_forward=1']}}";
    expect(host({ Sysctls: { ...own, 'net.ipv4.ip_forward': '1' } }, { yaml })).toEqual([]);
    const both = 'sysctls: {net.ipv4.ping_group_range: "0 0"}';
    expect(host({ Sysctls: { ...own, 'net.ipv4.ping_group_range': '0 0' } }, { yaml: both })).toEqual([]);
    expect(host({ Sysctls: own }, { yaml: both })).toEqual(['HostConfig.Sysctls']);
    const hostNetwork =
      "{args: {run: {available+: ['--network=host']}}, sysctls: {kernel.shm_rmid_forced: 1}}";
    const shared = { NetworkMode: 'host' };
    const sysctls = (given: Json) =>
      ofRequest(
        { 'HostConfig.NetworkMode': 'host', 'HostConfig.Sysctls': given, NetworkingConfig: null },
        { yaml: hostNetwork },
      );
    expect(shared).toBeDefined();
    expect(sysctls({ 'kernel.shm_rmid_forced': '1' })).toEqual([]);
    expect(sysctls({})).toEqual(['HostConfig.Sysctls']);
  });
});

describe('resources', () => {
  const g = 2 ** 30;
  const alone = (changes: Json, yaml = '') =>
    host(changes, { yaml }).filter((setting) => setting !== 'Labels');
  const run = (entries: string) => `args: {run: {available: [--rm, ${entries}]}}`;
  test.each<readonly [string, Json, string]>([
    ['within', { Memory: 16 * g }, run('{flag: --memory, max: 16g}')],
    ['by its other name', { Memory: 16 * g }, run('{flag: -m, max: 16g}')],
    ['one of', { Memory: 16 * g }, run("['--memory=8g', =16g]")],
    ['one of, spelled otherwise', { Memory: 16 * g }, run("'--memory=16384m'")],
    ['matching', { Memory: 16 * g }, run("{flag: --memory, pattern: '[0-9]{1,2}g'}")],
    ['any', { Memory: 2 ** 50 }, run('--memory=')],
    ['the engine’s own swap', { Memory: g, MemorySwap: 2 * g }, ''],
    ['CPUs', { NanoCpus: 1.5e9 }, run('{flag: --cpus, max: 1.5}')],
    [
      'the default share',
      { NanoCpus: 2e9, CpusetCpus: '0,7' },
      '{cpus_default: 2, args: {run: {available: [--rm]}}}',
    ],
    ['an enforced share', { Memory: 4 * g }, "args: {run: {always+: ['--memory=4g']}}"],
    [
      'ulimits',
      {
        Ulimits: [
          { Name: 'nofile', Soft: 10, Hard: 20 },
          { Name: 'nproc', Soft: 8192, Hard: 8192 },
          { Name: 'memlock', Soft: -1, Hard: -1 },
        ],
      },
      '',
    ],
    ['shares', { CpuShares: 512 }, ''],
    ['processors', { CpusetCpus: '0-3,8' }, ''],
    ['in the limits', { Memory: 4 * g, NanoCpus: 4e9 }, 'limits: {memory: 4g, cpus: 4}'],
  ])('fine: %s %j', (_what, changes, yaml) => expect(alone(changes, yaml)).toEqual([]));
  test.each<readonly [string, Json, string]>([
    ['Memory', { Memory: 16 * g + 1 }, run('{flag: --memory, max: 16g}')],
    ['Memory', { Memory: 16 * g }, run('--init')],
    ['Memory', { Memory: 7 * g }, run("['--memory=8g', =16g]")],
    ['Memory', { Memory: 160 * g }, run("{flag: --memory, pattern: '[0-9]{1,2}g'}")],
    ['Memory', { Memory: -1 }, ''],
    ['Memory', { Memory: '16g' }, ''],
    ['Memory', { Memory: 0 }, "args: {run: {always+: ['--memory=4g']}}"],
    ['Memory', { Memory: 5 * g }, "args: {run: {always+: ['--memory=4g']}}"],
    ['Memory', { Memory: 0 }, 'limits: {memory: 4g}'],
    ['Memory', { Memory: 5 * g }, 'limits: {memory: 4g}'],
    ['MemorySwap', { Memory: g, MemorySwap: 3 * g }, ''],
    ['MemorySwap', { MemorySwap: g }, ''],
    ['NanoCpus', { NanoCpus: 1.6e9 }, run('{flag: --cpus, max: 1.5}')],
    ['NanoCpus', { NanoCpus: 3e9 }, '{cpus_default: 2, args: {run: {available: [--rm]}}}'],
    ['NanoCpus', { NanoCpus: 0 }, 'limits: {cpus: 4}'],
    ['NanoCpus', { NanoCpus: 5e9 }, 'limits: {cpus: 4}'],
    ['CpusetCpus', { CpusetCpus: '0,1' }, run('--init')],
    ['Ulimits', { Ulimits: [{ Name: 'nofile', Soft: 10, Hard: 1e8 }] }, ''],
    ['Ulimits', { Ulimits: [{ Name: 'core', Soft: -1, Hard: -1 }] }, ''],
    ['Ulimits', { Ulimits: [{ Name: 'nproc', Soft: 2 ** 23, Hard: 2 ** 23 }] }, ''],
    [
      'Ulimits',
      {
        Ulimits: [
          { Name: 'nofile', Soft: 1, Hard: 1 },
          { Name: 'nproc', Soft: 1, Hard: 2 },
        ],
      },
      '',
    ],
    ['CpuShares', { CpuShares: 1025 }, ''],
    ['ShmSize', { ShmSize: 257 * g }, ''],
  ])('not: %s %j %s', (setting, changes, yaml) =>
    expect(alone(changes, yaml)).toEqual([`HostConfig.${setting}`]),
  );
});

test('root has no limits to keep to', () => {
  const yaml = 'limits: {memory: 1g, cpus: 1}';
  const about = /^HostConfig\.(?:Memory|NanoCpus)$/;
  expect(found(request(), { yaml, caller: root }).filter((setting) => about.test(setting))).toEqual([]);
  expect(found(request(), { yaml }).filter((setting) => about.test(setting))).toHaveLength(2);
});

test('the old nvidia-docker always asks for its runtime', () => {
  const yaml = 'executors: {old: {path: /usr/bin/nvidia-docker, gpus: nv_gpu}}';
  expect(host({ Runtime: 'nvidia' }, { yaml })).toEqual([]);
  expect(host({ Runtime: 'nvidia' })).toEqual(['HostConfig.Runtime']);
});

describe('where the output goes', () => {
  const log = (type: string, options: unknown) => ({ LogConfig: { Type: type, Config: options } });
  const usual = { 'max-size': '10m', 'max-file': '3' };
  test.each<readonly [Json, string, boolean]>([
    [log('local', usual), '', true],
    [log('local', {}), '', false],
    [log('local', { ...usual, 'max-size': '10g' }), '', false],
    [log('local', { ...usual, tag: 'x' }), '', false],
    [log('json-file', usual), '', false],
    [log('', {}), '', false],
    [{ LogConfig: null }, '', false],
    [log('', {}), "log_driver: {name: ''}", true],
    [log('syslog', {}), "log_driver: {name: ''}", false],
    [log('', { x: 'y' }), "log_driver: {name: ''}", false],
  ])('%j %s', (changes, yaml, fine) => {
    expect(host(changes, { yaml })).toEqual(fine ? [] : ['HostConfig.LogConfig']);
  });
  test('the engine’s own setting, which an inspected container shows', () => {
    const yaml = "log_driver: {name: ''}";
    expect(
      ofContainer({ 'HostConfig.LogConfig': { Type: 'json-file', Config: { 'max-size': '1m' } } }, { yaml }),
    ).toEqual([]);
  });
});

describe('GPUs', () => {
  const gpus = ['GPU-2', 'GPU-1'];
  const granted = (changes: Json, more: More = {}) => {
    const labels = { ...Object(request()['Labels']), 'userdocker.gpus': 'GPU-2,GPU-1' };
    return ofRequest({ Labels: labels, ...changes }, { gpus, ...more });
  };
  const env = (value: string): Json => ({
    Env: [
      'USERDOCKER_USER=alice',
      'USERDOCKER_UID=1000',
      `NVIDIA_VISIBLE_DEVICES=${value}`,
      `DOCKER_RESOURCE_GPU=${value}`,
    ],
  });
  const asks = (more: Json): Json => ({
    ...env('void'),
    'HostConfig.DeviceRequests': [
      { Driver: '', Count: 0, DeviceIDs: gpus, Capabilities: [['gpu']], Options: {}, ...more },
    ],
  });
  test.each<readonly [string, Json]>([
    ['by the environment', { ...env('GPU-1,GPU-2'), 'HostConfig.Runtime': 'nvidia' }],
    ['by a request', asks({})],
    ['by a request and the environment', { ...asks({}), ...env('GPU-2,GPU-1') }],
    ['one by one', asks({ DeviceIDs: ['GPU-1'] })],
    [
      'by CDI',
      asks({
        Driver: 'cdi',
        DeviceIDs: ['nvidia.com/gpu=GPU-1', 'nvidia.com/gpu=GPU-2'],
        Capabilities: null,
      }),
    ],
  ])('fine: %s', (_what, changes) => expect(granted(changes)).toEqual([]));
  test.each<readonly [string, Json, string]>([
    ['another', env('GPU-3'), 'Env'],
    ['one more', env('GPU-1,GPU-2,GPU-3'), 'Env'],
    ['one less, which somebody else may have by now', env('GPU-1'), 'Env'],
    ['all', env('all'), 'Env'],
    ['a number', asks({ Count: 2, DeviceIDs: null }), 'HostConfig.DeviceRequests'],
    ['all', asks({ Count: -1, DeviceIDs: null }), 'HostConfig.DeviceRequests'],
    ['all, by naming none', asks({ DeviceIDs: [] }), 'HostConfig.DeviceRequests'],
    ['another', asks({ DeviceIDs: ['GPU-3'] }), 'HostConfig.DeviceRequests'],
    [
      'something else than GPUs',
      asks({ Driver: 'cdi', DeviceIDs: ['vendor.com/net=eth0'] }),
      'HostConfig.DeviceRequests',
    ],
    ['more than to compute', asks({ Capabilities: [['gpu', 'ngx']] }), 'HostConfig.DeviceRequests'],
    ['with options', asks({ Options: { x: 'y' } }), 'HostConfig.DeviceRequests'],
    ['of another driver', asks({ Driver: 'vendor' }), 'HostConfig.DeviceRequests'],
    ['with a field to come', asks({ NewThing: true }), 'HostConfig.DeviceRequests'],
    ['not a request', { ...env('void'), 'HostConfig.DeviceRequests': ['all'] }, 'HostConfig.DeviceRequests'],
  ])('not: %s', (_what, changes, setting) => expect(granted(changes)).toEqual([setting]));
  test.each([
    ['nvidia: {max_gpu_count_reservation: 1}', ['gpus']],
    ['nvidia: {max_gpu_count_reservation: 2}', []],
    ['limits: {gpus: 1}', ['gpus']],
    ['limits: {gpus: 2}', []],
    ['nvidia: {allowed_gpus: []}', ['gpus']],
    ['nvidia: {allowed_gpus: [0]}', []],
  ])('two of them with %s', (yaml, expected) => expect(granted(asks({}), { yaml })).toEqual(expected));
});
