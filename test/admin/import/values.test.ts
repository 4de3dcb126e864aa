import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { followFiles } from '../../../src/admin/import/follow.ts';
import { readInput } from '../../../src/admin/import/input.ts';
import { isObject } from '../../../src/domain/json.ts';
import { convert, marks, plainOf, sites } from './support.ts';

async function worthOf(expression: string, before = ''): Promise<unknown> {
  const { files } = await convert(`${before}\nRESULT = ${expression}\n`);
  return plainOf(files[0].layer.after.get('RESULT'));
}

describe('an expression', () => {
  test.each([
    [`'a' "b" r'c\\n'`, 'abc\\n'],
    [`'\\x41\\u00e9\\101\\N\\q\\\\'`, undefined],
    [`'\\x41\\u00e9\\101\\q\\\\'`, 'AéA\\q\\'],
    [`'''a\nb'''`, 'a\nb'],
    [`'a\\\nb'`, 'ab'],
    [`b'a'`, undefined],
    [`u'a'`, 'a'],
    ['0x10 + 1_000', 1016],
    ['-1', -1],
    ['1.5', 1.5],
    ['1j', undefined],
    ['012', undefined],
    ['99999999999999999999', undefined],
    ['None', null],
    ['(1, [2, {3}], {"a": True})', [1, [2, [3]], { a: true }]],
    ['{**{"a": 1}, "b": 2}', { a: 1, b: 2 }],
    ['[*["a"], "b"]', ['a', 'b']],
    ['[*{"a"}, *uid, "b"]', ['a', undefined, 'b']],
    ['{**nowhere, "b": 2}', undefined],
    ["['a'].copy() + ['b']", ['a', 'b']],
    ["{'a': 1}.copy()", { a: 1 }],
    ["'a'.copy()", undefined],
    ["'a'.upper()", undefined],
    ['+1', 1],
    ['~1', undefined],
    ["-'a'", undefined],
    ["user_home + ':' + user_home", '/home/alice:/home/alice'],
    ["'/s/%s/%d' % (user_name, uid)", '/s/alice/1000'],
    ["'%s' % user_name", 'alice'],
    ["'%(a)s%%' % {'a': 'b'}", 'b%'],
    ["'%5s' % 'a'", undefined],
    ["'%s' % 1.5", undefined],
    ["'%s %s' % ('a',)", undefined],
    ["'%s' % ('a', 'b')", undefined],
    ["'{}/{}{{}}'.format(user_name, gid)", 'alice/100{}'],
    ["'{1}{0}{n}'.format('a', 'b', n='c')", 'bac'],
    ["'{0.__class__}'.format('a')", undefined],
    ["'{!r}'.format('a')", undefined],
    ["f'/s/{user_name}/{{x}}'", '/s/alice/{x}'],
    ["f'{uid:>9}'", undefined],
    ["f'{user_name!r}'", undefined],
    ["rf'\\d{uid}'", '\\d1000'],
    ["','.join(['a', 'b'])", 'a,b'],
    ["','.join({'a'})", undefined],
    ['str(uid)', '1000'],
    ["list(('a',)) + ['b']", ['a', 'b']],
    ["['a'] + ('b',)", undefined],
    ["{'a': [1]}['a'][0]", 1],
    ["{'a': 1}.get('b', 2)", 2],
    ["'a' * 3", undefined],
    ["'a' if uid else 'b'", undefined],
    ['lambda: 1', undefined],
    ['group_names', undefined],
    ['nowhere', undefined],
    ["open('/etc/passwd').read()", undefined],
  ])('%s', async (expression, expected) => {
    expect(await worthOf(expression)).toEqual(expected);
  });
});

describe('lists and maps keep their identity', () => {
  test.each([
    ["A = ['a']\nB = A\nB += ['b']", 'A', ['a', 'b']],
    ["A = ['a']\nB = A + []\nB += ['b']", 'A', ['a']],
    ["A = ['a']\nB = [A]\nB[0].append('b')", 'A', ['a', 'b']],
    ["M = {}\nM['x'] = ['a']\nM['x'].extend(('b',))\ndel M['y']", 'M', undefined],
    ["M = {'y': 1}\nM['x'] = ['a']\nM['x'].extend(('b',))\ndel M['y']", 'M', { x: ['a', 'b'] }],
    ['A = (1,)\nB = A\nB += (2,)', 'A', [1]],
    ["A = B = []\nB.insert(0, 'b')\nA.append('a')", 'B', ['b', 'a']],
    ["A = ['a', 'b', 'a']\nA.remove('a')", 'A', ['b', 'a']],
    ["A = ['a']\nA.clear(); A.append('c')", 'A', ['c']],
    ["A, B = 'a', ['b']", 'B', ['b']],
    ["(A, B) = 'a', ['b']", 'B', ['b']],
    ["A = ['a']\nB = A.copy()\nB += ['b']", 'A', ['a']],
    ["M = {'x': 1}\nN = M.copy()\nN['y'] = 2", 'M', { x: 1 }],
    ["M = {'x': 1}\nM.pop('x')\nM.pop('y', None)\nM['z'] = 2", 'M', { z: 2 }],
    // What Python takes for equal: True and 1, but no tuple and list, no text and number.
    ["A = [['a'], ['b']]\nA.remove(['b'])", 'A', [['a']]],
    ["A = [('a',), 'x', ['a', 'b'], ['a']]\nA.remove(['a'])", 'A', [['a'], 'x', ['a', 'b']]],
    ["A = ['1', 2, True]\nA.remove(1)", 'A', ['1', 2]],
    ['A = [uid, gid]\nA.remove(gid)', 'A', [1000]],
    ["A = ['a', None]\nA.remove(None)", 'A', ['a']],
  ])('%j', async (text, name, expected) => {
    const { files } = await convert(text);
    const value = files[0].layer.after.get(name);
    expect(value !== undefined && value.kind === 'map' && value.spoilt ? undefined : plainOf(value)).toEqual(
      expected,
    );
  });
});

/** values.json was made by Python itself: exec of the same files, in the program's namespace, for alice. */
const golden: unknown = JSON.parse(readFileSync(`${sites}/values.json`, 'utf8'));
const files: readonly (readonly [string, unknown])[] = isObject(golden) ? Object.entries(golden) : [];

test.each(files)('%s is worth what Python says', async (path, expected) => {
  const [site = ''] = path.split('/');
  const { layers } = await followFiles(readInput(`${sites}/${site}`).files, undefined);
  const layer = layers.find(({ input }) => input.path.endsWith(path));
  expect(isObject(expected)).toBe(true);
  const names = Object.keys(isObject(expected) ? expected : {});
  const values = names.map((name) => [name, layer?.after.get(name)] as const);
  // What another group's file sets as well is not this file's to say.
  const certain = values.filter(([, value]) => value?.kind !== 'unknown');
  expect(certain.length).toBeGreaterThan(names.length - 2);
  for (const [name, value] of certain)
    expect([name, plainOf(value)]).toEqual([name, isObject(expected) ? expected[name] : undefined]);
});

test('what is not Python is refused as a whole, with its line', async () => {
  await expect(convert("RUN_PULL = 'never'\nCAPS_DROP = ['ALL'\nCAPS_ADD = []")).rejects.toMatchObject({
    failure: { code: 'config', problems: [{ file: 'config.py', message: 'this can not be read as Python' }] },
  });
});

test('the names of the caller are not for a file to set', async () => {
  expect(marks(await convert('uid = 0'))).toEqual([
    "1: uid is set, which the program takes for the caller's",
  ]);
});
