import { describe, expect, it } from 'vitest';
import { mayHang, mountTable, ownersCount, readMountTable } from '../../src/mounts/mount-table.ts';

const text = `22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 27 0:27 / /home rw,relatime shared:5 master:2 - nfs4 server:/home rw
31 30 0:28 /sub /home/alice\\040x\\134y rw - fuse.sshfs alice@h: rw
32 27 0:29 / /data rw - ext4 /dev/vdb rw
33 32 0:30 / /data rw - cifs //s/d rw
34 27 0:31 / /database rw propagate_from:2 - tmpfs tmpfs rw
broken line
`;

describe('the mounts of a process', () => {
  const table = mountTable(text);
  it('are found by path, the one on top first', () => {
    expect(table.at('/home')).toMatchObject({ fsType: 'nfs4', device: '0:27', root: '/', shared: true });
    expect(table.at('/data')).toMatchObject({ fsType: 'cifs', shared: false });
    expect(table.at('/home/alice x\\y')).toMatchObject({ fsType: 'fuse.sshfs', root: '/sub' });
    expect(table.at('/hom')).toBeUndefined();
  });

  it.each([
    ['/', 'ext4'],
    ['/etc/x', 'ext4'],
    ['/home/bob', 'nfs4'],
    ['/homer', 'ext4'],
    ['/data/x/y', 'cifs'],
    ['/database/x', 'tmpfs'],
    ['/proc/1', 'proc'],
  ])('around %s: %s', (path, fsType) => {
    expect(table.around(path)?.fsType).toBe(fsType);
  });

  it('below a path', () => {
    expect(table.below('/home').map(({ path }) => path)).toEqual(['/home/alice x\\y']);
    expect(table.below('/data')).toEqual([]);
    expect(table.below('/')).toHaveLength(6);
  });

  it('of this process include the root directory', () => {
    expect(readMountTable().at('/')).toBeDefined();
  });
});

describe('file systems', () => {
  it.each([
    ['ext4', false, true],
    ['tmpfs', false, true],
    ['zfs', false, true],
    ['overlay', false, true],
    ['nfs', true, true],
    ['nfs4', true, true],
    ['lustre', true, true],
    // Show the owners they were told to show.
    ['cifs', true, false],
    ['fuse.sshfs', true, false],
    ['9p', true, false],
    // Wakes a server when it is entered.
    ['autofs', true, false],
    ['unheard-of', true, false],
    ['', true, false],
  ])('%s may hang: %s, its owners count: %s', (fsType, hangs, counts) => {
    expect(mayHang(fsType)).toBe(hangs);
    expect(ownersCount(fsType)).toBe(counts);
  });
});
