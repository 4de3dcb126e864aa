import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readDocument } from '../../src/config/document.ts';
import { itemKey } from '../../src/config/item-key.ts';
import { mergeLayers } from '../../src/config/merge.ts';
import { type ConfigNode, type MapNode, plain } from '../../src/config/node.ts';
import { collectOrigins, originOf } from '../../src/config/origins.ts';
import type { Layer } from '../../src/domain/policy.ts';

const layerNames: readonly Layer[] = ['default', 'config', 'group', 'user'];

function layers(...texts: string[]): { bottom: MapNode; above: readonly MapNode[] } {
  const [bottom, ...above] = texts.map((text, index) => {
    const layer = layerNames[index] ?? 'uid';
    const { tree, mistakes } = readDocument({ layer, file: `${layer}.yaml`, text });
    expect(mistakes).toEqual([]);
    return tree;
  });
  return bottom === undefined ? expect.fail('no layer') : { bottom, above };
}

function merge(...texts: string[]) {
  const { bottom, above } = layers(...texts);
  const { tree, mistakes, notes } = mergeLayers(bottom, above, itemKey);
  const told = (list: typeof notes) =>
    list.map(({ place, message }) => `${place.file}:${place.line} ${message}`);
  const value: unknown = JSON.parse(JSON.stringify(plain(tree)));
  return { tree, value, mistakes: told(mistakes), notes: told(notes) };
}

describe('replacing', () => {
  test.each<[name: string, texts: string[], value: unknown]>([
    ['nothing', [''], {}],
    ['a scalar', ['a: 1', 'a: 2'], { a: 2 }],
    ['a scalar by null', ['a: 1', 'a: null'], { a: null }],
    ['a list', ['a: [1, 2]', 'a: [3]'], { a: [3] }],
    ['a list by an empty one', ['a: [1, 2]', 'a: []'], { a: [] }],
    ['a map key by key', ['a: {b: 1, c: 2}', 'a: {c: 3, d: 4}'], { a: { b: 1, c: 3, d: 4 } }],
    ['a map by an empty one changes nothing', ['a: {b: 1}', 'a: {}'], { a: { b: 1 } }],
    ['maps in maps', ['a: {b: {c: 1, d: 2}}', 'a: {b: {c: 3}}'], { a: { b: { c: 3, d: 2 } } }],
    ['a word by a list', ['a: ALL', 'a: [1]'], { a: [1] }],
    ['a path by a map', ['a: {x: /p}', 'a: {x: {path: /q}}'], { a: { x: { path: '/q' } } }],
    ['a map by a path', ['a: {x: {path: /q, gpus: cdi}}', 'a: {x: /p}'], { a: { x: '/p' } }],
    ['the last of several layers', ['a: 1\nb: 1', 'a: 2', 'a: 3', 'b: 2'], { a: 3, b: 2 }],
    ['items of a list are not merged', ['a: [{b: 1}]', 'a: [{c: 2}]'], { a: [{ c: 2 }] }],
  ])('%s', (_name, texts, value) => {
    expect(merge(...texts)).toMatchObject({ value, mistakes: [], notes: [] });
  });
});

