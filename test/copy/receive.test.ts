/** Archives of hostile containers: whatever they say, nothing is touched outside of the destination. */
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { type Header, pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { receive, safeNames } from '../../src/copy/receive.ts';
import { UserdockerError } from '../../src/domain/errors.ts';

type Entry = {
  readonly name: string;
  readonly type?: Header['type'];
  readonly linkname?: string;
  readonly mode?: number;
  readonly body?: string;
};

let outer = '';
let box = '';
beforeEach(() => {
  process.umask(0o022);
  outer = mkdtempSync(join(tmpdir(), 'receive-'));
  box = join(outer, 'box');
  mkdirSync(box);
  writeFileSync(join(outer, 'precious'), 'mine');
  mkdirSync(join(outer, 'elsewhere'));
});
afterEach(() => rmSync(outer, { recursive: true }));

async function archive(entries: readonly Entry[]): Promise<Buffer> {
  const packed = pack();
  for (const { name, type = 'file', linkname, mode = 0o644, body = '' } of entries)
    packed.entry({ name, mode, type, ...(linkname === undefined ? {} : { linkname }) }, body);
  packed.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packed) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** @returns what was refused, or `done` and what was left out */
async function unpack(entries: readonly Entry[] | Buffer, path = box, name = 'src'): Promise<string> {
  const bytes = Buffer.isBuffer(entries) ? entries : await archive(entries);
  try {
    const { leftOut } = await receive(Readable.from([bytes]), { path, name });
    return leftOut === 0 ? 'done' : `left out ${leftOut}`;
  } catch (error) {
    if (!(error instanceof UserdockerError)) throw error;
    const { failure } = error;
    return 'message' in failure ? `${failure.code}: ${failure.message}` : failure.code;
  }
}

/** Everything but the box, as it was. */
function expectUntouched(): void {
  expect(readdirSync(outer).toSorted()).toEqual(['box', 'elsewhere', 'precious']);
  expect(readFileSync(join(outer, 'precious'), 'utf8')).toBe('mine');
  expect(readdirSync(join(outer, 'elsewhere'))).toEqual([]);
  expect(statSync(join(outer, 'precious')).mode & 0o777).toBe(0o644);
}

describe('where it goes, as docker does it', () => {
  const tree: readonly Entry[] = [
    { name: './src/', type: 'directory', mode: 0o750 },
    { name: './src/a', body: 'A', mode: 0o755 },
    { name: './src/d/', type: 'directory', mode: 0o500 },
    { name: './src/d/b', body: 'B' },
    { name: './src/l', type: 'symlink', linkname: 'd/b' },
  ];
  test('a directory into one that is there', async () => {
    expect(await unpack(tree)).toBe('done');
    expect(readFileSync(join(box, 'src/d/b'), 'utf8')).toBe('B');
    expect(readlinkSync(join(box, 'src/l'))).toBe('d/b');
    expect(statSync(join(box, 'src')).mode & 0o777).toBe(0o750);
    expect(statSync(join(box, 'src/a')).mode & 0o777).toBe(0o755);
    // The user has to be able to write, and later to remove it.
    expect(statSync(join(box, 'src/d')).mode & 0o777).toBe(0o700);
  });
  test('a directory under a new name', async () => {
    expect(await unpack(tree, join(box, 'new'))).toBe('done');
    expect(readdirSync(join(box, 'new')).toSorted()).toEqual(['a', 'd', 'l']);
    expect(await unpack(tree, join(box, 'missing/new'))).toMatch(/ENOENT/);
  });
  test('its contents', async () => {
    const contents: readonly Entry[] = [
      { name: './', type: 'directory' },
      { name: './a', body: 'A' },
    ];
    expect(await unpack(contents, box, '')).toBe('done');
    expect(readdirSync(box)).toEqual(['a']);
  });
  test('a file: into a directory, under a new name, over a file', async () => {
    const file = [{ name: 'src', body: 'new' }];
    expect(await unpack(file)).toBe('done');
    expect(await unpack(file, join(box, 'named'))).toBe('done');
    expect(await unpack(file, join(box, 'named'))).toBe('done');
    expect(readdirSync(box).toSorted()).toEqual(['named', 'src']);
    expect(await unpack(file, join(box, 'nowhere/'))).toBe(`usage: ${box}/nowhere/ is no directory`);
    expect(await unpack(tree, join(box, 'named'))).toMatch(/^usage: .* is there and is no directory$/);
  });
  test('an existing file is replaced and not written into', async () => {
    writeFileSync(join(box, 'src'), 'old', { mode: 0o400 });
    linkSync(join(box, 'src'), join(box, 'other'));
    expect(await unpack([{ name: 'src', body: 'new' }])).toBe('done');
    expect(readFileSync(join(box, 'src'), 'utf8')).toBe('new');
    expect(readFileSync(join(box, 'other'), 'utf8')).toBe('old');
  });
  test('a long name and a large file', async () => {
    const name = `src/${'n'.repeat(200)}`;
    expect(await unpack([{ name, body: 'x'.repeat(3_000_000) }])).toBe('done');
    expect(statSync(join(box, name)).size).toBe(3_000_000);
  });
});

describe('what would lead elsewhere', () => {
  afterEach(expectUntouched);
  const out = { linkname: '../../elsewhere', type: 'symlink' as const };
  const topOut = { linkname: '../elsewhere', type: 'symlink' as const };
  test.each<[string, readonly Entry[]]>([
    ['..', [{ name: '../precious', body: 'x' }]],
    ['.. in the middle', [{ name: 'src/../../precious', body: 'x' }]],
    ['.. at the end', [{ name: 'src/..', type: 'directory' }]],
    ['an absolute name', [{ name: '/tmp/userdocker-was-here', body: 'x' }]],
    ['another name', [{ name: 'other', body: 'x' }]],
    [
      'a link, then through it',
      [
        { name: 'src/l', ...out },
        { name: 'src/l/x', body: 'x' },
      ],
    ],
    [
      'a link in place of the top, then through it',
      [
        { name: 'src', ...topOut },
        { name: 'src/x', body: 'x' },
      ],
    ],
    [
      'a link, then the directory',
      [
        { name: 'src/l', ...out },
        { name: 'src/l', type: 'directory' },
      ],
    ],
    [
      'a link to a link',
      [
        { name: 'src/a', ...out },
        { name: 'src/b', type: 'symlink', linkname: 'a' },
        { name: 'src/b/x', body: 'x' },
      ],
    ],
    ['a hard link outside', [{ name: 'src/h', type: 'link', linkname: '../precious' }]],
    ['a hard link by an absolute name', [{ name: 'src/h', type: 'link', linkname: '/etc/passwd' }]],
    [
      'a hard link through a link',
      [
        { name: 'src/l', type: 'symlink', linkname: '../..' },
        { name: 'src/h', type: 'link', linkname: 'src/l/precious' },
      ],
    ],
    [
      'a hard link to a link',
      [
        { name: 'src/l', type: 'symlink', linkname: '../../precious' },
        { name: 'src/h', type: 'link', linkname: 'src/l' },
      ],
    ],
    ['bytes that are no UTF-8', [{ name: 'src/\ufffd', body: 'x' }]],
    ['a name without end', [{ name: `src/${'d/'.repeat(300)}x`, body: 'x' }]],
  ])('%s is refused', async (_what, entries) => expect(await unpack(entries)).toMatch(/^unavailable: /));

  test('a file over a link that the archive made: the link goes', async () => {
    const entries: readonly Entry[] = [
      { name: 'src/l', type: 'symlink', linkname: '../../precious' },
      { name: 'src/l', body: 'x' },
    ];
    expect(await unpack(entries)).toBe('done');
    expect(lstatSync(join(box, 'src/l')).isFile()).toBe(true);
  });
  test('links that were there before', async () => {
    mkdirSync(join(box, 'src'));
    symlinkSync('../../elsewhere', join(box, 'src/d'));
    symlinkSync('../../precious', join(box, 'src/f'));
    expect(await unpack([{ name: 'src/d/x', body: 'x' }])).toMatch(/lies behind a link/);
    expect(await unpack([{ name: 'src/d', type: 'directory' }])).toMatch(/lies behind a link/);
    expect(await unpack([{ name: 'src/f', body: 'x' }])).toBe('done');
    expect(lstatSync(join(box, 'src/f')).isFile()).toBe(true);
  });
  test('the mode of what was there stays, and no set-id bits come', async () => {
    mkdirSync(join(box, 'src'), { mode: 0o700 });
    const entries: readonly Entry[] = [
      { name: 'src', type: 'directory', mode: 0o777 },
      { name: 'src/s', mode: 0o6777, body: 'x' },
      { name: 'src/new', type: 'directory', mode: 0o7777 },
    ];
    expect(await unpack(entries)).toBe('done');
    expect(statSync(join(box, 'src')).mode & 0o7777).toBe(0o700);
    expect(statSync(join(box, 'src/s')).mode & 0o7777).toBe(0o755);
    expect(statSync(join(box, 'src/new')).mode & 0o7777).toBe(0o755);
  });
  test('devices, FIFOs: left out', async () => {
    const types = ['character-device', 'block-device', 'fifo'] as const;
    expect(await unpack(types.map((type) => ({ name: `src/${type}`, type })))).toBe('left out 3');
    expect(existsSync(join(box, 'src/fifo'))).toBe(false);
  });
  test('a hard link within', async () => {
    const entries: readonly Entry[] = [
      { name: 'src/a', body: 'A' },
      { name: 'src/h', type: 'link', linkname: './src/a' },
    ];
    expect(await unpack(entries)).toBe('done');
    expect(statSync(join(box, 'src/h')).ino).toBe(statSync(join(box, 'src/a')).ino);
  });
  test('an archive that breaks off, or is none', async () => {
    const whole = await archive([{ name: 'src', body: 'x'.repeat(5000) }]);
    expect(await unpack(whole.subarray(0, 2000))).toMatch(/no whole tar archive/);
    expect(await unpack(Buffer.alloc(2000, 'x'))).toMatch(/no whole tar archive/);
    expect(await unpack(Buffer.alloc(0))).toBe('done');
  });
  test('any names and types in any order', async () => {
    const name = fc.array(fc.constantFrom('src', '..', 'a', 'b', '.', '', '/etc', 'l'), {
      minLength: 1,
      maxLength: 4,
    });
    const entry = fc.record({
      name: name.map((parts) => parts.join('/') || 'src'),
      type: fc.constantFrom<NonNullable<Header['type']>[]>('file', 'directory', 'symlink', 'link'),
      linkname: fc.constantFrom(
        '..',
        '../..',
        '../../elsewhere',
        '../../precious',
        '/tmp',
        'src/a',
        'a',
        '.',
      ),
    });
    const entries = fc
      .array(entry, { maxLength: 8 })
      .map((all): readonly Entry[] => [{ name: 'src', type: 'directory' }, ...all]);
    await fc.assert(
      fc.asyncProperty(entries, async (all) => {
        await unpack(all);
        expectUntouched();
        rmSync(box, { recursive: true });
        mkdirSync(box);
      }),
      { numRuns: 150 },
    );
  });
});

test('safeNames', () => {
  expect(safeNames('./a//b/./c/')).toEqual(['a', 'b', 'c']);
  for (const bad of ['..', 'a/..', '/a', 'a\0b']) expect(() => safeNames(bad), bad).toThrow();
});
