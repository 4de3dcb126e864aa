import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  fillPath,
  fillPattern,
  fillText,
  type Variables,
  variablesIn,
  variablesOf,
} from '../../src/config/variables.ts';
import { fullMatch } from '../../src/policy/full-match.ts';
import { alice, must } from './support.ts';

const variables: Variables = { uid: '1000', gid: '100', user: 'alice', group: 'users', home: '/home/alice' };
const named = (user: string): Variables => ({ ...variables, user });

describe('in a text', () => {
  test.each<[text: string, filled: string]>([
    ['plain', 'plain'],
    ['', ''],
    ['${user}', 'alice'],
    ['${uid}:${gid}', '1000:100'],
    ['/x/${group}/${user}/y', '/x/users/alice/y'],
    ['${home}:${home}', '/home/alice:/home/alice'],
    ['$user', '$user'],
    ['$', '$'],
    ['{user}', '{user}'],
    ['$${user}', '$alice'],
  ])('%j', (text, filled) => {
    expect(fillText(text, variables)).toEqual({ ok: true, value: filled });
  });

  test.each([
    '${}',
    '${USER}',
    '${user',
    '${ user }',
    '${usr}',
    '${user:-x}',
    '${home.x}',
    '${__proto__}',
    '${constructor}',
    '$${x}',
    '${${user}}',
  ])('%j is an error that names the known ones', (text) => {
    const result = fillText(text, variables);
    expect(result.ok ? 'filled' : result.error).toMatch(
      /^\$\{.* is no variable; there are \$\{uid\} \$\{gid\} \$\{user\} \$\{group\} \$\{home\}$/,
    );
  });

  test('a value is not searched for variables again', () => {
    expect(fillText('${user}', named('${home}'))).toEqual({ ok: true, value: '${home}' });
  });

  test('a value with a control character is an error', () => {
    expect(fillText('x${user}', named('a\nb'))).toEqual({
      ok: false,
      error: '${user} holds a control character',
    });
    expect(fillText('no variable', named('a\nb')).ok).toBe(true);
  });
});

describe('in a path', () => {
  test('a name is a component or a part of one', () => {
    expect(fillPath('/data/x-${user}/y', variables)).toEqual({ ok: true, value: '/data/x-alice/y' });
    expect(fillPath('${home}/data', variables)).toEqual({ ok: true, value: '/home/alice/data' });
  });

  test.each(['a/b', '/', 'a/', ''])('a user called %j fits into no path', (user) => {
    expect(fillPath('/data/${user}', named(user)).ok).toBe(false);
  });
});

describe('in a regular expression', () => {
  test.each<[pattern: string, user: string, yes: string[], no: string[]]>([
    ['localhost/${user}/.*', 'alice', ['localhost/alice/x'], ['localhost/bob/x', 'localhost/alicex/x']],
    ['${user}', 'a.b', ['a.b'], ['axb']],
    ['${user}', '.*', ['.*'], ['alice', '']],
    ['${user}', 'a|b', ['a|b'], ['a', 'b']],
    ['${user}', '(a', ['(a'], ['a']],
    ['${user}', '^a$', ['^a$'], ['a']],
    ['${user}', 'EX\\alice', ['EX\\alice'], ['EXalice']],
    ['${user}', 'a{2}', ['a{2}'], ['aa']],
    ['${user}', '[ab]', ['[ab]'], ['a']],
    ['${user}', 'a@b-c d', ['a@b-c d'], ['a@b_c d']],
    ['${user}?x', 'alice', ['x', 'alicex'], ['alicx']],
    ['${user}{2}', 'ab', ['abab'], ['abb']],
    ['${user}*', 'ab', ['', 'abab'], ['abbb']],
    ['${user}+|z', 'ab', ['abab', 'z'], ['abb']],
  ])('%j for the user %j', (written, user, yes, no) => {
    const pattern = must(fillPattern(written, named(user)));
    for (const text of yes) expect(fullMatch(pattern, text), text).toBe(true);
    for (const text of no) expect(fullMatch(pattern, text), text).toBe(false);
  });

  test('property: any name matches itself and no other', () => {
    const name = fc
      .string({ minLength: 1, unit: 'grapheme' })
      .filter((text) => !/[\0-\x1f\x7f-\x9f]/.test(text));
    fc.assert(
      fc.property(name, name, (user, other) => {
        const pattern = must(fillPattern('x${user}y', named(user)));
        expect(new RegExp(pattern, 'su')).toBeInstanceOf(RegExp);
        expect(fullMatch(pattern, `x${other}y`)).toBe(other === user);
        expect(fullMatch(pattern, `x${user}y`)).toBe(true);
      }),
    );
  });
});

test('which variables a text holds', () => {
  expect(variablesIn('localhost/${user}/${x}/${uid')).toEqual(['user', 'x', 'uid']);
});

test("a caller's", () => {
  expect(variablesOf(alice)).toEqual({
    uid: '1000',
    gid: '1000',
    user: 'alice',
    group: 'users',
    home: '/home/alice',
  });
});