describe('appending and removing', () => {
  test.each<[name: string, texts: string[], value: unknown, notes?: string[]]>([
    ['append', ['a: [1]', 'a+: [2, 3]'], { a: [1, 2, 3] }],
    ['append to an empty list', ['a: []', 'a+: [1]'], { a: [1] }],
    ['append to nothing', ['', 'a+: [1]'], { a: [1] }],
    ['append in two layers', ['a: [1]', 'a+: [2]', 'a+: [3]'], { a: [1, 2, 3] }],
    ['append after a replacement', ['a: [1]', 'a: [2]', 'a+: [3]'], { a: [2, 3] }],
    ['a replacement forgets what was appended', ['a: [1]', 'a+: [2]', 'a: [3]'], { a: [3] }],
    ['remove', ['a: [1, 2, 3]', 'a-: [2]'], { a: [1, 3] }],
    ['remove every copy', ['a: [1, 2, 1]', 'a-: [1]'], { a: [2] }],
    ['remove all', ['a: [1]', 'a-: [1]'], { a: [] }],
    ['remove, then append', ['a: [1, 2]', 'a+: [2]\na-: [1]'], { a: [2, 2] }],
    ['append what is removed in the same layer', ['a: [1, 2]', 'a+: [1]\na-: [1]'], { a: [2, 1] }],
    ['remove in a later layer what an earlier appended', ['a: [1]', 'a+: [2]', 'a-: [2]'], { a: [1] }],
    ['in nested maps', ['a: {b: {c: [1]}}', 'a: {b: {c+: [2]}}'], { a: { b: { c: [1, 2] } } }],
    ['in maps that are new', ['', 'a: {b: {c+: [2]}}'], { a: { b: { c: [2] } } }],
    ['onto a list in place of a map', ['a: /x', 'a: {c+: [2]}'], { a: { c: [2] } }],
    ['remove keys of a map', ['env: {A: x, B: y}', 'env-: [A]'], { env: { B: 'y' } }],
    ['exchange a key of a map', ['env: {A: x, B: y}', 'env: {A: z}\nenv-: [B]'], { env: { A: 'z' } }],
    ['set a key of a map anew', ['env: {A: x}', 'env: {A: z}\nenv-: [A]'], { env: { A: 'z' } }],
    [
      'remove what is not there',
      ['a: [1]', 'a-: [2]'],
      { a: [1] },
      ['config.yaml:1 a-: this is not in the inherited list, so nothing is removed'],
    ],
    [
      'remove from nothing',
      ['', 'a: {b-: [x, y]}'],
      { a: {} },
      [
        'config.yaml:1 a.b-: this is not in the inherited list, so nothing is removed',
        'config.yaml:1 a.b-: this is not in the inherited list, so nothing is removed',
      ],
    ],
    [
      'remove keys that are not there',
      ['env: {A: x}', 'env-: [B]'],
      { env: { A: 'x' } },
      ['config.yaml:1 env-: this is not in the inherited list, so nothing is removed'],
    ],
  ])('%s', (_name, texts, value, notes = []) => {
    expect(merge(...texts)).toMatchObject({ value, mistakes: [], notes });
  });

  test.each<[name: string, texts: string[]]>([
    ['append to a word', ['nvidia: {allowed_gpus: ALL}', 'nvidia: {allowed_gpus+: [0]}']],
    ['remove from a word', ['nvidia: {allowed_gpus: ALL}', 'nvidia: {allowed_gpus-: [0]}']],
    ['append to a map', ['nvidia: {allowed_gpus: {}}', 'nvidia: {allowed_gpus+: [0]}']],
  ])('%s: refused, as to do nothing could leave more allowed than meant', (_name, texts) => {
    expect(merge(...texts).mistakes).toEqual([
      'config.yaml:1 nvidia.allowed_gpus is not a list here (default.yaml:1): write the whole list',
    ]);
  });
});

describe('removal is by meaning', () => {
  test.each<[name: string, below: string, removal: string, left: unknown]>([
    [
      'a flag and a list of it',
      'args: {run: {available: [-t, --init]}}',
      'args: {run: {available-: [[-t]]}}',
      ['--init'],
    ],
    ['a list and its flag', 'args: {run: {available: [[-t]]}}', 'args: {run: {available-: [-t]}}', []],
    [
      'aliases in another order',
      'args: {run: {available: [[-t, --tty]]}}',
      'args: {run: {available-: [[--tty, -t]]}}',
      [],
    ],
    [
      'fewer aliases',
      'args: {run: {available: [[-t, --tty]]}}',
      'args: {run: {available-: [--tty]}}',
      [['-t', '--tty']],
    ],
    [
      'values in another order',
      "args: {run: {available: [[--network=none, '=bridge']]}}",
      "args: {run: {available-: [[--network=bridge, '=none']]}}",
      [],
    ],
    [
      'fewer values',
      "args: {run: {available: [[--network=none, '=bridge']]}}",
      'args: {run: {available-: [--network=bridge]}}',
      [['--network=none', '=bridge']],
    ],
    [
      'any value is not no value',
      'args: {run: {available: [--workdir=]}}',
      'args: {run: {available-: [--workdir]}}',
      ['--workdir='],
    ],
    [
      'a bounded value',
      'args: {run: {available: [{flag: --cpus, max: 16}]}}',
      'args: {run: {available-: [{max: 16, flag: [--cpus]}]}}',
      [],
    ],
    [
      'another bound',
      'args: {run: {available: [{flag: --cpus, max: 16}]}}',
      'args: {run: {available-: [{flag: --cpus, max: 17}]}}',
      [{ flag: '--cpus', max: 16 }],
    ],
    ['capabilities', 'caps_drop: [ALL, NET_RAW]', 'caps_drop-: [cap_net_raw, all]', []],
    ['a capability that begins so', 'caps_drop: [SYS_PTRACE]', 'caps_drop-: [SYS]', ['SYS_PTRACE']],
    ['GPUs', "nvidia: {allowed_gpus: [0, '1']}", "nvidia: {allowed_gpus-: ['0', 1]}", []],
    ['mounts', 'volume_mounts: {available: [/a:/b]}', "volume_mounts: {available-: ['/a:/b:rw']}", []],
    [
      'mounts as maps',
      'volume_mounts: {available: [/a:/b]}',
      "volume_mounts: {available-: [{mount: '/a:/b', create: false}]}",
      [],
    ],
    ['free targets', "volume_mounts: {available: ['/a']}", "volume_mounts: {available-: ['/a:']}", []],
    [
      'mounts that also make',
      "volume_mounts: {available: [{mount: '/a:/b', create: true}]}",
      'volume_mounts: {available-: [/a:/b]}',
      [{ mount: '/a:/b', create: true }],
    ],
    [
      'mounts that only read',
      "volume_mounts: {available: ['/a:/b:ro']}",
      'volume_mounts: {available-: [/a:/b]}',
      ['/a:/b:ro'],
    ],
    [
      'variables',
      "volume_mounts: {available: ['${home}:/b']}",
      "volume_mounts: {available-: ['${home}:/b']}",
      [],
    ],
    [
      'variables and what they could stand for',
      "volume_mounts: {available: ['/home:/b']}",
      "volume_mounts: {available-: ['${home}:/b']}",
      ['/home:/b'],
    ],
    [
      'regular expressions, as they are written',
      "images: {allowed: ['a.*', 'a..*']}",
      "images: {allowed-: ['a.*']}",
      ['a..*'],
    ],
  ])('%s', (_name, below, removal, left) => {
    const { value } = merge(below, removal);
    const lists = (node: unknown): unknown[] =>
      Array.isArray(node) ? [node] : Object.values(node ?? {}).flatMap(lists);
    expect(lists(value)).toEqual([left]);
  });
});

