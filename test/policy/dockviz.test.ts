import { describe, expect, test } from 'vitest';
import { drawImageTree, humanSize, type ImageNode } from '../../src/policy/dockviz.ts';

function image(letter: string, layers: string, tags: string[] = [], parentId?: string): ImageNode {
  return { id: idOf(letter), layers: layers.split(''), tags, size: layers.length * 1_000_000, parentId };
}
function idOf(letter: string): string {
  return `sha256:${letter.repeat(64)}`;
}

describe('drawImageTree', () => {
  test('puts an image below the one whose layers it adds to', () => {
    const tree = drawImageTree([
      image('c', '123', ['tools:latest', 'tools:1']),
      image('a', '1', ['debian:12']),
      image('b', '12', ['debian:dev']),
      image('d', '9', ['box:latest']),
      image('e', '14', ['extra:1']),
    ]);
    expect(tree).toEqual([
      '├─dddddddddddd Virtual Size: 1.0 MB Tags: box:latest',
      '└─aaaaaaaaaaaa Virtual Size: 1.0 MB Tags: debian:12',
      '  ├─bbbbbbbbbbbb Virtual Size: 2.0 MB Tags: debian:dev',
      '  │ └─cccccccccccc Virtual Size: 3.0 MB Tags: tools:1, tools:latest',
      '  └─eeeeeeeeeeee Virtual Size: 2.0 MB Tags: extra:1',
    ]);
  });

  test('the nearest image that is there, where those between are not', () => {
    const tree = drawImageTree([image('a', '1', ['a:1']), image('c', '12345', ['c:1'])]);
    expect(tree[1]).toBe('  └─cccccccccccc Virtual Size: 5.0 MB Tags: c:1');
  });

  test.each([
    ['the same layers, no parent named: side by side', undefined, ['├─', '└─']],
    ['the same layers and the engine names the parent', idOf('a'), ['└─', '  └─']],
    ['a parent that is not to be seen', idOf('f'), ['├─', '└─']],
  ])('%s', (_, parent, starts) => {
    const tree = drawImageTree([image('a', '12', ['a:1']), image('b', '12', ['b:1'], parent)]);
    expect(tree.map((line) => /^[ │]*[├└]─/u.exec(line)?.[0])).toEqual(starts);
  });

  test('a parent that shares no layers is not believed', () => {
    const tree = drawImageTree([image('a', '7', ['a:1']), image('b', '12', ['b:1'], idOf('a'))]);
    expect(tree).toHaveLength(2);
    expect(tree[1]).toMatch(/^└─b/);
  });

  test('circles are drawn once', () => {
    const tree = drawImageTree([image('a', '1', ['a:1'], idOf('b')), image('b', '1', ['b:1'], idOf('a'))]);
    expect(tree).toHaveLength(2);
  });

  test('images without layers stand alone, and so does an image without tags', () => {
    const tree = drawImageTree([image('a', ''), image('b', '1')]);
    expect(tree).toEqual(['├─aaaaaaaaaaaa Virtual Size: 0.0 B', '└─bbbbbbbbbbbb Virtual Size: 1.0 MB']);
    expect(drawImageTree([])).toEqual([]);
  });
});

test.each([
  [0, '0.0 B'],
  [999, '999.0 B'],
  [1000, '1.0 KB'],
  [116_900_000, '116.9 MB'],
  [5_000_000_000_000_000, '5000.0 TB'],
])('humanSize(%d) is %s', (bytes, text) => {
  expect(humanSize(bytes)).toBe(text);
});
