import { describe, expect, test } from 'vitest';
import { UserdockerError } from '../src/domain/errors.ts';
import { type Frame, frameCommand, parseFrame } from '../src/frame.ts';

const nothing: Frame = {
  help: false,
  version: false,
  quiet: false,
  debug: false,
  dryRun: false,
  noDefaultArgs: false,
  executor: undefined,
  command: undefined,
  args: [],
};

function problemOf(argv: readonly string[]): string {
  try {
    parseFrame(argv);
  } catch (error) {
    if (error instanceof UserdockerError && error.failure.code === 'usage') return error.failure.message;
    throw error;
  }
  return '';
}

describe('the options before the command', () => {
  test.each<[readonly string[], Partial<Frame>]>([
    [[], {}],
    [['ps'], { command: 'ps' }],
    [['-h'], { help: true }],
    [['--help', 'run'], { help: true, command: 'run' }],
    [['--version'], { version: true }],
    [['-q', 'ps'], { quiet: true, command: 'ps' }],
    [['--quiet', '-n', 'ps'], { quiet: true, dryRun: true, command: 'ps' }],
    [['-qn', 'ps'], { quiet: true, dryRun: true, command: 'ps' }],
    [['--debug', '--dry-run', 'ps'], { debug: true, dryRun: true, command: 'ps' }],
    [['--no-default-args', 'run'], { noDefaultArgs: true, command: 'run' }],
    [['--executor', 'nvidia-docker', 'run'], { executor: 'nvidia-docker', command: 'run' }],
    [['--executor=nvidia-docker', 'run'], { executor: 'nvidia-docker', command: 'run' }],
    [['--executor=', 'run'], { executor: '', command: 'run' }],
    [['--', 'run', '-n'], { command: 'run', args: ['-n'] }],
    [['--', '-n'], { command: '-n' }],
    [[''], { command: '' }],
    [['-'], { command: '-' }],
  ])('%j', (argv, expected) => expect(parseFrame(argv)).toEqual({ ...nothing, ...expected }));

  test.each([
    [['--privileged', 'ps'], '--privileged'],
    [['-x', 'ps'], '-x'],
    [['-nx', 'ps'], '-x'],
    [['--default-args', 'run'], '--default-args'],
    [['--dry', 'run'], '--dry'],
    [['--executor'], '--executor'],
    [['-q', '--debug', 'ps'], 'conflict|cannot be used'],
    [['--quiet=false', 'ps'], '--quiet'],
    [['-H', 'tcp://evil', 'ps'], '-H'],
    [['--config', '/x', 'ps'], '--config'],
    [['--context=x', 'ps'], '--context'],
  ])('wrong usage: %j', (argv, named) => {
    expect(problemOf(argv)).toMatch(new RegExp(named));
    expect(problemOf(argv)).not.toContain('\n');
  });

  test('a near miss is told', () => {
    expect(problemOf(['--dryrun', 'ps'])).toContain('--dry-run');
  });
});

describe('what follows the command is the command’s, as it was', () => {
  test.each([
    [['-n', '--help', '-q', '--debug', '--version', '--executor', 'x']],
    [['--', '--', '-n']],
    [['', ' ', '-', '--', '\n', 'é', '-rm', '$HOME', '--no-default-args']],
    [['--unknown', '--executor=x']],
  ])('%j', (args) => {
    expect(parseFrame(['run', ...args])).toEqual({ ...nothing, command: 'run', args });
    expect(parseFrame(['-n', 'run', ...args])).toEqual({ ...nothing, dryRun: true, command: 'run', args });
  });
  test('also behind --', () => {
    expect(parseFrame(['--', 'run', '--', 'x']).args).toEqual(['--', 'x']);
  });
});

test('every option has a word of explanation', () => {
  expect(frameCommand().options.map(({ description }) => description.length > 10)).not.toContain(false);
  expect(frameCommand().options.length).toBe(7);
});