describe('origins', () => {
  const { tree } = merge(
    'a: 1\nb: [x, y]\nmap:\n  c: 1\n  d: 2\n',
    '# config\nb+: [z]\nmap:\n  d: 3\n',
    'b-: [x]\n',
  );
  const loaded = { origins: collectOrigins(tree) };
  const at = (path: string) => {
    const origin = originOf(loaded, path);
    return origin === undefined ? undefined : `${origin.layer} ${origin.file}:${origin.line}`;
  };

  test.each<[path: string, origin: string | undefined]>([
    ['a', 'default default.yaml:1'],
    ['b[0]', 'default default.yaml:2'],
    ['b[1]', 'config config.yaml:2'],
    ['b', 'group group.yaml:1'],
    ['map', 'config config.yaml:3'],
    ['map.c', 'default default.yaml:4'],
    ['map.d', 'config config.yaml:4'],
    ['map.d.deeper[3].still', 'config config.yaml:4'],
    ['map.none', 'config config.yaml:3'],
    ['b[9]', 'group group.yaml:1'],
    ['none', undefined],
    ['', undefined],
  ])('%s', (path, origin) => {
    expect(at(path)).toBe(origin);
  });
});

describe('properties', () => {
  const word: fc.Arbitrary<string> = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const list = fc.array(word, { maxLength: 6 });
  const operation = fc.record({ key: fc.constantFrom('x', 'x+', 'x-'), list });
  const write = ({ key, list: items }: { key: string; list: string[] }) => `${key}: [${items.join(', ')}]`;
  const x = (tree: ConfigNode): readonly unknown[] => {
    const value = plain(tree);
    const found: unknown = typeof value === 'object' && value !== null ? (Reflect.get(value, 'x') ?? []) : [];
    return Array.isArray(found) ? found : expect.fail('x is no list');
  };

  test('a removal leaves nothing but what was there, in its order, and none of what is removed', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 4 }), list, (operations, removed) => {
        const texts = ['x: [a, b, c]', ...operations.map(write)];
        const before = x(merge(...texts).tree);
        const after = x(merge(...texts, write({ key: 'x-', list: removed })).tree);
        expect(after).toEqual(before.filter((item) => !removed.includes(String(item))));
      }),
    );
  });

  test('an addition takes nothing away', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 4 }), list, (operations, added) => {
        const texts = ['x: [a, b, c]', ...operations.map(write)];
        const before = x(merge(...texts).tree);
        expect(x(merge(...texts, write({ key: 'x+', list: added })).tree)).toEqual([...before, ...added]);
      }),
    );
  });

  test('after a replacement nothing of the layers below is left', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 4 }), list, (operations, items) => {
        const texts = ['x: [a, b, c]', ...operations.map(write)];
        expect(x(merge(...texts, write({ key: 'x', list: items })).tree)).toEqual(items);
      }),
    );
  });

  test('every item and every key has the origin of a layer that holds it', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 3 }), (operations) => {
        const texts = ['x: [a, b, c]', ...operations.map(write)];
        const { tree } = merge(...texts);
        const origins = collectOrigins(tree);
        x(tree).forEach((item, index) => {
          const layer = origins.get(`x[${index}]`)?.layer;
          const source = texts.find((_, at) => (layerNames[at] ?? 'uid') === layer);
          expect(source).toContain(String(item));
        });
      }),
    );
  });

  test('layers that say nothing change nothing', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 3 }), (operations) => {
        const texts = operations.map(write);
        expect(merge('x: [a]', '', ...texts, '# nothing').value).toEqual(merge('x: [a]', ...texts).value);
      }),
    );
  });
});
