/** The lines of a file as a stream: memory stays flat for a log of any size, packed or not. */
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Source } from './sources.ts';

/** Bytes. A record has at most some hundred thousand (src/report/audit.ts). */
const longestLine = 4 * 1024 * 1024;

/** `undefined` in place of a line that is too long to be a record. */
export async function* linesOf(source: Source): AsyncGenerator<string | undefined> {
  let parts: Buffer[] = [];
  let length = 0;
  let tooLong = false;
  const end = (rest: Buffer): string | undefined => {
    const line = tooLong ? undefined : Buffer.concat([...parts, rest]).toString('utf8');
    parts = [];
    length = 0;
    tooLong = false;
    return line;
  };
  for await (const chunk of await open(source)) {
    const bytes = Buffer.from(chunk);
    let start = 0;
    for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, start)) {
      yield end(bytes.subarray(start, at));
      start = at + 1;
    }
    const rest = bytes.subarray(start);
    length += rest.length;
    if (length > longestLine) {
      tooLong = true;
      parts = [];
    } else if (!tooLong) parts.push(rest);
  }
  if (length > 0) yield end(Buffer.alloc(0));
}

async function open({ path, descriptor, packed }: Source): Promise<Readable> {
  const file = createReadStream(path, {
    fd: descriptor,
    autoClose: descriptor > 2,
    highWaterMark: 256 * 1024,
  });
  if (!packed) return file;
  const { createGunzip } = await import('node:zlib');
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  // pipe() does not pass on errors: a file that can't be read must not look like one that ended.
  file.on('error', (error) => gunzip.destroy(error));
  return file.pipe(gunzip);
}
