import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ControlStyle, shellCommand, shellQuote } from '../../src/report/shell.ts';

const odd = [
  '',
  ' ',
  "'",
  "''",
  '"',
  '\\',
  '$HOME',
  '`id`',
  '$(id)',
  '*',
  '?',
  '[a]',
  '{a,b}',
  '~',
  '~root',
  '#',
  '!',
  '!!',
  'a=b',
  '=ls',
  '-',
  '--',
  '--flag=value',
  '--flag=a b',
  'a;b',
  'a&b',
  'a|b',
  '<',
  '>',
  '(',
  ')',
  'a\nb',
  '\n',
  '\t',
  '\u001b[31m',
  '\u007f',
  '\u202e',
  'ä€😀',
  '\\033',
  "$'a'",
  '%s',
  'a,b:c@d+e/f.g_h',
];

describe('shellCommand', () => {
  it.each<[Record<string, string>, readonly string[], string]>([
    [
      {},
      ['/usr/bin/docker', 'run', '--rm', '--user=1000:100', '--', 'debian', 'echo', 'a b'],
      "/usr/bin/docker run --rm --user=1000:100 -- debian echo 'a b'",
    ],
    [{ NV_GPU: '0,1', A: "it's" }, ['/usr/bin/docker', 'ps'], "NV_GPU=0,1 A='it'\\''s' /usr/bin/docker ps"],
    [{ EMPTY: '' }, ['x'], "EMPTY='' x"],
    [{}, ['A=b', 'A=b'], "'A=b' A=b"],
    [{}, ['if', 'if'], "'if' if"],
    [{}, ['/bin/x', '=ls', '~', '{a,b}'], "/bin/x '=ls' '~' '{a,b}'"],
  ])('%j %j', (env, words, line) => expect(shellCommand({ env, words })).toBe(line));

  it.each(['', '1A', 'A-B', 'A B', 'A=', 'A;id'])('no variable can be called %j', (name) => {
    expect(() => shellCommand({ env: { [name]: 'x' }, words: ['x'] })).toThrow('no name of a variable');
  });
});

describe('escaped for a terminal', () => {
  it.each([
    ['a\u001b[31mb', "$'a\\033[31mb'"],
    ["it's\n1", "$'it\\'s\\0121'"],
    ['\\\u0007', "$'\\\\\\007'"],
    ['\u202e', "$'\\342\\200\\256'"],
    ['a b', "'a b'"],
    ['ä', "'ä'"],
  ])('%j', (word, quoted) => expect(shellQuote(['x', word], 'escaped')).toBe(`x ${quoted}`));
});

/** What a real shell makes of the line, each word ended by NUL. */
function readBack(shell: string, line: string): readonly string[] {
  const { stdout } = spawnSync(shell, ['-c', line], { encoding: 'utf8', env: { HOME: '/wrong' }, cwd: '/' });
  return stdout.split('\0').slice(0, -1);
}

describe.each<[string, ControlStyle]>([
  ['/bin/sh', 'raw'],
  ['/bin/bash', 'raw'],
  ['/bin/bash', 'escaped'],
])('%s reads back what was quoted %s', (shell, style) => {
  const quoted = (words: readonly string[]) => shellQuote(['/usr/bin/printf', '%s\\0', ...words], style);

  it('odd words', () => expect(readBack(shell, quoted(odd))).toEqual(odd));

  it('any words', () => {
    const word = fc.string({ unit: 'binary' }).filter((text) => !/[\0\p{Cs}]/u.test(text));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (words) => {
        expect(readBack(shell, quoted(words))).toEqual(words);
      }),
      { numRuns: 40 },
    );
  });

  it('variables', () => {
    const env = Object.fromEntries(odd.map((value, index) => [`V${index}`, value]));
    const names = Object.keys(env)
      .map((name) => `"$${name}"`)
      .join(' ');
    const line = shellCommand({ env, words: ['/bin/sh', '-c', `printf '%s\\0' ${names}`] }, style);
    expect(readBack(shell, line)).toEqual(odd);
  });
});
