/** The Python program's files: one, or its whole directory. */
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { usage } from '../../domain/errors.ts';
import { hasControlCharacter, parseGid, parseUid } from '../../domain/ids.ts';

export type LayerKind = 'config' | 'group' | 'gid' | 'user' | 'uid';

export interface PythonFile {
  readonly kind: LayerKind | 'default';
  /** As it is to be named in messages. */
  readonly path: string;
  readonly text: string;
  /** Whom it is for; empty for everybody. */
  readonly subject: string;
  /** Below the directory that is written: `group/config_10_students.yaml`. */
  readonly output: string;
}

export interface PythonInput {
  readonly files: readonly PythonFile[];
  readonly notes: readonly string[];
}

/** Bytes; a configuration of thousands of lines has a tenth of it. */
const largestFile = 1024 * 1024;
const mostFiles = 2000;

/** @throws usage for what can't be read as such */
export function readInput(path: string): PythonInput {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw usage(`there is no ${path}`);
  if (stats.isDirectory()) return readTree(path);
  if (/^config_.+\.py$/.test(basename(path))) {
    const hint = 'name the directory above: what such a file adds to depends on config.py';
    throw usage(`${path} is the file of a group or user`, hint);
  }
  const notes: string[] = [];
  const text = readText(path, notes);
  return { files: [{ kind: 'config', subject: '', path, text, output: 'config.yaml' }], notes };
}

function readTree(directory: string): PythonInput {
  const notes: string[] = [];
  const files: PythonFile[] = [];
  for (const kind of ['config', 'group', 'gid', 'user', 'uid'] as const) {
    const place = kind === 'config' ? directory : join(directory, kind);
    for (const name of names(place)) {
      const path = join(place, name);
      const layer = hasControlCharacter(name) ? undefined : layerOf(kind, name);
      if (layer === undefined) {
        if (name.endsWith('.py'))
          notes.push(`${path}: the Python program does not read it, and neither is it converted`);
        continue;
      }
      const output = kind === 'config' ? 'config.yaml' : `${kind}/${name.slice(0, -'.py'.length)}.yaml`;
      files.push({ ...layer, path, text: readText(path, notes), output });
      if (files.length > mostFiles) throw usage(`${directory} holds more than ${mostFiles} files`);
    }
  }
  if (files.length === 0) throw usage(`there is neither config.py nor default.py in ${directory}`);
  return { files, notes };
}

/** In the order in which the Python program reads them; `/etc/userdocker/group` need not exist. */
function names(directory: string): readonly string[] {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(directory).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

function layerOf(kind: LayerKind, name: string): Pick<PythonFile, 'kind' | 'subject'> | undefined {
  if (kind === 'config') {
    if (name === 'default.py') return { kind: 'default', subject: '' };
    return name === 'config.py' ? { kind, subject: '' } : undefined;
  }
  const form = kind === 'group' || kind === 'gid' ? /^config_[0-9]{2}_(.+)\.py$/ : /^config_(.+)\.py$/;
  const subject = form.exec(name)?.[1];
  if (subject === undefined) return undefined;
  if ((kind === 'gid' && !parseGid(subject).ok) || (kind === 'uid' && !parseUid(subject).ok))
    return undefined;
  return { kind, subject };
}

/** Reads without waiting for a FIFO's writer, and never more than the limit. */
function readText(path: string, notes: string[]): string {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw usage(`${path} is not a regular file`);
    if (stats.uid !== 0 || (stats.mode & 0o022) !== 0)
      notes.push(`${path}: others than root can write it; look at what was made of it before you use it`);
    const buffer = Buffer.alloc(largestFile + 1);
    let length = 0;
    for (let count = -1; count !== 0 && length < buffer.length; length += count)
      count = readSync(descriptor, buffer, length, buffer.length - length, length);
    if (length > largestFile) throw usage(`${path} is larger than ${largestFile} bytes`);
    return decode(path, buffer.subarray(0, length));
  } finally {
    closeSync(descriptor);
  }
}

/** Python reads files with universal newlines. */
function decode(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r\n?/g, '\n');
  } catch {
    throw usage(`${path} is not UTF-8 text`);
  }
}
