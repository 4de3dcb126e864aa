/**
 * Compressed archives. gzip and zstd are the runtime's; xz and bzip2 are programs of the host, and run with the
 * caller's own rights: their parsers have no business being root.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { pipeline, Readable, type Transform, type Writable } from 'node:stream';
import zlib from 'node:zlib';
import { rightsOf } from '../caller/as-user.ts';
import { setpriv, withRightsOf } from '../caller/setpriv.ts';
import type { Caller } from '../domain/caller.ts';
import { UserdockerError, unavailable } from '../domain/errors.ts';
import { plainEnvironment } from '../exec/ask.ts';
import { badArchive, endsEarly } from './failure.ts';

export type Compression = 'gzip' | 'zstd' | 'xz' | 'bzip2';
type Bytes = AsyncGenerator<Buffer, void, void>;

/** As much as the longest magic number (moby pkg/archive DetectCompression). */
export const magicLength = 6;
const chunkSize = 256 * 1024;

const tools: {
  readonly [name in 'xz' | 'bzip2' | 'zstd']: { arguments: readonly string[]; package: string };
} = {
  // xz -9 needs 65 MiB to decompress; a header that asks for 4 GiB is not going to get them.
  xz: { arguments: ['-dc', '--memlimit-decompress=256MiB'], package: 'xz-utils (or xz)' },
  bzip2: { arguments: ['-dc'], package: 'bzip2' },
  zstd: { arguments: ['-dcq'], package: 'zstd' },
};

/** @param head the first bytes; `undefined`: none that we know, so most likely not compressed */
export function compressionOf(head: Buffer): Compression | undefined {
  const hex = head.subarray(0, magicLength).toString('hex');
  if (hex.startsWith('1f8b08')) return 'gzip';
  // RFC 8878: a frame, or one to be skipped, which tools put in front.
  if (hex.startsWith('28b52ffd') || /^5.2a4d18/.test(hex)) return 'zstd';
  if (hex.startsWith('fd377a585a00')) return 'xz';
  if (hex.startsWith('425a68')) return 'bzip2';
  return undefined;
}

/** What comes out of `input`, decompressed if it begins like something compressed. */
export async function* decompressed(input: Readable, caller: Caller): Bytes {
  const source = readAll(input);
  const head = await readHead(source);
  if (head.length === 0) throw badArchive('there is no archive on standard input');
  const whole = prepend(head, source);
  const compression = compressionOf(head);
  if (compression === undefined) {
    yield* whole;
    return;
  }
  const inProcess = decompressor(compression);
  if (inProcess !== undefined) yield* through(whole, inProcess, compression);
  else if (compression !== 'gzip') yield* throughTool(whole, compression, caller);
}

/** The runtime's own decompressor, where it has one. */
export function decompressor(compression: Compression): Transform | undefined {
  if (compression === 'gzip') return zlib.createGunzip({ chunkSize });
  if (compression !== 'zstd') return undefined;
  // Since Node 22.15; not in the types of Node 20.
  const make: unknown = Reflect.get(zlib, 'createZstdDecompress');
  return isMaker(make) ? make({ chunkSize }) : undefined;
}

function isMaker(value: unknown): value is (options: { chunkSize: number }) => Transform {
  return typeof value === 'function';
}

async function* readAll(input: Readable): Bytes {
  try {
    for await (const chunk of input) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
  } catch (error) {
    throw badArchive(`standard input can't be read: ${error instanceof Error ? error.message : error}`);
  }
}

async function readHead(source: Bytes): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let length = 0; length < magicLength; ) {
    const next = await source.next();
    if (next.done === true) break;
    chunks.push(next.value);
    length += next.value.length;
  }
  return Buffer.concat(chunks);
}

async function* prepend(head: Buffer, rest: Bytes): Bytes {
  yield head;
  yield* rest;
}

async function* through(source: Bytes, transform: Transform, compression: Compression): Bytes {
  // The callback has nothing to say that the loop below does not see: pipeline destroys `transform` with the error.
  pipeline(Readable.from(source), transform, () => {});
  try {
    for await (const chunk of transform) yield chunk;
  } catch (error) {
    if (error instanceof UserdockerError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw /unexpected end/i.test(message)
      ? endsEarly()
      : badArchive(`the archive is no valid ${compression}: ${message}`);
  }
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

async function* throughTool(source: Bytes, tool: 'xz' | 'bzip2' | 'zstd', caller: Caller): Bytes {
  const child = start(tool, caller);
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  const complaint = firstLine(child.stderr);
  let inputError: unknown;
  pipeline(Readable.from(source), child.stdin, (error) => {
    if (error instanceof UserdockerError) inputError = error;
  });
  try {
    for await (const chunk of child.stdout) yield chunk;
    const status = await exited;
    if (inputError !== undefined) throw inputError;
    if (status !== 0) throw badArchive(`the archive is no valid ${tool}: ${await complaint}`);
  } finally {
    child.kill('SIGKILL');
  }
}

function start(tool: 'xz' | 'bzip2' | 'zstd', caller: Caller): Child {
  const program = find(tool);
  if (program === undefined) {
    throw unavailable(
      `this archive needs the program ${tool}, which this host does not have`,
      `ask your admin for the package ${tools[tool].package}, or load it with: ${tool} -dc FILE | userdocker load`,
    );
  }
  const { program: command, args } = asCaller(caller, program, tools[tool].arguments);
  return spawn(command, [...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: '/',
    env: plainEnvironment,
  });
}

/** Who is not root has nothing to lay down. */
function asCaller(caller: Caller, program: string, args: readonly string[]) {
  if (process.geteuid?.() !== 0) return { program, args };
  if (!existsSync(setpriv))
    throw unavailable('the program setpriv (package util-linux) is missing on this host');
  return withRightsOf(rightsOf(caller), program, args);
}

function find(program: string): string | undefined {
  return [`/usr/bin/${program}`, `/bin/${program}`].find((path) => existsSync(path));
}

async function firstLine(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) if (text.length < 500) text += chunk;
  return text.trim().split('\n')[0] ?? '';
}
