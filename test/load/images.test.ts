import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type Entry, imageOf, load, mebibyte, refusal, sha256, tarOf } from './fixtures.ts';

const image = await imageOf('one', 'two');

describe('layers are held against the configuration', () => {
  const config = { name: 'c.json', body: image.config };
  const manifestOf = (layers: readonly string[], Config = 'c.json'): Entry => ({
    name: 'manifest.json',
    body: JSON.stringify([{ Config, RepoTags: ['x:1'], Layers: layers }]),
  });
  const [one = Buffer.alloc(0), two = Buffer.alloc(0)] = image.layers;

  test.each<[string, readonly Entry[], RegExp]>([
    // The engine has both layers of somebody's image and takes its own, whatever the archive holds.
    ['empty files', [{ name: '1' }, { name: '2' }, config, manifestOf(['1', '2'])], /layer 1 .* not what/],
    [
      'another order',
      [{ name: '1', body: one }, { name: '2', body: two }, config, manifestOf(['2', '1'])],
      /layer 1 .* not what/,
    ],
    [
      'the last one changed',
      [{ name: '1', body: one }, { name: '2', body: `${two}x` }, config, manifestOf(['1', '2'])],
      /layer 2 .* not what/,
    ],
    ['one too few', [{ name: '1', body: one }, config, manifestOf(['1'])], /more or fewer layers/],
    [
      'one too many',
      [{ name: '1', body: one }, { name: '2', body: two }, config, manifestOf(['1', '2', '2'])],
      /more or fewer layers/,
    ],
    ['one that is not there', [{ name: '1', body: one }, config, manifestOf(['1', '2'])], /does not hold/],
    [
      'one outside',
      [{ name: '1', body: one }, config, manifestOf(['1', '../../../etc/passwd'])],
      /does not hold/,
    ],
    [
      'a configuration outside',
      [{ name: '1', body: one }, config, manifestOf(['1'], '/etc/passwd')],
      /does not hold/,
    ],
    [
      'a configuration that is the manifest',
      [{ name: '1', body: one }, manifestOf(['1'], 'manifest.json')],
      /does not hold/,
    ],
    [
      'damaged gzip',
      [
        { name: '1', body: gzipSync(one).subarray(0, 30) },
        { name: '2', body: two },
        config,
        manifestOf(['1', '2']),
      ],
      /layer 1 .* not what/,
    ],
    [
      'xz',
      [
        { name: '1', body: spawnSync('xz', ['-c'], { input: one }).stdout },
        { name: '2', body: two },
        config,
        manifestOf(['1', '2']),
      ],
      /compressed with xz/,
    ],
  ])('%s', async (_, entries, message) => {
    expect(await refusal(await tarOf(entries))).toMatch(message);
  });

  test('gzip is what it unpacks to', async () => {
    const entries = [
      { name: '1', body: gzipSync(one) },
      { name: '2', body: two },
      config,
      manifestOf(['1', '2']),
    ];
    expect((await load(await tarOf(entries))).tags).toHaveLength(1);
  });

  test('a layer that unpacks to more than load_max', async () => {
    const zeros = Buffer.alloc(3 * mebibyte);
    const big = JSON.stringify({ rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(zeros)}`] } });
    const entries = [{ name: '1', body: gzipSync(zeros) }, { name: 'c.json', body: big }, manifestOf(['1'])];
    expect(await refusal(await tarOf(entries), { loadMax: 2 * mebibyte })).toMatch(/unpacks to more than/);
    expect((await load(await tarOf(entries), { loadMax: 4 * mebibyte })).tags).toHaveLength(1);
  });

  test('zstd, where the engine does not read it', async () => {
    const body = spawnSync('zstd', ['-qc'], { input: one }).stdout;
    const entries = [{ name: '1', body }, { name: '2', body: two }, config, manifestOf(['1', '2'])];
    expect(await refusal(await tarOf(entries), { zstdLayers: false })).toMatch(/zstd/);
  });

  const digests = image.layers.map((layer) => `sha256:${sha256(layer)}`);
  const forged = `sha256:${'0'.repeat(64)}`;
  const rootfs = { type: 'layers', diff_ids: digests };
  test.each<[string, string, RegExp]>([
    ['no JSON', 'x', /no JSON/],
    ['a list', '[]', /valid configuration/],
    ['no rootfs', '{}', /valid configuration/],
    ['a rootfs of another type', JSON.stringify({ rootfs: { ...rootfs, type: 'x' } }), /valid configuration/],
    [
      'digests that are none',
      JSON.stringify({ rootfs: { ...rootfs, diff_ids: ['x', 'y'] } }),
      /valid configuration/,
    ],
    [
      "a second rootfs in Go's eyes",
      JSON.stringify({ rootfs, RootFS: { diff_ids: [forged] } }),
      /the key RootFS/,
    ],
    [
      'a second rootfs by folding',
      JSON.stringify({ rootfs, rootf\u017f: { diff_ids: [forged] } }),
      /the key rootf/,
    ],
    [
      "a second diff_ids in Go's eyes",
      JSON.stringify({ rootfs: { ...rootfs, Diff_IDs: [forged] } }),
      /the key Diff_IDs/,
    ],
    ['a byte order mark', `\ufeff${image.config}`, /no JSON|no valid JSON/],
    ['something after it', `${image.config}{}`, /no valid JSON/],
    [
      'large labels',
      JSON.stringify({ rootfs, config: { Labels: { a: 'x'.repeat(262_144) } } }),
      /has more than 262144 bytes/,
    ],
  ])('a configuration with %s', async (_, body, message) => {
    const entries = [
      { name: '1', body: one },
      { name: '2', body: two },
      { name: 'c.json', body },
      manifestOf(['1', '2']),
    ];
    expect(await refusal(await tarOf(entries))).toMatch(message);
  });
});
