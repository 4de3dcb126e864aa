import { describe, expect, test } from 'vitest';
import { renameTags } from '../../src/load/tags.ts';
import { parseReference } from '../../src/policy/reference.ts';

const imageId = `sha256:${'0123456789ab'.padEnd(64, '0')}`;
const other = `sha256:${'f'.repeat(64)}`;

function rename(tags: readonly string[], tree = 'localhost/alice/') {
  return renameTags(tree, [{ imageId, tags }]);
}

describe('renameTags', () => {
  test.each([
    ['debian:latest', 'localhost/alice/debian:latest'],
    ['debian', 'localhost/alice/debian:latest'],
    ['docker.io/library/debian:12', 'localhost/alice/debian:12'],
    ['index.docker.io/library/debian:12', 'localhost/alice/debian:12'],
    ['nvidia/cuda:12.4', 'localhost/alice/nvidia/cuda:12.4'],
    ['ghcr.io/a/b:1', 'localhost/alice/ghcr.io/a/b:1'],
    ['ghcr.io:443/foo/bar:x', 'localhost/alice/ghcr.io_443/foo/bar:x'],
    ['localhost:5000/x:1', 'localhost/alice/localhost_5000/x:1'],
    ['localhost/x:1', 'localhost/alice/localhost/x:1'],
    ['localhost/bob/x:1', 'localhost/alice/localhost/bob/x:1'],
    ['localhost/alicex/x:1', 'localhost/alice/localhost/alicex/x:1'],
    ['localhost/alice:1', 'localhost/alice/localhost/alice:1'],
    ['docker.io/localhost/alice/x:1', 'localhost/alice/localhost/alice/x:1'],
    ['localhost/alice/x:1', 'localhost/alice/x:1'],
    ['localhost/alice/x', 'localhost/alice/x:latest'],
    ['1.2.3.4:5/x:1', 'localhost/alice/1.2.3.4_5/x:1'],
  ])('%s becomes %s, which docker shows like that', (from, to) => {
    expect(rename([from])).toEqual({ ok: true, value: [{ from, to, imageId }] });
    expect(parseReference(to).ok).toBe(true);
  });

  test.each([
    ['registry.lab:5000/u/1000/', 'registry.lab:5000/u/1000/x:1', 'registry.lab:5000/u/1000/x:1'],
    [
      'registry.lab:5000/u/1000/',
      'registry.lab:5000/u/1001/x:1',
      'registry.lab:5000/u/1000/registry.lab_5000/u/1001/x:1',
    ],
    ['localhost/alice', 'x:1', 'localhost/alice/x:1'],
  ])('under %s: %s becomes %s', (tree, from, to) => {
    expect(rename([from], tree)).toEqual({ ok: true, value: [{ from, to, imageId }] });
  });

  test('an image without a tag gets one from its id', () => {
    expect(rename([])).toEqual({
      ok: true,
      value: [{ from: undefined, to: 'localhost/alice/loaded:0123456789ab', imageId }],
    });
  });

  test.each([
    '',
    'Debian:1',
    'debian:',
    'a b:1',
    'debian\u0000:1',
    '../x:1',
    `debian@sha256:${'a'.repeat(64)}`,
    '-v:1',
    `${'a'.repeat(250)}:1`,
  ])('%j is no tag', (tag) => {
    expect(rename([tag]).ok).toBe(false);
  });

  test('two images that would get one tag are an error, two spellings for one image are not', () => {
    const images = (first: string, second: string, id: string) =>
      renameTags('localhost/alice/', [
        { imageId, tags: [first] },
        { imageId: id, tags: [second] },
      ]);
    expect(images('debian:1', 'docker.io/debian:1', other)).toEqual({
      ok: false,
      error:
        'two images of the archive (debian:1 and docker.io/debian:1) would both become localhost/alice/debian:1',
    });
    expect(images('debian:1', 'localhost/alice/debian:1', other).ok).toBe(false);
    expect(images('docker.io/ghcr.io/x:1', 'ghcr.io/x:1', other).ok).toBe(false);
    expect(images('debian:1', 'docker.io/debian:1', imageId).ok).toBe(true);
    expect(images('debian:1', 'debian:2', other).ok).toBe(true);
  });
});
