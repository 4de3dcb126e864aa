/** What the user has named on the host, looked at before anything is started. To be called with the caller's rights. */
import { lstatSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Outside } from '../args/copy-path.ts';
import { usage } from '../domain/errors.ts';
import { errorCode } from '../mounts/descriptors.ts';

export interface OutsideName {
  /** What it is called in the archive. */
  readonly name: string;
  readonly directory: boolean;
  /** Only what is in it. */
  readonly contents: boolean;
}

/** @throws usage where there is nothing, or nothing that the caller could read */
export function outsideName({ path, contents }: Outside): OutsideName {
  try {
    const stat = path.endsWith('/') || contents ? statSync(path) : lstatSync(path);
    const directory = stat.isDirectory();
    if ((path.endsWith('/') || contents) && !directory) throw usage(`${path} is no directory`);
    if (!directory && !stat.isFile() && !stat.isSymbolicLink())
      throw usage(`${path} is neither a file nor a directory`);
    // `..` has a name of its own, which only the kernel knows.
    const name = /(?:^|\/)\.\.?\/?$/.test(path) ? basename(resolve(path)) : basename(path);
    return { name: name === '' ? 'root' : name, directory, contents: contents || path === '/' };
  } catch (error) {
    if (errorCode(error) === 'EUNKNOWN') throw error;
    throw usage(`${path} can't be read with your rights: ${errorCode(error)}`);
  }
}
