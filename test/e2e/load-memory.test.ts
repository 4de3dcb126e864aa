/** `load` of a large archive: the memory of userdocker stays flat, with the real engine behind it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { endOfArchive, fileHeader, padding } from '../../src/load/tar-writer.ts';
import { docker } from './support/engine.ts';
import { processes, userdockerProgram } from './support/processes.ts';
import { as } from './support/users.ts';

/** `npm run test:long` loads 2 GiB. */
const large = process.env['USERDOCKER_LONG'] === '1' ? 2048 : 256;
const mebibyte = 1024 * 1024;
const chunk = Buffer.alloc(mebibyte, 'userdocker');

/** A layer with one file of so many MiB. */
function* layerOf(mebibytes: number) {
  yield fileHeader('file', mebibytes * mebibyte);
  for (let count = 0; count < mebibytes; count += 1) yield chunk;
  yield endOfArchive();
}

/** What `docker save` would write, made while it is read. */
function archiveOf(mebibytes: number): Readable {
  const hash = createHash('sha256');
  let size = 0;
  for (const piece of layerOf(mebibytes)) {
    hash.update(piece);
    size += piece.length;
  }
  const rootfs = { type: 'layers', diff_ids: [`sha256:${hash.digest('hex')}`] };
  const files = {
    'c.json': JSON.stringify({ architecture: 'amd64', os: 'linux', config: {}, rootfs }),
    'manifest.json': JSON.stringify([{ Config: 'c.json', RepoTags: ['large:1'], Layers: ['layer.tar'] }]),
  };
  function* pieces() {
    yield fileHeader('layer.tar', size);
    yield* layerOf(mebibytes);
    yield padding(size);
    for (const [name, body] of Object.entries(files))
      yield Buffer.concat([fileHeader(name, body.length), Buffer.from(body), padding(body.length)]);
    yield endOfArchive();
  }
  return Readable.from(pieces(), { objectMode: false });
}

/** KiB: the most that the process which loads has ever had in memory (proc_pid_status(5)). */
async function peakWhileLoading(mebibytes: number): Promise<number> {
  let peak = 0;
  const watch = setInterval(() => {
    for (const { pid, program, words } of processes()) {
      if (program !== userdockerProgram || !words.includes('load')) continue;
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        peak = Math.max(peak, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0));
      } catch {
        // It has just ended.
      }
    }
  }, 50);
  const options = { stdin: archiveOf(mebibytes), timeoutMs: 300_000 };
  const { status, stdout, stderr } = await as('alice', 'sudo userdocker load', options);
  clearInterval(watch);
  expect({ status, stdout }, stderr).toEqual({
    status: 0,
    stdout: 'Loaded image: localhost/alice/large:1\n',
  });
  await docker(['rmi', 'localhost/alice/large:1']);
  return peak;
}

test(`an archive of ${large} MiB takes no more memory than one of 16`, { timeout: 600_000 }, async () => {
  const small = await peakWhileLoading(16);
  const most = await peakWhileLoading(large);
  expect(small).toBeGreaterThan(10 * 1024);
  expect(most - small).toBeLessThan(96 * 1024);
});
