/**
 * The repositories that somebody has fetched from with an account of their own, remembered for good.
 *
 * The engine keeps the manifests that it has fetched, and gives what a digest names from there without a question to the registry
 * (moby, distribution/manifest.go): who knows the digest would have the image without the account. Asked for a tag it goes to the registry.
 *
 * 1. A repository is marked, on the disk, before the first such fetch from it begins; nothing takes the mark away.
 * 2. Whether it is marked is looked at after the image was looked up: an image that is there because of such a fetch is never
 *    found with its repository unmarked.
 * 3. The mark is the file's existence. What can't be looked at counts as an error, not as unmarked.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { unavailable } from '../domain/errors.ts';
import { stateDirectory } from '../paths.ts';
import { type ImageReference, normalizedName } from '../policy/reference.ts';
import { hasCode, messageOf, privateDirectory } from './directory.ts';

const directoryName = 'private-repositories';

/** On the disk when it returns. @throws unavailable where that can't be had */
export function markRepository(reference: ImageReference, state: string = stateDirectory): void {
  const directory = privateDirectory(state, directoryName);
  try {
    write(fileOf(directory, reference), `${repositoryOf(reference)}\n`);
    // The names in a directory are the directory's data (fsync(2)), and it may be a new one itself.
    for (const each of [directory, state]) sync(each);
  } catch (error) {
    throw unavailable(`the repository can't be remembered as a private one: ${messageOf(error)}`);
  }
}

export function isMarked(reference: ImageReference, state: string = stateDirectory): boolean {
  try {
    fs.lstatSync(fileOf(path.join(state, directoryName), reference));
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw unavailable(`whether the repository is a private one can't be told: ${messageOf(error)}`);
  }
}

/** The text is for an admin who looks: the name of the file is a hash, as no name of a repository fits into 255 bytes for sure. */
function write(file: string, text: string): void {
  const descriptor = fs.openSync(file, 'w', 0o600);
  try {
    fs.writeSync(descriptor, text);
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

function sync(directory: string): void {
  const descriptor = fs.openSync(directory, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

function fileOf(directory: string, reference: ImageReference): string {
  return path.join(directory, createHash('sha256').update(repositoryOf(reference)).digest('hex'));
}

/** `registry.lab`, `registry.lab:443` and `registry.lab:80` are one registry to docker's client. */
function repositoryOf(reference: ImageReference): string {
  return normalizedName(reference).replace(/^([^/]+?):(?:443|80)\//, '$1/');
}
