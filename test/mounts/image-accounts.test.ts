import { spawnSync } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import { hasNumericName, inspectAccounts } from '../../src/mounts/image-accounts.ts';
import { type Entry, makeTree, removeTree } from '../support/tree.ts';

const trees: string[] = [];
afterEach(() => {
  for (const tree of trees.splice(0)) removeTree(tree);
});

/** One layer, topmost first. */
function layers(...contents: readonly { readonly [path: string]: Entry }[]): readonly string[] {
  return contents.map((content) => {
    const tree = makeTree(content);
    trees.push(tree);
    return tree;
  });
}
const group = 'root:x:0:\nusers:x:100:alice\n';
const plain = {
  etc: {},
  'etc/passwd': { text: 'root:x:0:0::/root:/bin/sh\n' },
  'etc/group': { text: group },
};

describe('groups are put in', () => {
  test.each<[string, readonly { readonly [path: string]: Entry }[]]>([
    ['where the files are plain and root’s', [plain]],
    ['where there are none', [{}]],
    ['where there is no group file', [{ etc: {} }]],
    ['where each layer is so', [plain, { etc: {} }, plain]],
    ['where a group has its own number for a name', [{ ...plain, 'etc/group': { text: '995:x:995:\n' } }]],
  ])('%s', (_, contents) =>
    expect(inspectAccounts(layers(...contents))).toEqual({ groups: undefined, refused: undefined }),
  );
});

describe('groups are left out', () => {
  test.each<[string, readonly { readonly [path: string]: Entry }[], RegExp]>([
    [
      'a group called like a number',
      [{ ...plain, 'etc/group': { text: `${group}995:x:6:\n` } }],
      /number for its name/,
    ],
    ['… with blanks before it', [{ ...plain, 'etc/group': { text: '  995:x:6:' } }], /number for its name/],
    // Go's TrimSpace takes it for a blank, JavaScript's trim does not.
    [
      '… with a next line character before it',
      [{ ...plain, 'etc/group': { text: '\u0085995:x:6:' } }],
      /number for its name/,
    ],
    ['… without a number of its own', [{ ...plain, 'etc/group': { text: '995' } }], /number for its name/],
    ['… in a layer below', [plain, { ...plain, 'etc/group': { text: '995:x:6:' } }], /number for its name/],
    ['the file is the user’s', [{ ...plain, 'etc/group': { text: group, uid: 1000 } }], /written by others/],
    [
      'the file is open to its group',
      [{ ...plain, 'etc/group': { text: group, mode: 0o664 } }],
      /written by others/,
    ],
    [
      'the file is open to all',
      [{ ...plain, 'etc/group': { text: group, mode: 0o666 } }],
      /written by others/,
    ],
    ['/etc is open to all', [{ ...plain, etc: { mode: 0o1777 } }], /written by others/],
    ['/etc is the user’s, in a layer below', [plain, { etc: { uid: 1000 } }], /written by others/],
    ['/etc is a link', [{ elsewhere: {}, etc: { link: 'HERE/elsewhere' } }], /no directory/],
    ['the file is a link', [{ etc: {}, x: { text: group }, 'etc/group': { link: '../x' } }], /no plain file/],
  ])('%s', (_, contents, why) => {
    const { groups, refused } = inspectAccounts(layers(...contents));
    expect(groups).toMatch(why);
    expect(refused).toBeUndefined();
  });
  test('/ is open to all', () => {
    const [layer = ''] = layers(plain);
    spawnSync('chmod', ['777', layer]);
    expect(inspectAccounts([layer]).groups).toMatch(/written by others/);
  });
  test('the engine does not say where its layers are', () =>
    expect(inspectAccounts(undefined)).toMatchObject({
      groups: expect.stringMatching(/does not show/),
      refused: undefined,
    }));
});

describe('an image that is refused', () => {
  const large = 'x'.repeat(1024 * 1024 + 1);
  test.each<[string, { readonly [path: string]: Entry }]>([
    ['a large /etc/group', { ...plain, 'etc/group': { text: large } }],
    ['a large /etc/passwd', { ...plain, 'etc/passwd': { text: large } }],
    ['one behind a link', { etc: {}, big: { text: large }, 'etc/passwd': { link: '/big' } }],
  ])('%s', (_, content) => expect(inspectAccounts(layers(content)).refused).toMatch(/larger than/));
  test('just small enough', () =>
    expect(
      inspectAccounts(layers({ ...plain, 'etc/passwd': { text: large.slice(1) } })).refused,
    ).toBeUndefined());
  test('a device in place of /etc/passwd', () => {
    const [layer = ''] = layers({ etc: {} });
    spawnSync('mknod', [`${layer}/etc/passwd`, 'c', '1', '5']);
    expect(inspectAccounts([layer]).refused).toMatch(/no file/);
  });
  test('a whiteout is none', () => {
    const [layer = ''] = layers({ etc: {} });
    spawnSync('mknod', [`${layer}/etc/group`, 'c', '0', '0']);
    expect(inspectAccounts([layer])).toEqual({ groups: undefined, refused: undefined });
  });
});

test.each([
  ['', false],
  ['a1:x:1:', false],
  ['1a:x:1:', false],
  ['7:x:7:', false],
  ['7:x:07:', true],
  ['7:x:', true],
  ['root:x:0:\r\n7:x:8:', true],
])('hasNumericName(%j): %s', (text, expected) => expect(hasNumericName(text)).toBe(expected));
