/** Judged mounts as docker is told them. */
import type { Part } from '../domain/decision.ts';
import type { Uid } from '../domain/ids.ts';
import { assertNever } from '../domain/result.ts';
import { renderCsvRecord } from './csv.ts';
import type { FinalBind, FinalMount, FinalTmpfs } from './mounts.ts';

/** Where a run's pins are: a directory that only root can enter, named so that they are found when the run is over. */
export function pinDirectory(runtimeDirectory: string, uid: Uid, nonce: string): string {
  return `${runtimeDirectory}/pins/${uid}/${nonce}`;
}

/** @param pins the run's pin directory; in a dry run a placeholder for it */
export function mountParts(mounts: readonly FinalMount[], pins: string): readonly Part[] {
  return mounts.map((mount): Part => {
    switch (mount.kind) {
      case 'bind':
        return {
          words: [renderBind(mount, sourceShown(mount, pins))],
          source: mount.from,
          rule: mount.rule,
          origin: mount.origin,
        };
      case 'tmpfs':
        return { words: [renderTmpfs(mount)], source: mount.from, rule: 'mounts' };
      default:
        return assertNever(mount);
    }
  });
}

/** The path that docker is given for a mount. */
export function sourceShown(mount: FinalBind, pins: string): string {
  return mount.pin === undefined ? mount.source.realPath : `${pins}/${mount.pin}`;
}

/** `--mount` and not `-v`: it never creates a source that is missing, and takes every path (docker run(1)). */
export function renderBind({ target, readOnly, recursive }: FinalBind, source: string): string {
  const fields = ['type=bind', `source=${source}`, `target=${target}`];
  if (readOnly) fields.push('readonly');
  // The engine takes "readonly" on an old kernel for "not below"; asked like this it is done or refused (API 1.44).
  if (recursive) fields.push('bind-recursive=readonly', 'bind-propagation=rprivate');
  return `--mount=${renderCsvRecord(fields)}`;
}

export function renderTmpfs({ target, size, mode, exec, readOnly }: FinalTmpfs): string {
  const octal = mode === undefined ? undefined : mode.toString(8).padStart(4, '0');
  if (exec) {
    const options = ['exec', 'nosuid', 'nodev'];
    if (readOnly) options.push('ro');
    if (size !== undefined) options.push(`size=${size}`);
    if (octal !== undefined) options.push(`mode=${octal}`);
    return `--tmpfs=${target}:${options.join(',')}`;
  }
  const fields = ['type=tmpfs', `target=${target}`];
  if (size !== undefined) fields.push(`tmpfs-size=${size}`);
  if (octal !== undefined) fields.push(`tmpfs-mode=${octal}`);
  if (readOnly) fields.push('readonly');
  return `--mount=${renderCsvRecord(fields)}`;
}
