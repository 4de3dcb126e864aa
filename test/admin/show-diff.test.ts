import { describe, expect, test } from 'vitest';
import { parseAdminCall } from '../../src/admin/command-line.ts';
import { differencesOf, diffJson, diffText, type Side } from '../../src/admin/show-diff.ts';
import { loadMerged } from '../../src/config/load.ts';
import { callerNamed, configDirectory } from '../config/support.ts';

function sides(files: { readonly [path: string]: string }): {
  directory: string;
  sides: readonly [Side, Side];
} {
  const directory = configDirectory(files);
  const side = (name: string): Side => {
    const caller = callerNamed(name);
    const { loaded, merged } = loadMerged({ directory, caller });
    return { caller, files: loaded.files, tree: merged };
  };
  return { directory, sides: [side('alice'), side('bob')] };
}

function differences(alice: string, bob: string, config = ''): readonly string[] {
  const {
    sides: [one, other],
  } = sides({
    'config.yaml': config,
    'user/config_alice.yaml': alice,
    'user/config_bob.yaml': bob,
  });
  return differencesOf(one.tree, other.tree).map(
    ({ path, values }) => `${path}: ${values.map((side) => JSON.stringify(side?.value) ?? '-').join(' | ')}`,
  );
}

describe('the settings that differ', () => {
  test.each([
    ['', '', []],
    ['limits: {gpus: 1}', 'limits: {gpus: 2}', ['limits.gpus: 1 | 2']],
    ['limits: {gpus: 1}', '', ['limits.gpus: 1 | null']],
    ['limits: {gpus: 1}', 'limits: {gpus: 1}', []],
    [
      'allowed_subcommands+: [rmi]',
      'allowed_subcommands-: [load]',
      ['allowed_subcommands: "load" | -', 'allowed_subcommands: "rmi" | -'],
    ],
    ['caps_add: [KILL, CHOWN]', 'caps_add: [CAP_CHOWN, kill]', []],
    ['args: {run: {available+: [--uts=private]}}', '', ['args.run.available: "--uts=private" | -']],
    ['env: {A: x}', 'env: {B: y}', ['env.A: "x" | -', 'env.B: - | "y"']],
    ['env-: [HOME]', '', ['env.HOME: - | "${home}"']],
    ['nvidia: {allowed_gpus: [1]}', '', ['nvidia.allowed_gpus: [1] | "ALL"']],
    ["volume_mounts: {available: ['/a:/b']}", "volume_mounts: {available: ['/a:/b:rw']}", []],
    ['', 'allowed_subcommands+: [rmi]', ['allowed_subcommands: - | "rmi"']],
    [
      'executors: {x: {path: /usr/bin/docker, gpus: cdi}}',
      '',
      ['executors.x.path: "/usr/bin/docker" | -', 'executors.x.gpus: "cdi" | -'],
    ],
    [
      '',
      'executors: {x: {path: /usr/bin/docker, gpus: cdi}}',
      ['executors.x.path: - | "/usr/bin/docker"', 'executors.x.gpus: - | "cdi"'],
    ],
    ['executors: {x: /usr/bin/docker}', '', ['executors.x: "/usr/bin/docker" | -']],
  ])('%s against %s', (alice, bob, expected) => {
    expect(differences(alice, bob)).toEqual(expected);
  });
});

test('each side with file and line', () => {
  const {
    directory,
    sides: [one, other],
  } = sides({
    'config.yaml': '\nlimits: {memory: 64g}',
    'user/config_bob.yaml': 'limits: {memory: 8g}\nallowed_subcommands-: [load]\nenv: {X: "a\\u202eb"}',
  });
  const text = diffText(one, other);
  expect(text.split('\n').map((line) => line.replaceAll(directory, '').replace(/ +#/, ' #'))).toEqual([
    '--- alice (uid 1000): /config.yaml',
    '+++ bob (uid 1000): /config.yaml /user/config_bob.yaml',
    'allowed_subcommands:',
    expect.stringMatching(/^- load # \/default\.yaml:[0-9]+$/),
    'env.X:',
    '+ "a\\u202eb" # /user/config_bob.yaml:3',
    'limits.memory:',
    "- '64g' # /config.yaml:2",
    "+ '8g' # /user/config_bob.yaml:1",
    '',
  ]);
  expect(diffText(one, one)).toMatch(/\nNo setting differs\.\n$/);
});

test('as JSON', () => {
  const {
    directory,
    sides: [one, other],
  } = sides({ 'config.yaml': '', 'user/config_bob.yaml': 'log_level: debug' });
  expect(JSON.parse(diffJson(one, other))).toEqual({
    users: [
      { user: 'alice', uid: 1000, files: [`${directory}/config.yaml`] },
      { user: 'bob', uid: 1000, files: [`${directory}/config.yaml`, `${directory}/user/config_bob.yaml`] },
    ],
    differences: [
      {
        path: 'log_level',
        values: [
          expect.objectContaining({ value: 'info', layer: 'default' }),
          { value: 'debug', layer: 'user', file: `${directory}/user/config_bob.yaml`, line: 1 },
        ],
      },
    ],
  });
});

describe('the command line', () => {
  test.each([
    [['show', '--diff', 'alice', 'bob'], { kind: 'show-diff', users: ['alice', 'bob'], json: false }],
    [
      ['show', '--diff', 'alice', 'bob', '--format=json'],
      { kind: 'show-diff', users: ['alice', 'bob'], json: true },
    ],
    [
      ['import-config', 'x.py'],
      { kind: 'import-config', path: 'x.py', output: undefined, program: undefined },
    ],
    [
      ['import-config', '/etc/userdocker', '--output=y', '--program', 'diffproml'],
      { kind: 'import-config', path: '/etc/userdocker', output: 'y', program: 'diffproml' },
    ],
  ])('%j', (argv, expected) => {
    expect(parseAdminCall(argv)).toEqual(expected);
  });
  test.each([
    [['show', '--diff', 'alice']],
    [['show', '--diff', 'alice', 'bob', 'carol']],
    [['show', '--diff', 'alice', 'bob', '--user', 'carol']],
    [['import-config']],
    [['import-config', 'a', 'b']],
    [['import-config', 'a', '--program', 'other']],
  ])('wrong: %j', (argv) => {
    expect(() => parseAdminCall(argv)).toThrow('usage');
  });
});
