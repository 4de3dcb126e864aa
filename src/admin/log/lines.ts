/** The lines of a file as a stream: memory stays flat for a log of any size, packed or not. */
import { readSync } from 'node:fs';
import { hasCode } from '../../state/directory.ts';
import type { Source } from './sources.ts';

const chunkSize = 256 * 1024;

/** Bytes. A record has at most some hundred thousand (src/report/audit.ts). */
const longestLine = 4 * 1024 * 1024;

/** The descriptor stays open. `undefined` in place of a line that is too long to be a record. */
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
    if (!Buffer.isBuffer(chunk)) throw new Error('no bytes');
    const bytes: Buffer = chunk;
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

async function open({ descriptor, packed }: Source): Promise<AsyncIterable<unknown> | Iterable<unknown>> {
  if (!packed) return chunksOf(descriptor);
  const { createGunzip } = await import('node:zlib');
  const { Readable } = await import('node:stream');
  const gunzip = createGunzip({ chunkSize });
  const file = Readable.from(chunksOf(descriptor), { objectMode: false });
  // pipe() does not pass on errors: a file that can't be read must not look like one that ended.
  file.on('error', (error) => gunzip.destroy(error));
  return file.pipe(gunzip);
}

/** Not a file stream: those close the descriptor, once or twice, when it suits them. */
function* chunksOf(descriptor: number): Generator<Buffer> {
  for (;;) {
    const chunk = Buffer.allocUnsafe(chunkSize);
    const length = readSome(descriptor, chunk);
    if (length === 0) return;
    yield chunk.subarray(0, length);
  }
}

/** Standard input may be non-blocking. */
function readSome(descriptor: number, chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(descriptor, chunk, 0, chunk.length, null);
    } catch (error) {
      if (!hasCode(error, 'EAGAIN', 'EINTR')) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}
