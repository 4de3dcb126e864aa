/** Archives built by hand: what `docker save`, `podman save` and BuildKit write, and what an attacker would. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { extract, pack } from 'tar-stream';
import type { Caller } from '../../src/domain/caller.ts';
import { UserdockerError } from '../../src/domain/errors.ts';
import {
  type AbsolutePath,
  type Gid,
  parseAbsolutePath,
  parseGid,
  parseUid,
  type Uid,
} from '../../src/domain/ids.ts';
import type { Result } from '../../src/domain/result.ts';
import { filterArchive, type LoadRequest } from '../../src/load/filter.ts';

export interface Entry {
  readonly name: string;
  readonly body?: Buffer | string;
  readonly type?:
    | 'file'
    | 'link'
    | 'symlink'
    | 'directory'
    | 'block-device'
    | 'character-device'
    | 'fifo'
    | 'contiguous-file';
  readonly linkname?: string;
  readonly pax?: { readonly [key: string]: string };
}

export async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const { name, body = '', type = 'file', linkname = '', pax } of entries) {
    const header = {
      name,
      type,
      mode: 0o644,
      mtime: new Date(0),
      ...(linkname === '' ? {} : { linkname }),
      ...(pax ? { pax } : {}),
    };
    if (type === 'file' || type === 'contiguous-file')
      archive.entry({ ...header, size: Buffer.byteLength(body) }, body);
    else archive.entry(header);
  }
  archive.finalize();
  return collect(Readable.from(archive));
}

export async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Reads an archive back with the library, which had no hand in writing it. */
export async function untar(
  archive: Buffer,
): Promise<readonly { name: string; type: string; body: Buffer; mode: number; uid: number }[]> {
  const reader = extract();
  reader.end(archive);
  const entries = [];
  for await (const entry of reader) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const { name, type, mode, uid } = entry.header;
    entries.push({ name, type, mode, uid, body: Buffer.concat(chunks) });
  }
  return entries;
}

export function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex');
}

export interface Image {
  readonly config: string;
  readonly id: string;
  readonly layers: readonly Buffer[];
}

/** @param texts what its layers hold, one file each */
export async function imageOf(...texts: readonly string[]): Promise<Image> {
  const layers = await Promise.all(texts.map((text) => tarOf([{ name: 'etc/motd', body: text }])));
  const diffIds = layers.map((layer) => `sha256:${sha256(layer)}`);
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: diffIds },
  });
  return { config, id: `sha256:${sha256(config)}`, layers };
}

/** docker before 25: a directory a layer, the configuration under its id, manifest.json last. */
export function dockerSave(image: Image, tags: readonly string[] | null): readonly Entry[] {
  const config = `${sha256(image.config)}.json`;
  const layerName = (layer: Buffer) => `${sha256(`v1 ${sha256(layer)}`)}/layer.tar`;
  return [
    { name: config, body: image.config },
    ...image.layers.flatMap((layer) => [
      { name: layerName(layer).replace('layer.tar', ''), type: 'directory' as const },
      { name: layerName(layer).replace('layer.tar', 'VERSION'), body: '1.0' },
      { name: layerName(layer).replace('layer.tar', 'json'), body: '{"id":"x"}' },
      { name: layerName(layer), body: layer },
    ]),
    {
      name: 'manifest.json',
      body: JSON.stringify([{ Config: config, RepoTags: tags, Layers: image.layers.map(layerName) }]),
    },
    { name: 'repositories', body: JSON.stringify({ debian: { latest: 'x' } }) },
  ];
}

export interface Blob {
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
  readonly entry: Entry;
}

export function blob(mediaType: string, body: Buffer | string): Blob {
  const hex = sha256(body);
  return {
    mediaType,
    digest: `sha256:${hex}`,
    size: Buffer.byteLength(body),
    entry: { name: `blobs/sha256/${hex}`, body },
  };
}

