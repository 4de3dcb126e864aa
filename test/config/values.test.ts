import { describe, expect, test } from 'vitest';
import { completeExecutor, executorEntry } from '../../src/config/executor-entry.ts';
import { fillLoadTags, loadTags } from '../../src/config/load-tags.ts';
import { driverName, environmentName, executorName, optionName, sysctlName } from '../../src/config/names.ts';
import {
  aboveZero,
  absolutePath,
  allGpus,
  capability,
  decimal,
  dockerHost,
  gpuName,
  integer,
  oneOf,
  orNone,
  type Parse,
  pattern,
  size,
  text,
  truth,
} from '../../src/config/values.ts';
import { sampleVariables, type Variables, variablesOf } from '../../src/config/variables.ts';
import { parseUid } from '../../src/domain/ids.ts';
import { callerNamed, must } from './support.ts';

const g = 1024 ** 3;

interface Table {
  readonly parse: Parse<unknown>;
  readonly yes: readonly (readonly [written: unknown, value: unknown])[];
  readonly no: readonly unknown[];
}
const notText = [null, undefined, [], {}, ['a']];

const tables: { readonly [name: string]: Table } = {
  text: {
    parse: text,
    yes: [
      ['x', 'x'],
      ['', ''],
      [3, '3'],
      [1.5, '1.5'],
      [true, 'true'],
      ['${user}', 'user'],
    ],
    no: [...notText, '${x}'],
  },
  truth: {
    parse: truth,
    yes: [
      [true, true],
      [false, false],
    ],
    no: ['true', 'yes', 1, 0, null, []],
  },
  'integer from 0': {
    parse: integer(0),
    yes: [
      [0, 0],
      [32, 32],
    ],
    no: [-1, 1.5, '1', true, null, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY],
  },
  'integer from -1': {
    parse: integer(-1),
    yes: [
      [-1, -1],
      [0, 0],
    ],
    no: [-2, -1.5, '-1'],
  },
  'integer or none': {
    parse: orNone(integer(1)),
    yes: [
      [null, undefined],
      [1, 1],
    ],
    no: [0, 'null', '', false],
  },
  decimal: {
    parse: decimal,
    yes: [
      [0, 0],
      [1.5, 1.5],
    ],
    no: [-1, '1', Number.NaN, Number.POSITIVE_INFINITY, null],
  },
  size: {
    parse: size,
    yes: [
      ['64g', 64 * g],
      ['64G', 64 * g],
      ['64gb', 64 * g],
      ['64GiB', 64 * g],
      ['10m', 10 * 1024 ** 2],
      ['512k', 512 * 1024],
      ['1.5g', 1.5 * g],
      ['1t', 1024 * g],
      [1048576, 1048576],
      ['100', 100],
      ['100b', 100],
      ['0', 0],
    ],
    no: [
      '',
      'g',
      '-1',
      -1,
      '64q',
      '64gg',
      '1e3',
      '0x10',
      '64 g ',
      ' 64g',
      '9999999p',
      true,
      null,
      [],
      'unlimited',
      '1_000',
      '١k',
    ],
  },
  'size above zero': { parse: aboveZero(size), yes: [['1', 1]], no: ['0', 0, '0g', 'x'] },
  word: {
    parse: oneOf(['default', 'never']),
    yes: [['never', 'never']],
    no: ['Never', 'nevr', '', null, true, 'never ', '${user}'],
  },
  path: {
    parse: absolutePath,
    yes: [
      ['/', '/'],
      ['/usr/bin/docker', '/usr/bin/docker'],
      ['${home}/x', '/home/user/x'],
      ['/a b', '/a b'],
    ],
    no: [
      ...notText,
      '',
      'usr/bin',
      './x',
      '/a/',
      '/a//b',
      '/a/../b',
      '/a/.',
      '~/x',
      '${user}',
      '/a\tb',
      '/${x}',
      5,
    ],
  },
  pattern: {
    parse: pattern,
    yes: [
      ['a|b', 'a|b'],
      ['^[A-Za-z_].*', '^[A-Za-z_].*'],
      ['', ''],
      ['a${user}', 'auser'],
      ['(?<x>a)', '(?<x>a)'],
      [String.raw`\.`, String.raw`\.`],
    ],
    no: [
      '(',
      ')',
      'a)|(b',
      '*',
      '[',
      '[z-a]',
      'a{2,1}',
      '(?P<x>a)',
      String.raw`\A`,
      String.raw`a\Z`,
      String.raw`\_`,
      '\\',
      '${x}',
      '(?i)x(',
      5,
      true,
      ...notText,
    ],
  },
  'docker host': {
    parse: dockerHost,
    yes: [
      ['unix:///var/run/docker.sock', 'unix:///var/run/docker.sock'],
      ['unix:///run/user/${uid}/d.sock', 'unix:///run/user/1000/d.sock'],
    ],
    no: [
      '',
      '/var/run/docker.sock',
      'unix://',
      'unix://run/d.sock',
      'unix:///a/../b',
      'unix:/a',
      'tcp://127.0.0.1:2375',
      'ssh://h',
      'npipe://x',
      'UNIX:///a',
      'fd://',
      null,
    ],
  },
  capability: {
    parse: capability,
    yes: [
      ['ALL', 'ALL'],
      ['all', 'ALL'],
      ['NET_ADMIN', 'NET_ADMIN'],
      ['cap_kill', 'KILL'],
      ['CAP_SYS_PTRACE', 'SYS_PTRACE'],
    ],
    no: ['', 'CAP_', 'NET ADMIN', 'KILL,CHOWN', 'A-B', '--privileged', 5, null, [], '_X'],
  },
  gpu: {
    parse: gpuName,
    yes: [
      [0, '0'],
      [7, '7'],
      ['3', '3'],
      ['GPU-8f2a-3c', 'GPU-8f2a-3c'],
      ['MIG-GPU-8f2a/1/0', 'MIG-GPU-8f2a/1/0'],
      ['MIG-41b3', 'MIG-41b3'],
    ],
    no: [-1, 1.5, '', '01', '-1', 'all', 'ALL', 'gpu-1', 'GPU-', 'GPU-1,2', '0,1', 'GPU-1\n', null, true],
  },
  'all gpus': { parse: allGpus, yes: [['ALL', 'ALL']], no: ['all', '', null, 0, []] },
  'environment variable': {
    parse: environmentName,
    yes: [
      ['HOME', 'HOME'],
      ['_x1', '_x1'],
      ['NCCL_TOPOLOGY', 'NCCL_TOPOLOGY'],
      ['constructor', 'constructor'],
      ['NVIDIA_DRIVER_CAPABILITIES', 'NVIDIA_DRIVER_CAPABILITIES'],
    ],
    no: [
      '',
      '1x',
      'A-B',
      'A B',
      'A=B',
      'Ä',
      'A\n',
      'USERDOCKER',
      'USERDOCKER_UID',
      'NV_GPU',
      'NVIDIA_VISIBLE_DEVICES',
      'NVIDIA_MIG_CONFIG_DEVICES',
    ],
  },
  executor: {
    parse: executorName,
    yes: [
      ['docker', 'docker'],
      ['nvidia-docker', 'nvidia-docker'],
      ['a', 'a'],
      ['docker_2.0', 'docker_2.0'],
    ],
    no: ['', '-a', 'a-', 'a+', 'a/b', 'a b', '__proto__'],
  },
  sysctl: {
    parse: sysctlName,
    yes: [
      ['net.ipv4.ip_unprivileged_port_start', 'net.ipv4.ip_unprivileged_port_start'],
      ['net/ipv4/conf/eth0.1/forwarding', 'net/ipv4/conf/eth0.1/forwarding'],
    ],
    no: ['', 'net', 'net.', '.net', 'net..x', 'net.x-', 'net.x=1', 'net.x y', 'NET.X'],
  },
  'log option': {
    parse: optionName,
    yes: [
      ['max-size', 'max-size'],
      ['tag', 'tag'],
    ],
    no: ['', 'max-', 'a=b', '-a', 'a b'],
  },
  'log driver': {
    parse: driverName,
    yes: [
      ['local', 'local'],
      ['', ''],
      ['grafana/loki-docker-driver:2.9', 'grafana/loki-docker-driver:2.9'],
    ],
    no: ['-x', 'a b', 'a\n', '=x'],
  },
  'load tags': {
    parse: loadTags,
    yes: [
      'localhost/${user}/',
      'localhost/u/${uid}/',
      'registry.lab:5000/x/${user}/y/',
      'localhost:5000/${user}-${uid}/',
    ].map((one) => [one, one] as const),
    no: [
      ...notText,
      '',
      'localhost/',
      'localhost/${user}',
      'localhost/alice/',
      'localhost/${group}/',
      'localhost/${user}/${home}/',
      '${user}/',
      '${user}.example.org/x/',
      'alice/${user}/',
      'library/${user}/',
      'docker.io/${user}/',
      'index.docker.io/x/${user}/',
      '/${user}/',
      'localhost//${user}/',
      'localhost/${user}//',
      'localhost/A/${user}/',
      'localhost/${user}:x/',
      'localhost/${user}_/',
      'localhost/ ${user}/',
      'LOCALHOST/${user}/',
    ],
  },
};

