/**
 * What root is about to execute, the directory that tells docker which helpers to execute, and the notes that say whose
 * a container is must be in nobody else's power: not the file, no directory above it, no link on the way (SPEC 2).
 */
import { dirname } from 'node:path';
import { configError } from '../domain/errors.ts';
import { isRootsAlone, release } from '../mounts/descriptors.ts';
import { walk } from '../mounts/walk.ts';

/**
 * @param path absolute
 * @throws UserdockerError (`config`): an admin named this path
 */
export function assertRootsAlone(path: string): void {
  if (isInRootsPower(path)) return;
  const message = 'is used as root, but could be changed by others than root';
  throw configError({ file: path, message });
}

/** Of what does not exist the same is asked of the directory in which somebody could make it. */
function isInRootsPower(path: string): boolean {
  const end = walk(path, { mayEnter: () => true, ownersCount: () => true, uid: 0 });
  if (end.kind === 'missing') {
    release(end.parent.descriptor);
    return isInRootsPower(dirname(path));
  }
  if (end.kind !== 'found') return false;
  release(end.held.descriptor);
  return end.stable && end.rootsAlone && isRootsAlone(end.held.stat);
}