export function descriptor({ mediaType, digest, size }: Blob, more: object = {}): object {
  return { mediaType, digest, size, ...more };
}

export const indexType = 'application/vnd.oci.image.index.v1+json';
export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
export const layerType = 'application/vnd.oci.image.layer.v1.tar';

/** The blobs of an image: its manifest first. */
export function ociBlobs(image: Image, compress = false): readonly [manifest: Blob, ...others: Blob[]] {
  const config = blob('application/vnd.oci.image.config.v1+json', image.config);
  const layers = image.layers.map((layer) =>
    compress ? blob(`${layerType}+gzip`, gzipSync(layer)) : blob(layerType, layer),
  );
  const body = JSON.stringify({
    schemaVersion: 2,
    config: descriptor(config),
    layers: layers.map((layer) => descriptor(layer)),
  });
  return [blob(manifestType, body), config, ...layers];
}

/** index.json comes first: nothing is known yet of what it names. */
export function ociLayout(manifests: readonly object[], blobs: readonly Blob[]): readonly Entry[] {
  return [
    { name: 'index.json', body: JSON.stringify({ schemaVersion: 2, manifests }) },
    { name: 'oci-layout', body: '{"imageLayoutVersion":"1.0.0"}' },
    ...blobs.map(({ entry }) => entry),
  ];
}

function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.error);
  return result.value;
}
const uid: Uid = must(parseUid('65534'));
const gid: Gid = must(parseGid('65534'));
const home: AbsolutePath = must(parseAbsolutePath('/nonexistent'));
export const alice: Caller = {
  uid,
  user: 'alice',
  gid,
  group: 'alice',
  home,
  groups: [{ gid, name: 'alice' }],
  isRoot: false,
};

export const mebibyte = 1024 * 1024;

export function request(input: Readable | Buffer, changes: Partial<LoadRequest> = {}): LoadRequest {
  return {
    input: Buffer.isBuffer(input) ? Readable.from([input], { objectMode: false }) : input,
    loadTags: 'localhost/alice/',
    loadMax: 64 * mebibyte,
    architecture: 'amd64',
    zstdLayers: true,
    caller: alice,
    ...changes,
  };
}

export interface ManifestEntry {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
}

/** Filters an archive and reads back what the engine would get. */
export async function load(input: Readable | Buffer, changes: Partial<LoadRequest> = {}) {
  const { output, result } = filterArchive(request(input, changes));
  const entries = await untar(await collect(output));
  const { tags } = await result;
  const manifest: ManifestEntry[] = JSON.parse(String(entries.at(-1)?.body));
  const body = (name: string | undefined) => entries.find((entry) => entry.name === name)?.body;
  return { tags, entries, manifest, body };
}

/** What the user is told; the engine's stream must have ended with the same error. */
export async function refusal(input: Readable | Buffer, changes: Partial<LoadRequest> = {}): Promise<string> {
  const { output, result } = filterArchive(request(input, changes));
  let streamed: unknown;
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of output) chunks.push(chunk);
  } catch (error) {
    streamed = error;
  }
  const told = await result.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(told instanceof UserdockerError)) return `no refusal (${told})`;
  if (streamed !== told) return 'the stream to the engine did not break off';
  if (namesIn(Buffer.concat(chunks)).includes('manifest.json')) return 'the engine got a manifest';
  return textOf(told);
}

/** The names of the entries in a stream that breaks off. */
function namesIn(stream: Buffer): readonly string[] {
  const names: string[] = [];
  for (let at = 0; at + 512 <= stream.length; ) {
    const size = Number.parseInt(stream.toString('latin1', at + 124, at + 135), 8);
    names.push(stream.toString('latin1', at, stream.indexOf(0, at)));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return names;
}

function textOf({ failure }: UserdockerError): string {
  if (failure.code === 'denied') return failure.reasons.map(({ message }) => message).join('; ');
  return failure.code === 'config' ? 'config' : failure.message;
}
