import { chmodSync, chownSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadPolicy } from '../../src/config/load.ts';
import { originOf } from '../../src/config/origins.ts';
import { parseGid, parseUid } from '../../src/domain/ids.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { alice, callerNamed, configDirectory, failuresOf, load, must, path, problemsOf } from './support.ts';

const g = 1024 ** 3;

describe('layers', () => {
  const layered = {
    'config.yaml': 'log_level: debug\nlimits: {containers: 1, ports: 1}\ncaps_drop: [ALL]\n',
    'group/config_10_lab.yaml': 'limits: {containers: 2, gpus: 2}\ncaps_add+: [KILL]\n',
    'group/config_20_users.yaml': 'limits: {containers: 3}\ncaps_add+: [CHOWN]\n',
    'gid/config_00_1000.yml': 'limits: {containers: 4}\ncaps_add-: [cap_kill]\n',
    'user/config_alice.json': '{"limits": {"containers": 5}}',
    'uid/config_1000.yaml': 'limits: {containers: 6}\n',
    'user/config_bob.yaml': 'limits: {containers: 99}\n',
  };
  const order = Object.keys(layered).slice(0, 6);

  test('later ones override earlier ones', () => {
    const directory = configDirectory(layered);
    const loaded = loadPolicy({ directory, caller: alice });
    expect(loaded.policy.limits).toMatchObject({ containers: 6, gpus: 2, ports: 1, pids: 4096 });
    expect(loaded.policy.log_level).toBe('debug');
    expect(loaded.policy.caps_add).toEqual(['CHOWN']);
    expect(loaded.files).toEqual(order.map((file) => join(directory, file)));
  });

  test.each(order.map((_, index) => index))('without those after the %ith', (last) => {
    const files = Object.fromEntries(Object.entries(layered).slice(0, last + 1));
    const { policy } = loadPolicy({ directory: configDirectory(files), caller: alice });
    expect(policy.limits.containers).toBe(last + 1);
  });

  test('each caller has their own', () => {
    const directory = configDirectory(layered);
    const bob = callerNamed('bob', { uid: must(parseUid('1001')), groups: [] });
    expect(loadPolicy({ directory, caller: bob }).policy.limits.containers).toBe(99);
  });

  test('origins say which file and line', () => {
    const directory = configDirectory(layered);
    const loaded = loadPolicy({ directory, caller: alice });
    const at = (setting: string) => {
      const origin = originOf(loaded, setting);
      return origin && `${origin.layer} ${origin.file.slice(directory.length + 1)}:${origin.line}`;
    };
    expect(at('log_level')).toBe('config config.yaml:1');
    expect(at('limits.containers')).toBe('uid uid/config_1000.yaml:1');
    expect(at('limits.gpus')).toBe('group group/config_10_lab.yaml:1');
    expect(at('caps_add[0]')).toBe('group group/config_20_users.yaml:2');
    expect(at('caps_add')).toBe('gid gid/config_00_1000.yml:2');
    expect(at('docker_host')).toMatch(/^default default\.yaml:[0-9]+$/);
  });

  test('an entry carries its origin', () => {
    const directory = configDirectory({
      'config.yaml': "\nvolume_mounts: {available+: ['/data/**:']}\nargs: {run: {always+: [--init]}}\n",
    });
    const { policy } = loadPolicy({ directory, caller: alice });
    const origin = { layer: 'config', file: join(directory, 'config.yaml') };
    expect(policy.volume_mounts.available.at(-1)?.origin).toEqual({ ...origin, line: 2 });
    expect(policy.args['run']?.always.at(-1)).toEqual({
      flags: ['--init'],
      values: { kind: 'none' },
      origin: { ...origin, line: 3 },
    });
  });
});

