/**
 * A file or directory of the host as a tar archive, for the tar of a container.
 *
 * 1. The process has the caller's rights alone by now (src/caller/become.ts).
 * 2. No link is followed but those in the path that the caller has named: a container that can write in the directory must not get
 *    at a file outside of it by swapping something for a link.
 * 3. Files are read in pieces, and no further than the size they had: memory does not grow, and nothing is endless.
 */
import { closeSync, constants, fstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { type Pack, pack as tarPack } from 'tar-stream';
import { unavailable, usage } from '../domain/errors.ts';
import { errorCode, type Held, holdAny, pathOf, release } from '../mounts/descriptors.ts';
import { deepest, holdNamed } from './tree.ts';

export interface Source {
  /** As the user wrote it. */
  readonly path: string;
  /** What it is called in the archive; empty where a directory's contents are copied. */
  readonly name: string;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface Sent {
  /** Devices, FIFOs and such: how many were left out. */
  readonly leftOut: number;
}

/** Bytes. */
const piece = 256 * 1024;

/** @throws usage and unavailable. Ends quietly where the container reads no further: its exit status says why. */
export async function send(source: Source, owner: Owner, output: Writable): Promise<Sent> {
  const pack = tarPack();
  const delivery = new Delivery(pack, output);
  const packer = new Packer(pack, owner, delivery);
  const adding = packer.add(source);
  // Where the container has stopped reading nobody waits for it any more.
  adding.catch(() => undefined);
  try {
    const allAdded = await Promise.race([adding.then(() => true), delivery.stopped.then(() => false)]);
    if (!allAdded) return { leftOut: packer.leftOut };
    pack.finalize();
    await delivery.done;
    return { leftOut: packer.leftOut };
  } catch (error) {
    // Without its end the archive is no whole one, so nothing of it may pass for all.
    output.destroy();
    throw error;
  } finally {
    pack.destroy();
  }
}

/** Takes what is packed to the container, as fast as that reads. */
class Delivery {
  readonly done: Promise<void>;
  /** The container reads no further. */
  readonly stopped: Promise<void>;
  readonly #pack: Pack;
  readonly #output: Writable;
  #isStopped = false;
  #waiting: (() => void)[] = [];

  constructor(pack: Pack, output: Writable) {
    this.#pack = pack;
    this.#output = output;
    this.stopped = new Promise((resolve) => {
      const stop = () => {
        this.#isStopped = true;
        this.#release();
        resolve();
      };
      output.on('error', stop);
      output.on('close', stop);
    });
    this.done = this.#run();
    // `send` has the reason.
    this.done.catch(() => undefined);
  }

  /** When all that was packed so far is on its way. Entries without contents would else pile up. */
  caughtUp(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  async #run(): Promise<void> {
    let ended = false;
    this.#pack.on('end', () => {
      ended = true;
    });
    this.#pack.on('error', () => undefined);
    while (!this.#isStopped && !ended) {
      const chunk: unknown = this.#pack.read();
      if (Buffer.isBuffer(chunk)) await this.#write(chunk);
      else {
        this.#release();
        await this.#more();
      }
    }
    this.#release();
    if (!this.#isStopped) this.#output.end();
  }

  async #write(chunk: Buffer): Promise<void> {
    if (this.#output.write(chunk)) return;
    await Promise.race([
      this.stopped,
      new Promise<void>((resolve) => this.#output.once('drain', () => resolve())),
    ]);
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      const go = () => {
        for (const event of ['readable', 'end', 'close'] as const) this.#pack.off(event, go);
        resolve();
      };
      for (const event of ['readable', 'end', 'close'] as const) this.#pack.on(event, go);
      void this.stopped.then(go);
    });
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** So many entries without contents are packed before it is waited for the container. */
const ahead = 200;

class Packer {
  readonly #pack: Pack;
  readonly #owner: Owner;
  readonly #delivery: Delivery;
  #bare = 0;
  leftOut = 0;

  constructor(pack: Pack, owner: Owner, delivery: Delivery) {
    this.#pack = pack;
    this.#owner = owner;
    this.#delivery = delivery;
  }

  async add({ path, name }: Source): Promise<void> {
    // A slash at the end asks for the directory behind a link.
    if (name === '' || path.endsWith('/')) {
      const names = name === '' ? [] : [name];
      await this.#directory(
        asked(path, () => holdNamed(path)),
        names,
      );
      return;
    }
    const parent = asked(path, () => holdNamed(dirname(path)));
    try {
      const last = pathOf(parent.descriptor, basename(path));
      await this.#entry(
        last,
        asked(path, () => holdAny(last)),
        [name],
      );
    } finally {
      release(parent.descriptor);
    }
  }

  /** Takes the descriptor over. @param path where it was found, below a directory that is held */
  async #entry(path: string, held: Held, names: readonly string[]): Promise<void> {
    if (held.stat.isDirectory()) return this.#directory(held, names);
    try {
      if (held.stat.isFile()) await this.#file(held, names);
      else if (held.stat.isSymbolicLink()) await this.#symlink(path, held, names);
      else this.leftOut += 1;
    } finally {
      release(held.descriptor);
    }
  }

  /** Takes the descriptor over. */
  async #directory(held: Held, names: readonly string[]): Promise<void> {
    try {
      if (names.length > deepest) throw unavailable(`${shown(names)} lies too deep`);
      if (names.length > 0) await this.#bareEntry({ ...this.#common(names, held), type: 'directory' });
      for (const name of list(held, names)) {
        if (name.includes('\ufffd')) throw unavailable(`${shown([...names, name])}: its name is not UTF-8`);
        const path = pathOf(held.descriptor, name);
        const next = hold(path);
        // Gone since the directory was read.
        if (next !== undefined) await this.#entry(path, next, [...names, name]);
      }
    } finally {
      release(held.descriptor);
    }
  }

  async #symlink(path: string, held: Held, names: readonly string[]): Promise<void> {
    const linkname = readLink(path);
    if (linkname === undefined) this.leftOut += 1;
    else await this.#bareEntry({ ...this.#common(names, held), type: 'symlink', linkname });
  }

  async #file(held: Held, names: readonly string[]): Promise<void> {
    const descriptor = openHeld(held, names);
    try {
      const { size } = fstatSync(descriptor);
      const header = { ...this.#common(names, held), type: 'file' as const, size };
      await new Promise<void>((resolve, reject) => {
        const sink = this.#pack.entry(header, (error) => (error ? reject(error) : resolve()));
        pour(descriptor, size, names, sink).catch(reject);
      });
    } finally {
      closeSync(descriptor);
    }
    if (held.stat.size === 0n) await this.#breathe();
  }

  async #bareEntry(header: Parameters<Pack['entry']>[0]): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#pack.entry(header, (error) => (error ? reject(error) : resolve()));
    });
    await this.#breathe();
  }

  async #breathe(): Promise<void> {
    this.#bare += 1;
    if (this.#bare % ahead === 0) await this.#delivery.caughtUp();
  }

  #common(names: readonly string[], { stat }: Held) {
    const { uid, gid } = this.#owner;
    return {
      name: names.join('/'),
      mode: Number(stat.mode) & 0o777,
      mtime: new Date(Number(stat.mtimeMs)),
      uid,
      gid,
    };
  }
}

