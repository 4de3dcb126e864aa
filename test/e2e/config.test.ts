import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { resetConfig, writeConfig } from './support/config.ts';
import { docker } from './support/engine.ts';
import { mustUserdocker, userdocker } from './support/userdocker.ts';
import { asRoot, mustRoot, type User } from './support/users.ts';

const directory = '/etc/userdocker';
const file = `${directory}/config.yaml`;
const ids = new Map<string, number>();

beforeAll(async () => {
  for (const user of ['alice', 'bob']) ids.set(user, Number(await mustRoot(`id -u ${user}`)));
  ids.set('students', Number((await mustRoot('getent group students')).split(':')[2]));
});
afterEach(() => {
  rmSync(file, { recursive: true, force: true });
  chownSync(directory, 0, 0);
  chmodSync(directory, 0o755);
  resetConfig();
});

/** A variable of the container that `run` would make. */
async function variable(user: User, name: string): Promise<string | undefined> {
  return new RegExp(`--env=${name}=(\\S*)`).exec(await mustUserdocker(user, '-n run box'))?.[1];
}

describe('layers', () => {
  test('each overrides the one before, for those whom it is for', async () => {
    const layers = [
      ['config', 'config'],
      ['students', 'group/config_10_students'],
      ['gpu', 'group/config_90_gpu'],
      ['gid', `gid/config_00_${ids.get('students')}`],
      ['user', 'user/config_alice'],
      ['uid', `uid/config_${ids.get('alice')}`],
    ] as const;
    const expected = { alice: '', bob: '', carol: '' };
    for (const [name, layer] of layers) {
      writeConfig({ env: { LAST: name, [name]: 'set' } }, layer);
      if (name === 'config') expected.carol = name;
      if (['config', 'students', 'gid'].includes(name)) expected.bob = name;
      expected.alice = name;
      const seen = {
        alice: await variable('alice', 'LAST'),
        bob: await variable('bob', 'LAST'),
        carol: await variable('carol', 'LAST'),
      };
      expect(seen).toEqual(expected);
    }
    for (const [name] of layers) expect(await variable('alice', name)).toBe('set');
    expect(await variable('alice', 'HOME')).toBe('/home/alice');
  });
  test('of two groups’ layers the higher number wins, whatever its ending', async () => {
    writeConfig({ env: { LAST: 'low' } }, 'group/config_10_students');
    writeConfig({ env: { LAST: 'high' } }, 'group/config_20_gpu');
    renameSync(`${directory}/group/config_20_gpu.yaml`, `${directory}/group/config_20_gpu.json`);
    expect(await variable('alice', 'LAST')).toBe('high');
    renameSync(`${directory}/group/config_20_gpu.json`, `${directory}/group/config_05_gpu.yml`);
    expect(await variable('alice', 'LAST')).toBe('low');
  });
  test('+ adds to a list, - takes away from it', async () => {
    writeConfig('allowed_subcommands+: [inspect]\nallowed_subcommands-: [ps]\n');
    writeConfig('allowed_subcommands+: [ps, rmi]\n', 'user/config_alice');
    const help = async (user: User) =>
      (await mustUserdocker(user, '--help')).match(/^ {2}(\w+) {2,}\w/gm)?.join();
    expect(await help('alice')).toMatch(/inspect.* ps.* rmi/s);
    expect(await help('bob')).toMatch(/inspect/);
    expect(await help('bob')).not.toMatch(/ ps | rmi /);
    expect((await userdocker('bob', 'ps')).status).toBe(77);
    expect((await userdocker('alice', 'ps')).status).toBe(0);
  });
  test('variables are the caller’s', async () => {
    writeConfig({ env: { WHO: '${user}:${uid}:${gid}:${group}:${home}' } });
    const [uid, gid, group] = (await mustRoot('id -u bob; id -g bob; id -gn bob')).split('\n');
    expect(await variable('bob', 'WHO')).toBe(`bob:${uid}:${gid}:${group}:/home/bob`);
  });
  test('a change is seen at once, even if size and time are as before', async () => {
    writeConfig({ env: { LAST: 'one' } });
    const { mtime } = statSync(file);
    expect(await variable('alice', 'LAST')).toBe('one');
    writeConfig({ env: { LAST: 'two' } });
    utimesSync(file, mtime, mtime);
    expect(await variable('alice', 'LAST')).toBe('two');
  });
  test('users need not be able to read them', async () => {
    writeConfig({ env: { LAST: 'secret' } });
    chmodSync(file, 0o600);
    chmodSync(directory, 0o700);
    expect(await variable('alice', 'LAST')).toBe('secret');
  });
  test('nothing of the caller’s moves or adds one', async () => {
    const names = [
      '.userdockerrc',
      'userdocker.config.js',
      '.config/config.js',
      'package.json',
      'bunfig.toml',
      '.env',
    ];
    const evil = 'throw new Error("executed")';
    mkdirSync('/home/alice/.config', { recursive: true });
    for (const name of names) writeFileSync(`/home/alice/${name}`, evil);
    writeFileSync('/home/alice/config.yaml', 'env: {LAST: mine}');
    const env = { USERDOCKER_CONFIG: '/home/alice', XDG_CONFIG_HOME: '/home/alice/.config', LAST: 'mine' };
    const { status, stdout } = await userdocker('alice', '-n run box', { env });
    expect(status).toBe(0);
    expect(stdout).not.toContain('LAST');
    for (const name of [...names, 'config.yaml']) rmSync(`/home/alice/${name}`);
  });
});

