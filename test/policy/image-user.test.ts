import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseUid, type Uid } from '../../src/domain/ids.ts';
import { containerUserComponent, imageUserComponent } from '../../src/policy/image-user.ts';
import { isPathComponent } from '../../src/policy/reference.ts';

function uid(number: number): Uid {
  const result = parseUid(String(number));
  return result.ok ? result.value : expect.fail(result.error);
}

describe('in the name of an image', () => {
  test.each([
    'alice',
    'a',
    'first.last',
    'a_b',
    'a__b',
    'a-b',
    'a---b',
    '1000',
    'u',
    'u1a',
    'ux1',
    'u-1',
    'u1.2',
  ])('%s stays', (user) => {
    expect(imageUserComponent(user, uid(1000))).toBe(user);
  });

  test.each([
    'Alice',
    'alice@example.org',
    'EX\\alice',
    'alice smith',
    'a..b',
    'a___b',
    '.a',
    'a.',
    '_a',
    'a_',
    '-a',
    'a-',
    'a/b',
    'a:b',
    'ä',
    '',
    'alice\n',
    '..',
    '${user}',
    'a'.repeat(65),
    'u1000',
    'u0',
    'u1001',
    'u007',
  ])('%j gives way to the number', (user) => {
    expect(imageUserComponent(user, uid(1000))).toBe('u1000');
  });

  test('property: valid, and never the same for two users', () => {
    const user = fc.oneof(
      fc.string(),
      fc.stringMatching(/^u?[0-9]{1,5}$/),
      fc.stringMatching(/^[a-zA-Z._@-]{1,6}$/),
    );
    const id = fc.nat({ max: 100_000 });
    fc.assert(
      fc.property(user, id, user, id, (one, oneId, other, otherId) => {
        fc.pre(one !== other && oneId !== otherId);
        const component = imageUserComponent(one, uid(oneId));
        expect(isPathComponent(component)).toBe(true);
        expect(component).not.toBe(imageUserComponent(other, uid(otherId)));
      }),
    );
  });
});

describe('in the name of a container', () => {
  test.each(['alice', 'Alice', 'first.last', 'a_b', '1x'])('%s stays', (user) => {
    expect(containerUserComponent(user, uid(1000))).toBe(user);
  });
  test.each(['alice@example.org', 'EX\\alice', 'a b', '_a', '.a', '-a', '', 'ä', 'a\n', 'a'.repeat(65)])(
    '%j gives way',
    (user) => {
      expect(containerUserComponent(user, uid(1000))).toBe('u1000');
    },
  );
});
