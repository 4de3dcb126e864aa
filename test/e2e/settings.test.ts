import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { resetConfig, writeConfig } from './support/config.ts';
import { mountDeadServer, unmountDeadServer } from './support/dead-server.ts';
import { docker, inspect, removeContainers } from './support/engine.ts';
import { clients, mustUserdocker, userdocker } from './support/userdocker.ts';
import { mustRoot } from './support/users.ts';

afterEach(async () => {
  await removeContainers();
  resetConfig();
});

const status = async (words: string) => (await userdocker('alice', words)).status;
describe('environment', () => {
  test('env can be overridden, env_always can’t, env_by_executor is one executor’s', async () => {
    writeConfig({
      env: { A: 'policy', B: '${user} of ${group}' },
      env_always: { PROXY: 'http://proxy:3128' },
      env_by_executor: { docker: { ENGINE: 'plain' }, 'nvidia-docker': { ENGINE: 'gpu' } },
    });
    const shown = await mustUserdocker(
      'alice',
      "run -e A=mine box sh -c 'echo $A, $B, $PROXY, $ENGINE, $HOME'",
    );
    expect(shown).toBe('mine, alice of alice, http://proxy:3128, plain, /home/alice');
    const { status: refused, stderr } = await userdocker('alice', 'run -e PROXY= box true');
    expect(refused).toBe(77);
    expect(stderr).toContain('PROXY=... is set by the policy');
  });
  test('exec has env_always as well', async () => {
    writeConfig({ env_always: { PROXY: 'http://proxy:3128' } });
    await mustUserdocker('alice', 'run -d --name held box sleep 300');
    expect(await status('exec -e PROXY=none held true')).toBe(77);
    expect(await mustUserdocker('alice', "exec held sh -c 'echo $PROXY'")).toBe('http://proxy:3128');
  });
  test.each([
    'NVIDIA_VISIBLE_DEVICES=all',
    'NV_GPU=0',
    'NVIDIA_MIG_CONFIG_DEVICES=all',
    '=x',
    'A B=c',
    "'A\nB=c'",
  ])('-e %s is nobody’s to set', async (variable) => {
    expect(await status(`-n run -e ${variable.startsWith("'") ? variable : `'${variable}'`} box`)).toBe(77);
  });
  test('an image gets no GPUs by a variable of its own', async () => {
    expect(await mustUserdocker('alice', "run forged sh -c 'echo $NVIDIA_VISIBLE_DEVICES'")).toBe('void');
  });
});

describe('executors', () => {
  test('--executor takes one, executor_default without', async () => {
    const client = clients.at(-1) ?? '';
    symlinkSync(client, '/usr/local/lib/userdocker/other-docker');
    writeConfig({ executors: { other: '/usr/local/lib/userdocker/other-docker' } });
    expect(await mustUserdocker('alice', '--executor=other -n ps')).toContain(
      ' /usr/local/lib/userdocker/other-docker ps ',
    );
    expect(await mustUserdocker('alice', '-n ps')).toContain(' /usr/bin/docker ps ');
    writeConfig({
      executors: { other: '/usr/local/lib/userdocker/other-docker' },
      executor_default: 'other',
    });
    expect(await mustUserdocker('alice', '-n ps')).toContain(' /usr/local/lib/userdocker/other-docker ps ');
    expect(await mustUserdocker('alice', 'run box echo works')).toBe('works');
    rmSync('/usr/local/lib/userdocker/other-docker');
  });
  test('docker_host: another socket', async () => {
    symlinkSync('/run/docker.sock', '/run/other.sock');
    writeConfig({ docker_host: 'unix:///run/other.sock' });
    expect(await mustUserdocker('alice', '-n ps')).toMatch(/^DOCKER_HOST=unix:\/\/\/run\/other.sock /);
    expect(await mustUserdocker('alice', 'run box echo works')).toBe('works');
    rmSync('/run/other.sock');
  });
  test('docker_config: what docker reads its own settings from', async () => {
    await mustRoot('mkdir -m 755 /etc/userdocker/other');
    writeFileSync(
      '/etc/userdocker/other/config.json',
      '{"imagesFormat": "{{.Repository}} by root’s configuration"}',
    );
    writeFileSync('/home/alice/config.json', '{"imagesFormat": "by alice’s"}');
    writeConfig({ docker_config: '/etc/userdocker/other' });
    const env = { DOCKER_CONFIG: '/home/alice' };
    expect(await mustUserdocker('alice', 'images box', { env })).toBe('box by root’s configuration');
    await mustRoot('rm -r /etc/userdocker/other /home/alice/config.json');
  });
});

