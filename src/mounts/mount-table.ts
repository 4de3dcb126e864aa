/** /proc/PID/mountinfo (proc_pid_mountinfo(5)). Reading it asks no file server, so it can't hang on a dead one. */
import { readFileSync } from 'node:fs';
import { isAbove } from '../policy/mount-paths.ts';

export interface MountPoint {
  readonly path: string;
  readonly fsType: string;
  /** `major:minor`. */
  readonly device: string;
  /** The directory of that file system which is shown here. */
  readonly root: string;
  /** Mounts and unmounts below it are passed on to other places. */
  readonly shared: boolean;
}

export interface MountTable {
  /** The mount that is seen at a path, by the path's text. */
  at(path: string): MountPoint | undefined;
  /** Mounts strictly below a path, in the order in which they were made. */
  below(path: string): readonly MountPoint[];
  /** The mount that a path as text belongs to. */
  around(path: string): MountPoint | undefined;
}

export function readMountTable(file = '/proc/self/mountinfo'): MountTable {
  return mountTable(readFileSync(file, 'utf8'));
}

export function mountTable(text: string): MountTable {
  const mounts = text.split('\n').flatMap(parseLine);
  // Of several mounts at one path the one made last is seen.
  const seen = new Map(mounts.map((mount) => [mount.path, mount]));
  return {
    at: (path) => seen.get(path),
    below: (path) => mounts.filter((mount) => isAbove(path, mount.path)),
    around: (path) => nearest(seen, path),
  };
}

function nearest(seen: ReadonlyMap<string, MountPoint>, path: string): MountPoint | undefined {
  for (let at = path; ; at = at.slice(0, at.lastIndexOf('/'))) {
    const mount = seen.get(at === '' ? '/' : at);
    if (mount !== undefined || at === '' || at === '/') return mount;
  }
}

/** `36 35 98:0 /root /path rw,noatime shared:1 - ext4 /dev/sda1 rw`; the fields before the hyphen vary in number. */
function parseLine(line: string): readonly MountPoint[] {
  const [before = '', after = ''] = line.split(' - ', 2);
  const [, , device, root, path, , ...optional] = before.split(' ');
  const fsType = after.split(' ', 1)[0];
  if (device === undefined || root === undefined || path === undefined || fsType === undefined) return [];
  const shared = optional.some((field) => field.startsWith('shared:'));
  return [{ path: unescapeOctal(path), root: unescapeOctal(root), device, fsType, shared }];
}

/** The kernel writes space, tab, line end and backslash as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_all, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** File systems of this machine: what is on them answers at once. */
const localTypes = new Set(
  'bcachefs bpf btrfs cgroup cgroup2 debugfs devpts devtmpfs ecryptfs erofs exfat ext2 ext3 ext4 f2fs hugetlbfs iso9660 jfs mqueue ntfs3 overlay proc ramfs reiserfs rootfs securityfs squashfs sysfs tmpfs tracefs udf vfat xfs zfs'.split(
    ' ',
  ),
);

/** File servers that keep Unix owners and modes, and hold everybody to them. */
const honestServers = new Set('afs beegfs ceph gpfs lustre nfs nfs4 panfs pvfs2 smackfs'.split(' '));

/** Not known to be local: looking at it may wait for a server, or for an automounter. */
export function mayHang(fsType: string): boolean {
  return !localTypes.has(fsType);
}

/**
 * Owner and mode of a directory say who can change it. A FUSE or CIFS mount shows whatever it was told to show, and
 * the caller may well reach the same directory another way.
 */
export function ownersCount(fsType: string): boolean {
  return localTypes.has(fsType) || honestServers.has(fsType);
}
