/**
 * A tar archive that a container made, unpacked on the host. The container is hostile, the archive says whatever it likes.
 *
 * 1. The process has the caller's rights alone by now (src/caller/become.ts).
 * 2. Nothing is written outside of the destination: `..`, absolute names and names that go through links, made by the archive or
 *    there before, are refused (src/copy/tree.ts). Existing files are replaced, never written into.
 * 3. Only files, directories, symbolic links and, among what is there, hard links. Modes without set-id bits.
 * 4. One entry at a time, in pieces: memory does not grow with the archive.
 */
import {
  closeSync,
  fchmodSync,
  futimesSync,
  linkSync,
  lstatSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Header, extract as tarExtract } from 'tar-stream';
import { UserdockerError, unavailable, usage } from '../domain/errors.ts';
import { feed } from '../load/feed.ts';
import { errorCode, type Held, pathOf, release } from '../mounts/descriptors.ts';
import { createFile, deepest, enter, holdNamed, kindOf } from './tree.ts';

export interface Receipt {
  /** Devices, FIFOs and such: how many were left out. */
  readonly leftOut: number;
  readonly entries: number;
}

export interface Destination {
  /** As the user wrote it. */
  readonly path: string;
  /** The name that all entries begin with; empty where the directory's contents are copied. */
  readonly name: string;
}

/** @throws usage for what the user can mend, unavailable for what the container sent */
export async function receive(input: Readable, destination: Destination): Promise<Receipt> {
  const extract = tarExtract();
  const unpacker = new Unpacker(destination);
  const feeding = feed(input, extract);
  try {
    for await (const entry of extract) {
      const { header } = entry;
      const write = unpacker.begin(header);
      try {
        for await (const chunk of entry) if (Buffer.isBuffer(chunk)) write?.data(chunk);
      } finally {
        write?.end();
      }
    }
  } catch (error) {
    throw explain(error);
  } finally {
    unpacker.close();
    extract.destroy();
  }
  await feeding;
  return unpacker.receipt;
}

interface Sink {
  data(chunk: Buffer): void;
  end(): void;
}

class Unpacker {
  readonly #destination: Destination;
  /** The directory that everything lies in; known with the first entry. */
  #root: Held | undefined;
  /** What replaces the archive's first component there. */
  #rename: readonly string[] = [];
  #here: { readonly path: string; readonly held: Held } | undefined;
  #leftOut = 0;
  #entries = 0;

  constructor(destination: Destination) {
    this.#destination = destination;
  }

