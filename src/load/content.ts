/**
 * What is known of a file of the archive after it has passed by: the digest of what it holds, and the text of small
 * JSON files. Nothing else is kept, so memory does not grow with the archive.
 */
import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import type { Transform } from 'node:stream';
import { type Compression, compressionOf, decompressor, magicLength } from './decompress.ts';
import { tooLarge } from './failure.ts';

export interface Content {
  readonly compression: Compression | undefined;
  /** `sha256:...` of the decompressed content; `undefined`: it could not be decompressed. */
  readonly digest: string | undefined;
  /** The text of a small file that may be JSON. */
  readonly text: Buffer | undefined;
}

/** Bytes. The largest manifests and configurations seen have some hundred thousand. */
export const largestText = 4 * 1024 * 1024;

/** What all files of an archive share. */
export interface Budget {
  /** Bytes that compressed layers may still unpack to. */
  unpacked: number;
  /** Bytes of text that may still be kept. */
  text: number;
  readonly loadMax: number;
}

export function newBudget(loadMax: number): Budget {
  return { unpacked: loadMax, text: 8 * largestText, loadMax };
}

/** Looks at a file that goes by in pieces. */
export class ContentReader {
  readonly #budget: Budget;
  readonly #hash: Hash = createHash('sha256');
  #head: Buffer = Buffer.alloc(0);
  #inflating: { readonly transform: Transform; error: unknown } | undefined;
  #compression: Compression | undefined;
  #begun = false;
  #text: Buffer[] | undefined;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  async add(chunk: Buffer): Promise<void> {
    if (this.#begun) return this.#pass(chunk);
    this.#head = Buffer.concat([this.#head, chunk]);
    if (this.#head.length >= magicLength) await this.#begin();
  }

  /** To be called once, after the last piece. */
  async finish(): Promise<Content> {
    if (!this.#begun) await this.#begin();
    const compression = this.#compression;
    if (compression !== undefined && !(await this.#finishInflating())) {
      return { compression, digest: undefined, text: undefined };
    }
    const text = this.#text === undefined ? undefined : Buffer.concat(this.#text);
    return { compression, digest: `sha256:${this.#hash.digest('hex')}`, text };
  }

  async #begin(): Promise<void> {
    this.#begun = true;
    const head = this.#head;
    this.#compression = compressionOf(head);
    if (this.#compression !== undefined) this.#inflating = this.#inflater(this.#compression);
    else if (/^\s*[[{]/.test(head.toString('latin1'))) this.#text = [];
    await this.#pass(head);
  }

  async #pass(chunk: Buffer): Promise<void> {
    if (this.#compression !== undefined) return this.#inflate(chunk);
    this.#hash.update(chunk);
    if (this.#text === undefined) return;
    this.#text.push(chunk);
    this.#budget.text -= chunk.length;
    const length = this.#text.reduce((sum, piece) => sum + piece.length, 0);
    if (length <= largestText && this.#budget.text >= 0) return;
    this.#budget.text += length;
    this.#text = undefined;
  }

  /** A layer that can't be read is an error only if an image uses it: `finish` tells. */
  #inflater(compression: Compression): { readonly transform: Transform; error: unknown } | undefined {
    const transform = decompressor(compression);
    if (transform === undefined) return undefined;
    const inflating: { readonly transform: Transform; error: unknown } = { transform, error: undefined };
    transform.on('data', (piece: Buffer) => {
      this.#budget.unpacked -= piece.length;
      if (this.#budget.unpacked < 0) transform.destroy(tooLarge(this.#budget.loadMax));
      else this.#hash.update(piece);
    });
    transform.on('error', (error) => {
      inflating.error = error;
    });
    return inflating;
  }

  async #inflate(chunk: Buffer): Promise<void> {
    const inflating = this.#inflating;
    if (inflating === undefined || inflating.error !== undefined) return;
    if (!inflating.transform.write(chunk)) await settled(inflating.transform, 'drain');
    this.#throwIfTooLarge();
  }

  async #finishInflating(): Promise<boolean> {
    const inflating = this.#inflating;
    if (inflating === undefined) return false;
    if (inflating.error === undefined) {
      inflating.transform.end();
      await settled(inflating.transform, 'end');
    }
    this.#throwIfTooLarge();
    return inflating.error === undefined;
  }

  #throwIfTooLarge(): void {
    if (this.#budget.unpacked < 0) throw tooLarge(this.#budget.loadMax);
  }
}

/** Waits for the event or the stream's end by an error, which its own listener keeps. */
async function settled(stream: Transform, event: 'drain' | 'end'): Promise<void> {
  if (stream.destroyed || (event === 'end' && stream.readableEnded)) return;
  const waiting = new AbortController();
  try {
    await Promise.race([
      once(stream, event, { signal: waiting.signal }),
      once(stream, 'close', { signal: waiting.signal }),
    ]);
  } catch {
    // The stream's own 'error' listener has it.
  } finally {
    waiting.abort();
  }
}
