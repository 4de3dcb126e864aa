import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RuleHosts } from '../../src/mounts/rule-hosts.ts';
import { makeTree, removeTree } from '../support/tree.ts';

const alice = 54_321;
let here = '';
beforeAll(() => {
  here = makeTree({
    disk: {},
    'disk/alice': { uid: alice },
    'disk/alice/data': { uid: alice, link: '/etc' },
    'disk/alice/real': { uid: alice },
    home: { link: 'disk' },
    far: { link: 'HERE/home/alice' },
    up: { link: '../../../../../etc' },
    loop: { link: 'loop' },
    odd: { link: 'disk/alice/data/../..' },
    back: { link: 'disk/alice/../../home' },
  });
});
afterAll(() => removeTree(here));

function realPath(
  host: string,
  mayEnter: (path: string) => boolean = () => true,
  ownersCount = true,
): string | undefined {
  return new RuleHosts({ mayEnter, ownersCount: () => ownersCount })
    .realPath(host.replace('HERE', here))
    ?.replace(here, 'HERE');
}

describe("a rule's host part", () => {
  it.each([
    ['HERE/disk', 'HERE/disk'],
    ['HERE/home', 'HERE/disk'],
    ['HERE/home/alice', 'HERE/disk/alice'],
    ['HERE/far', 'HERE/disk/alice'],
    ['HERE/far/real', 'HERE/disk/alice/real'],
    ['HERE/up', '/etc'],
    ['HERE/back', 'HERE/disk'],
    ['/', '/'],
    // What alice can change stands for itself: her link must not make the rule mean /etc.
    ['HERE/disk/alice/data', 'HERE/disk/alice/data'],
    ['HERE/home/alice/data', 'HERE/disk/alice/data'],
    ['HERE/home/alice/data/passwd', 'HERE/disk/alice/data/passwd'],
    // Not there yet.
    ['HERE/home/bob', 'HERE/disk/bob'],
    ['HERE/home/bob/data', 'HERE/disk/bob/data'],
  ])('%s lies at %s', (host, real) => {
    expect(realPath(host)).toBe(real);
  });

  it.each(['relative', '', 'HERE/../etc', 'HERE/./disk', 'HERE/loop'])('%s lies nowhere', (host) => {
    expect(realPath(host)).toBeUndefined();
  });

  it('leads nowhere where a link goes up again from what others can change', () => {
    expect(realPath('HERE/odd')).toBeUndefined();
  });

  it('is not looked at where that may hang', () => {
    const asked: string[] = [];
    const mayEnter = (path: string): boolean => {
      asked.push(path);
      return !path.endsWith('/home');
    };
    expect(realPath('HERE/home/alice', mayEnter)).toBe('HERE/home/alice');
    expect(asked.filter((path) => path.includes('alice'))).toEqual([]);
  });

  it('is taken as it stands where owners say nothing', () => {
    expect(realPath('HERE/home', () => true, false)).toBe('HERE/home');
  });
});
