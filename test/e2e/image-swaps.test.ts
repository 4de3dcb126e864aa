/** What an image's own files can do to the run of it, and to others. */
import { afterEach, describe, expect, test } from 'vitest';
import { docker, inspect, removeContainers } from './support/engine.ts';
import { importImage } from './support/images.ts';
import { as, mustAs, mustRoot } from './support/users.ts';

afterEach(removeContainers);

const disk = async () => (await mustRoot('getent group disk | cut -d: -f3')).trim();
const supplementary = async () => (await mustRoot('id -G alice')).trim().split(' ')[1] ?? '';

describe('a group of the image that is called like one of alice’s numbers', () => {
  test('docker alone makes its number hers', async () => {
    await importImage('numbers', { prepare: `echo ${await supplementary()}:x:${await disk()}: >>etc/group` });
    const groups = await docker([
      'run',
      '--rm',
      '--user',
      '1:1',
      '--group-add',
      await supplementary(),
      'numbers',
      'id',
      '-G',
    ]);
    expect(groups.split(' ')).toContain(await disk());
  });
  test('userdocker leaves her groups out, and says so', async () => {
    const { stdout, stderr, status } = await as('alice', 'sudo userdocker run numbers id -G');
    expect(status).toBe(0);
    expect(stdout.trim().split(' ')).toEqual([(await mustRoot('id -g alice')).trim()]);
    expect(stderr).toContain('number for its name');
  });
  test('and from any other image she has them', async () => {
    const inside = await mustAs('alice', 'sudo userdocker run box id -G');
    expect(inside.trim().split(' ').sort()).toEqual((await mustRoot('id -G alice')).trim().split(' ').sort());
  });
  test('nor can she write one into a file that the image left open', async () => {
    await importImage('openfile', { prepare: 'chmod 666 etc/group' });
    await mustAs('alice', 'sudo userdocker run -d --name open openfile sleep 300');
    await mustAs(
      'alice',
      `sudo userdocker exec open sh -c 'echo ${await supplementary()}:x:${await disk()}: >>/etc/group'`,
    );
    expect(await mustAs('alice', 'sudo userdocker exec open id -G')).not.toContain(await disk());
    expect(await inspect('open', '.HostConfig.GroupAdd')).toBe('null');
  });
});

describe('the image that is judged is the image that runs', () => {
  test('docker is given its id, and people see its name', async () => {
    await mustAs('alice', 'sudo userdocker run -d --name named box sleep 300');
    const id = await docker(['image', 'inspect', '--format', '{{.Id}}', 'box']);
    expect(await inspect('named', '.Config.Image')).toBe(JSON.stringify(id.trim()));
    expect(await mustAs('alice', 'sudo userdocker ps')).toContain('box:latest');
  });
  test('a tag that moves meanwhile changes nothing', async () => {
    const image = 'localhost/alice/moving:1';
    await importImage('good');
    await importImage('bad', { changes: ['WORKDIR /home/alice/made/by/root'] });
    await docker(['tag', 'bad', image]);
    // Control: this is what a run of it by docker does, and what userdocker refuses.
    expect((await as('alice', `sudo userdocker run ${image} true`)).status).toBe(77);
    const swap =
      'while :; do docker tag good localhost/alice/moving:1; docker tag bad localhost/alice/moving:1; done';
    const swapping = mustRoot(`timeout 8 sh -c '${swap}' || true`, { timeoutMs: 30_000 });
    for (let round = 0; round < 12; round++) await as('alice', `sudo userdocker run ${image} true`);
    await swapping;
    expect(await mustRoot('ls -d /home/alice/made 2>/dev/null || echo none')).toBe('none\n');
  }, 60_000);
});

describe('names that anybody could serve', () => {
  test.each(['localhost:5000/base:1', 'localhost/base'])('%s is not fetched', async (name) => {
    const { status, stderr } = await as('alice', `sudo userdocker pull ${name}`);
    expect(status).toBe(77);
    expect(stderr).toMatch(/any user of this machine could be the registry|no such image/);
  });
  test('nor is another platform', async () => {
    const { status, stderr } = await as('alice', 'sudo userdocker pull --platform linux/riscv64 debian');
    expect({ status, stderr }).toMatchObject({
      status: 77,
      stderr: expect.stringContaining('place for everybody'),
    });
  });
});

test('root’s registry credentials are root’s alone', async () => {
  await mustRoot('echo secret >/etc/userdocker/docker/credentials');
  expect((await as('alice', 'cat /etc/userdocker/docker/credentials')).status).toBe(1);
  await mustRoot('rm /etc/userdocker/docker/credentials');
});