describe('every setting', () => {
  const set = (yaml: string) => load(yaml).policy;
  const table: readonly [yaml: string, policy: { readonly [name in keyof Policy]?: unknown }][] = [
    ['log_level: warning', { log_level: 'warning' }],
    [
      'executors: {x: /opt/docker}',
      { executors: expect.objectContaining({ x: { path: '/opt/docker', gpus: undefined } }) },
    ],
    [
      'executors: {nvidia-docker: /usr/bin/nvidia-docker}',
      {
        executors: expect.objectContaining({
          'nvidia-docker': { path: '/usr/bin/nvidia-docker', gpus: 'nv_gpu' },
        }),
      },
    ],
    [
      'executors: {nvidia-docker: {gpus: cdi}}',
      { executors: expect.objectContaining({ 'nvidia-docker': { path: '/usr/bin/docker', gpus: 'cdi' } }) },
    ],
    [
      'executors: {x: /opt/docker}\nexecutor_default: x\nexecutors-: [docker, nvidia-docker]\nenv_by_executor-: [nvidia-docker]',
      {
        executors: { x: { path: '/opt/docker', gpus: undefined } },
        executor_default: 'x',
        env_by_executor: {},
      },
    ],
    [
      'docker_host: unix:///run/user/${uid}/docker.sock',
      { docker_host: 'unix:///run/user/1000/docker.sock' },
    ],
    ['docker_config: /etc/docker-${group}', { docker_config: '/etc/docker-users' }],
    ['allowed_subcommands: [ps]', { allowed_subcommands: ['ps'] }],
    [
      'volume_mounts: {probe: false, default: []}',
      { volume_mounts: { always: [], available: [], default: [], probe: false } },
    ],
    [
      "images: {allowed: ['localhost/${user}/.*'], pull: never, load_tags: 'reg.lab/${uid}/', load_max: 1g}",
      {
        images: {
          allowed: ['localhost/alice/.*'],
          pull: 'never',
          load_tags: 'reg.lab/1000/',
          load_tags_template: 'reg.lab/${uid}/',
          load_max: g,
        },
      },
    ],
    [
      'user_in_container: false\ngroups_in_container: false\nno_new_privileges: false',
      { user_in_container: false, groups_in_container: false, no_new_privileges: false },
    ],
    [
      'names_in_container: true',
      {
        names_in_container: true,
        volume_mounts: expect.objectContaining({
          always: ['passwd', 'group'].map((name) =>
            expect.objectContaining({
              host: `/var/lib/userdocker/accounts/1000/${name}`,
              target: `/etc/${name}`,
              readOnly: true,
            }),
          ),
        }),
      },
    ],
    [
      'caps_drop: [cap_net_raw]\ncaps_add: [Sys_Ptrace]',
      { caps_drop: ['NET_RAW'], caps_add: ['SYS_PTRACE'] },
    ],
    [
      "allowed_port_mappings+: ['80[0-9]{2}:[0-9]+']",
      { allowed_port_mappings: ['^127\\.0\\.0\\.1::[0-9]+$', '^[0-9]+$', '80[0-9]{2}:[0-9]+'] },
    ],
    [
      "env: {HOME: '/h/${user}', N: 3, B: true, E: ''}",
      { env: { HOME: '/h/alice', N: '3', B: 'true', E: '' } },
    ],
    ['env_always: {A: b}', { env_always: { A: 'b' } }],
    [
      'log_driver: {name: journald, options-: [max-size, max-file]}',
      { log_driver: { name: 'journald', options: {} } },
    ],
    [
      'log_driver: {options: {max-file: 5}}',
      { log_driver: { name: 'local', options: { 'max-size': '10m', 'max-file': '5' } } },
    ],
    ["log_driver: {name: ''}", { log_driver: expect.objectContaining({ name: '' }) }],
    [
      'sysctls: {net.core.somaxconn: 1024}\nsysctls-: [net.ipv4.ip_unprivileged_port_start]',
      { sysctls: { 'net.core.somaxconn': '1024' } },
    ],
    [
      'env_by_executor: {docker: {A: "${uid}"}}',
      { env_by_executor: { 'nvidia-docker': { NCCL_TOPOLOGY: 'CUBEMESH' }, docker: { A: '1000' } } },
    ],
    [
      "container_names: {default: 'ud-${user}-', allowed: '${user}_.*'}",
      { container_names: { default: 'ud-alice-', default_template: 'ud-${user}-', allowed: 'alice_.*' } },
    ],
    ['cpus_default: 2.5', { cpus_default: 2.5 }],
    [
      'limits: {containers: 0, gpus: 1, memory: 64g, cpus: 1.5, pids: 1, ports: 0}',
      { limits: { containers: 0, gpus: 1, memory: 64 * g, cpus: 1.5, pids: 1, ports: 0 } },
    ],
    [
      'limits: {containers: null, pids: null, ports: null}',
      {
        limits: {
          containers: undefined,
          gpus: undefined,
          memory: undefined,
          cpus: undefined,
          pids: undefined,
          ports: undefined,
        },
      },
    ],
    ['ps_scope: all', { ps_scope: 'all' }],
    [
      "nvidia: {smi: /opt/smi, allowed_gpus: [0, '1', GPU-ab], default_gpu_count_reservation: 0, max_gpu_count_reservation: 2, gpu_unavailable_above_memory_used: -1, exclusive_container_gpu_reservation: false, allow_own_gpu_reuse: false}",
      {
        nvidia: {
          smi: '/opt/smi',
          allowed_gpus: ['0', '1', 'GPU-ab'],
          default_gpu_count_reservation: 0,
          max_gpu_count_reservation: 2,
          gpu_unavailable_above_memory_used: -1,
          exclusive_container_gpu_reservation: false,
          allow_own_gpu_reuse: false,
        },
      },
    ],
    ['nvidia: {allowed_gpus: []}', { nvidia: expect.objectContaining({ allowed_gpus: [] }) }],
    [
      "audit: {file: '/x/${user}.log', syslog: true, required: false}",
      { audit: { file: '/x/alice.log', syslog: true, required: false } },
    ],
  ];
  test.each(table)('%s', (yaml, policy) => {
    expect(set(yaml)).toMatchObject(policy);
  });

  test('is in the table', () => {
    const tested = new Set(table.flatMap(([, policy]) => Object.keys(policy)));
    // Lists of arguments have a file of their own.
    expect(Object.keys(load('').policy).filter((name) => !tested.has(name))).toEqual(['args']);
  });
});

