import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rightsOf, withCallerRights } from '../../src/caller/as-user.ts';
import { release } from '../../src/mounts/descriptors.ts';
import { type Walk, walk } from '../../src/mounts/walk.ts';
import { caller } from '../support/mounts.ts';
import { makeTree, openBelow, removeTree } from '../support/tree.ts';

const alice = 54_321;
const bob = 54_322;

let here = '';
beforeAll(() => {
  here = makeTree({
    public: {},
    'public/file': { text: 'x' },
    'public/secret': { mode: 0o700 },
    'public/secret/inside': {},
    'public/locked': { mode: 0o711 },
    'public/locked/open': {},
    alice: { uid: alice },
    'alice/deep': { uid: alice },
    'alice/deep/er': {},
    'alice/up': { uid: alice, link: '../public' },
    'alice/away': { uid: alice, link: 'HERE/public/secret/inside' },
    'alice/loop': { uid: alice, link: 'loop' },
    'alice/gone': { uid: alice, link: 'nothing/there' },
    'alice/slashed': { uid: alice, link: 'deep/' },
    shared: { mode: 0o775 },
    'shared/x': {},
    sticky: { mode: 0o1777 },
    'sticky/of-alice': { uid: alice, link: 'HERE/public' },
    'sticky/of-bob': { uid: bob, link: 'HERE/public' },
    'sticky/of-root': { link: 'HERE/public' },
    'root-link': { link: 'public' },
  });
});
afterAll(() => removeTree(here));

function go(path: string, uid = alice, mayEnter: (path: string) => boolean = () => true): Walk {
  const rules = { mayEnter, ownersCount: () => true, uid };
  const end = withCallerRights(rightsOf(caller(uid)), () => walk(path.replace('HERE', here), rules));
  if (end.kind === 'found') release(end.held.descriptor);
  if (end.kind === 'missing') release(end.parent.descriptor);
  return end;
}

describe('a path is followed', () => {
  it.each([
    // path, where it ends, whether only root can change that
    ['HERE/public', 'public', true],
    ['HERE//./public/', 'public', true],
    ['HERE/public/file', 'public/file', true],
    ['HERE/public/../public/./file', 'public/file', true],
    ['HERE/root-link/file', 'public/file', true],
    ['HERE/public/locked/open', 'public/locked/open', true],
    // The directory itself is alice's, the way to it is not.
    ['HERE/alice', 'alice', true],
    ['HERE/alice/deep', 'alice/deep', false],
    ['HERE/alice/deep/er', 'alice/deep/er', false],
    ['HERE/alice/slashed', 'alice/deep', false],
    ['HERE/shared/x', 'shared/x', false],
    ['HERE/sticky/of-alice', 'public', true],
    ['HERE/sticky/of-root', 'public', true],
  ])('%s', (path, end, stable) => {
    expect(go(path)).toMatchObject({ kind: 'found', realPath: `${here}/${end}`, stable });
  });

  it('over the links of the user, which make the way unsure and the end not', () => {
    expect(go('HERE/alice/up/file')).toMatchObject({
      realPath: `${here}/public/file`,
      stable: true,
      rootsAlone: false,
    });
    expect(go('HERE/root-link/file')).toMatchObject({ stable: true, rootsAlone: true });
  });

  it('to the root directory', () => {
    expect(go('/')).toMatchObject({ kind: 'found', realPath: '/', stable: true });
    expect(go('/../..')).toMatchObject({ kind: 'found', realPath: '/' });
  });
});

describe('a path is not followed', () => {
  it.each([
    ['where the caller may not search', 'HERE/public/secret/inside', 'EACCES'],
    ['over a link to where the caller may not search', 'HERE/alice/away', 'EACCES'],
    ['through a file', 'HERE/public/file/x', 'ENOTDIR'],
    ['through a file and back', 'HERE/public/file/..', 'ENOTDIR'],
    ['to a file named as a directory', 'HERE/public/file/', 'ENOTDIR'],
    ['in circles', 'HERE/alice/loop', 'ELOOP'],
    ["over another's link in a sticky directory", 'HERE/sticky/of-bob', 'EACCES'],
    ['to a name that is too long', `HERE/${'a'.repeat(256)}`, 'ENAMETOOLONG'],
    ['to a missing directory and back', 'HERE/public/none/../file', 'ENOENT'],
  ])('%s', (_why, path, code) => {
    expect(go(path)).toEqual({ kind: 'failed', code });
  });

  it('where it is barred, before anything there is touched', () => {
    const asked: string[] = [];
    const end = go('HERE/alice/up/secret', alice, (path) => {
      asked.push(path);
      return path !== `${here}/public`;
    });
    expect(end).toEqual({ kind: 'barred', path: `${here}/public` });
    expect(asked.at(-1)).toBe(`${here}/public`);
  });
});

describe("the links of /proc, for which root's own process would be the caller's", () => {
  it.each(['/proc/self/root/root/x', '/proc/self/cwd', `/proc/1/root/root`])(
    '%s is followed as text',
    (path) => {
      const end = go(path);
      if (end.kind === 'found') expect(end.realPath).not.toMatch(/^\/proc\//);
      else expect(['EACCES', 'ENOENT']).toContain(end.kind === 'failed' ? end.code : 'ENOENT');
    },
  );

  it('a descriptor of this process opens nothing that the caller may not reach', () => {
    const rules = { mayEnter: () => true, ownersCount: () => true, uid: 0 };
    const secret = walk(`${here}/public/secret`, rules);
    if (secret.kind !== 'found') throw new Error('root could not open it');
    expect(go(`/proc/self/fd/${secret.held.descriptor}/inside`)).toEqual({ kind: 'failed', code: 'EACCES' });
    release(secret.held.descriptor);
  });
});

describe('what is missing', () => {
  it.each([
    ['HERE/alice/new', 'alice', ['new']],
    ['HERE/alice/new/er/', 'alice', ['new', 'er']],
    ['HERE/alice/gone', 'alice', ['nothing', 'there']],
    ['HERE/public/none', 'public', ['none']],
  ])('%s', (path, parent, names) => {
    expect(go(path)).toMatchObject({ kind: 'missing', realParent: `${here}/${parent}`, names });
  });
});

it('holds nothing open but the result', () => {
  const paths = [
    'alice/deep/er',
    'alice/up/secret/inside',
    'alice/loop',
    'alice/gone',
    'alice/new/er',
    'public/file/x',
  ];
  for (const path of paths) go(`HERE/${path}`);
  expect(openBelow(here, readdirSync('/proc/self/fd'))).toEqual([]);
});