describe('containers', () => {
  test('ps_scope: all shows everybody’s, and gives no right to them', async () => {
    writeConfig({ ps_scope: 'all' });
    await mustUserdocker('bob', 'run -d --name his box sleep 300');
    await docker(['run', '--detach', '--name', 'roots', 'box', 'sleep', '300']);
    const names = (await mustUserdocker('alice', "ps --format '{{.Names}}'")).split('\n').sort();
    expect(names).toEqual(['his', 'roots']);
    expect(await status('exec his true')).toBe(77);
  });
  test('log_driver: local with bounds, another, the engine’s own', async () => {
    await mustUserdocker('alice', 'run -d --name shipped box sleep 300');
    expect(JSON.parse(await inspect('shipped', '.HostConfig.LogConfig'))).toEqual({
      Type: 'local',
      Config: { 'max-size': '10m', 'max-file': '3' },
    });
    writeConfig({ log_driver: { name: 'json-file', options: { 'max-size': '1k', 'max-file': '1' } } });
    await mustUserdocker('alice', 'run -d --name other box sleep 300');
    expect(JSON.parse(await inspect('other', '.HostConfig.LogConfig'))).toEqual({
      Type: 'json-file',
      Config: { 'max-size': '1k', 'max-file': '1' },
    });
    writeConfig({ log_driver: { name: '' } });
    expect(await mustUserdocker('alice', '-n run box')).not.toContain('--log');
    expect(await status('-n run --log-driver=none box')).toBe(77);
  });
  test('container_names: how they begin, and what they may be', async () => {
    writeConfig({ container_names: { default: 'job-${user}-', allowed: '(?:job|svc)-.*' } });
    expect(await mustUserdocker('alice', '-n run box')).toContain(' --name=job-alice-1 ');
    expect(await status('-n run --name=svc-x box')).toBe(0);
    expect(await status('-n run --name=other box')).toBe(77);
    expect(await status('-n run --name=job-bob-1 box')).toBe(77);
    expect(await status('-n run --name=xsvc-x box')).toBe(77);
  });
  test('cpus_default: a share and as many processors, unless the user says', async () => {
    writeConfig({ cpus_default: 1 });
    const parts = async (words: string) =>
      (await mustUserdocker('alice', `-n run ${words} box`)).match(/--cpu\S*/g);
    expect(await parts('')).toEqual(['--cpus=1', expect.stringMatching(/^--cpuset-cpus=\d$/)]);
    expect(await parts('--cpus=0.5 --cpuset-cpus=0')).toEqual(['--cpus=0.5', '--cpuset-cpus=0']);
    expect(await mustUserdocker('alice', 'run box nproc')).toBe('1');
    const processors = Number(await mustRoot('nproc'));
    const both = await parts(`--cpus=${processors}`);
    expect(both?.filter((word) => word.startsWith('--cpuset'))).toEqual([]);
  });
  test('args: always, default and available', async () => {
    writeConfig({
      args: {
        run: {
          'always+': ['--network=none'],
          'default+': ['--shm-size=1m', '--init'],
          'available+': [{ flag: '--dns', pattern: '10\\..*' }],
          'available-': ['--read-only'],
        },
      },
    });
    const given = await mustUserdocker('alice', '-n run box');
    for (const word of ['--network=none', '--shm-size=1m', '--init', '--rm'])
      expect(given).toContain(` ${word} `);
    expect(await mustUserdocker('alice', '-n run --shm-size 2m --init=false box')).not.toMatch(
      /--shm-size=1m|--init /,
    );
    expect(await mustUserdocker('alice', '--no-default-args -n run box')).not.toMatch(/--shm-size|--init/);
    expect(await status('-n run --network=none box')).toBe(0);
    expect(await status('-n run --network=bridge box')).toBe(77);
    expect(await status('-n run --rm=false box')).toBe(77);
    expect(await status('-n run --dns 10.0.0.1 box')).toBe(0);
    expect(await status('-n run --dns 8.8.8.8 box')).toBe(77);
    expect(await status('-n run --read-only box')).toBe(77);
    expect(
      await mustUserdocker('alice', "run box sh -c 'ls /sys/class/net; df -k /dev/shm | tail -1'"),
    ).toMatch(/^lo\n\S+ +1024 /);
  });
  test('log_level: what one is told', async () => {
    await mustRoot(
      'docker tag box old && docker save old >/home/alice/old.tar && docker rmi old; chown alice /home/alice/old.tar',
    );
    const notes = async (words: string) => (await userdocker('alice', `${words} load <old.tar`)).stderr;
    expect(await notes('')).toContain('old:latest is loaded as localhost/alice/old:latest');
    expect(await notes('-q')).toBe('');
    writeConfig({ log_level: 'warning' });
    expect(await notes('')).toBe('');
    expect(await notes('--debug')).toMatch(/loaded as/);
    await mustRoot('docker rmi localhost/alice/old; rm /home/alice/old.tar');
  });
});

