import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { textAt } from '../../../domain/json.ts';
import type { Installation } from '../judge/files.ts';
import { infoOf } from './info.ts';
import type { Settings } from './settings.ts';

export interface DiskFact {
  readonly what: string;
  readonly path: string;
  /** Bytes that others than root can still take. */
  readonly free: number;
  readonly total: number;
  /** 0: this file system makes them as it needs them (btrfs). */
  readonly inodes: number;
  readonly freeInodes: number;
}

export async function gatherDisks(
  installation: Installation,
  settings: Settings,
): Promise<readonly DiskFact[]> {
  const roots = await Promise.all(settings.dockerHosts.map(dataRootOf));
  return [
    ...roots.map((path) => ({ what: 'images and containers', path })),
    ...settings.auditFiles.map((file) => ({ what: 'the audit log', path: dirname(file) })),
    { what: 'the notes on whose each container is', path: installation.state },
    { what: 'the reservations', path: installation.runtime },
  ].flatMap(({ what, path }) => measure(what, path));
}

async function dataRootOf(dockerHost: string): Promise<string> {
  return textAt(await infoOf(dockerHost), 'DockerRootDir') ?? '/var/lib/docker';
}

function measure(what: string, path: string): readonly DiskFact[] {
  try {
    const { bavail, blocks, bsize, files, ffree } = statfsSync(path);
    return [{ what, path, free: bavail * bsize, total: blocks * bsize, inodes: files, freeInodes: ffree }];
  } catch {
    // What is missing is another part's matter.
    return [];
  }
}
