import { extract } from 'tar-stream';
import { expect, test } from 'vitest';
import { endOfArchive, fileHeader, padding } from '../../src/load/tar-writer.ts';

async function readHeader(block: Buffer) {
  const reader = extract();
  reader.on('error', () => {});
  reader.write(block);
  for await (const entry of reader) return entry.header;
  return undefined;
}

test.each([0, 1, 512, 8 ** 11 - 1, 8 ** 11, 2 ** 40 + 7])('a file of %d bytes', async (size) => {
  const block = fileHeader('file-1', size);
  expect(block).toHaveLength(512);
  const header = await readHeader(block);
  expect(header).toMatchObject({
    name: 'file-1',
    size,
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: new Date(0),
  });
});

test.each([
  [0, 0],
  [1, 511],
  [511, 1],
  [512, 0],
  [513, 511],
])('%d bytes are followed by %d', (size, rest) => {
  expect(padding(size)).toEqual(Buffer.alloc(rest));
});

test('an archive ends with two blocks of zeros', () => {
  expect(endOfArchive()).toEqual(Buffer.alloc(1024));
});