async function pour(
  descriptor: number,
  size: number,
  names: readonly string[],
  sink: ReturnType<Pack['entry']>,
): Promise<void> {
  for (let left = size; left > 0; ) {
    const buffer = Buffer.allocUnsafe(Math.min(piece, left));
    const length = readSync(descriptor, buffer, 0, buffer.length, null);
    if (length === 0) throw unavailable(`${shown(names)} has become shorter while it was read`);
    left -= length;
    if (!sink.write(buffer.subarray(0, length)))
      await new Promise<void>((resolve) => sink.once('drain', () => resolve()));
  }
  sink.end(null);
}

/** The very file that is held, whatever its name leads to by now. */
function openHeld(held: Held, names: readonly string[]): number {
  try {
    return openSync(pathOf(held.descriptor), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw unavailable(`${shown(names)} can't be read with your rights: ${errorCode(error)}`);
  }
}

function list(held: Held, names: readonly string[]): readonly string[] {
  try {
    return readdirSync(`${pathOf(held.descriptor)}/.`);
  } catch (error) {
    throw unavailable(`${shown(names)} can't be read with your rights: ${errorCode(error)}`);
  }
}

/** `undefined`: something else is there by now. */
function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function hold(path: string): Held | undefined {
  try {
    return holdAny(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw unavailable(`a file can't be looked at with your rights: ${errorCode(error)}`);
  }
}

/** What the user has named. */
function asked(path: string, action: () => Held): Held {
  try {
    return action();
  } catch (error) {
    throw usage(`${path} can't be read with your rights: ${errorCode(error)}`);
  }
}

function shown(names: readonly string[]): string {
  return names.join('/').slice(0, 200);
}
