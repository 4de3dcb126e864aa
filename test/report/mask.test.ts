import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskEnvironment, maskText } from '../../src/report/mask.ts';

/** One line a case: the words, then what is kept. */
describe('values of -e in every spelling', () => {
  it.each([
    ['run -e A=secret debian', 'run -e A=*** debian'],
    ['run -eA=secret debian', 'run -eA=*** debian'],
    ['run -e=A=secret debian', 'run -e=A=*** debian'],
    ['run -ite A=secret debian', 'run -ite A=*** debian'],
    ['run -iteA=secret debian', 'run -iteA=*** debian'],
    ['run -ite=A=secret debian', 'run -ite=A=*** debian'],
    ['run --env A=secret debian', 'run --env A=*** debian'],
    ['run --env=A=secret debian', 'run --env=A=*** debian'],
    ['run -e A=secret -e B=secret -it debian', 'run -e A=*** -e B=*** -it debian'],
    ['run -e A=x=secret debian', 'run -e A=*** debian'],
    ['run -e A= debian', 'run -e A=*** debian'],
    ['run -e -eA=secret debian', 'run -e -eA=*** debian'],
    ['-n --executor=x run -e A=secret debian', '-n --executor=x run -e A=*** debian'],
    ['exec -te A=secret web env', 'exec -te A=*** web env'],
  ])('%s', (asked, kept) => expect(maskEnvironment(asked.split(' ')).words.join(' ')).toBe(kept));
});

describe('mistakes are masked as well', () => {
  it.each([
    ['run --en=A=secret debian', 'run --en=A=*** debian'],
    ['run --environment A=secret debian', 'run --environment A=*** debian'],
    ['run --ENV A=secret debian', 'run --ENV A=*** debian'],
    ['run -env A=secret debian', 'run -env A=*** debian'],
    ['run -xe A=secret debian', 'run -xe A=*** debian'],
    ['run -E A=secret debian', 'run -E A=*** debian'],
    ['run -e secret! debian', 'run -e *** debian'],
    ['run -e', 'run -e'],
  ])('%s', (asked, kept) => expect(maskEnvironment(asked.split(' ')).words.join(' ')).toBe(kept));
});

describe('everything else is kept', () => {
  it.each([
    'run -e NAME debian',
    'run --env=NAME debian',
    'run -v /e/x:/y --network=none --entrypoint=/bin/sh debian A=b',
    'run --env-file /home/alice/e=f debian',
    'run --env-file=/home/alice/e=f debian',
    'run -v/e=x:/y debian',
    'ps -a --filter name=x',
    'run -w /x -u wheel debian sleep 1',
  ])('%s', (asked) => expect(maskEnvironment(asked.split(' ')).words.join(' ')).toBe(asked));

  it('an empty word', () =>
    expect(maskEnvironment(['run', '-e', '', '']).words).toEqual(['run', '-e', '', '']));

  it("the container's own command line, where it is known", () => {
    const words = ['run', '-e', 'A=secret', 'perl', 'perl', '-e', 'print 1=1'];
    expect(maskEnvironment(words, 3).words).toEqual([
      'run',
      '-e',
      'A=***',
      'perl',
      'perl',
      '-e',
      'print 1=1',
    ]);
    expect(maskEnvironment(words).words).toEqual(['run', '-e', 'A=***', 'perl', 'perl', '-e', 'print 1=***']);
  });
  it('a payload longer than the words', () => {
    expect(maskEnvironment(['-e', 'A=b'], 5).words).toEqual(['-e', 'A=b']);
  });
});

describe('messages', () => {
  const masked = maskEnvironment(['run', '-e', 'TOKEN=hunter22', '-e', 'N=1', '-e', 'X=']);
  it.each([
    ['-e TOKEN=hunter22 is refused', '-e TOKEN=*** is refused'],
    ['the value hunter22 is refused', 'the value *** is refused'],
    ['-e N=1 is refused in line 1', '-e N=*** is refused in line 1'],
    ['nothing to hide', 'nothing to hide'],
  ])('%s', (message, shown) => expect(maskText(message, masked)).toBe(shown));
});

it('no value of any name and spelling is left, whatever stands around it', () => {
  const spelling = fc.constantFrom(
    (text: string) => ['-e', text],
    (text: string) => [`-e${text}`],
    (text: string) => [`-e=${text}`],
    (text: string) => ['-ite', text],
    (text: string) => [`-dite${text}`],
    (text: string) => ['--env', text],
    (text: string) => [`--env=${text}`],
  );
  const other = fc.constantFrom('-it', '--rm', '-v', '/a:/b', '--name=x', '-w/x', '-d', '-e', 'debian', '--');
  fc.assert(
    fc.property(
      fc.array(other),
      fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/),
      spelling,
      fc.array(other),
      (before, name, spell, after) => {
        const { words } = maskEnvironment([...before, ...spell(`${name}=sEcReT`), ...after]);
        expect(words.join(' ')).not.toContain('sEcReT');
      },
    ),
  );
});
