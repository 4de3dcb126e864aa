/** What an image's own files can do to the run of it, and to others. */
import { afterEach, describe, expect, test } from 'vitest';
import { docker, inspect, removeContainers } from './support/engine.ts';
import { importImage } from './support/images.ts';
import { as, mustAs, mustRoot } from './support/users.ts';

afterEach(removeContainers);

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
