import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { resetConfig, writeConfig } from './support/config.ts';
import { docker, inspect, removeContainers } from './support/engine.ts';
import { openTerminal } from './support/terminal.ts';
import { mustUserdocker, userdocker } from './support/userdocker.ts';
import { as, asRoot, mustAs, mustRoot } from './support/users.ts';

beforeAll(() =>
  mustRoot(`
    mkdir -p /srv/data /srv/closed/inner; chmod 700 /srv/closed
    echo public >/srv/data/file; echo secret >/srv/closed/inner/file`),
);
afterAll(() => mustRoot('rm -rf /srv/data /srv/closed'));
afterEach(async () => {
  await removeContainers();
  resetConfig();
  await mustRoot('rm -rf /home/alice/*');
});

type Settings = { readonly [key: string]: unknown };
/** A policy under which containers stay when they end. */
const policy = (settings: Settings = {}) =>
  writeConfig({ args: { run: { 'always-': ['--rm'] } }, ...settings });
const isRunning = () => inspect('kept', '.State.Running');

describe('what was allowed when it was made is held against today’s policy', () => {
  const cases: readonly (readonly [
    what: string,
    then: Settings,
    words: string,
    now: Settings,
    told: RegExp,
  ])[] = [
    ['a mount', { volume_mounts: { available: ['/srv/data:'] } }, '-v /srv/data:/x', {}, /\/srv\/data/],
    [
      'a mount, now read-only',
      { volume_mounts: { available: ['/srv/data:'] } },
      '-v /srv/data:/x',
      { volume_mounts: { available: ['/srv/data::ro'] } },
      /\/srv\/data/,
    ],
    ['the default mount', {}, '', { volume_mounts: { default: [] } }, /\/home\/alice/],
    ['a capability', { caps_add: ['SYS_PTRACE'] }, '', {}, /SYS_PTRACE/],
    ['capabilities that stayed', { caps_drop: ['NET_RAW'] }, '', {}, /capabilities/],
    ['new privileges', { no_new_privileges: false }, '', {}, /privileges/],
    ['the image’s user', { user_in_container: false }, '', {}, /User|runs as/],
    ['many processes', {}, '', { limits: { pids: 100 } }, /4096/],
    ['an image', {}, '', { images: { allowed: ['forged:latest'] } }, /box:latest/],
    ['a port', { allowed_port_mappings: ['[0-9]+'] }, '-p 8080', { allowed_port_mappings: [] }, /8080/],
    ['another log', { log_driver: { name: 'json-file' } }, '', {}, /log/i],
    ['no such sysctl', { 'sysctls-': ['net.ipv4.ip_unprivileged_port_start'] }, '', {}, /sysctl/],
    ['no such variable', {}, '', { env_always: { PROXY: 'http://proxy' } }, /PROXY/],
    [
      'an option',
      { args: { run: { 'always-': ['--rm'], 'available+': ['--dns='] } } },
      '--dns 10.0.0.1',
      {},
      /dns/i,
    ],
    [
      'a larger share',
      {},
      '--memory=2g',
      {
        args: {
          run: {
            'always-': ['--rm'],
            'available-': [{ flag: ['--memory', '-m'], max: '16t' }],
            'available+': [{ flag: ['--memory', '-m'], max: '1g' }],
          },
        },
      },
      /emory/,
    ],
  ];
  test.each(cases)('%s', async (_what, then, words, now, told) => {
    policy(then);
    await mustUserdocker('alice', `run -d --name kept ${words} box sleep 300`);
    await docker(['kill', 'kept']);
    policy(now);
    for (const command of ['start', 'restart']) {
      const { status, stdout, stderr } = await userdocker('alice', `${command} kept`);
      expect({ status, stdout }, stderr).toEqual({ status: 77, stdout: '' });
      expect(stderr).toMatch(told);
    }
    expect(await isRunning()).toBe('false');
    policy(then);
    await mustUserdocker('alice', 'start kept');
    expect(await isRunning()).toBe('true');
  });

  test('a group that was left', async () => {
    policy();
    await mustRoot('usermod --append --groups gpu carol');
    await mustUserdocker('carol', 'run -d --name kept box sleep 300');
    await mustRoot('gpasswd --delete carol gpu');
    const { status, stderr } = await userdocker('carol', 'restart -t 0 kept');
    expect(status).toBe(77);
    expect(stderr).toContain('group');
    // It was judged before it was stopped.
    expect(await isRunning()).toBe('true');
  });
  test('root is held to nothing', async () => {
    policy({ caps_add: ['SYS_PTRACE'] });
    await mustUserdocker('alice', 'run -d --name kept box sleep 300');
    resetConfig();
    expect((await asRoot('userdocker restart -t 0 kept')).status).toBe(0);
  });
});

