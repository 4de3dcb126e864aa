import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  blob,
  descriptor,
  imageOf,
  indexType,
  layerType,
  load,
  manifestType,
  ociBlobs,
  ociLayout,
  refusal,
  tarOf,
} from './fixtures.ts';

const image = await imageOf('one', 'two');
const arm = await imageOf('arm');

describe('an OCI image layout', () => {
  const [manifest, ...others] = ociBlobs(image);
  const blobs = [manifest, ...others];

  async function tagsOf(
    manifests: readonly object[],
    more = blobs,
    changes = {},
  ): Promise<readonly string[]> {
    return (await load(await tarOf(ociLayout(manifests, more)), changes)).tags.map(({ to }) => to);
  }
  async function refused(manifests: readonly object[], more = blobs): Promise<string> {
    return refusal(await tarOf(ociLayout(manifests, more)));
  }
  const annotated = (name: string, value: string) => descriptor(manifest, { annotations: { [name]: value } });

  test('becomes a manifest.json that every engine reads', async () => {
    const [first, ...rest] = ociBlobs(image, true);
    const { manifest: written, body } = await load(
      await tarOf(ociLayout([descriptor(first)], [first, ...rest])),
    );
    expect(String(body(written[0]?.Config))).toBe(image.config);
    expect(written[0]?.Layers.map((name) => body(name))).toEqual(
      image.layers.map((layer) => gzipSync(layer)),
    );
  });

  test.each([
    ['io.containerd.image.name', 'ghcr.io/a/b:1', 'localhost/alice/ghcr.io/a/b:1'],
    ['org.opencontainers.image.ref.name', 'docker.io/library/busybox:1.36', 'localhost/alice/busybox:1.36'],
    ['org.opencontainers.image.ref.name', 'latest', 'localhost/alice/loaded:latest'],
    ['org.opencontainers.image.ref.name', 'what ever', `localhost/alice/loaded:${image.id.slice(7, 19)}`],
    ['other', 'debian:1', `localhost/alice/loaded:${image.id.slice(7, 19)}`],
  ])('named by %s %s: %s', async (name, value, tag) => {
    expect(await tagsOf([annotated(name, value)])).toEqual([tag]);
  });

  const armBlobs = ociBlobs(arm);
  const index = blob(
    indexType,
    JSON.stringify({
      schemaVersion: 2,
      manifests: [
        descriptor(armBlobs[0], { platform: { os: 'linux', architecture: 'arm64' } }),
        descriptor(manifest, { platform: { os: 'linux', architecture: 'amd64' } }),
        descriptor(blob(manifestType, 'gone'), { platform: { os: 'linux', architecture: 's390x' } }),
        descriptor(manifest, { annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } }),
        descriptor(manifest, { platform: { os: 'unknown', architecture: 'unknown' } }),
      ],
    }),
  );

  test.each([
    ['amd64', image.id],
    ['arm64', arm.id],
  ])('of several machines: the one for %s', async (architecture, id) => {
    const annotations = { 'io.containerd.image.name': 'a:1' };
    const archive = await tarOf(
      ociLayout([descriptor(index, { annotations })], [index, ...blobs, ...armBlobs]),
    );
    expect((await load(archive, { architecture })).tags.map(({ imageId }) => imageId)).toEqual([id]);
  });

  test('for no machine like this one', async () => {
    const archive = await tarOf(ociLayout([descriptor(index)], [index, ...blobs, ...armBlobs]));
    expect(await refusal(archive, { architecture: 'riscv64' })).toBe(
      'the archive holds no image for linux/riscv64, only for linux/arm64, linux/amd64',
    );
  });

  test.each([
    ['encrypted', `${layerType}+encrypted`],
    ['not to be handed on', 'application/vnd.oci.image.layer.nondistributable.v1.tar'],
    ['foreign', 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'],
    ['of no known kind', 'application/x-evil'],
  ])('layers that are %s', async (_, mediaType) => {
    const body = JSON.parse(String(manifest.entry.body));
    const changed = blob(
      manifestType,
      JSON.stringify({ ...body, layers: [{ ...body.layers[0], mediaType }] }),
    );
    expect(await refused([descriptor(changed)], [changed, ...others])).toMatch(/layer of the type/);
  });

  test.each<[string, readonly object[], RegExp]>([
    ['no image', [], /no image/],
    ['an image that is not there', [descriptor(blob(manifestType, 'gone'))], /no image/],
    ['a digest with a path', [{ ...descriptor(manifest), digest: 'sha256:../../etc/passwd' }], /no index/],
    ['a digest of another kind', [{ ...descriptor(manifest), digest: `md5:${'a'.repeat(32)}` }], /no index/],
  ])('%s', async (_, manifests, message) => {
    expect(await refused(manifests)).toMatch(message);
  });

  test('a manifest that is not what its name says', async () => {
    const forged = { ...manifest, entry: { ...manifest.entry, body: `${manifest.entry.body} ` } };
    expect(await refused([descriptor(forged)], [forged, ...others])).toMatch(/not what its name says/);
  });

  test('an index that names another one a thousand times', async () => {
    const many = blob(indexType, JSON.stringify({ manifests: Array(1000).fill(descriptor(manifest)) }));
    const more = blob(indexType, JSON.stringify({ manifests: Array(1000).fill(descriptor(many)) }));
    expect(await refused([descriptor(more)], [more, many, ...blobs])).toMatch(/too many images/);
  });

  test('an index within an index without end, and something that is index and manifest at once', async () => {
    const within = (inner: typeof index) =>
      blob(indexType, JSON.stringify({ manifests: [descriptor(inner)] }));
    const levels = [index, within(index)];
    for (let depth = 0; depth < 4; depth++) levels.push(within(levels.at(-1) ?? index));
    expect(await refused([descriptor(levels.at(-1) ?? index)], [...levels, ...blobs])).toMatch(
      /index of an index/,
    );
    const both = blob(
      indexType,
      JSON.stringify({ ...JSON.parse(String(manifest.entry.body)), manifests: [] }),
    );
    expect(await refused([descriptor(both)], [both, ...blobs])).toMatch(/no index/);
  });
});
