import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeablePaths, followInImage, layersOf } from '../../src/mounts/image-links.ts';
import { makeTree, removeTree } from '../support/tree.ts';

let here = '';
let layers: readonly string[] = [];
beforeAll(() => {
  here = makeTree({
    top: {},
    'top/dir': {},
    'top/was-link': {},
    'top/now-link': { link: '/home/alice' },
    'top/opt': { text: 'a file' },
    base: {},
    'base/dir': {},
    'base/dir/deep': { link: '../w' },
    // Would lead out of the layer, to the host, if it were followed here.
    'base/was-link': { link: '/etc' },
    'base/was-link2': { link: '/proc' },
    'base/now-link': {},
    'base/now-link/below': { link: '/elsewhere' },
    'base/gone': { link: '/home/alice' },
    'base/opt': {},
    'base/opt/x': { link: '/home/alice' },
    'base/home': {},
    'base/home/alice': {},
    'base/home/alice/inner': { link: '/tmp' },
    'base/w': { link: '/home/alice' },
    'base/up': { link: '../../../../home/alice' },
    'base/var': {},
    'base/var/run': { link: '/run' },
    'base/loop': { link: 'loop' },
    'base/self': { link: '/proc/self/fd/8' },
  });
  // A whiteout: what the upper layer has removed (overlayfs).
  spawnSync('/bin/mknod', [`${here}/top/gone`, 'c', '0', '0']);
  layers = [`${here}/top`, `${here}/base`];
});
afterAll(() => removeTree(here));

function places(path: string, ...mounted: readonly string[]): readonly string[] {
  return followInImage(layers, [path, ...mounted], mounted).get(path) ?? [];
}

describe('a path in an image', () => {
  it.each([
    ['/dir', []],
    ['/none/at/all', []],
    ['/home/alice/x', []],
    ['/w', ['/home/alice']],
    ['/w/new/dir', ['/home/alice/new/dir']],
    ['/dir/deep/x', ['/home/alice/x']],
    ['/up/x', ['/home/alice/x']],
    ['/var/run/x', ['/run/x']],
    ['/self', ['/proc/self/fd/8']],
    ['/w/inner/x', ['/tmp/x']],
    // The upper layer's entry counts.
    ['/was-link/x', []],
    ['/now-link/below/x', ['/home/alice/below/x']],
    ['/gone/x', []],
    ['/opt/x/y', []],
  ])('%s leads to %j', (path, expected) => {
    expect(places(path)).toEqual(expected);
  });

  it('that goes in circles ends somewhere', () => {
    expect(places('/loop/x')).toEqual([]);
  });

  it('may lead to two places, since mounts come one after the other', () => {
    expect(places('/w/inner/x', '/home/alice')).toEqual(['/tmp/x', '/home/alice/inner/x']);
    // The mount's own target may be a link as well.
    expect(places('/home/alice/inner/x', '/w')).toEqual(['/tmp/x']);
  });

  it('is followed only where the layers are known', () => {
    expect(followInImage(undefined, ['/w'], [])).toEqual(new Map());
    expect(followInImage([`${here}/missing`], ['/w'], []).get('/w')).toEqual([]);
  });
});

describe('what the container’s own processes could have changed', () => {
  let tree = '';
  beforeAll(() => {
    tree = makeTree({
      top: {},
      'top/work': {},
      base: {},
      'base/work': { mode: 0o777 },
      'base/tmp': { mode: 0o1777 },
      'base/own': { uid: 1000 },
      'base/own/root': {},
      'base/to-tmp': { link: '/tmp' },
      'base/volume': {},
      'base/to-volume': { link: '/volume' },
      'base/safe': {},
      'base/safe/open': { mode: 0o777 },
    });
  });
  afterAll(() => removeTree(tree));

  it.each([
    ['/', false],
    // It is its parent that says what it is.
    ['/tmp', false],
    ['/tmp/x', true],
    ['/to-tmp/x', true],
    ['/own/root/x', true],
    ['/safe/open', false],
    ['/safe/open/x', true],
    ['/safe/not/there', false],
    // The topmost layer's mode counts.
    ['/work/x', false],
    ['/volume', false],
    ['/volume/x', true],
    ['/to-volume/x', true],
    ['/mounted/x', false],
    ['/own/../safe/x', false],
  ])('%s: %s', (path, changeable) => {
    const paths = changeablePaths([`${tree}/top`, `${tree}/base`], [path], ['/mounted'], ['/volume/']);
    expect(paths).toEqual(changeable ? [path] : []);
  });
  it('is not known where the layers are not', () => {
    expect(changeablePaths(undefined, ['/tmp/x'], [], [])).toEqual([]);
  });
  it('a volume over a link', () => {
    expect(changeablePaths([`${tree}/base`], ['/volume/x'], [], ['/to-volume'])).toEqual(['/volume/x']);
  });
  it('not where something is mounted over the volume', () => {
    expect(changeablePaths([`${tree}/base`], ['/volume/x'], ['/volume'], ['/volume'])).toEqual([]);
  });
});

describe('the layers', () => {
  const overlay = (data: object, name = 'overlay2') => ({ GraphDriver: { Name: name, Data: data } });
  it.each([
    [overlay({ UpperDir: '/u', LowerDir: '/a:/b', MergedDir: '/m' }), ['/u', '/a', '/b']],
    [overlay({ UpperDir: '/u' }), ['/u']],
    [overlay({ UpperDir: '/u', LowerDir: '' }), ['/u']],
    [overlay({ UpperDir: '/u', LowerDir: 'relative' }), undefined],
    [overlay({ LowerDir: '/a' }), undefined],
    [overlay({ UpperDir: '/u' }, 'btrfs'), undefined],
    [{ GraphDriver: null }, undefined],
    [{}, undefined],
    [null, undefined],
  ])('of %j are %j', (inspected, expected) => {
    expect(layersOf(inspected)).toEqual(expected);
  });
});
