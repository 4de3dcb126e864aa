/**
 * The image's /etc/passwd and /etc/group, which dockerd reads, as root, at every start and every exec, before any mount is made.
 *
 * 1. `--group-add=995` is looked up in the image's /etc/group, and a group may be *called* 995: the line `995:x:6:` makes the
 *    caller a member of the host's group 6 (moby/sys/user, GetAdditionalGroups). So groups are put in only where no group of the
 *    image has a number for its name, and where nobody in the container can change that before the next exec.
 * 2. dockerd holds whole lines in memory, so both files have to be small: with 300 MB in one line a few starts take
 *    gigabytes of it.
 *
 * Every layer is looked at, whether or not another one hides it: what is safe in each is safe in what they are merged to.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { isRootsAlone } from './descriptors.ts';
import { followInImage } from './image-links.ts';

/** Bytes. A directory of thousands of accounts has a tenth of it. */
const largest = 1024 * 1024;
const files = ['/etc/passwd', '/etc/group'] as const;

export interface ImageAccounts {
  /** Why the caller's groups can't be put in; `undefined`: they can. */
  readonly groups: string | undefined;
  /** Why the image can't be run at all. */
  readonly refused: string | undefined;
}

/** @param layers topmost first (`layersOf`); `undefined`: the engine does not say where they are */
export function inspectAccounts(layers: readonly string[] | undefined): ImageAccounts {
  if (layers === undefined)
    return { groups: 'this engine does not show the files of its images', refused: undefined };
  const refused = tooLarge(layers);
  const groups = layers.map(problemInLayer).find((problem) => problem !== undefined);
  return { groups: refused ?? groups, refused };
}

/** Also where a link of the image leads, as dockerd follows it. */
function tooLarge(layers: readonly string[]): string | undefined {
  const places = followInImage(layers, files, []);
  const paths = files.flatMap((file) => [file, ...(places.get(file) ?? [])]);
  for (const layer of layers) {
    for (const path of paths) {
      const stat = look(layer, path);
      if (stat === undefined || stat.isSymbolicLink() || stat.isDirectory() || isWhiteout(stat)) continue;
      if (!stat.isFile()) return `its ${path} is no file`;
      if (stat.size > largest) return `its ${path} is larger than ${largest} bytes`;
    }
  }
  return undefined;
}

function problemInLayer(layer: string): string | undefined {
  const root = look(layer, '');
  if (root === undefined || !root.isDirectory() || !isRootsAlone(root))
    return 'its / can be written by others than root';
  const etc = look(layer, '/etc');
  if (etc === undefined || isWhiteout(etc)) return undefined;
  if (!etc.isDirectory()) return 'its /etc is no directory';
  if (!isRootsAlone(etc)) return 'its /etc can be written by others than root';
  const group = look(layer, '/etc/group');
  if (group === undefined || isWhiteout(group)) return undefined;
  if (!group.isFile() || group.size > largest) return 'its /etc/group is no plain file';
  if (!isRootsAlone(group)) return 'its /etc/group can be written by others than root';
  return hasNumericName(readPlain(`${layer}/etc/group`))
    ? 'its /etc/group has a group with a number for its name'
    : undefined;
}

/** A link on the way to it is no directory, and so there is nothing. */
function look(layer: string, path: string): Stats | undefined {
  const parts = path.split('/').filter((part) => part !== '');
  for (let length = 1; length < parts.length; length++) {
    const above = lstatSync(`${layer}/${parts.slice(0, length).join('/')}`, { throwIfNoEntry: false });
    if (above?.isDirectory() !== true) return undefined;
  }
  return lstatSync(`${layer}${path}`, { throwIfNoEntry: false });
}

/** overlayfs marks what a layer removes by a character device 0:0. */
function isWhiteout(stat: Stats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0;
}

/** The directories above were found to be none of the image's links, and nobody but root can enter where they lie. */
function readPlain(path: string): string {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return fstatSync(descriptor).size > largest ? '0:x:1:' : readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

/**
 * `995:x:995:` says nothing but the truth. Go's TrimSpace takes more for a blank than trim() does (U+0085), so whatever is
 * no visible ASCII does not count.
 */
export function hasNumericName(groupFile: string): boolean {
  return groupFile.split('\n').some((line) => {
    const [name = '', , gid = ''] = line.split(':').map((field) => field.replaceAll(/[^\x21-\x7e]/g, ''));
    return /^[0-9]+$/.test(name) && gid !== name;
  });
}
