/** The archive as known after it has gone by: its files under their own names and under the names the engine sees. */
import type { Content } from './content.ts';
import { badArchive } from './failure.ts';

export interface StoredFile {
  /** The name in the stream to the engine. */
  readonly storedAs: string;
  readonly content: Content;
}

export class Archive {
  readonly #files = new Map<string, StoredFile>();
  readonly #links = new Map<string, string>();
  readonly #controls = new Map<string, Content>();

  /** A file that says what the others are. It does not reach the engine, so no image can be made of it. */
  addControl(name: string, content: Content): void {
    this.#controls.set(name, content);
  }

  hasControl(name: string): boolean {
    return this.#controls.has(name);
  }

  controlJson(name: string): unknown {
    return parseJson(name, this.#controls.get(name)?.text);
  }

  addFile(name: string, file: StoredFile): void {
    this.#files.set(name, file);
  }

  addLink(name: string, target: string): void {
    this.#links.set(name, target);
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** The regular file of that name, or the one that a link of that name leads to. */
  file(name: string): StoredFile {
    const found = this.#find(name);
    if (found === undefined)
      throw badArchive(`the archive names a file that it does not hold: ${name.slice(0, 100)}`);
    return found;
  }

  json(name: string): unknown {
    return parseJson(name, this.file(name).content.text);
  }

  /** One link deep: those that `docker save` writes lead to a file. */
  #find(name: string): StoredFile | undefined {
    const plain = name.replace(/^(?:\.\/)+/, '');
    const target = this.#links.get(plain);
    return this.#files.get(target ?? plain);
  }
}

/** Strict: no byte order mark, nothing that is not UTF-8, one value and nothing after it. */
export function parseJson(name: string, text: Buffer | undefined): unknown {
  if (text === undefined) throw badArchive(`${name.slice(0, 100)} is no JSON, or too large to be looked at`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text));
  } catch {
    throw badArchive(`${name.slice(0, 100)} is no valid JSON`);
  }
}
