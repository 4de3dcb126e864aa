import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isOwner, judgeName, nextName, ownersOfDefaultName } from '../../src/policy/names.ts';
import { alice, person, policyOf } from '../support/builders.ts';

const rules = (name: string, yaml = '', otherUser?: string) =>
  judgeName(name, policyOf(yaml), otherUser).map(({ rule }) => rule);

describe('judgeName', () => {
  test.each([
    ...['web', 'web-1', 'A.b_c-d', '1x', 'w0', 'alice_1', 'deadbeeg', 'dead-beef', 'g1', 'a.b', 'a1b2c3-'],
    'x'.repeat(128),
  ])('allowed: %s', (name) => expect(rules(name)).toEqual([]));

  test.each([
    // A name has two characters at least, and only some.
    ...[
      '',
      'w',
      '-web',
      '_web',
      '.web',
      'web/1',
      'web 1',
      'web\n',
      'wéb',
      'web:1',
      '/web',
      'a\0b',
      'x'.repeat(129),
    ],
  ])('no name: %j', (name) => expect(rules(name)).toContain('container_names.allowed'));

  test.each(['deadbeef', 'DEADBEEF', 'ab', '12', '0123456789ab', 'a'.repeat(64)])(
    'could be an id: %s',
    (name) => expect(rules(name)).toEqual(['container_names']),
  );

  test('the policy’s expression must match all of it', () => {
    const yaml = "container_names: {allowed: 'lab-[a-z]+'}";
    expect(rules('lab-web', yaml)).toEqual([]);
    for (const name of ['lab-web1', 'xlab-web', 'lab-', 'lab-web-'])
      expect(rules(name, yaml)).toEqual(['container_names.allowed']);
  });

  test('a default name of somebody else', () => {
    expect(rules('bob_3', '', 'bob')).toEqual(['container_names.default']);
  });
});

describe('ownersOfDefaultName', () => {
  const owners = (name: string, template = '${user}_', caller = alice) =>
    ownersOfDefaultName(name, policyOf(`container_names: {default: '${template}'}`, caller), caller).map(
      (owner) => (owner.by === 'name' ? owner.user : `#${owner.uid}`),
    );

  test.each([
    ['${user}_', 'bob_3', ['bob']],
    ['${user}_', 'bob_33', ['bob']],
    ['${user}_', 'bob_1_2', ['bob_1']],
    ['${user}_', 'bob2_1', ['bob2']],
    ['ud-${user}-', 'ud-bob-1', ['bob']],
    // Who it is depends on where the number begins.
    ['${user}', 'bob12', ['bob1', 'bob']],
    ['c${uid}_', 'c1001_2', ['#1001']],
    ['c${uid}', 'c12', ['#1']],
    ['${group}.${user}_', 'users.bob_1', ['bob']],
    ['${user}-${uid}_', 'bob-1001_1', ['bob', '#1001']],
    // What stands for a user whose name can't be part of a container's.
    ['${user}_', 'u1001_1', ['u1001', '#1001']],
  ])('%s: %s may be one of %j', (template, name, expected) => {
    expect(owners(name, template)).toEqual(expected);
  });

  test.each([
    ['${user}_', 'bob_'],
    ['${user}_', 'bob_x'],
    ['${user}_', 'bob3'],
    ['${user}_', '_3'],
    ['ud-${user}-', 'bob-1'],
    ['ud-${user}-', 'xud-bob-1'],
    ['c${uid}_', 'c-1_2'],
    ['c${uid}_', 'c01_2'],
    ['lab_', 'lab_1'],
    // One's own.
    ['${user}_', 'alice_7'],
    ['c${uid}_', 'c1000_7'],
    ['${user}_', `${'b'.repeat(200)}_1`],
  ])('%s: %s is nobody else’s', (template, name) => expect(owners(name, template)).toEqual([]));

  test('u1001 stands for the user 1001 only if that one’s own name can’t', () => {
    const [, owner] = ownersOfDefaultName('u1001_1', policyOf(), alice);
    if (owner === undefined) throw new Error('no owner');
    const { uid } = person('x', 1001);
    expect(isOwner(owner, { name: 'LAB\\bob', uid })).toBe(true);
    expect(isOwner(owner, { name: 'bob', uid })).toBe(false);
  });

  test('a name, and a uid that stands for itself, are whose they are, whatever else the account is called', () => {
    const { uid } = person('x', 1001);
    expect(isOwner({ by: 'name', user: 'bob' }, { name: 'bob', uid })).toBe(true);
    expect(isOwner({ by: 'uid', uid }, { name: 'bob', uid })).toBe(true);
  });

  test('whatever number the default name of somebody gets, it is theirs', () => {
    const user = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,8}$/).filter((name) => name !== 'alice');
    const templates = fc.constantFrom('${user}_', '${user}', 'ud.${user}-', 'x${user}y');
    fc.assert(
      fc.property(user, templates, fc.integer({ min: 1, max: 9999 }), (name, template, number) => {
        const policy = policyOf(`container_names: {default: '${template}'}`, person(name, 1234));
        const given = `${policy.container_names.default}${number}`;
        expect(owners(given, template)).toContain(name);
      }),
      { numRuns: 50 },
    );
  });
});

describe('nextName', () => {
  test.each([
    [[], 'alice_1'],
    [['alice_1'], 'alice_2'],
    [['alice_1', 'alice_3'], 'alice_2'],
    [['alice_10', 'bob_1'], 'alice_1'],
  ])('beside %j it is %s', (taken, expected) => {
    expect(nextName(policyOf(), new Set(taken))).toBe(expected);
  });
});
