/** Memory stays flat, whatever the size of the archive. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { expect, test } from 'vitest';
import { filterArchive } from '../../src/load/filter.ts';
import { endOfArchive, fileHeader, padding } from '../../src/load/tar-writer.ts';
import { mebibyte, request } from './fixtures.ts';

const chunk = Buffer.alloc(mebibyte, 'userdocker');

/** A layer of `mebibytes` and what belongs to it, made while it is read. */
function archiveOf(mebibytes: number): { input: Readable; made: () => number } {
  const hash = createHash('sha256');
  for (let count = 0; count < mebibytes; count++) hash.update(chunk);
  const digest = `sha256:${hash.digest('hex')}`;
  const config = JSON.stringify({ rootfs: { type: 'layers', diff_ids: [digest] } });
  const manifest = JSON.stringify([{ Config: 'c.json', RepoTags: ['big:1'], Layers: ['layer.tar'] }]);
  let made = 0;
  function* pieces() {
    yield fileHeader('layer.tar', mebibytes * mebibyte);
    for (; made < mebibytes; made++) yield chunk;
    for (const [name, body] of [
      ['c.json', config],
      ['manifest.json', manifest],
    ] as const) {
      yield Buffer.concat([fileHeader(name, body.length), Buffer.from(body), padding(body.length)]);
    }
    yield endOfArchive();
  }
  return { input: Readable.from(pieces(), { objectMode: false }), made: () => made };
}

async function growthOf(input: Readable): Promise<{ growth: number; bytes: number }> {
  const before = process.memoryUsage.rss();
  let most = before;
  let bytes = 0;
  const { output, result } = filterArchive(request(input, { loadMax: 2 ** 40 }));
  for await (const piece of output) {
    bytes += piece.length;
    most = Math.max(most, process.memoryUsage.rss());
  }
  expect((await result).tags.map(({ to }) => to)).toEqual(['localhost/alice/big:1']);
  return { growth: most - before, bytes };
}

test('2 GiB, plain', { timeout: 120_000 }, async () => {
  const { growth, bytes } = await growthOf(archiveOf(2048).input);
  expect(bytes).toBeGreaterThan(2048 * mebibyte);
  expect(growth / mebibyte).toBeLessThan(100);
});

test('512 MiB, compressed', { timeout: 120_000 }, async () => {
  const { growth, bytes } = await growthOf(archiveOf(512).input.pipe(createGzip({ level: 1 })));
  expect(bytes).toBeGreaterThan(512 * mebibyte);
  expect(growth / mebibyte).toBeLessThan(100);
});

test('who does not read holds the input back', async () => {
  const { input, made } = archiveOf(60);
  const { output, result } = filterArchive(request(input));
  await new Promise((resolve) => output.once('readable', resolve));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(made()).toBeGreaterThan(0);
  expect(made()).toBeLessThan(16);
  output.destroy();
  await expect(result).rejects.toThrow();
});
