import { describe, expect, test } from 'vitest';
import { decodeText, readDocument } from '../../src/config/document.ts';
import { keyPlaceAt, placeAt, plain } from '../../src/config/node.ts';

const read = (text: string) => readDocument({ layer: 'config', file: '/etc/userdocker/config.yaml', text });
const mistakesOf = (text: string) =>
  read(text).mistakes.map(({ place, message }) => `${place.line}:${place.column} ${message}`);

describe('what is read', () => {
  test.each<[name: string, text: string, value: unknown]>([
    ['nothing', '', {}],
    ['comments only', '# a\n\n  # b\n\t', {}],
    ['comments only, CRLF', '# a: [\r\n\r\n#b', {}],
    ['a comment and a setting', '# a\nb: 1 # c', { b: 1 }],
    ['an explicit null', 'null\n', {}],
    [
      'scalars',
      'a: 1\nb: -1\nc: 1.5\nd: true\ne: null\nf: text\n',
      { a: 1, b: -1, c: 1.5, d: true, e: null, f: 'text' },
    ],
    ['words of YAML 1.1', 'a: yes\nb: off\nc: 010x\n', { a: 'yes', b: 'off', c: '010x' }],
    ['an empty value', 'a:\n', { a: null }],
    ['flags', 'a: [-t, --tty, --workdir=]\n', { a: ['-t', '--tty', '--workdir='] }],
    ['a template', "a: '${home}:${home}'\n", { a: '${home}:${home}' }],
    ['JSON', '{"a": [1, {"b": "x\\/y"}], "c": null}', { a: [1, { b: 'x/y' }], c: null }],
    ['JSON with tabs', '{\n\t"a": 1,\n\t"b": [\n\t\t2\n\t]\n}\n', { a: 1, b: [2] }],
    ['CRLF', 'a: 1\r\nb: 2\r\n', { a: 1, b: 2 }],
    ['a document start', '---\na: 1\n', { a: 1 }],
    ['a quoted number', "a: '1.10'\n", { a: '1.10' }],
    ['names of prototypes', 'constructor: 1\ntoString: 3\n', { constructor: 1, toString: 3 }],
    ['merge keys as plain names', 'a: {<<: 1}\n', { a: { '<<': 1 } }],
  ])('%s', (_name, text, value) => {
    const { tree, mistakes } = read(text);
    expect(mistakes).toEqual([]);
    expect(JSON.parse(JSON.stringify(plain(tree)))).toEqual(value);
  });

  test('plain objects have no prototype', () => {
    expect(Object.getPrototypeOf(plain(read('a: {b: 1}').tree))).toBe(null);
  });

  test('a key that is written __proto__ changes no other object', () => {
    plain(read('__proto__: {polluted: 1}\na: {__proto__: {polluted: 1}}').tree);
    expect(Reflect.get({}, 'polluted')).toBe(undefined);
  });
});