describe.each(Object.entries(tables))('%s', (_name, { parse, yes, no }) => {
  test.each(yes)('%j is %j', (written, value) => {
    expect(parse(written, sampleVariables)).toEqual({ ok: true, value });
  });
  test.each(no.map((written) => [written]))('%j is refused', (written) => {
    expect(parse(written, sampleVariables).ok).toBe(false);
  });
});

describe('messages', () => {
  const said = (parse: Parse<unknown>, value: unknown) => {
    const result = parse(value, sampleVariables);
    return result.ok ? 'accepted' : result.error;
  };
  test.each<[Parse<unknown>, unknown, string]>([
    [oneOf(['debug', 'info']), 'debg', '"debg" is not one of debug, info (did you mean debug?)'],
    [oneOf(['debug', 'info']), 'x', '"x" is not one of debug, info'],
    [oneOf(['debug', 'info']), ['debug'], 'a list is not one of debug, info'],
    [truth, 'yes', 'expected true or false, found "yes"'],
    [truth, null, 'expected true or false, found nothing'],
    [integer(1), 0, 'expected a whole number, 1 or more, found 0'],
    [aboveZero(size), 0, '0 would be no limit to docker: for no limit write null'],
    [size, 'x'.repeat(200), `expected a size such as 64g or 512m, found "${'x'.repeat(79)}...`],
    [
      dockerHost,
      'tcp://h',
      'tcp://h is not supported: userdocker speaks to a local engine only, unix:///PATH',
    ],
    [absolutePath, 'x', 'not an absolute path: "x"'],
    [loadTags, 'localhost/x/', 'localhost/x/ would be shared by all users: put in ${user} or ${uid}'],
    [loadTags, 'localhost/${group}/', '${group} has no place here; there are ${user} and ${uid}'],
    [
      loadTags,
      '${user}/',
      '${user}/ must begin with a host other than docker.io, such as localhost/${user}/',
    ],
  ])('%#', (parse, value, message) => {
    expect(said(parse, value)).toBe(message);
  });
});

