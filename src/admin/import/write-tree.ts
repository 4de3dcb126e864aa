/** Writes the YAML files into a new directory. Nothing that is there is ever overwritten, and no link is followed. */
import { closeSync, constants, mkdirSync, openSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { unavailable } from '../../domain/errors.ts';

export interface NewFile {
  /** `config.yaml`, `group/config_10_students.yaml`: at most one directory deep. */
  readonly path: string;
  readonly text: string;
}

/** @throws unavailable where the directory is there already, or can't be written */
export function writeTree(directory: string, files: readonly NewFile[]): void {
  try {
    mkdirSync(directory, { mode: 0o755 });
    withDirectory(directory, (root) => {
      for (const place of new Set(files.map(({ path }) => dirname(path)))) {
        if (place !== '.') mkdirSync(`${root}/${place}`, { mode: 0o755 });
        withDirectory(`${root}/${place}`, (handle) => {
          for (const { path, text } of files)
            if (dirname(path) === place) writeNew(`${handle}/${basename(path)}`, text);
        });
      }
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code === 'EEXIST')
      throw unavailable(`${directory} is there already`, 'name a directory that does not exist yet');
    throw unavailable(`${directory} could not be written (${code})`);
  }
}

/** Used through its descriptor: what was made is what is written to, whoever can rename what is above. */
function withDirectory(path: string, use: (handle: string) => void): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    use(`/proc/self/fd/${descriptor}`);
  } finally {
    closeSync(descriptor);
  }
}

function writeNew(path: string, text: string): void {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const descriptor = openSync(path, flags, 0o644);
  try {
    const bytes = Buffer.from(text);
    for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
  } finally {
    closeSync(descriptor);
  }
}
