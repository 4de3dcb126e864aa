import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readInput } from '../../../src/admin/import/input.ts';
import { importConfig } from '../../../src/admin/import-config.ts';
import { trustedDirectory } from '../../config/support.ts';
import { convert, marks, setting } from './support.ts';

describe('size and depth', () => {
  test.each([
    ['brackets', `X = ${'('.repeat(900)}1${')'.repeat(900)}`, 'nested this deeply'],
    ['sums', `X = ${Array(100).fill("'a'").join(' + ')}`, 'nested this deeply'],
    ['doubling', `X = ['a']\n${'X += X\n'.repeat(40)}`, 'a list of this length'],
    ['texts', `X = 'a'\n${'X = X + X\n'.repeat(40)}`, 'a text of this length'],
    ['in itself', 'X = []\nX.append(X)\nCAPS_ADD = X', 'no text'],
    ['laughs', `A = ['a']\n${'A = [A, A, A, A]\n'.repeat(30)}CAPS_ADD = A`, 'no text'],
  ])('%s', async (_what, text, expected) => {
    const conversion = await convert(text);
    expect(marks(conversion)).toContainEqual(expect.stringContaining(expected));
    expect(setting(conversion, 'caps_drop')).toEqual(['ALL']);
  });
  test.each([
    ['brackets without end', '['.repeat(100_000)],
    ['blocks', Array.from({ length: 1500 }, (_, depth) => `${' '.repeat(depth)}if x:`).join('\n')],
    ['sums without end', `X = ${Array(100_000).fill("'a'").join(' + ')}`],
    ['noise', '\\'.repeat(100_000)],
    ['quotes', `'''${"'".repeat(100_000)}`],
  ])('%s is refused', async (_what, text) => {
    await expect(convert(text)).rejects.toThrow();
  });
  test('a long file is read in one go', async () => {
    const text = `VOLUME_MOUNTS_AVAILABLE = [\n${Array.from({ length: 9000 }, (_, index) => `  '/d${index}:/d${index}',`).join('\n')}\n]`;
    expect(setting(await convert(text), 'volume_mounts.available')).toHaveLength(9000);
  });
  test.each(['(a+)+$', '(.|.)*x', '.*.*.*.*.*.*x'])(
    'the expression %s is converted, but not tried',
    async (pattern) => {
      const directory = trustedDirectory();
      writeFileSync(join(directory, 'config.py'), `ALLOWED_IMAGE_REGEXPS = ['${pattern}']`);
      const { output, whole } = await importConfig({
        path: directory,
        output: join(directory, 'new'),
        program: undefined,
      });
      expect(whole).toBe(false);
      expect(output).toContain('not known');
    },
  );
});

describe('what is written is YAML of our own', () => {
  test.each([
    ["'/a:/b # x'", '/a:/b # x'],
    ["'/a:/b\\nprivileged'", undefined],
    ["'/a: /b'", undefined],
    ["'/a:/\\x1b[2J'", undefined],
    ["'/a:/\\u202eb'", '/a:/\u202eb'],
    [`'/a:/"q\\'q'`, `/a:/"q'q`],
    ["'/!!python/name:/b'", '/!!python/name:/b'],
    ["'/&a:/*b'", undefined],
    ["'/a:/\\ud800'", undefined],
  ])('%s', async (written, expected) => {
    const { files } = await convert(`VOLUME_MOUNTS_AVAILABLE = [${written}]`);
    const document: unknown = parse(files[0].yaml);
    expect(document).toHaveProperty('volume_mounts.available', expected === undefined ? [] : [expected]);
  });
  test('in comments too', async () => {
    const { files } = await convert(
      "if x: # \x1b]0;evil\x07 \u2028 caps_add: [ALL]\n    CAPS_DROP = []\r\nRUN_PULL = 'never'",
    );
    expect(files[0].yaml).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028]/);
    expect(parse(files[0].yaml)).toMatchObject({ caps_add: [], caps_drop: null });
  });
  test('what is undecided refuses every call', async () => {
    const directory = trustedDirectory();
    writeFileSync(join(directory, 'config.py'), 'if uid == 0:\n    CAPS_DROP = []\n');
    const { whole, messages } = await importConfig({
      path: directory,
      output: join(directory, 'new'),
      program: undefined,
    });
    expect(whole).toBe(false);
    expect(messages).toMatch(/not converted: \S+config\.py:1: an if statement: if uid == 0:/);
    const { checkEverybody } = await import('../../../src/admin/check.ts');
    expect(checkEverybody(join(directory, 'new')).problems).toEqual([
      expect.objectContaining({ message: expect.stringContaining('caps_drop: expected a list') }),
    ]);
    const text = readFileSync(join(directory, 'new/config.yaml'), 'utf8');
    expect(text).toContain('#     | if uid == 0:\n#     |     CAPS_DROP = []\ncaps_drop: null # UNDECIDED');
  });
});

