import { PassThrough, Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { filterArchive } from '../../src/load/filter.ts';
import {
  descriptor,
  dockerSave,
  type Entry,
  imageOf,
  load,
  mebibyte,
  ociBlobs,
  ociLayout,
  refusal,
  request,
  tarOf,
} from './fixtures.ts';

const image = await imageOf('one', 'two');
const saved = dockerSave(image, ['debian:latest', 'localhost/bob/x:1']);
const plain = await tarOf(saved);

describe('an archive of docker save', () => {
  test('gets new tags, and only what is needed reaches the engine', async () => {
    const { tags, entries, manifest, body } = await load(plain);
    expect(tags).toEqual([
      { from: 'debian:latest', to: 'localhost/alice/debian:latest', imageId: image.id },
      { from: 'localhost/bob/x:1', to: 'localhost/alice/localhost/bob/x:1', imageId: image.id },
    ]);
    expect(manifest).toHaveLength(1);
    expect(Object.keys(manifest[0] ?? {})).toEqual(['Config', 'RepoTags', 'Layers']);
    expect(manifest[0]?.RepoTags).toEqual(tags.map(({ to }) => to));
    expect(String(body(manifest[0]?.Config))).toBe(image.config);
    expect(manifest[0]?.Layers.map((name) => body(name))).toEqual(image.layers);
    expect(entries.map(({ name }) => name)).toEqual([
      ...entries.slice(0, -1).map((_, index) => `file-${index + 1}`),
      'manifest.json',
    ]);
    expect(entries.every(({ type, mode, uid }) => type === 'file' && mode === 0o644 && uid === 0)).toBe(true);
  });

  test.each([
    ['manifest.json first', [...saved].reverse()],
    ['./ before every name', saved.map((entry) => ({ ...entry, name: `./${entry.name}` }))],
    [
      'names beyond the old header',
      saved.map((entry) => ({ ...entry, pax: { comment: 'x', 'SCHILY.xattr.user.a': 'b' } })),
    ],
  ])('%s', async (_, entries) => {
    expect((await load(await tarOf(entries))).tags).toHaveLength(2);
  });

  test('without tags: one from its id, so that it can be run', async () => {
    const { tags } = await load(await tarOf(dockerSave(image, null)));
    expect(tags.map(({ from, to }) => [from, to])).toEqual([
      [undefined, `localhost/alice/loaded:${image.id.slice(7, 19)}`],
    ]);
  });

  test.each([
    ['../%/layer.tar', 'of docker'],
    ['../%.tar', 'of podman'],
  ])('a repeated layer as a link %s (%s)', async (linkname) => {
    const twice = await imageOf('same', 'same');
    const layer = twice.layers[0] ?? Buffer.alloc(0);
    const hex = 'a'.repeat(64);
    const target = linkname.replace('../', '').replace('%', hex);
    const link = `${'b'.repeat(64)}/layer.tar`;
    const { manifest, body, entries } = await load(
      await tarOf([
        { name: link, type: 'symlink', linkname: linkname.replace('%', hex) },
        { name: target, body: layer },
        { name: 'c.json', body: twice.config },
        {
          name: 'manifest.json',
          body: JSON.stringify([{ Config: 'c.json', RepoTags: ['x:1'], Layers: [link, target] }]),
        },
      ]),
    );
    expect(manifest[0]?.Layers.map((name) => body(name))).toEqual([layer, layer]);
    expect(entries.some(({ type }) => type !== 'file')).toBe(false);
  });

  test('two images of one archive, and one image named twice', async () => {
    const second = await imageOf('three');
    const entries = [...saved.slice(0, -2), ...dockerSave(second, null).slice(0, -2)];
    const [first, other] = [saved, dockerSave(second, ['b:1'])].map(
      (all) => JSON.parse(String(all.at(-2)?.body))[0],
    );
    const manifestJson = JSON.stringify([first, other, { ...other, RepoTags: ['b:2'] }]);
    const { manifest } = await load(await tarOf([...entries, { name: 'manifest.json', body: manifestJson }]));
    expect(manifest.map(({ RepoTags }) => RepoTags)).toEqual([
      ['localhost/alice/debian:latest', 'localhost/alice/localhost/bob/x:1'],
      ['localhost/alice/b:1', 'localhost/alice/b:2'],
    ]);
  });

  test('of docker 25 and later: index.json beside manifest.json, which counts', async () => {
    const [manifest, config, ...layers] = ociBlobs(image);
    const annotations = { 'io.containerd.image.name': 'docker.io/library/other:1' };
    const old = [
      { Config: config?.entry.name, RepoTags: ['debian:12'], Layers: layers.map(({ entry }) => entry.name) },
    ];
    const { tags } = await load(
      await tarOf([
        ...ociLayout(
          [descriptor(manifest, { annotations })],
          [manifest, ...(config ? [config] : []), ...layers],
        ),
        { name: 'manifest.json', body: JSON.stringify(old) },
      ]),
    );
    expect(tags.map(({ to }) => to)).toEqual(['localhost/alice/debian:12']);
  });
});

describe('refused', () => {
  const more = (...entries: Entry[]) => tarOf([...entries, ...saved]);
  const manifestJson = saved.find(({ name }) => name === 'manifest.json') ?? { name: '' };

  test.each<[string, Entry, RegExp]>([
    ['a second manifest.json', manifestJson, /two entries named manifest.json/],
    [
      'a second manifest.json in another spelling',
      { ...manifestJson, name: './manifest.json' },
      /two entries named manifest.json/,
    ],
    ['a second manifest.json by a detour', { ...manifestJson, name: 'a/../manifest.json' }, /unsafe name/],
    [
      'a second manifest.json by PAX',
      { ...manifestJson, name: 'x', pax: { path: 'manifest.json' } },
      /two entries named manifest.json/,
    ],
    [
      'manifest.json as a link',
      { name: 'index.json', type: 'symlink', linkname: 'manifest.json' },
      /index.json is a link/,
    ],
    ['an absolute name', { name: '/etc/passwd', body: 'x' }, /unsafe name/],
    ['a name above', { name: '../x', body: 'x' }, /unsafe name/],
    ['a name with an empty part', { name: 'a//b', body: 'x' }, /unsafe name/],
    ['a name with a line end', { name: 'a\nb', body: 'x' }, /unsafe name/],
    ['a name with an escape', { name: 'a\u001b[2J', body: 'x' }, /unsafe name/],
    ['an endless name', { name: `${'a/'.repeat(600)}b`, body: 'x' }, /unsafe name/],
    ['a directory above', { name: '../x/', type: 'directory' }, /unsafe name/],
    ['a link out of the archive', { name: 'a/layer.tar', type: 'symlink', linkname: '../../x' }, /leads out/],
    ['an absolute link', { name: 'a/layer.tar', type: 'symlink', linkname: '/etc/shadow' }, /leads out/],
    ['a hard link', { name: 'a', type: 'link', linkname: '/etc/shadow' }, /neither a file nor a directory/],
    ['a character device', { name: 'a', type: 'character-device' }, /neither a file nor a directory/],
    ['a block device', { name: 'a', type: 'block-device' }, /neither a file nor a directory/],
    ['a fifo', { name: 'a', type: 'fifo' }, /neither a file nor a directory/],
    ['a sparse file', { name: 'a', body: 'x', pax: { 'GNU.sparse.major': '1' } }, /sparse/],
    [
      'a size that is not the size',
      { name: 'a', body: 'x', pax: { size: '1000000' } },
      /no tar archive|ends early|two entries/,
    ],
    ['a size that is none', { name: 'a', body: 'x', pax: { size: '-1' } }, /no tar archive|can't be read/],
  ])('%s', async (_, entry, message) => {
    expect(await refusal(await more(entry))).toMatch(message);
  });

  test.each<[string, Buffer, RegExp]>([
    ['nothing', Buffer.alloc(0), /no archive on standard input/],
    ['a few bytes', Buffer.from('hello\n'), /no tar archive/],
    ['text', Buffer.alloc(5000, 'hello world\n'), /no tar archive/],
    ['zeros', Buffer.alloc(10_240), /neither a manifest.json nor an index.json/],
    ['an archive cut off in a file', plain.subarray(0, 3000), /ends early/],
    ['an archive cut off at its end', plain.subarray(0, plain.length - 1024), /ends early/],
    ['an archive with something after it', Buffer.concat([plain, Buffer.from('x')]), /ends early/],
    ['an archive with a block after it', Buffer.concat([plain, Buffer.alloc(512, 'x')]), /ends early/],
  ])('%s', async (_, archive, message) => {
    expect(await refusal(archive)).toMatch(message);
  });

  test('two archives in a row are two entries of a name', async () => {
    expect(await refusal(Buffer.concat([plain, plain]))).toMatch(/two entries/);
  });

  test.each<[string, string | Buffer, RegExp]>([
    ['null', 'null', /manifest.json is no JSON|docker save/],
    ['an empty list', '[]', /docker save/],
    ['an object', '{}', /docker save/],
    ['no configuration', '[{"RepoTags":["x:1"],"Layers":[]}]', /docker save/],
    ['tags that are none', '[{"Config":"c","RepoTags":[1],"Layers":[]}]', /docker save/],
    ['something after it', '[]x', /no valid JSON/],
    ['bytes that are no UTF-8', Buffer.from('["\xff"]', 'latin1'), /no valid JSON/],
    ['4 MiB', `[${' '.repeat(4 * mebibyte)}]`, /too large/],
    [
      'a tag that is no reference',
      JSON.stringify([
        {
          Config: saved[0]?.name,
          RepoTags: ['../../x:1'],
          Layers: JSON.parse(String(manifestJson.body))[0].Layers,
        },
      ]),
      /no tag of an image/,
    ],
  ])('a manifest.json with %s', async (_, body, message) => {
    const entries = saved.map((entry) => (entry.name === 'manifest.json' ? { ...entry, body } : entry));
    expect(await refusal(await tarOf(entries))).toMatch(message);
  });

  test('an archive of the oldest kind', async () => {
    const entries = saved.filter(({ name }) => name !== 'manifest.json');
    expect(await refusal(await tarOf(entries))).toBe('the archive was written by a docker before 1.10');
  });

  test('more entries than an image has', async () => {
    const many = Array.from({ length: 10_001 }, (_, index) => ({ name: `f${index}` }));
    expect(await refusal(await tarOf(many))).toMatch(/more than 10000 entries/);
  });

  test('more than load_max', async () => {
    expect(await refusal(plain, { loadMax: plain.length - 1 })).toMatch(/unpacks to more than/);
    expect((await load(plain, { loadMax: plain.length })).tags).toHaveLength(2);
  });

  test('an input that breaks', async () => {
    const input = Readable.from(
      (async function* () {
        yield plain.subarray(0, 2000);
        throw new Error('I/O error');
      })(),
      { objectMode: false },
    );
    expect(await refusal(input)).toBe("standard input can't be read: I/O error");
  });

  test('a terminal', () => {
    const terminal = Object.assign(new PassThrough(), { isTTY: true });
    expect(() => filterArchive(request(terminal))).toThrow('usage');
  });
});

test('an engine that goes away ends the reading', async () => {
  const input = new PassThrough();
  const { output, result } = filterArchive(request(input));
  output.on('error', () => {});
  input.write(plain.subarray(0, 4000));
  await new Promise((resolve) => output.once('readable', resolve));
  output.destroy();
  await expect(result).rejects.toThrow('usage');
  expect(input.destroyed).toBe(true);
});