describe('mistakes that only show in the merged policy', () => {
  test.each<[yaml: string, problem: string]>([
    ['executor_default: podman', '1:19 executor_default: podman is not among executors'],
    [
      'executor_default: dokcer',
      '1:19 executor_default: dokcer is not among executors (did you mean docker?)',
    ],
    ['executors: {x: {gpus: cdi}}', '1:16 executors.x: the executor x has no path'],
    ['executors: {docker: {gpus: cdi}}', '1:21 executors.docker: the executor docker has no path'],
    [
      "container_names: {default: '-${user}'}",
      '1:28 container_names.default: -alice is no beginning of a container name',
    ],
    [
      'nvidia: {allowed_gpus-: [0]}',
      expect.stringMatching(
        /^1:10 nvidia\.allowed_gpus is not a list here \(.*default\.yaml:[0-9]+\): write the whole list$/,
      ),
    ],
  ])('%s', (yaml, problem) => {
    expect(problemsOf(yaml)).toEqual([problem]);
  });

  test('a removed executor is missed', () => {
    expect(problemsOf('executors-: [docker]')).toEqual([
      expect.stringMatching(/executor_default: docker is not among executors/),
    ]);
  });
});

describe('callers with unusual names', () => {
  test.each<[user: string, tree: string, name: string]>([
    ['alice', 'localhost/alice/', 'alice_'],
    ['first.last', 'localhost/first.last/', 'first.last_'],
    ['Alice', 'localhost/u1000/', 'Alice_'],
    ['u1000', 'localhost/u1000/', 'u1000_'],
    ['u7', 'localhost/u1000/', 'u7_'],
    ['EX\\alice', 'localhost/u1000/', 'u1000_'],
    ['alice@example.org', 'localhost/u1000/', 'u1000_'],
    ['a b', 'localhost/u1000/', 'u1000_'],
  ])('%s', (user, tree, name) => {
    const { policy } = load('', callerNamed(user));
    expect(policy.images).toMatchObject({ load_tags: tree, load_tags_template: 'localhost/${user}/' });
    expect(policy.container_names).toMatchObject({ default: name, default_template: '${user}_' });
  });

  test('a regular expression holds the name literally', () => {
    const { policy } = load("images: {allowed: ['x/${user}/.*']}", callerNamed('a.b|c'));
    expect(policy.images.allowed).toEqual(['x/a\\.b\\|c/.*']);
  });

  test.each(['a/b', '..', '.'])('a user called %s gets no mount by that name', (user) => {
    const caller = callerNamed(user, { home: path('/home/x') });
    expect(problemsOf("volume_mounts: {available: ['/data/${user}:/d']}", caller)).toHaveLength(1);
  });

  test('a home directory of / refuses the call under the defaults, and can be mended', () => {
    const caller = callerNamed('x', { home: path('/') });
    expect(problemsOf('', caller)).toEqual([expect.stringContaining('nothing can be mounted on /')]);
    expect(load('volume_mounts: {default: []}', caller).policy.volume_mounts.default).toEqual([]);
  });
});

