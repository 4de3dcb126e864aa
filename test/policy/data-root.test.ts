import { expect, test } from 'vitest';
import { judgeDataRoot } from '../../src/policy/data-root.ts';

test('a data root that nobody else can enter is fine', () => {
  expect(judgeDataRoot({ path: '/var/lib/docker', traversable: false })).toEqual([]);
});
test('an open one refuses, and says what an admin has to do', () => {
  const [reason, ...others] = judgeDataRoot({ path: '/data/docker', traversable: true });
  expect(others).toEqual([]);
  expect(reason?.rule).toBe('data-root');
  expect(reason?.instead).toContain('chmod o-x /data/docker');
});
