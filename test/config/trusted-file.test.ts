import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { largestFile, TrustedTree } from '../../src/config/trusted-file.ts';
import { trustedDirectory } from './support.ts';

const nobody = 65534;
const elsewhere: string[] = [];
afterEach(() => {
  for (const path of elsewhere.splice(0)) rmSync(path, { recursive: true, force: true });
});

function write(directory: string, name: string, text = 'a: 1\n', mode = 0o644): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function problem(path: string, tree = new TrustedTree()): string {
  const result = tree.read(path);
  return result.ok ? 'trusted' : `${result.error.file}: ${result.error.message}`;
}

describe('a file', () => {
  test('of root is read to its last byte', () => {
    const text = `${'x'.repeat(70_000)}\0ä`;
    const result = new TrustedTree().read(write(trustedDirectory(), 'f', text));
    expect(result.ok && Buffer.from(result.value ?? []).equals(Buffer.from(text))).toBe(true);
  });

  test('that is empty is there', () => {
    expect(new TrustedTree().read(write(trustedDirectory(), 'f', ''))).toEqual({
      ok: true,
      value: Buffer.alloc(0),
    });
  });

  test('that does not exist is undefined, and so is one in a directory that does not exist', () => {
    const directory = trustedDirectory();
    expect(new TrustedTree().read(join(directory, 'none'))).toEqual({ ok: true, value: undefined });
    expect(new TrustedTree().read(join(directory, 'none/none'))).toEqual({ ok: true, value: undefined });
  });

  test.each([0o644, 0o600, 0o400, 0o755, 0o444])('with mode %o is trusted', (mode) => {
    expect(problem(write(trustedDirectory(), 'f', 'a: 1', mode))).toBe('trusted');
  });

  test.each([0o664, 0o646, 0o666, 0o620, 0o602, 0o777])('with mode %o is not', (mode) => {
    const path = write(trustedDirectory(), 'f', 'a: 1', mode);
    expect(problem(path)).toBe(`${path}: is writable by group or others: chmod go-w`);
  });

  test('with a write permission for a named user (ACL) is not', () => {
    const path = write(trustedDirectory(), 'f');
    // Where the machine has no setfacl, the mode that it would leave stands in.
    const acl = spawnSync('setfacl', ['-m', `u:${nobody}:rw`, path]);
    if (acl.status !== 0) chmodSync(path, 0o664);
    expect(problem(path)).toBe(`${path}: is writable by group or others: chmod go-w`);
  });

  test('of another user is not, whatever its mode', () => {
    const path = write(trustedDirectory(), 'f', 'a: 1', 0o400);
    chownSync(path, nobody, 0);
    expect(problem(path)).toBe(`${path}: belongs to uid ${nobody} and not to root: chown root`);
  });

  test("of root and another group is trusted while the group can't write", () => {
    const path = write(trustedDirectory(), 'f');
    chownSync(path, 0, nobody);
    expect(problem(path)).toBe('trusted');
  });

  test('that is a link is not followed, even to a trusted file', () => {
    const directory = trustedDirectory();
    const link = join(directory, 'link');
    symlinkSync(write(directory, 'f'), link);
    expect(problem(link)).toBe(`${link}: is a symbolic link; links are not followed`);
  });

  test('that is a dangling link is not taken for missing', () => {
    const link = join(trustedDirectory(), 'link');
    symlinkSync('/nowhere', link);
    expect(problem(link)).toBe(`${link}: is a symbolic link; links are not followed`);
  });

  test('that is a hard link is the same file', () => {
    const directory = trustedDirectory();
    linkSync(write(directory, 'f'), join(directory, 'g'));
    expect(problem(join(directory, 'g'))).toBe('trusted');
  });

  test('that is a FIFO does not keep us waiting', () => {
    const path = join(trustedDirectory(), 'fifo');
    expect(spawnSync('mkfifo', ['-m', '600', path]).status).toBe(0);
    expect(problem(path)).toBe(`${path}: is not a regular file`);
  });

  test('that is a directory or a device is refused', () => {
    const path = join(trustedDirectory(), 'd');
    mkdirSync(path, { mode: 0o755 });
    expect(problem(path)).toBe(`${path}: is not a regular file`);
    expect(problem('/dev/zero')).toContain('is not a regular file');
  });

  test('that is a socket is refused', async () => {
    const path = join(trustedDirectory(), 's');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    expect(problem(path)).toBe(`${path}: can not be opened (ENXIO)`);
    server.close();
  });

  test('as large as the limit is read, a byte more is not', () => {
    const directory = trustedDirectory();
    expect(problem(write(directory, 'f', 'x'.repeat(largestFile)))).toBe('trusted');
    const path = write(directory, 'g', 'x'.repeat(largestFile + 1));
    expect(problem(path)).toBe(`${path}: is larger than 1048576 bytes`);
  });

  test('whose name is too long is refused, and not taken for missing', () => {
    expect(problem(join(trustedDirectory(), 'x'.repeat(300)))).toContain('can not be opened (ENAMETOOLONG)');
  });
});