  get receipt(): Receipt {
    return { leftOut: this.#leftOut, entries: this.#entries };
  }

  begin(header: Header): Sink | undefined {
    this.#root ??= this.#open(header);
    const names = this.#place(header.name);
    this.#entries += 1;
    const name = names.at(-1);
    if (header.type === 'directory') {
      this.#enter(names, ((header.mode ?? 0o755) & 0o777) | 0o700);
      return undefined;
    }
    if (name === undefined) throw refused(header.name, 'is no directory');
    const directory = this.#enter(names.slice(0, -1));
    const path = pathOf(directory.descriptor, name);
    switch (header.type) {
      case 'file':
      case 'contiguous-file':
        return fileSink(directory, name, header);
      case 'symlink':
        replace(path, () => symlinkSync(header.linkname ?? '', path));
        return undefined;
      case 'link':
        this.#link(header, directory, name);
        return undefined;
      default:
        this.#leftOut += 1;
        return undefined;
    }
  }

  close(): void {
    if (this.#here !== undefined) release(this.#here.held.descriptor);
    if (this.#root !== undefined) release(this.#root.descriptor);
  }

  /** docker's rules: into a directory that is there, else under the name that was given. */
  #open(first: Header): Held {
    const { path, name } = this.#destination;
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory() === true) {
      this.#rename = name === '' ? [] : [name];
      return holdNamed(path);
    }
    if (there !== undefined && first.type === 'directory')
      throw usage(`${path} is there and is no directory`);
    if (first.type !== 'directory' && path.endsWith('/')) throw usage(`${path} is no directory`);
    this.#rename = [basename(path)];
    return holdNamed(dirname(path));
  }

  /** The entry's place below the root. */
  #place(raw: string): readonly string[] {
    const names = safeNames(raw);
    const { name } = this.#destination;
    if (name === '') return [...this.#rename, ...names];
    if (names[0] !== name) throw refused(raw, 'is none of what was asked for');
    return [...this.#rename, ...names.slice(1)];
  }

  /** @param mode of the last one, if it is made here: one that is there keeps its own */
  #enter(names: readonly string[], mode = 0o777): Held {
    if (this.#root === undefined) throw new Error('there is no destination');
    const path = names.join('/');
    if (this.#here?.path === path) return this.#here.held;
    if (this.#here !== undefined) release(this.#here.held.descriptor);
    this.#here = undefined;
    try {
      this.#here = { path, held: enter(this.#root, names, mode) };
    } catch (error) {
      throw cannotWrite(join(this.#destination.path, path), error);
    }
    return this.#here.held;
  }

  #link(header: Header, directory: Held, name: string): void {
    if (this.#root === undefined) throw new Error('there is no destination');
    const target = this.#place(header.linkname ?? '');
    const last = target.at(-1);
    if (last === undefined) throw refused(header.name, 'is a link to a directory');
    const there = enter(this.#root, target.slice(0, -1));
    try {
      const from = pathOf(there.descriptor, last);
      if (!lstatSync(from).isFile()) throw refused(header.name, 'is a link to what is no file');
      const to = pathOf(directory.descriptor, name);
      replace(to, () => linkSync(from, to));
    } finally {
      release(there.descriptor);
    }
  }
}

/** The archive's bytes go into a new file; its size is what the header says. */
function fileSink(directory: Held, name: string, header: Header): Sink {
  const path = pathOf(directory.descriptor, name);
  const mode = (header.mode ?? 0o644) & 0o777;
  const descriptor = replace(path, () => createFile(directory, name, 0o600));
  return {
    data(chunk) {
      for (let written = 0; written < chunk.length; ) written += writeSync(descriptor, chunk, written);
    },
    end() {
      try {
        fchmodSync(descriptor, mode & ~process.umask());
        const seconds = (header.mtime?.getTime() ?? Date.now()) / 1000;
        futimesSync(descriptor, seconds, seconds);
      } finally {
        closeSync(descriptor);
      }
    },
  };
}

/** What is there goes first, unless it is a directory. */
function replace<T>(path: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  if (kindOf(path) === 'directory')
    throw usage('the destination has a directory where the container has a file');
  unlinkSync(path);
  return make();
}

/** @throws for every name that could lead elsewhere */
export function safeNames(raw: string): readonly string[] {
  const names = raw.split('/').filter((name) => name !== '' && name !== '.');
  if (raw.startsWith('/') || names.includes('..')) throw refused(raw, 'leads out of the destination');
  // U+FFFD: bytes that are no UTF-8, of which two different names can be the same here.
  if (/[\0\ufffd]/.test(raw) || Buffer.byteLength(raw) > 4096 || names.length > deepest)
    throw refused(raw, 'has no name that could be kept');
  return names;
}

function refused(name: string, why: string): UserdockerError {
  return unavailable(`the container sent an archive with an entry that ${why}: ${name.slice(0, 200)}`);
}

function cannotWrite(path: string, error: unknown): unknown {
  const code = errorCode(error);
  if (code === 'ENOTDIR' || code === 'ELOOP')
    return unavailable(`${path} is no directory, or lies behind a link`);
  return /^E[A-Z]+$/.test(code) && code !== 'EUNKNOWN'
    ? unavailable(`${path} can't be written: ${code}`)
    : error;
}

function explain(error: unknown): unknown {
  if (error instanceof UserdockerError) return error;
  if (error instanceof Error && 'code' in error && typeof error.code === 'string')
    return cannotWrite('the destination', error);
  const what = error instanceof Error ? error.message : String(error);
  return unavailable(`what the container sent is no whole tar archive (${what})`);
}
