import { describe, expect, it } from 'vitest';
import { configError, denied, type Failure, unavailable, usage } from '../../src/domain/errors.ts';
import { loadPainter } from '../../src/report/painter.ts';
import { renderFailure, renderNote } from '../../src/report/render.ts';

const origin = { layer: 'config', file: '/etc/userdocker/config.yaml', line: 12 } as const;
const twoReasons = denied(
  { rule: 'args.run.available', message: '--privileged is not offered', instead: 'leave it out', origin },
  { rule: 'images.allowed', message: 'the image evil:latest is not allowed' },
).failure;

const asUser = (failure: Failure, width?: number) => renderFailure(failure, { isRoot: false, width });
const asRoot = (failure: Failure) => renderFailure(failure, { isRoot: true });

describe('what a user reads', () => {
  it('every reason of a refusal: what, which rule, what instead', () => {
    expect(asUser(twoReasons)).toBe(
      [
        'userdocker: denied: --privileged is not offered',
        '  Rule: args.run.available',
        '  Instead: leave it out',
        'userdocker: denied: the image evil:latest is not allowed',
        '  Rule: images.allowed',
        '',
      ].join('\n'),
    );
  });
  it('a refusal without a reason is still one', () => {
    expect(asUser({ code: 'denied', reasons: [] })).toBe('userdocker: denied: no rule allows this\n');
  });
  it.each([
    [
      usage('unknown option: --foo', 'try --help').failure,
      'userdocker: unknown option: --foo\n  Hint: try --help\n',
    ],
    [usage('unknown option: --foo').failure, 'userdocker: unknown option: --foo\n'],
    [
      unavailable('docker is missing', 'tell an admin').failure,
      'userdocker: docker is missing\n  Hint: tell an admin\n',
    ],
  ])('%j', (failure, text) => expect(asUser(failure)).toBe(text));
  it('a note', () =>
    expect(renderNote('renamed a\u001b to b', {})).toBe('userdocker: renamed a\\x1b to b\n'));
});

describe('root reads where it is written', () => {
  it('the origin of a rule', () => {
    expect(asRoot(twoReasons)).toContain('  Rule: args.run.available (/etc/userdocker/config.yaml:12)\n');
  });
});

const problems = configError(
  {
    file: '/etc/userdocker/config.yaml',
    line: 3,
    column: 7,
    sourceLine: 'caps: [SECRET]',
    message: 'unknown key: caps',
  },
  { file: '/etc/userdocker/config.yaml', line: 9, message: 'not a number' },
  { file: '/etc/userdocker/user/config_alice.yaml', message: 'is writable by group or others' },
).failure;

describe('errors of the configuration', () => {
  it('a user learns the files, each once, and nothing of what is in them', () => {
    expect(asUser(problems)).toBe(
      [
        'userdocker: the configuration has an error: nothing can be run until an admin mends it',
        '  File: /etc/userdocker/config.yaml',
        '  File: /etc/userdocker/user/config_alice.yaml',
        '',
      ].join('\n'),
    );
  });
  it('root gets each one with its line and a caret', () => {
    expect(asRoot(problems)).toBe(
      [
        'userdocker: /etc/userdocker/config.yaml:3:7: unknown key: caps',
        '     3 | caps: [SECRET]',
        '       |       ^',
        'userdocker: /etc/userdocker/config.yaml:9: not a number',
        'userdocker: /etc/userdocker/user/config_alice.yaml: is writable by group or others',
        '',
      ].join('\n'),
    );
  });
  it.each([
    ['\t\tkey: x', 3, '  key: x', '  ^'],
    ['é😀: x', 6, 'é😀: x', '    ^'],
    ['a\u001b[0m: x', 8, 'a\\x1b[0m: x', '          ^'],
    [
      `${'x'.repeat(300)}bad${'y'.repeat(300)}`,
      301,
      `${'x'.repeat(50)}bad${'y'.repeat(67)}`,
      `${' '.repeat(50)}^`,
    ],
    ['short', 99, '', '^'],
  ])('the caret stands below the column: %j', (sourceLine, column, shown, caret) => {
    const { failure } = configError({ file: '/f', line: 1, column, sourceLine, message: 'm' });
    expect(asRoot(failure)).toBe(`userdocker: /f:1:${column}: m\n     1 | ${shown}\n       | ${caret}\n`);
  });
});

describe('nothing in a message reaches the terminal as more than text', () => {
  const evil = 'a\u001b[2J\u009b1m\u202eb\nuserdocker: denied: nothing';
  it.each<[string, Failure]>([
    ['usage', usage(evil, evil).failure],
    ['unavailable', unavailable(evil, evil).failure],
    [
      'denied',
      denied({ rule: evil, message: evil, instead: evil, origin: { ...origin, file: evil } }).failure,
    ],
    ['config', configError({ file: evil, line: 1, column: 3, sourceLine: evil, message: evil }).failure],
  ])('%s', (_, failure) => {
    for (const isRoot of [true, false]) {
      const text = renderFailure(failure, { isRoot });
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      expect(text).not.toMatch(/^userdocker: denied: nothing/m);
    }
  });
});

describe('width', () => {
  const long = denied({
    rule: 'r',
    message: 'word '.repeat(60).trim(),
    instead: 'other '.repeat(30).trim(),
  }).failure;
  it.each([
    [80, 80],
    [20, 60],
    [1000, 200],
  ])('%i columns: lines of at most %i', (width, most) => {
    const lines = asUser(long, width).trimEnd().split('\n');
    const longest = Math.max(...lines.map((line) => line.length));
    expect(longest).toBeLessThanOrEqual(most);
    expect(longest).toBeGreaterThan(most - 6);
    expect(lines[0]).toMatch(/^userdocker: denied: word/);
    expect(lines.filter((line) => line.startsWith('    '))).not.toEqual([]);
  });
  it('not on a terminal: a message is a line', () => {
    expect(asUser(long).split('\n')).toHaveLength(4);
  });
});

describe('colour', () => {
  it('says nothing that the words do not say', async () => {
    const paint = await loadPainter(true);
    for (const failure of [twoReasons, problems, usage('a', 'b').failure]) {
      for (const isRoot of [true, false]) {
        const coloured = renderFailure(failure, { isRoot, paint, width: 60 });
        expect(coloured).toContain('\u001b[31m');
        expect(coloured.replace(/\u001b\[[0-9;]*m/g, '')).toBe(renderFailure(failure, { isRoot, width: 60 }));
      }
    }
  });
  it('is off by default', async () => {
    expect((await loadPainter(false)).error('x')).toBe('x');
    expect(asUser(twoReasons)).not.toContain('\u001b');
  });
});
