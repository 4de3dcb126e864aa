import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { descriptor, type Image, ociBlobs, ociLayout, sha256, tarOf } from '../load/fixtures.ts';
import { resetConfig, writeConfig } from './support/config.ts';
import { docker, removeContainers, tryDocker } from './support/engine.ts';
import { openTerminal } from './support/terminal.ts';
import { mustUserdocker, userdocker } from './support/userdocker.ts';
import { as, mustRoot } from './support/users.ts';

const imageId = (name: string) => docker(['inspect', '--format', '{{.Id}}', name]);
const names = (user: 'alice' | 'bob', words = '') =>
  mustUserdocker(user, `images --format '{{.Repository}}:{{.Tag}}' ${words}`).then((text) =>
    text.split('\n').filter((line) => line !== ''),
  );

const allImages = async () =>
  (await docker(['images', '--all', '--format', '{{.ID}} {{.Repository}}:{{.Tag}}'])).split('\n').sort();

/** alice holds an archive in which `debian:latest` is not what the machine takes for it. */
beforeAll(async () => {
  await docker(['tag', 'forged', 'debian:latest']);
  await mustRoot(`
    docker tag box other && docker save other >/home/alice/other.tar && docker rmi other
    docker tag box debian && docker save debian >/home/alice/debian.tar && docker tag forged debian
    chown alice /home/alice/*.tar`);
  writeConfig({ 'allowed_subcommands+': ['rmi'] });
});
afterAll(async () => {
  await mustRoot('docker rmi --force debian; rm /home/alice/*.tar');
  await removeOwn();
  resetConfig();
});
/** Whatever was loaded. */
async function removeOwn(): Promise<void> {
  await removeContainers();
  const own =
    (await docker(['images', '--format', '{{.Repository}}:{{.Tag}}'])).match(/^localhost\/.*$/gm) ?? [];
  if (own.length > 0) await docker(['rmi', '--force', ...own]);
}

describe('load', () => {
  beforeEach(removeOwn);

  test('puts an image under the caller’s own tags and says so', async () => {
    const { status, stdout, stderr } = await userdocker('alice', 'load <debian.tar');
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: 'Loaded image: localhost/alice/debian:latest\n',
    });
    expect(stderr).toBe('userdocker: debian:latest is loaded as localhost/alice/debian:latest\n');
    expect(await imageId('debian')).toBe(await imageId('forged'));
    expect(await imageId('localhost/alice/debian')).toBe(await imageId('box'));
    expect(await mustUserdocker('alice', 'run localhost/alice/debian echo runs')).toBe('runs');
  });
  test.each(['gzip', 'bzip2', 'xz'])('unpacks what %s packed', async (packer) => {
    const { stdout } = await as('alice', `${packer} <other.tar | sudo userdocker load`);
    expect(stdout).toBe('Loaded image: localhost/alice/other:latest\n');
  });
  test('reads an OCI layout, which this engine itself may not', async () => {
    const image = await ownImage();
    const [manifest, ...blobs] = ociBlobs(image, true);
    const annotations = { 'org.opencontainers.image.ref.name': 'tools:1' };
    const archive = await tarOf(ociLayout([descriptor(manifest, { annotations })], [manifest, ...blobs]));
    writeFileSync('/home/alice/oci.tar', archive);
    expect(await mustUserdocker('alice', 'load -q <oci.tar')).toBe('');
    expect(await imageId('localhost/alice/tools:1')).toBe(image.id);
  });
  test.each([
    ['nothing', '</dev/null'],
    ['what is no archive', '</etc/passwd'],
    ['a torn one', '<torn.tar'],
  ])('refuses %s and changes nothing', async (_what, input) => {
    await as('alice', 'head -c 100000 other.tar >torn.tar');
    const before = await allImages();
    const { status, stdout, stderr } = await userdocker('alice', `load ${input}`);
    expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
    expect(stderr).toMatch(/^userdocker: /);
    expect(await allImages()).toEqual(before);
  });
  test('reads no file by name', async () => {
    const { status, stderr } = await userdocker('alice', 'load -i /etc/shadow');
    expect(status).toBe(77);
    expect(stderr).toContain('userdocker load < image.tar');
  });
  test('does not wait for somebody to type an archive', async () => {
    const terminal = openTerminal('alice', 'sudo userdocker load');
    await terminal.expect(/reads an archive from standard input/);
    expect(await terminal.ended).toBe(64);
  });
});

