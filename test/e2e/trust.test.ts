import { chmodSync, chownSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { resetConfig, writeConfig } from './support/config.ts';
import { docker, removeContainers } from './support/engine.ts';
import { mustUserdocker, userdocker } from './support/userdocker.ts';
import { mustRoot } from './support/users.ts';

afterEach(resetConfig);
afterAll(removeContainers);

async function refused(words: string, status: number, told: string): Promise<void> {
  const outcome = await userdocker('alice', words);
  expect({ status: outcome.status, stdout: outcome.stdout }).toEqual({ status, stdout: '' });
  expect(outcome.stderr).toContain(told);
}

describe('what is executed as root', () => {
  beforeAll(() =>
    mustRoot(`
      mkdir -m 777 /opt/open; mkdir -m 755 /opt/closed
      for place in /opt/open /opt/closed /home/alice; do cp /bin/busybox $place/docker; done
      chmod 775 /opt/closed/docker; ln -s /opt/open/docker /opt/link; ln -s /usr/bin/docker /opt/open/to-root
      ln -s /usr/bin/docker /opt/closed/good`),
  );
  afterAll(() => mustRoot('rm -r /opt/open /opt/closed /opt/link /home/alice/docker'));

  test.each([
    '/opt/open/docker',
    '/opt/open/new',
    '/opt/open/to-root',
    '/opt/closed/docker',
    '/opt/link',
    '/home/alice/docker',
  ])('could be changed by others: %s', async (path) => {
    writeConfig({ executors: { docker: path } });
    await refused('version', 78, `File: ${path}`);
  });
  test('could be changed by nobody else: a link of root’s', async () => {
    writeConfig({ executors: { docker: '/opt/closed/good' } });
    expect(await mustUserdocker('alice', 'version')).toContain('Server:');
  });
  test.each(['/home/alice/.docker', '/home/alice', '/tmp/none'])(
    'docker_config, which names programs: %s',
    async (path) => {
      writeConfig({ docker_config: path });
      await refused('version', 78, `File: ${path}`);
    },
  );
});

describe('what says whose a container is', () => {
  beforeAll(() => mustUserdocker('alice', 'run -d --name hers box sleep 300'));

  test.each([
    ['/var/lib/userdocker', 0o777],
    ['/var/lib/userdocker/containers', 0o770],
    ['/run/userdocker', 0o1777],
  ])('%s, writable by others: nothing is believed', async (directory, mode) => {
    chmodSync(directory, mode);
    try {
      for (const words of ['ps', 'exec hers id', 'run box true'])
        await refused(words, 78, `File: ${directory}`);
    } finally {
      chmodSync(directory, 0o700);
    }
    await mustUserdocker('alice', 'exec hers true');
  });
  test('belonging to somebody else', async () => {
    const directory = `/var/lib/userdocker/containers/${(await mustRoot('id -u alice')).trim()}`;
    chownSync(directory, 12345, 0);
    await refused('exec hers true', 78, `File: ${directory}`);
    chownSync(directory, 0, 0);
  });
  test('is nobody’s to look into', async () => {
    for (const directory of ['/var/lib/userdocker', '/run/userdocker'])
      expect(statSync(directory).mode & 0o777).toBe(0o700);
  });
});

describe('the engine’s data directory', () => {
  test('open to others: no run, no load, since setuid programs of images would work outside', async () => {
    chmodSync('/var/lib/docker', 0o711);
    try {
      await refused('run box true', 77, 'chmod o-x /var/lib/docker');
      await refused('load </dev/null', 77, 'chmod o-x /var/lib/docker');
    } finally {
      chmodSync('/var/lib/docker', 0o710);
    }
    expect(await mustUserdocker('alice', 'run box echo works')).toBe('works');
  });
});

/** It is kept between calls once it has stood unchanged for two seconds. */
describe('a policy that was read before', () => {
  const file = '/etc/userdocker/config.yaml';
  const kept = async (user: string) => `/run/userdocker/policies/${(await mustRoot(`id -u ${user}`)).trim()}`;
  const settle = async () => {
    await sleep(2100);
    await mustUserdocker('alice', '-n run box');
    await mustUserdocker('bob', '-n run box');
  };

  test('counts no more once anything of it has changed', async () => {
    writeConfig({ env: { LAYER: 'first' } });
    await settle();
    expect(statSync(await kept('alice')).mode & 0o777).toBe(0o600);
    expect(await mustUserdocker('alice', '-n run box')).toContain('--env=LAYER=first ');

    const { atime, mtime } = statSync(file);
    writeConfig({ env: { LAYER: 'later' } });
    await mustRoot(
      `touch -d @${mtime.getTime() / 1000} ${file}; touch -a -d @${atime.getTime() / 1000} ${file}`,
    );
    expect(await mustUserdocker('alice', '-n run box')).toContain('--env=LAYER=later ');

    await settle();
    chmodSync(file, 0o666);
    await refused('ps', 78, `File: ${file}`);
    chmodSync(file, 0o644);

    await settle();
    writeConfig({ allowed_subcommands: ['images'] }, 'user/config_alice');
    await refused('ps', 77, 'you may use: images');
    await mustUserdocker('bob', 'ps');

    await settle().catch(() => undefined);
    rmSync('/etc/userdocker/user', { recursive: true });
    await mustUserdocker('alice', 'ps');
  });
  test('is one user’s: another’s is not taken, nor one that others have written', async () => {
    writeConfig({ env: { LAYER: '${user}' } });
    await settle();
    await mustRoot(`cp ${await kept('bob')} ${await kept('alice')}`);
    expect(await mustUserdocker('alice', '-n run box')).toContain('--env=LAYER=alice ');
    await settle();
    const file = await kept('alice');
    await mustRoot(`sed -i 's/LAYER/FALSE/g' ${file}; chmod 666 ${file}`);
    expect(await mustUserdocker('alice', '-n run box')).toContain('--env=LAYER=alice ');
    writeFileSync(file, 'nonsense');
    expect(await mustUserdocker('alice', '-n run box')).toContain('--env=LAYER=alice ');
    expect(await docker(['ps', '-q'])).not.toBe('');
  });
});
