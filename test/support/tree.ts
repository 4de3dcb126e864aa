/** Directories of several owners to look at, in a place where every parent is root's alone. */

import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';

export interface Entry {
  readonly uid?: number;
  readonly mode?: number;
  /** A symbolic link to there. */
  readonly link?: string;
  /** A file with this text. */
  readonly text?: string;
}

/** Makes a root-owned directory below /srv with these entries in it, parents first. @returns its path */
export function makeTree(entries: { readonly [path: string]: Entry }): string {
  const folder = mkdtempSync('/srv/tree-');
  chmodSync(folder, 0o755);
  for (const [name, entry] of Object.entries(entries)) makeEntry(`${folder}/${name}`, folder, entry);
  return folder;
}

function makeEntry(path: string, folder: string, { uid = 0, mode, link, text }: Entry): void {
  if (link !== undefined) {
    symlinkSync(link.replace('HERE', folder), path);
    spawnSync('/bin/chown', ['-h', `${uid}:${uid}`, path]);
    return;
  }
  if (text === undefined) mkdirSync(path);
  else writeFileSync(path, text);
  chownSync(path, uid, uid);
  chmodSync(path, mode ?? (text === undefined ? 0o755 : 0o644));
}

export function removeTree(folder: string): void {
  if (!folder.startsWith('/srv/tree-')) throw new Error(`not a tree of a test: ${folder}`);
  rmSync(folder, { recursive: true, force: true });
}

/** Descriptors of this process that lead below a directory: what was held and not released. */
export function openBelow(folder: string, numbers: readonly string[]): readonly string[] {
  return numbers.flatMap((number) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${number}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return [];
    }
  });
}

/** A file system whose server never answers, as a dead NFS server's; a FUSE mount that nobody serves. */
export function mountDead(path: string): () => void {
  const script =
    'exec 3<>/dev/fuse && mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0,allow_other dead "$0" && exec sleep 60';
  const holder = spawn('/bin/sh', ['-c', script, path], { stdio: ['ignore', 'ignore', 'inherit'] });
  for (
    let tries = 0;
    spawnSync('/bin/grep', ['-q', ` ${path} `, '/proc/self/mountinfo']).status !== 0;
    tries += 1
  ) {
    if (tries > 100) throw new Error('the dead file system could not be mounted');
    spawnSync('/bin/sleep', ['0.02']);
  }
  return () => {
    holder.kill('SIGKILL');
    spawnSync('/bin/umount', ['-l', path]);
  };
}