describe('what one has loaded, others', () => {
  beforeAll(async () => {
    await removeOwn();
    await mustUserdocker('alice', 'load <other.tar');
  });

  test('do not see', async () => {
    expect(await names('alice')).toContain('localhost/alice/other:latest');
    expect((await names('bob')).filter((name) => name.includes('alice'))).toEqual([]);
    expect(await mustUserdocker('bob', 'dockviz')).not.toContain('alice');
    expect(await mustUserdocker('alice', 'dockviz')).toContain('localhost/alice/other:latest');
  });
  test.each(['run', 'pull', 'rmi'])(
    'get no other answer for %s than for what is not there',
    async (command) => {
      const there = await userdocker('bob', `${command} localhost/alice/other`);
      const nowhere = await userdocker('bob', `${command} localhost/alice/ohter`);
      expect(there.status).toBe(77);
      expect(there.stderr.replaceAll('other', 'ohter')).toBe(nowhere.stderr);
      expect(there.status).toBe(nowhere.status);
    },
  );
  test('run by no id, since an id has no owner', async () => {
    const id = await imageId('localhost/alice/other');
    for (const name of [id, id.slice(7), id.slice(7, 19), `box@${id}`])
      expect((await userdocker('bob', `run --pull=never ${name} id`)).status).toBe(77);
  });
  test('do not remove; the owner does', async () => {
    expect((await userdocker('alice', 'rmi box')).status).toBe(77);
    expect(await mustUserdocker('alice', 'rmi localhost/alice/other')).toContain(
      'Untagged: localhost/alice/other:latest',
    );
    expect((await tryDocker(['inspect', 'localhost/alice/other'])).status).toBe(1);
    expect(await imageId('box')).toMatch(/^sha256:/);
  });
});

describe('images', () => {
  test('of a name, a pattern, a tag', async () => {
    expect(await names('alice', 'box')).toEqual(['box:latest']);
    expect(await names('alice', 'box:latest')).toEqual(['box:latest']);
    expect(await names('alice', "'?ox'")).toEqual(['box:latest']);
    expect(await names('alice', 'box:2')).toEqual([]);
  });
  test('-q shows ids', async () => {
    expect(await mustUserdocker('alice', 'images -q --no-trunc box')).toBe(await imageId('box'));
  });
});

describe('pull, where no registry answers', () => {
  test('ends as docker ends, and says what docker says', async () => {
    const own = await tryDocker(['pull', 'debian:12']);
    const { status, stdout, stderr } = await userdocker('alice', 'pull debian:12');
    expect({ status, stdout }).toEqual({ status: own.status, stdout: own.stdout });
    expect(stderr).toMatch(/^Error response from daemon: /);
  });
  test('a run of what is not here: docker’s reason and a sentence', async () => {
    const { status, stdout, stderr } = await userdocker('alice', 'run debian:12 id');
    expect({ status, stdout }).toEqual({ status: 69, stdout: '' });
    expect(stderr).toContain('userdocker: the image debian:12 is not here and could not be fetched\n');
  });
  test('a run that wants no pull', async () => {
    const { status, stderr } = await userdocker('alice', 'run --pull=never debian:12 id');
    expect(status).toBe(77);
    expect(stderr).toContain('no such image: debian:12');
    expect(stderr).not.toContain('daemon');
  });
});

/** With a layer of its own, as it could come from another machine. */
async function ownImage(): Promise<Image> {
  const layer = await tarOf([{ name: 'etc/motd', body: 'hello' }]);
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
  });
  return { config, id: `sha256:${sha256(config)}`, layers: [layer] };
}