test('nothing is in the way of a container with all that everyday life brings', async () => {
  policy({ volume_mounts: { 'available+': ['/srv/data:'] }, cpus_default: 1 });
  const words =
    '-it -e A=b -w /tmp -p 8080 -P --init --read-only --shm-size=1m --memory 100m --cpus 0.5 --tmpfs /scratch --ulimit nofile=100 --hostname there -l a=b --stop-signal=INT --stop-timeout 1 --network bridge --cpu-shares 100 --entrypoint sleep -v /srv/data:/x:ro';
  await mustUserdocker('alice', `run -d --name kept ${words} forged 300`);
  await mustUserdocker('alice', 'stop -t 0 kept');
  await mustUserdocker('alice', 'start kept');
  await mustUserdocker('alice', 'restart -t 0 kept');
  expect(await mustUserdocker('alice', 'exec kept cat /x/file')).toBe('public');
});

test('start -ai is in it, with a terminal', async () => {
  policy();
  await mustUserdocker('alice', 'run -it --name kept box true').catch(() => undefined);
  await docker(['rm', '-f', 'kept']).catch(() => undefined);
  await mustUserdocker('alice', 'run -dit --name kept box sh');
  await docker(['kill', 'kept']);
  const terminal = openTerminal('alice', 'sudo userdocker start -ai kept');
  await terminal.expect(/[$#] /);
  terminal.type('echo $((6*7)); exit 5\n');
  await terminal.expect(/42\r\n/);
  expect(await terminal.ended).toBe(5);
});

describe('a pinned mount', () => {
  const reboot = `rm -rf /run/userdocker/users; awk '$5 ~ "^/run/userdocker/pins/" { print $5 }' /proc/self/mountinfo | xargs -r umount; rm -rf /run/userdocker/pins`;
  beforeAll(() => undefined);
  const make = async () => {
    policy({ volume_mounts: { available: ['${home}/**:'], default: [] } });
    await mustAs('alice', 'mkdir data; echo mine >data/file');
    await mustUserdocker('alice', "run -d --name kept -v $HOME/data:/x box sh -c 'cat /x/file; sleep 300'");
    await docker(['kill', 'kept']);
  };
  const shown = () => docker(['logs', 'kept']);

  test('is there again, after a stop and after a reboot', async () => {
    await make();
    await mustUserdocker('alice', 'start kept');
    await expect.poll(shown).toBe('mine\nmine');
    await docker(['kill', 'kept']);
    await mustRoot(reboot);
    await mustUserdocker('alice', 'start kept');
    await expect.poll(shown).toBe('mine\nmine\nmine');
  });
  test('is not what a link has made of it by then', async () => {
    await make();
    await mustRoot(reboot);
    await mustAs('alice', 'mv data real; ln -s /srv/closed/inner data');
    const { status } = await userdocker('alice', 'start kept');
    expect(status).not.toBe(0);
    expect(await isRunning()).toBe('false');
    await mustAs('alice', 'rm data; mv real data');
    await mustUserdocker('alice', 'start kept');
    await expect.poll(shown).toBe('mine\nmine');
    expect((await as('alice', 'ls /run/userdocker/pins')).status).not.toBe(0);
  });
});
