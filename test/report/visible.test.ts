import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitted, hasInvisible, visible, wrap } from '../../src/report/visible.ts';

describe('visible', () => {
  it.each([
    ['plain text, ä € 😀 日本', 'plain text, ä € 😀 日本'],
    ['a\nb\r\tc', 'a\\nb\\r\\tc'],
    ['\u001b[31mred', '\\x1b[31mred'],
    ['\u0000\u0007\u007f', '\\x00\\x07\\x7f'],
    ['\u009b31m', '\\x9b31m'],
    ['user\u202etxt.exe', 'user\\u202etxt.exe'],
    ['\u2066a\u2069', '\\u2066a\\u2069'],
    ['a\u200bb\ufeff\u00ad', 'a\\u200bb\\ufeff\\xad'],
    ['a\u2028b\u2029', 'a\\u2028b\\u2029'],
    ['\ud800', '\\ud800'],
    ['\u{e0041}', '\\u{e0041}'],
    ['C:\\dir', 'C:\\dir'],
    ['', ''],
  ])('%j', (text, shown) => expect(visible(text)).toBe(shown));

  it('leaves nothing that a terminal obeys, in any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(visible(text)).not.toMatch(
          /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff]/u,
        );
        expect(hasInvisible(visible(text))).toBe(false);
      }),
    );
  });
});

describe('wrap', () => {
  it.each([
    ['aa bb cc', 5, 'aa bb\n  cc'],
    ['aa bb cc', 8, 'aa bb cc'],
    ['aa bb cc', undefined, 'aa bb cc'],
    ['a-very-long-path b', 5, 'a-very-long-path\n  b'],
    ['b a-very-long-path', 5, 'b\n  a-very-long-path'],
    ['  a b', 3, '  a\n  b'],
    ['', 5, ''],
  ])('%j in %s columns', (text, width, lines) => expect(wrap(text, width, '  ')).toBe(lines));

  it('loses no word', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z/]{1,12}$/)),
        fc.integer({ min: 1, max: 40 }),
        (words, width) => {
          expect(
            wrap(words.join(' '), width, '    ')
              .split(/\s+/)
              .filter((word) => word !== ''),
          ).toEqual(words);
        },
      ),
    );
  });
});

describe('fitted: text in columns, for a terminal', () => {
  const row =
    '  --network=none                      enforced, args.run.always (/etc/userdocker/config.yaml:3)';

  it('is left alone where there is none, and where it fits', () => {
    expect(fitted(row, undefined)).toBe(row);
    expect(fitted(row, 120)).toBe(row);
  });
  it.each([
    [
      80,
      [
        '  --network=none                      enforced, args.run.always',
        '                                      (/etc/userdocker/config.yaml:3)',
      ],
    ],
    // Narrower than 60 is treated as 60; the column lies too far to the right there.
    [
      20,
      [
        '  --network=none                      enforced,',
        '      args.run.always (/etc/userdocker/config.yaml:3)',
      ],
    ],
  ])('goes on below its column at %i', (width, lines) => {
    expect(fitted(row, width).split('\n')).toEqual(lines);
  });
  it('breaks plain lines, keeps empty ones and what has no blank', () => {
    const text = `${'word '.repeat(20).trim()}\n\n${'x'.repeat(90)}\n`;
    expect(fitted(text, 60)).toBe(
      `${'word '.repeat(12).trim()}\n    ${'word '.repeat(8).trim()}\n\n${'x'.repeat(90)}\n`,
    );
  });
});
