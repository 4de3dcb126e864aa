/** What the engine repeats in everybody's lists is bounded. */
import { describe, expect, test } from 'vitest';
import { judgeSizes } from '../../src/policy/image-size.ts';

const rules = (configuration: number, labels: readonly string[] = []) =>
  judgeSizes(configuration, labels).map(({ rule, message }) => `${rule}: ${message}`);

describe('an image', () => {
  test('may bring as much as 256 KiB', () => expect(rules(262_144)).toEqual([]));
  test('and no byte more', () =>
    expect(rules(262_145)).toEqual(["images: the image's labels and variables take more than 262144 bytes"]));
});

describe('labels of one’s own', () => {
  const half = 'x'.repeat(8192);
  test('may take 16 KiB together', () => expect(rules(0, [half, half])).toEqual([]));
  test('and no byte more', () =>
    expect(rules(0, [half, half, 'y'])).toEqual(['args.run: your labels take more than 16384 bytes']));
  test('are told beside the image', () => expect(rules(262_145, [half, half, 'y'])).toHaveLength(2));
});