describe('a directory above', () => {
  function nested(): { outer: string; inner: string; path: string } {
    const outer = join(trustedDirectory(), 'outer');
    const inner = join(outer, 'inner');
    mkdirSync(inner, { recursive: true, mode: 0o755 });
    return { outer, inner, path: write(inner, 'f') };
  }

  test('of root, closed to others, is trusted', () => {
    expect(problem(nested().path)).toBe('trusted');
  });

  test.each([0o775, 0o757, 0o777, 0o1777, 0o2775])('with mode %o is not, two levels up', (mode) => {
    const { outer, path } = nested();
    chmodSync(outer, mode);
    expect(problem(path)).toBe(`${outer}: is writable by group or others: chmod go-w`);
  });

  test('of another user is not', () => {
    const { outer, path } = nested();
    chownSync(outer, nobody, nobody);
    expect(problem(path)).toBe(`${outer}: belongs to uid ${nobody} and not to root: chown root`);
  });

  test('that is a link is not', () => {
    const { outer, inner } = nested();
    symlinkSync(inner, join(outer, 'link'));
    expect(problem(join(outer, 'link', 'f'))).toBe(
      `${join(outer, 'link')}: is a symbolic link; links are not followed`,
    );
  });

  test('that is a file is not', () => {
    const { inner } = nested();
    expect(problem(join(inner, 'f', 'g'))).toBe(`${join(inner, 'f')}: is not a directory`);
  });

  test('with the sticky bit is not: anybody could make what is missing', () => {
    const folder = mkdtempSync(join(tmpdir(), 'userdocker-test-'));
    elsewhere.push(folder);
    expect(problem(join(write(folder, 'f')))).toContain('is writable by group or others');
    expect(problem(join(folder, 'missing'))).toContain('is writable by group or others');
  });

  test('is looked at once, and its verdict holds for all that is in it', () => {
    const { outer, inner, path } = nested();
    const tree = new TrustedTree();
    chmodSync(outer, 0o777);
    expect(problem(path, tree)).toContain(outer);
    expect(problem(join(inner, 'other'), tree)).toContain(outer);
    expect(tree.list(inner).ok).toBe(false);
  });
});

describe('a listing', () => {
  test('names what is there', () => {
    const directory = trustedDirectory();
    write(directory, 'b');
    write(directory, 'a');
    const names = new TrustedTree().list(directory);
    expect(names.ok && [...names.value].sort()).toEqual(['a', 'b']);
  });

  test('of a directory that does not exist is empty', () => {
    expect(new TrustedTree().list('/nowhere/at/all')).toEqual({ ok: true, value: [] });
  });
});

describe('a file system', () => {
  const nfs = 0x6969;
  const cifs = 0xff534d42;
  const ext4 = 0xef53;
  /** Files, and this directory, lie there; all else on ext4. Nothing is on the device of /, which is never doubted. */
  const on = (directory: string, magic: number) =>
    new TrustedTree((path) => (path === directory || path.startsWith('/proc/self/fd/') ? magic : ext4), -1);

  test.each([nfs, cifs, 0x65735546, 0])('of magic %i is not trusted with a file', (magic) => {
    const path = write(trustedDirectory(), 'f');
    expect(problem(path, on('', magic))).toBe(
      `${path}: is not on a file system of this machine: copy it to a local disk`,
    );
    expect(problem(path, on('', ext4))).toBe('trusted');
  });
  test('of a server is not trusted with a directory either, nor with what is missing there', () => {
    const directory = trustedDirectory();
    for (const answer of [on(directory, nfs).list(directory), on(directory, nfs).read(`${directory}/none`)])
      expect(answer).toMatchObject({ ok: false, error: { file: directory } });
  });
  test('of a server is trusted where it is that of /', () => {
    const path = write(trustedDirectory(), 'f');
    const everywhere = (rootDevice: number) => new TrustedTree(() => nfs, rootDevice);
    expect(problem(path, everywhere(lstatSync('/').dev))).toBe(
      lstatSync('/').dev === lstatSync(path).dev
        ? 'trusted'
        : expect.stringContaining('not on a file system'),
    );
    expect(problem(path, everywhere(-1))).toContain('not on a file system');
  });
  test('that the kernel makes up is not trusted, whatever it says of owners', () => {
    expect(problem('/proc/version')).toContain('/proc: is not on a file system of this machine');
  });
});