describe('patterns with variables', () => {
  const of = (user: string): Variables => variablesOf(callerNamed(user));
  test('are tried once more with what the caller puts in', () => {
    expect(pattern('x${user}', of('a(b'))).toEqual({ ok: true, value: 'xa\\(b' });
  });
});

describe('executors', () => {
  const complete = (name: string, written: unknown) => {
    const entry = executorEntry(written, sampleVariables);
    if (!entry.ok) return entry.error;
    const executor = completeExecutor(name, entry.value);
    return executor.ok ? executor.value : executor.error;
  };

  test.each<[name: string, written: unknown, executor: unknown]>([
    ['docker', '/usr/bin/docker', { path: '/usr/bin/docker', gpus: undefined }],
    ['nvidia-docker', '/usr/bin/nvidia-docker', { path: '/usr/bin/nvidia-docker', gpus: 'nv_gpu' }],
    ['nvidia-docker', '/opt/x/nvidia-docker', { path: '/opt/x/nvidia-docker', gpus: 'nv_gpu' }],
    ['nvidia-docker', '/usr/bin/docker', { path: '/usr/bin/docker', gpus: 'runtime' }],
    ['nvidia-docker', '/usr/bin/nvidia-docker2', { path: '/usr/bin/nvidia-docker2', gpus: 'runtime' }],
    ['nvidia-docker', { path: '/usr/bin/docker' }, { path: '/usr/bin/docker', gpus: 'runtime' }],
    [
      'nvidia-docker',
      { path: '/usr/bin/nvidia-docker', gpus: null },
      { path: '/usr/bin/nvidia-docker', gpus: undefined },
    ],
    ['gpu', '/usr/bin/nvidia-docker', { path: '/usr/bin/nvidia-docker', gpus: undefined }],
    ['gpu', { path: '/usr/bin/docker', gpus: 'cdi' }, { path: '/usr/bin/docker', gpus: 'cdi' }],
    ['gpu', { path: '/usr/bin/docker', gpus: 'flag' }, { path: '/usr/bin/docker', gpus: 'flag' }],
  ])('%s: %j', (name, written, executor) => {
    expect(complete(name, written)).toEqual(executor);
  });

  test.each<[written: unknown, message: string]>([
    ['docker', 'not an absolute path: "docker"'],
    [null, 'expected a path or {path: ..., gpus: ...}, found nothing'],
    [['/x'], 'expected a path or {path: ..., gpus: ...}, found a list'],
    [{ pth: '/x' }, 'unknown key pth of an executor (did you mean path?)'],
    [{ path: 'x' }, 'not an absolute path: "x"'],
    [
      { path: '/x', gpus: 'nvgpu' },
      '"nvgpu" is not one of nv_gpu, runtime, flag, cdi (did you mean nv_gpu?)',
    ],
    [{ gpus: 'cdi' }, 'the executor x has no path'],
    [{}, 'the executor x has no path'],
  ])('%j is refused', (written, message) => {
    expect(complete('x', written)).toBe(message);
  });
});

describe("the caller's own tree of images", () => {
  test.each<[template: string, user: string, uid: string, tree: string]>([
    ['localhost/${user}/', 'alice', '1000', 'localhost/alice/'],
    ['localhost/${user}/', 'EXAMPLE\\alice', '1000', 'localhost/u1000/'],
    ['localhost/${user}/', 'u1000', '1001', 'localhost/u1001/'],
    ['localhost/${uid}/', 'alice', '1000', 'localhost/1000/'],
    ['reg.lab/x-${user}/${uid}/', 'alice', '7', 'reg.lab/x-alice/7/'],
  ])('%s for %s', (template, user, uid, tree) => {
    expect(fillLoadTags(template, callerNamed(user, { uid: must(parseUid(uid)) }))).toEqual({
      ok: true,
      value: tree,
    });
  });
});
