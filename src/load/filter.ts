/**
 * `load`: what the user sends becomes an archive that can do nothing but add images under the user's own tags.
 *
 * 1. The engine is given an archive that is written here: regular files with names of ours, and one manifest.json.
 *    No header, name, link, index or manifest of the user's archive reaches it.
 * 2. The manifest comes last, after everything has been checked, and the end of the archive after it. Whatever is
 *    wrong breaks the stream off before that, and an engine loads nothing from an archive without an end.
 * 3. Layers and configurations pass unchanged and are held against their digests on the way (src/load/images.ts).
 * 4. Nothing is kept but digests and small JSON files: memory does not grow with the archive.
 */
import { Readable } from 'node:stream';
import type { Caller } from '../domain/caller.ts';
import { UserdockerError } from '../domain/errors.ts';
import { Archive } from './archive.ts';
import { type Budget, ContentReader, newBudget } from './content.ts';
import { decompressed } from './decompress.ts';
import { imagesOfManifest } from './docker-archive.ts';
import { type ArchiveEntry, readEntries } from './entries.ts';
import { badArchive, endsEarly } from './failure.ts';
import { checkImage, newManifest } from './images.ts';
import { imagesOfLayout } from './oci-layout.ts';
import { type ArchivedImage, type LoadedTag, renameTags } from './tags.ts';
import { endOfArchive, fileHeader, padding } from './tar-writer.ts';

export interface LoadRequest {
  /** The archive, possibly compressed. */
  readonly input: Readable;
  /** `policy.images.load_tags`: the caller's own tree, `localhost/alice/`. */
  readonly loadTags: string;
  /** `policy.images.load_max`: bytes of the uncompressed archive, and of what its layers unpack to. */
  readonly loadMax: number;
  /** The engine's, in Go's terms: amd64, arm64. */
  readonly architecture: string;
  /** Whether the engine reads layers compressed with zstd (23.0 and later). */
  readonly zstdLayers: boolean;
  readonly caller: Caller;
}

export interface LoadReport {
  readonly tags: readonly LoadedTag[];
}

export interface FilteredArchive {
  /** A plain tar for `POST /images/load`. Ends with an error if anything is wrong; then the engine must not see an end. */
  readonly output: Readable;
  /** Rejected with the same error; a UserdockerError where the archive is to blame. */
  readonly result: Promise<LoadReport>;
}

export function filterArchive(request: LoadRequest): FilteredArchive {
  if ('isTTY' in request.input && request.input.isTTY === true) {
    throw badArchive(
      'load reads an archive from standard input, which is a terminal',
      'userdocker load < FILE',
    );
  }
  const { output, result } = settle(rewrite(request), request.input);
  // Who only looks at `output` sees the error there.
  result.catch(() => {});
  return { output, result };
}

/** The files of the archive that say what the others are; they are read and not passed on. */
const controlFiles: ReadonlySet<string> = new Set([
  'manifest.json',
  'index.json',
  'oci-layout',
  'repositories',
]);

type Output = AsyncGenerator<Buffer, LoadReport, void>;

async function* rewrite(request: LoadRequest): Output {
  const archive = new Archive();
  const budget = newBudget(request.loadMax);
  let count = 0;
  for await (const entry of readEntries(decompressed(request.input, request.caller), request.loadMax)) {
    if (controlFiles.has(entry.name)) await keepControlFile(archive, entry, budget);
    else if (entry.kind === 'link') archive.addLink(entry.name, entry.target);
    else yield* passOn(archive, entry, `file-${++count}`, budget);
  }
  const { manifest, tags } = finish(archive, request);
  yield Buffer.concat([
    fileHeader('manifest.json', manifest.length),
    manifest,
    padding(manifest.length),
    endOfArchive(),
  ]);
  return { tags };
}

type FileEntry = Extract<ArchiveEntry, { kind: 'file' }>;

async function* passOn(
  archive: Archive,
  entry: FileEntry,
  storedAs: string,
  budget: Budget,
): AsyncGenerator<Buffer, void, void> {
  const reader = new ContentReader(budget);
  yield fileHeader(storedAs, entry.size);
  let length = 0;
  for await (const chunk of entry.body) {
    length += chunk.length;
    await reader.add(chunk);
    yield chunk;
  }
  // The header is out: a body of another length would shift what the engine takes for headers.
  if (length !== entry.size) throw endsEarly();
  const rest = padding(entry.size);
  if (rest.length > 0) yield rest;
  archive.addFile(entry.name, { storedAs, content: await reader.finish() });
}

async function keepControlFile(archive: Archive, entry: ArchiveEntry, budget: Budget): Promise<void> {
  if (entry.kind === 'link') throw badArchive(`${entry.name} is a link`);
  const reader = new ContentReader(budget);
  for await (const chunk of entry.body) await reader.add(chunk);
  archive.addControl(entry.name, await reader.finish());
}

/** All bytes have gone by: which images are there, are they whole, what will they be called? */
function finish(archive: Archive, request: LoadRequest): { manifest: Buffer; tags: readonly LoadedTag[] } {
  const images = imagesOf(archive, request.architecture).map((image) =>
    checkImage(archive, image, request.zstdLayers),
  );
  const tags = renameTags(request.loadTags, images);
  if (!tags.ok) throw badArchive(tags.error);
  return { manifest: newManifest(images, tags.value), tags: tags.value };
}

/** docker since 25 writes both descriptions; its manifest.json is the one that all engines agree on. */
function imagesOf(archive: Archive, architecture: string): readonly ArchivedImage[] {
  if (archive.hasControl('manifest.json')) return imagesOfManifest(archive.controlJson('manifest.json'));
  if (archive.hasControl('index.json'))
    return imagesOfLayout(archive, archive.controlJson('index.json'), architecture);
  if (archive.hasControl('repositories')) throw badArchive('the archive was written by a docker before 1.10');
  throw badArchive('the archive has neither a manifest.json nor an index.json');
}

function settle(pieces: Output, input: Readable): FilteredArchive {
  let output = Readable.from([]);
  const result = new Promise<LoadReport>((resolve, reject) => {
    output = Readable.from(settling(pieces, resolve, reject), { objectMode: false });
    output.on('close', () => {
      // Where the engine went away, the generators still wait for the user's next byte.
      input.destroy();
      reject(badArchive('the load was broken off'));
    });
  });
  return { output, result };
}

/** Passes the pieces on and tells the outcome. */
async function* settling(
  pieces: Output,
  resolve: (report: LoadReport) => void,
  reject: (error: unknown) => void,
): AsyncGenerator<Buffer, void, void> {
  try {
    resolve(yield* pieces);
  } catch (error) {
    const known = error instanceof UserdockerError ? error : badArchive('the archive could not be read');
    reject(known);
    throw known;
  }
}
