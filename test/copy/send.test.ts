/** Files of the host on their way into a container: whole, in pieces, and never over a link. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { extract } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Source, send } from '../../src/copy/send.ts';
import { UserdockerError } from '../../src/domain/errors.ts';

const outer = mkdtempSync(join(tmpdir(), 'send-'));
const box = join(outer, 'box');
const owner = { uid: 1000, gid: 100 };
beforeAll(() => {
  mkdirSync(join(box, 'dir/empty'), { recursive: true });
  writeFileSync(join(box, 'dir/file'), 'content', { mode: 0o640 });
  writeFileSync(join(box, 'dir/none'), '');
  writeFileSync(join(outer, 'precious'), 'mine');
  symlinkSync('../../precious', join(box, 'dir/link'));
  symlinkSync('dir', join(box, 'to-dir'));
  spawnSync('mkfifo', [join(box, 'dir/fifo')]);
});
afterAll(() => rmSync(outer, { recursive: true }));

async function sent(
  source: Source,
): Promise<{ readonly listed: readonly string[]; readonly leftOut: number }> {
  const output = new PassThrough();
  const reader = extract();
  const listed: string[] = [];
  const reading = (async () => {
    for await (const entry of reader) {
      const { name, type, mode, uid, gid, linkname } = entry.header;
      let body = '';
      for await (const chunk of entry) body += String(chunk);
      listed.push(`${type} ${name} ${mode.toString(8)} ${uid}:${gid} ${linkname ?? ''}${body}`);
    }
  })();
  const feeding = (async () => {
    for await (const chunk of output) reader.write(chunk);
    reader.end(null);
  })();
  // Where nothing is sent nothing can be read.
  const done = Promise.all([feeding, reading]);
  done.catch(() => undefined);
  const { leftOut } = await send(source, owner, output);
  await done;
  return { listed: listed.toSorted(), leftOut };
}

describe('send', () => {
  const all = [
    'directory NAMEempty 755 1000:100 ',
    'file NAMEfile 640 1000:100 content',
    'file NAMEnone 644 1000:100 ',
    'symlink NAMElink 777 1000:100 ../../precious',
  ];
  const below = (name: string) => all.map((line) => line.replace('NAME', name));
  test('a directory, links as links, FIFOs left out', async () => {
    const { listed, leftOut } = await sent({ path: join(box, 'dir'), name: 'other' });
    expect(listed).toEqual([...below('other/'), 'directory other 755 1000:100 '].toSorted());
    expect(leftOut).toBe(1);
  });
  test('its contents', async () => {
    expect((await sent({ path: `${box}/dir/.`, name: '' })).listed).toEqual(below('').toSorted());
  });
  test('a file, and a link', async () => {
    expect((await sent({ path: join(box, 'dir/file'), name: 'f' })).listed).toEqual([
      'file f 640 1000:100 content',
    ]);
    expect((await sent({ path: join(box, 'to-dir'), name: 'l' })).listed).toEqual([
      'symlink l 777 1000:100 dir',
    ]);
  });
  test('the directory behind a link, where a slash asks for it', async () => {
    expect((await sent({ path: `${box}/to-dir/`, name: 'd' })).listed).toContain(
      'file d/file 640 1000:100 content',
    );
  });
  test('what is not there', async () => {
    const error: unknown = await sent({ path: join(box, 'nothing'), name: 'x' }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(UserdockerError);
  });
  test('more entries than fit into any buffer, read slowly, and a large sparse file', async () => {
    const many = join(outer, 'many');
    for (let index = 0; index < 3000; index += 1) mkdirSync(join(many, String(index)), { recursive: true });
    writeFileSync(join(many, 'large'), '');
    truncateSync(join(many, 'large'), 1024 ** 3);
    const before = process.memoryUsage.rss();
    let [bytes, most] = [0, 0];
    const slow = new Writable({
      write(chunk, _encoding, done) {
        bytes += chunk.length;
        most = Math.max(most, process.memoryUsage.rss() - before);
        setImmediate(done);
      },
    });
    await send({ path: many, name: 'many' }, owner, slow);
    expect(bytes).toBeGreaterThan(1024 ** 3 + 3000 * 512);
    expect(most).toBeLessThan(150 * 1024 ** 2);
  });
  test('ends when nobody reads any more', async () => {
    const gone = new Writable({
      write(_chunk, _encoding, done) {
        done(new Error('EPIPE'));
      },
    });
    await send({ path: join(outer, 'many'), name: 'many' }, owner, gone);
    expect(gone.destroyed).toBe(true);
  });
});