describe('files', () => {
  const write = (files: { readonly [path: string]: string }) => {
    const directory = trustedDirectory();
    for (const [path, text] of Object.entries(files)) {
      if (path.includes('/')) mkdirSync(join(directory, path, '..'), { recursive: true });
      writeFileSync(join(directory, path), text);
    }
    return directory;
  };
  test('nothing is overwritten, and no link followed', async () => {
    const directory = write({ 'config.py': '' });
    const call = (output: string) =>
      importConfig({ path: directory, output: join(directory, output), program: undefined });
    mkdirSync(join(directory, 'there'));
    symlinkSync('elsewhere', join(directory, 'link'));
    await expect(call('there')).rejects.toMatchObject({
      failure: { message: expect.stringContaining('is there already') },
    });
    await expect(call('link')).rejects.toMatchObject({ failure: { code: 'unavailable' } });
    await expect(call('no/such')).rejects.toMatchObject({ failure: { code: 'unavailable' } });
    expect(existsSync(join(directory, 'elsewhere'))).toBe(false);
    await call('new');
    expect(readdirSync(join(directory, 'new'))).toEqual(['config.yaml']);
    expect(statSync(join(directory, 'new/config.yaml')).mode & 0o777).toBe(0o644);
  });
  test('only what the Python program reads is read', () => {
    const directory = write({
      'config.py': '',
      'helper.py': '',
      'group/config_1_x.py': '',
      'group/config_10_x.py': '',
      'gid/config_10_x.py': '',
      'uid/config_-1.py': '',
      'user/config_a.b@c.py': '',
      'user/config_x.py~': '',
    });
    const { files, notes } = readInput(directory);
    expect(files.map(({ output, subject }) => `${output} ${subject}`)).toEqual([
      'config.yaml ',
      'group/config_10_x.yaml x',
      'user/config_a.b@c.yaml a.b@c',
    ]);
    expect(notes).toHaveLength(4);
  });
  test.each([
    ['nowhere', 'there is no'],
    ['empty', 'neither config.py nor default.py'],
    ['group/config_10_x.py', 'the file of a group or user'],
    ['fifo.py', 'not a regular file'],
    ['big.py', 'larger than'],
    ['latin.py', 'not UTF-8'],
  ])('%s is refused', async (name, expected) => {
    const directory = write({ 'group/config_10_x.py': '', 'big.py': `#${'x'.repeat(1024 * 1024)}` });
    mkdirSync(join(directory, 'empty'));
    writeFileSync(join(directory, 'latin.py'), Buffer.from([0x23, 0xe4]));
    const { execFileSync } = await import('node:child_process');
    execFileSync('mkfifo', [join(directory, 'fifo.py')]);
    expect(() => readInput(join(directory, name))).toThrow(
      expect.objectContaining({
        failure: expect.objectContaining({ message: expect.stringContaining(expected) }),
      }),
    );
  });
  test('several files need a place', async () => {
    const directory = write({ 'config.py': '', 'user/config_a.py': '' });
    await expect(
      importConfig({ path: directory, output: undefined, program: undefined }),
    ).rejects.toMatchObject({
      failure: { code: 'usage', hint: 'say where to: --output DIRECTORY' },
    });
  });
});