describe('images', () => {
  test('allowed: the whole name with its tag, as docker shows it', async () => {
    writeConfig({ images: { allowed: ['box:latest', 'registry\\.example/.*', 'for-${user}:.*'] } });
    expect(await status('-n run box')).toBe(0);
    expect(await status('-n run box:latest')).toBe(0);
    for (const name of [
      'box:1',
      'forged',
      'xbox',
      'registry-example/x',
      'evil/registry.example/x',
      'for-bob:1',
      'evil/for-alice:1',
    ]) {
      const { status: refused, stderr } = await userdocker('alice', `-n run --pull=never ${name}`);
      expect(refused).toBe(77);
      expect(stderr).toContain('not an image that the policy allows');
    }
    for (const command of ['pull', 'run']) expect(await status(`${command} forged`)).toBe(77);
  });
  test('pull: never fetches nothing, whatever is asked', async () => {
    writeConfig({ images: { pull: 'never' } });
    expect(await mustUserdocker('alice', 'run box echo local')).toBe('local');
    for (const words of [
      'run nosuch:1 true',
      'run --pull=missing nosuch:1 true',
      'run --pull=always box true',
      'pull box',
    ]) {
      const { status: refused, stderr } = await userdocker('alice', words);
      expect(refused).toBe(77);
      expect(stderr).not.toMatch(/daemon|registry/);
    }
  });
  test('pull: always asks the registry, and does not run what it can’t get', async () => {
    writeConfig({ images: { pull: 'always' } });
    const { status: failed, stdout, stderr } = await userdocker('alice', 'run box echo local');
    expect({ failed, stdout }).toEqual({ failed: 69, stdout: '' });
    expect(stderr).toContain('could not be fetched');
    // Only ever narrower.
    expect(await status('run --pull=missing box true')).toBe(77);
  });
  test('load_tags: where what is loaded goes, and who sees it', async () => {
    writeConfig({ images: { load_tags: 'own.example/${user}/loaded/' } });
    await mustRoot('docker save box >/home/alice/box.tar; chown alice /home/alice/box.tar');
    expect(await mustUserdocker('alice', 'load <box.tar')).toBe(
      'Loaded image: own.example/alice/loaded/box:latest',
    );
    expect(await mustUserdocker('alice', 'images')).toContain('own.example/alice/loaded/box');
    expect(await mustUserdocker('bob', 'images')).not.toContain('own.example');
    expect((await userdocker('bob', 'run own.example/alice/loaded/box true')).status).toBe(77);
    expect(await mustUserdocker('alice', 'run own.example/alice/loaded/box echo works')).toBe('works');
    await removeContainers();
    await docker(['rmi', 'own.example/alice/loaded/box']);
  });
  test('load_max: more is not unpacked', async () => {
    writeConfig({ images: { load_max: '1m' } });
    await mustRoot(
      'docker tag box large; docker save large | gzip >/home/alice/large.gz; docker rmi large; chown alice /home/alice/large.gz',
    );
    const { status: refused, stdout, stderr } = await userdocker('alice', 'load <large.gz');
    expect(refused).not.toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/1m|load_max|1 MiB|larger|more than/);
    expect(await docker(['images', '--quiet', 'localhost/alice/large'])).toBe('');
    await mustRoot('rm /home/alice/large.gz');
  });
});

test('volume_mounts.probe: false asks no file server first, so that a dead one makes the call wait', async () => {
  writeConfig({ volume_mounts: { 'available+': ['/srv/dead/share:/share'], probe: false } });
  await mountDeadServer();
  const call = userdocker('alice', 'run -v /srv/dead/share:/share box true');
  const first = await Promise.race([call, sleep(7000, 'it waits')]);
  await unmountDeadServer();
  expect(first).toBe('it waits');
  expect((await call).status).not.toBe(0);
});
