/** names_in_container through a real engine: who programs in a container think they are. */
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { resetConfig, writeConfig } from './support/config.ts';
import { docker, inspect, removeContainers } from './support/engine.ts';
import { importImage } from './support/images.ts';
import { mustUserdocker, userdocker } from './support/userdocker.ts';
import { as, mustRoot } from './support/users.ts';

const ids = 'echo $(id -un) $(id -gn) $(id -Gn)';

beforeAll(async () => {
  await importImage('linked', { prepare: 'rm etc/passwd; ln -s /home/alice/made etc/passwd' });
  await importImage('bare', { prepare: 'rm etc/passwd etc/group' });
  await importImage('numeric', { prepare: 'echo "$(getent group students | cut -d: -f3):x:6:" >>etc/group' });
});
beforeEach(() => writeConfig({ names_in_container: true }));
afterEach(async () => {
  await removeContainers();
  resetConfig();
});

test('names_in_container: programs find the names of the user and the user’s groups', async () => {
  const [user, group, ...groups] = (await mustUserdocker('alice', `run box sh -c '${ids}'`)).split(' ');
  expect([user, group]).toEqual(['alice', (await mustRoot('id -gn alice')).trim()]);
  expect(groups.toSorted()).toEqual((await mustRoot('id -Gn alice')).trim().split(' ').toSorted());
  expect(await mustUserdocker('bob', "run box sh -c 'id -un; cat /etc/passwd'")).not.toContain('alice');
  resetConfig();
  expect((await userdocker('alice', 'run box id -un')).stdout.trim()).not.toBe('alice');
});
test('in an image without such files', async () => {
  expect(await mustUserdocker('alice', 'run bare id -un')).toBe('alice');
  await mustUserdocker('alice', 'run -d --name main --read-only bare sleep 300');
  expect(await mustUserdocker('alice', 'exec main id -un')).toBe('alice');
});
test('exec finds the same', async () => {
  await mustUserdocker('alice', 'run -d --name main box sleep 300');
  expect(await mustUserdocker('alice', 'exec main id -un')).toBe('alice');
});

describe('are read-only', () => {
  test.each(['echo x >>/etc/passwd', 'rm /etc/group', 'umount /etc/passwd', 'mv /etc/passwd /etc/x'])(
    '%s',
    async (line) => {
      const { status } = await userdocker('alice', `run --no-default-mounts box sh -c '${line}'`);
      expect(status).not.toBe(0);
      expect(await mustUserdocker('alice', 'run box id -un')).toBe('alice');
    },
  );
  test('and out of reach outside', async () => {
    await mustUserdocker('alice', 'run box true');
    expect((await as('alice', 'cat /var/lib/userdocker/accounts/*/passwd')).status).not.toBe(0);
    expect(await mustRoot('stat -c "%a %U" /var/lib/userdocker/accounts/$(id -u alice)/passwd')).toBe(
      '644 root\n',
    );
  });
  test.each(['-v $HOME/x:/etc/passwd', '-v $HOME/x:/etc'])('with %s over them: refused', async (mount) => {
    writeConfig({ names_in_container: true, volume_mounts: { 'available+': ['/home/alice/**:'] } });
    await as('alice', 'mkdir -p x');
    const { status, stdout } = await userdocker('alice', `run ${mount} box id -un`);
    expect({ status, stdout }).toEqual({ status: 77, stdout: '' });
    expect((await as('alice', 'ls x')).stdout).toBe('');
  });
  test('an image whose /etc/passwd leads into the user’s home: nothing is made there as root', async () => {
    const { status } = await userdocker('alice', 'run linked id -un');
    expect(status).toBe(77);
    expect((await as('alice', 'ls -A made')).status).not.toBe(0);
  });
});

test('a group of the image that is called by a number still gives nobody another group', async () => {
  // Refused, or left out: which of the two depends on the engine's runc.
  const { stdout } = await userdocker('alice', 'run numeric id -G');
  expect(stdout.trim().split(' ')).not.toContain('6');
});

test('a container that is started again has them, also if the machine was started anew meanwhile', async () => {
  const keep = { names_in_container: true, args: { run: { 'always-': ['--rm'] } } };
  writeConfig(keep);
  await mustUserdocker('alice', "run --name kept box sh -c 'id -un'");
  await mustRoot('rm -r /var/lib/userdocker/accounts');
  expect(await mustUserdocker('alice', 'start -a kept')).toBe('alice');
  writeConfig({ ...keep, names_in_container: false });
  expect((await userdocker('alice', 'start -a kept')).status).toBe(77);
  expect(await inspect('kept', '(len .HostConfig.Mounts)')).toBe('3');
  await docker(['rm', 'kept']);
});
