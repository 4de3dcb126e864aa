import { describe, expect, it } from 'vitest';
import { askAgain, type ExistingBind, judgeAgain, pinRecords } from '../../src/policy/mount-again.ts';
import type { FoundSource } from '../../src/policy/mount-facts.ts';
import { selectMounts } from '../../src/policy/mount-selection.ts';
import { judgeMounts, type MountVerdict } from '../../src/policy/mounts.ts';
import { found, type Lists, mountPolicy } from '../support/mounts.ts';

const plain: ExistingBind = { shown: '/data/a', pinned: undefined, target: '/a', readOnly: false };
const pinned: ExistingBind = {
  shown: '/run/pins/1/n/3',
  pinned: { number: 3, path: '/data/b' },
  target: '/b',
  readOnly: true,
};

function again(
  existing: readonly ExistingBind[],
  lists: Lists,
  source: Partial<FoundSource> = {},
): MountVerdict {
  const policy = mountPolicy(lists);
  const selection = selectMounts(policy, askAgain(existing), true);
  const rules = policy.volume_mounts;
  const facts = {
    sources: selection.binds.map((bind) => found(bind.source, source)),
    ruleHosts: new Map([...rules.always, ...rules.available].map((rule) => [rule, rule.host])),
    nested: [],
    places: new Map(),
    workingDirectory: '',
    imageShown: true,
    recursiveReadOnly: true,
  };
  return judgeAgain(existing, judgeMounts(policy, selection, facts, false));
}

describe('a container that is started again', () => {
  it('keeps its mounts where they would be allowed today', () => {
    const { mounts, reasons } = again([plain, pinned], { available: ['/data/**:'] });
    expect(reasons).toEqual([]);
    expect(mounts).toMatchObject([
      { target: '/a', pin: undefined },
      { target: '/b', pin: 3, readOnly: true },
    ]);
  });

  it('keeps the number of a pin, whatever it would be today', () => {
    const two = [{ ...pinned, target: '/c', pinned: { number: 7, path: '/data/c' } }, pinned];
    const { mounts } = again(two, { available: ['/data/**:'] }, { stable: false });
    expect(mounts).toMatchObject([{ pin: 7 }, { pin: 3 }]);
  });

  it.each<[string, ExistingBind, Lists, Partial<FoundSource>, string]>([
    ['whose mount no rule allows any more', plain, { available: ['/other:'] }, {}, 'no rule allows /data/a'],
    [
      'whose pinned source no rule allows any more',
      pinned,
      { available: ['/data/a:'] },
      {},
      'no rule allows /data/b',
    ],
    [
      'that may only read by now',
      plain,
      { available: ['/data/**::ro'] },
      {},
      'may only be mounted read-only',
    ],
    [
      'whose path is not safe any more',
      plain,
      { available: ['/data/**:'] },
      { stable: false },
      'others than root can change',
    ],
    [
      'that lacks an enforced mount',
      plain,
      { available: ['/data/**:'], always: ['/site:/site'] },
      {},
      'enforces a mount at /site',
    ],
  ])('is refused: one %s', (_what, existing, lists, source, why) => {
    const { reasons } = again([existing], lists, source);
    expect(reasons.map(({ message }) => message).join()).toContain(why);
  });

  it('is refused if a path leads elsewhere by now', () => {
    const moved = found('/data/moved');
    const { reasons } = again([plain], { available: ['/data/**:'] }, { realPath: moved.realPath });
    expect(reasons).toMatchObject([{ rule: 'mounts.again', message: '/data/a leads to /data/moved by now' }]);
  });

  it('is refused if an enforced mount became read-only', () => {
    const { reasons } = again([plain], { always: ['/data/a:/a:ro'] });
    expect(reasons.length).toBeGreaterThan(0);
    expect(again([{ ...plain, readOnly: true }], { always: ['/data/a:/a:ro'] }).reasons).toEqual([]);
  });

  it('remembers what its pins showed', () => {
    const { mounts } = again([plain, pinned], { available: ['/data/**:'] });
    expect(pinRecords(mounts)).toEqual([{ number: 3, path: '/data/b' }]);
  });
});
