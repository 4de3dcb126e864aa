/**
 * The entries of a tar archive, one after the other. tar-stream reads the format; what it lets through and an image
 * archive never has is refused here: names that lead elsewhere, devices, hard links, sparse files, two entries of one
 * name, archives without an end.
 */
import { posix } from 'node:path';
import { type Header, extract as tarExtract } from 'tar-stream';
import { UserdockerError } from '../domain/errors.ts';
import { hasControlCharacter } from '../domain/ids.ts';
import { objectAt } from '../domain/json.ts';
import { badArchive, endsEarly, noArchive, tooLarge } from './failure.ts';
import { feed } from './feed.ts';

export type ArchiveEntry =
  | {
      readonly kind: 'file';
      readonly name: string;
      readonly size: number;
      readonly body: AsyncIterable<Buffer>;
    }
  /** `target`: the name in the archive that the link leads to. */
  | { readonly kind: 'link'; readonly name: string; readonly target: string };

/** Old archives have four entries a layer, and an image has at most 127 layers. */
const mostEntries = 10_000;
const longestEntryName = 1024;
/** tar(5): two blocks of zeros end an archive. */
const endMarker = 1024;

/**
 * @param source the archive, decompressed
 * @param loadMax bytes of `source` at most
 * @returns files and symbolic links; a file's `body` must be read to its end before the next entry is asked for
 */
export async function* readEntries(
  source: AsyncIterable<Buffer>,
  loadMax: number,
): AsyncGenerator<ArchiveEntry> {
  const extract = tarExtract();
  void feed(wholeArchive(source, loadMax), extract);
  const names = new Set<string>();
  try {
    for await (const entry of extract) {
      const checked = checkEntry(entry.header, bytesOf(entry), names);
      if (checked?.kind !== 'file') entry.resume();
      if (checked !== undefined) yield checked;
    }
  } catch (error) {
    throw explain(error);
  }
}

/** The same bytes, as long as they are no more than `loadMax`, and if they end as an archive does. */
async function* wholeArchive(
  source: AsyncIterable<Buffer>,
  loadMax: number,
): AsyncGenerator<Buffer, void, void> {
  let total = 0;
  let zeros = 0;
  for await (const chunk of source) {
    total += chunk.length;
    if (total > loadMax) throw tooLarge(loadMax);
    zeros = trailingZeros(chunk, zeros);
    yield chunk;
  }
  // tar-stream takes the end of its input for the archive's: a copy that broke off between two entries.
  if (zeros < endMarker) throw total < endMarker ? noArchive() : endsEarly();
}

/** An archive that breaks off within a file does so here. */
async function* bytesOf(body: AsyncIterable<unknown>): AsyncGenerator<Buffer, void, void> {
  try {
    for await (const chunk of body) if (Buffer.isBuffer(chunk)) yield chunk;
  } catch (error) {
    throw explain(error);
  }
}

/** How many zeros the stream ends with so far, counted up to the end marker's length. */
function trailingZeros(chunk: Buffer, before: number): number {
  const tail = chunk.subarray(-endMarker);
  let count = 0;
  while (count < tail.length && tail[tail.length - 1 - count] === 0) count++;
  return count < tail.length ? count : Math.min(endMarker, before + count);
}

/** `undefined`: a directory, which needs no mention, because files bring their directories with them. */
function checkEntry(
  header: Header,
  body: AsyncIterable<Buffer>,
  names: Set<string>,
): ArchiveEntry | undefined {
  const name = cleanName(header.name, header.type === 'directory');
  const extensions = Object.keys(objectAt(header, 'pax'));
  if (extensions.some((key) => key.startsWith('GNU.sparse.'))) throw badArchive(`${name} is a sparse file`);
  if (header.type === 'directory') return undefined;
  // Which of two manifests an engine takes is not ours to guess.
  if (names.has(name)) throw badArchive(`the archive has two entries named ${name}`);
  names.add(name);
  if (names.size > mostEntries) throw badArchive(`the archive has more than ${mostEntries} entries`);
  if (header.type === 'file') return { kind: 'file', name, size: header.size, body };
  if (header.type === 'symlink') return { kind: 'link', name, target: linkTarget(name, header.linkname) };
  throw badArchive(`${name} is neither a file nor a directory (${header.type ?? 'of an unknown type'})`);
}

/** `./manifest.json` is `manifest.json`; any other detour is refused. */
function cleanName(raw: string, isDirectory: boolean): string {
  const plain = raw.replace(/^(?:\.\/)+/, '');
  const name = isDirectory ? plain.replace(/\/$/, '') : plain;
  if (isDirectory && (name === '' || name === '.')) return '.';
  if (!isSafeName(name))
    throw badArchive(`the archive has an entry with an unsafe name: ${raw.slice(0, 100)}`);
  return name;
}

function isSafeName(name: string): boolean {
  if (name.length > longestEntryName || hasControlCharacter(name)) return false;
  return name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

/** Old versions of docker save and podman save write a repeated layer as a link: `../<id>/layer.tar`, `../<id>.tar`. */
function linkTarget(name: string, linkName: string): string {
  const target = posix.join(posix.dirname(name), linkName);
  if (linkName.startsWith('/') || !isSafeName(target)) {
    throw badArchive(`${name} is a link that leads out of the archive`);
  }
  return target;
}

function explain(error: unknown): unknown {
  if (error instanceof UserdockerError || !(error instanceof Error)) return error;
  if (/unexpected end/i.test(error.message)) return endsEarly();
  if (/tar|header/i.test(error.message)) return noArchive();
  return badArchive(`the archive can't be read: ${error.message}`);
}