describe('what is refused, and where', () => {
  test.each<[name: string, text: string, mistake: string]>([
    ['a list at the top', '- a\n', '1:1 settings are written as NAME: VALUE'],
    ['a text at the top', 'hello\n', '1:1 settings are written as NAME: VALUE'],
    ['a duplicate', 'a: 1\nb: 2\n a: 3\n'.replace(' a', 'a'), '3:1 a is already set in line 1'],
    ['a duplicate deeper down', 'x:\n  a: 1\n  a: 2\n', '3:3 a is already set in line 2'],
    ['a duplicate in JSON', '{"a": 1, "a": 2}', '1:10 a is already set in line 1'],
    ['a duplicate by another spelling', 'a: 1\n"a": 2\n', '2:1 a is already set in line 1'],
    ['an anchor', 'a: &x [1]\n', '1:7 anchors (&name) are not allowed'],
    ['a tag', 'a: !!str 1\n', '1:10 tags (!name) are not allowed'],
    [
      'a number that reads differently',
      'a: 1.10\n',
      '1:4 1.10 would be read as 1.1: write it so, or in quotes',
    ],
    ['an octal number', 'a: 0o17\n', '1:4 0o17 would be read as 15: write it so, or in quotes'],
    ['a leading zero', 'a: 010\n', '1:4 010 would be read as 10: write it so, or in quotes'],
    ['a hexadecimal number', 'a: 0x1f\n', '1:4 0x1f would be read as 31: write it so, or in quotes'],
    ['an exponent', 'a: 1e3\n', '1:4 1e3 would be read as 1000: write it so, or in quotes'],
    ['infinity', 'a: .inf\n', '1:4 .inf would be read as Infinity: write it so, or in quotes'],
    [
      'a number that does not fit',
      'a: 9007199254740993\n',
      '1:4 9007199254740993 would be read as 9007199254740992: write it so, or in quotes',
    ],
    ['another spelling of true', 'a: TRUE\n', '1:4 TRUE would be read as true: write it so, or in quotes'],
    ['a second document', 'a: 1\n---\nb: 2\n', '2:1 a second document (---) is not allowed'],
    ['a %YAML directive', '%YAML 1.1\n---\na: yes\n', '1:1 a %YAML directive is not allowed'],
    ['a NUL', 'a: "x\0"\n', '1:6 a control character'],
    [
      'an escaped NUL',
      'a: 1\nb: "x\\0"\n',
      '2:4 a control character in a value (a text ends in one after "|" or ">")',
    ],
    ['an escaped newline in a key', '"a\\nb": 1\n', '1:1 a control character in a key'],
    ['an escape sequence', 'a: \u001b[31m\n', '1:4 a control character'],
    ['a C1 control character', 'a: \u009b\n', '1:4 a control character'],
    [
      'a block of text',
      'a: |\n  x\n',
      '1:4 a control character in a value (a text ends in one after "|" or ">")',
    ],
    ['a lone carriage return', 'a: 1\rb: 2\n', '1:5 a control character'],
    ['a byte order mark inside', 'a: \ufeffx\n', '1:4 a control character'],
    ['a name that zod passes over', 'a: {"__proto__": 1}\n', '1:5 __proto__ is no name'],
    ['a list as a key', '? [a]\n: 1\n', '1:3 a key must be a single word'],
  ])('%s', (_name, text, mistake) => {
    expect(mistakesOf(text)).toContain(mistake);
  });

  test('an alias', () => {
    expect(mistakesOf('a: &x 1\nb: *x\n')).toContain(
      '2:4 aliases (*name) are not allowed: write the value again',
    );
  });

  test.each<[name: string, text: string, line: number]>([
    ['an open bracket', 'a: 1\nb: [1\n', 3],
    ['an open quote', 'a: 1\nb: "x\n', 3],
    ['a tab as indentation', 'a:\n\tb: 1\n', 2],
    ['two values', 'a: 1\nb: [1] 2\n', 2],
    ['a local tag', 'a: 1\nb: !js/function "x"\n', 2],
  ])('%s', (_name, text, line) => {
    expect(read(text).mistakes.map(({ place }) => place.line)).toContain(line);
  });

  test('a hopeless file has no more than twenty mistakes', () => {
    const text = Array.from({ length: 100 }, () => 'a: &x 1.10\n').join('');
    expect(mistakesOf(text)).toHaveLength(20);
  });
});

