import { spawnSync } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { filterArchive } from '../../src/load/filter.ts';
import { dockerSave, imageOf, load, mebibyte, refusal, request, tarOf } from './fixtures.ts';

const image = await imageOf('one', 'two');
const plain = await tarOf(dockerSave(image, ['debian:latest', 'localhost/bob/x:1']));

describe('compressed', () => {
  const tool = (program: string, ...words: string[]) =>
    spawnSync(program, ['-c', ...words], { input: plain }).stdout;

  test.each([
    ['gzip', () => gzipSync(plain)],
    [
      'gzip in two members',
      () => Buffer.concat([gzipSync(plain.subarray(0, 5000)), gzipSync(plain.subarray(5000))]),
    ],
    ['xz', () => tool('xz')],
    ['bzip2', () => tool('bzip2')],
    ['zstd', () => tool('zstd', '-q')],
  ])('%s', async (_, compress) => {
    expect((await load(compress())).tags).toHaveLength(2);
  });

  test.each([
    ['gzip, cut off', () => gzipSync(plain).subarray(0, 300), /ends early/],
    [
      'gzip, damaged',
      () => Buffer.concat([gzipSync(plain).subarray(0, 20), Buffer.alloc(500, 0xff)]),
      /no valid gzip/,
    ],
    ['xz, cut off', () => tool('xz').subarray(0, 300), /no valid xz: .*nexpected end/],
    [
      'bzip2, damaged',
      () => Buffer.concat([tool('bzip2').subarray(0, 20), Buffer.alloc(500, 0xff)]),
      /no valid bzip2/,
    ],
    ['zstd, cut off', () => tool('zstd', '-q').subarray(0, 300), /ends early|no valid zstd|no tar archive/],
    ['gzip within gzip', () => gzipSync(gzipSync(plain)), /no tar archive/],
  ])('%s', async (_, compress, message) => {
    expect(await refusal(compress())).toMatch(message);
  });

  test.each([
    ['the archive', () => gzipSync(Buffer.concat([plain, Buffer.alloc(70 * mebibyte)]))],
    ['the archive, with xz', () => tool('xz', '-0')],
  ])('what %s unpacks to counts', async (_, compress) => {
    expect(await refusal(compress(), { loadMax: plain.length - 1 })).toMatch(/unpacks to more than/);
  });

  test('xz and bzip2 run with the rights of the caller', async () => {
    if (process.geteuid?.() !== 0) return;
    const input = new PassThrough();
    const { output } = filterArchive(request(input));
    output.on('error', () => {});
    output.resume();
    input.write(tool('xz').subarray(0, 100));
    const status = await childStatus();
    input.destroy();
    expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
    expect(status).toMatch(/^Gid:\t65534\t65534\t65534\t65534$/m);
    expect(status).toMatch(/^Groups:\t65534 ?$/m);
    expect(status).toMatch(/^CapEff:\t0+$/m);
    expect(status).toMatch(/^CapBnd:\t0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  });

  async function childStatus(): Promise<string> {
    for (let attempt = 0; attempt < 200; attempt++) {
      const pids = spawnSync('ps', ['--ppid', String(process.pid), '-o', 'pid=,comm='], {
        encoding: 'utf8',
      }).stdout;
      const pid = /^ *([0-9]+) xz$/m.exec(pids)?.[1];
      if (pid !== undefined) return spawnSync('cat', [`/proc/${pid}/status`], { encoding: 'utf8' }).stdout;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return 'no xz was started';
  }
});
