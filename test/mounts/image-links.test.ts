import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { followInImage, layersOf } from '../../src/mounts/image-links.ts';
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