describe('a call is refused', () => {
  test('by every mistake of every layer of the caller, and by no other', () => {
    const directory = configDirectory({
      'config.yaml': 'x: 1\ny: 2\n',
      'group/config_10_lab.yaml': 'log_level: x\n',
      'uid/config_1000.yaml': '- a\n',
      'user/config_bob.yaml': 'z: 1\n',
      'gid/config_10_9.yaml': 'z: 1\n',
    });
    const problems = failuresOf(() => loadPolicy({ directory, caller: alice }));
    expect(problems.map(({ file, line }) => `${file.slice(directory.length + 1)}:${line}`)).toEqual([
      'config.yaml:1',
      'config.yaml:2',
      'group/config_10_lab.yaml:1',
      'uid/config_1000.yaml:1',
    ]);
  });

  test('by a mistake that a later layer overrides', () => {
    const directory = configDirectory({
      'config.yaml': 'log_level: x\n',
      'uid/config_1000.yaml': 'log_level: info\n',
    });
    expect(failuresOf(() => loadPolicy({ directory, caller: alice }))).toHaveLength(1);
  });

  test('with the line for the caret', () => {
    const directory = configDirectory({
      'config.yaml': 'ps_scope: own\r\n  # x\r\nlimits: {pids: 0}  # y\r\n',
    });
    expect(failuresOf(() => loadPolicy({ directory, caller: alice }))).toEqual([
      {
        file: join(directory, 'config.yaml'),
        line: 3,
        column: 16,
        sourceLine: 'limits: {pids: 0}  # y',
        message: 'limits.pids: expected a whole number, 1 or more, found 0',
      },
    ]);
  });

  test('where the directory is missing', () => {
    const directory = join(configDirectory(), 'none');
    expect(failuresOf(() => loadPolicy({ directory, caller: alice }))).toEqual([
      { file: directory, message: 'is missing: run install.sh' },
    ]);
  });

  test.each<[name: string, spoil: (file: string) => void, message: string]>([
    [
      'is writable by its group',
      (file) => chmodSync(file, 0o664),
      'is writable by group or others: chmod go-w',
    ],
    [
      "is somebody else's",
      (file) => chownSync(file, 1000, 0),
      'belongs to uid 1000 and not to root: chown root',
    ],
    ['is not text', (file) => writeFileSync(file, Buffer.from([0xff, 0xfe, 0x61, 0])), 'is not UTF-8 text'],
    [
      'is too large',
      (file) => writeFileSync(file, '#'.repeat(1024 * 1024 + 1)),
      'is larger than 1048576 bytes',
    ],
  ])('where a file %s', (_name, spoil, message) => {
    const directory = configDirectory({ 'user/config_alice.yaml': '' });
    const file = join(directory, 'user/config_alice.yaml');
    expect(loadPolicy({ directory, caller: alice }).files).toEqual([file]);
    spoil(file);
    expect(failuresOf(() => loadPolicy({ directory, caller: alice }))).toEqual([{ file, message }]);
  });

  test('where a file is a link, also a dangling one', () => {
    for (const target of [join(configDirectory({ 'x.yaml': '' }), 'x.yaml'), '/nowhere']) {
      const directory = configDirectory();
      symlinkSync(target, join(directory, 'config.yaml'));
      expect(failuresOf(() => loadPolicy({ directory, caller: alice }))).toEqual([
        { file: join(directory, 'config.yaml'), message: 'is a symbolic link; links are not followed' },
      ]);
    }
  });

  test('where a layer comes twice', () => {
    const directory = configDirectory({ 'config.yaml': '', 'config.json': '{}' });
    expect(failuresOf(() => loadPolicy({ directory, caller: alice }))).toEqual([
      {
        file: join(directory, 'config.yaml'),
        message: `${join(directory, 'config.json')} is there too: keep one of them`,
      },
    ]);
  });
});

test('nothing in the caller`s directory or environment is looked at', () => {
  const here = configDirectory({
    '.config/config.cjs': 'globalThis.touched = true; module.exports = {};',
    'package.json': '{"cosmiconfig": {"searchPlaces": ["x"]}, "userdocker": {"log_level": "debug"}}',
    'config.yaml': 'log_level: debug',
  });
  const before = process.cwd();
  process.chdir(here);
  try {
    const { policy } = loadPolicy({ directory: configDirectory(), caller: alice });
    expect(policy.log_level).toBe('info');
    expect(Reflect.has(globalThis, 'touched')).toBe(false);
  } finally {
    process.chdir(before);
  }
});

test('a group without a name has its gid layer', () => {
  const directory = configDirectory({ 'gid/config_00_3000.yaml': 'log_level: debug' });
  const caller = callerNamed('x', { groups: [{ gid: must(parseGid('3000')), name: undefined }] });
  expect(loadPolicy({ directory, caller }).policy.log_level).toBe('debug');
});

test('defaultsText stands in for the defaults, and is judged like them', () => {
  const directory = configDirectory();
  const problems = failuresOf(() =>
    loadPolicy({ directory, caller: alice, defaultsText: 'log_level: info' }),
  );
  expect(problems.map(({ message }) => message)).toContain('docker_host: is not set');
  expect(problems.map(({ message }) => message)).not.toContain('log_level: is not set');
});