const secret = 'hunter2';
/** None of it may do anything. */
const everyCall = [
  'ps',
  'run -d box sleep 300',
  'load </dev/null',
  '--help',
  'run --help',
  '-n run box',
  '',
  'nonsense',
];

/** alice's calls end with 78 and tell the file's name at most; root learns `told`. */
async function stopsEverything(
  told: RegExp,
  path = file,
  calls = ['run -d box sleep 300', 'ps'],
): Promise<void> {
  for (const words of calls) {
    const { status, stdout, stderr } = await userdocker('alice', words);
    expect({ words, status, stdout }).toEqual({ words, status: 78, stdout: '' });
    expect(stderr).toBe(
      `userdocker: the configuration has an error: nothing can be run until an admin mends it\n  File: ${path}\n`,
    );
    expect(stderr).not.toContain(secret);
  }
  expect(await docker(['ps', '-aq'])).toBe('');
  const { status, stderr } = await asRoot('userdocker ps');
  expect(status).toBe(78);
  expect(stderr).toMatch(told);
}

describe('a mistake in it stops everything, and only root learns which', () => {
  test.each([
    [
      'syntax',
      `limits: {pids: 1\nenv: {PASSWORD: ${secret}}\n`,
      /^userdocker: \/etc\/userdocker\/config\.yaml:\d+:\d+: /,
    ],
    [
      'an unknown setting',
      `env: {A: ${secret}}\nlimit: {pids: 1} # ${secret}\n`,
      /config\.yaml:2:1: .*limits.*\n +2 \| limit: .*hunter2.*\n +\| \^/,
    ],
    ['an unknown key in one', `limits: {pid: 1, a: ${secret}}`, /config\.yaml:1:10: .*pids/],
    ['a wrong type', `limits: {containers: ${secret}}`, /config\.yaml:1:22: /],
    ['a wrong word', `images: {pull: ${secret}}`, /config\.yaml:1:16: .*never/],
    ['no regular expression', `images: {allowed: ['(${secret}']}`, /config\.yaml:1:/],
    ['an unknown variable', `env: {A: '\${${secret}}'}`, /config\.yaml:1:/],
    ['an unknown subcommand', `allowed_subcommands: [${secret}]`, /config\.yaml:1:/],
    [
      'an option that can’t be offered',
      `args: {run: {available+: [--env-file=${secret}]}}`,
      /config\.yaml:1:/,
    ],
    ['a key given twice', `env: {A: ${secret}}\nenv: {B: c}\n`, /config\.yaml:2:/],
    ['a list where a map belongs', `- ${secret}`, /config\.yaml:1:1: /],
    ['code', `log_level: !!js/function 'function () { return "${secret}" }'`, /config\.yaml:1:/],
    ['bytes that are no UTF-8', Buffer.from(`env: {A: "${secret}\xff"}`, 'latin1'), /config\.yaml/],
  ])('%s', async (_what, content, told) => {
    writeFileSync(file, content);
    await stopsEverything(told);
  });

  test('for every call', async () => {
    writeConfig('limit: {}');
    await stopsEverything(/limits/, file, everyCall);
  });

  test.each([
    ['writable by its group', () => chmodSync(file, 0o664), /writable by/],
    ['writable by others', () => chmodSync(file, 0o646), /writable by/],
    ['not root’s', () => chownSync(file, ids.get('alice') ?? 0, 0), /root/],
    [
      'a link, even of root’s to a file of root’s',
      () => {
        renameSync(file, `${directory}/real.yaml`);
        symlinkSync('real.yaml', file);
        lchownSync(file, 0, 0);
      },
      /link/,
    ],
    [
      'a directory',
      () => {
        rmSync(file);
        mkdirSync(file);
      },
      /config\.yaml/,
    ],
  ])('%s', async (_what, spoil, told) => {
    spoil();
    await stopsEverything(told);
    rmSync(`${directory}/real.yaml`, { force: true });
  });
  test('a pipe, without waiting for a writer', async () => {
    await mustRoot(`rm ${file}; mkfifo ${file}`);
    await stopsEverything(/config\.yaml/);
  });
  test.each([
    ['a directory that others can write', () => chmodSync(directory, 0o777)],
    ['a directory that is not root’s', () => chownSync(directory, ids.get('alice') ?? 0, 0)],
  ])('%s', async (_what, spoil) => {
    spoil();
    await stopsEverything(/root|writable/, directory);
  });
  test('the same layer twice', async () => {
    writeFileSync(`${directory}/config.json`, '{}');
    await stopsEverything(/keep one of them/);
  });
  test('a whole tree that is missing', async () => {
    renameSync(directory, `${directory}-moved`);
    try {
      await stopsEverything(/is missing/, directory);
    } finally {
      renameSync(`${directory}-moved`, directory);
    }
  });
  test('in a group’s layer: for its members alone', async () => {
    writeConfig(`limit: ${secret}`, 'group/config_10_gpu');
    const { status, stderr } = await userdocker('alice', 'ps');
    expect(status).toBe(78);
    expect(stderr).toContain(`File: ${directory}/group/config_10_gpu.yaml`);
    expect((await userdocker('bob', 'ps')).status).toBe(0);
  });
  test('everything that is wrong is told at once', async () => {
    writeConfig('limit: {}\nlog_level: loud\n');
    writeConfig('- 1', 'user/config_root');
    const { stderr } = await asRoot('userdocker ps');
    expect(stderr).toMatch(/config\.yaml:1:1: /);
    expect(stderr).toMatch(/config\.yaml:2:12: /);
    expect(stderr).toMatch(/config_root\.yaml:1:1: /);
  });
});