describe('bombs fail cleanly', () => {
  const megabyte = 1024 * 1024;
  const billionLaughs = ['a: &a [x, x, x, x, x, x, x, x, x, x]']
    .concat(
      [...'bcdefghij'].map((name, index) => {
        const before = 'abcdefghi'.charAt(index);
        return `${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(', ')}]`;
      }),
    )
    .join('\n');

  test.each<[name: string, text: string]>([
    ['billion laughs', billionLaughs],
    ['an alias to itself', 'a: &a [*a]\n'],
    ['deep flow lists', '['.repeat(megabyte)],
    ['deep flow lists that are closed', `a: ${'['.repeat(megabyte / 2)}${']'.repeat(megabyte / 2)}`],
    ['deep block lists', `${'- '.repeat(megabyte / 2)}x`],
    ['deep explicit keys', '? '.repeat(megabyte / 2)],
    ['deep explicit keys further right', `a: ${'? '.repeat(megabyte / 2)}`],
    ['mixed indicators', '? - '.repeat(megabyte / 4)],
    ['deep flow lists with more in them', '[a, '.repeat(60_000)],
    ['seventeen levels', `a: ${'['.repeat(17)}${']'.repeat(17)}`],
    ['seventeen levels with more in them', `a: ${'[b, '.repeat(17)}${']'.repeat(17)}`],
    ['maps in a line', 'a: '.repeat(megabyte / 12)],
  ])('%s', { timeout: 60_000 }, (_name, text) => {
    expect(mistakesOf(text)).not.toEqual([]);
  });

  test('sixteen levels are fine, as no setting has more than six', () => {
    expect(mistakesOf(`a: ${'['.repeat(15)}${']'.repeat(15)}`)).toEqual([]);
  });

  test('many keys take a time that grows with their number only', { timeout: 30_000 }, () => {
    const text = Array.from({ length: 60_000 }, (_, index) => `key${index}: 1\n`).join('');
    expect(mistakesOf(text)).toEqual([]);
  });
});

describe('positions', () => {
  const text = 'a: 1\nlimits:\n  memory: 64g\nargs:\n  run: {always: [--rm, [-t, --tty]]}\n';
  const { tree } = read(text);
  const at = (...path: (string | number)[]) => {
    const { line, column } = placeAt(tree, path);
    return `${line}:${column}`;
  };

  test('of values', () => {
    expect(at('a')).toBe('1:4');
    expect(at('limits', 'memory')).toBe('3:11');
    expect(at('args', 'run', 'always', 0)).toBe('5:18');
    expect(at('args', 'run', 'always', 1, 1)).toBe('5:29');
  });

  test('of what is not there: that of what it would stand in', () => {
    expect(at('limits', 'cpus')).toBe('3:3');
    expect(at('args', 'run', 'always', 9)).toBe('5:17');
  });

  test('of keys', () => {
    expect(keyPlaceAt(tree, ['limits'], 'memory')).toEqual({
      layer: 'config',
      file: '/etc/userdocker/config.yaml',
      line: 3,
      column: 3,
    });
  });
});

describe('encodings', () => {
  const bytes = (...parts: (string | number[])[]) =>
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));

  test('UTF-8, with or without a byte order mark', () => {
    expect(decodeText(bytes('a: ä'))).toEqual({ ok: true, value: 'a: ä' });
    expect(decodeText(bytes([0xef, 0xbb, 0xbf], 'a: 1'))).toEqual({ ok: true, value: 'a: 1' });
  });

  test.each<[name: string, bytes: Uint8Array]>([
    ['UTF-16, little-endian', Buffer.from('\ufeffa: 1', 'utf16le')],
    ['UTF-16, big-endian', bytes([0xfe, 0xff, 0, 0x61])],
    ['Latin-1', bytes('a: ', [0xe4])],
    ['an overlong slash', bytes('a: ', [0xc0, 0xaf])],
    ['a surrogate', bytes('a: ', [0xed, 0xa0, 0x80])],
  ])('%s is refused', (_name, text) => {
    expect(decodeText(text)).toEqual({ ok: false, error: 'is not UTF-8 text' });
  });

  test('UTF-16 without a mark is UTF-8 with NULs, and refused as such', () => {
    const text = decodeText(Buffer.from('a: 1', 'utf16le'));
    expect(text.ok && mistakesOf(text.value)).toEqual(['1:2 a control character']);
  });
});
