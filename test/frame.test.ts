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

function failureOf(argv: readonly string[]): { readonly message: string; readonly hint?: string } {
  try {
    parseFrame(argv);
  } catch (error) {
    if (error instanceof UserdockerError && error.failure.code === 'usage') return error.failure;
    throw error;
  }
  return { message: '' };
}
const problemOf = (argv: readonly string[]) => failureOf(argv).message;
const hintOf = (argv: readonly string[]) => failureOf(argv).hint;

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
    [['-q', '--debug', 'ps'], '--quiet and --debug'],
    [['--quiet=false', 'ps'], '--quiet'],
    [['-H', 'tcp://evil', 'ps'], '-H'],
    [['--config', '/x', 'ps'], '--config'],
    [['--context=x', 'ps'], '--context'],
  ])('wrong usage: %j', (argv, named) => {
    expect(problemOf(argv)).toMatch(new RegExp(named));
    expect(problemOf(argv)).not.toContain('\n');
  });

  test('a near miss is told', () => {
    expect(hintOf(['--dryrun', 'ps'])).toBe('did you mean --dry-run?');
    expect(hintOf(['--no-def', 'ps'])).toBe('did you mean --no-default-args?');
  });
  test.each([
    [['-it', 'run', 'debian'], 'options of run stand behind it: userdocker run -it ...'],
    [['--volume=/a:/a', 'run'], 'options of run stand behind it: userdocker run --volume ...'],
    [['--gpu-free', 'ps'], 'options of ps stand behind it: userdocker ps --gpu-free ...'],
    [['-H', 'tcp://other', 'ps'], 'which engine is used, and how, is up to the admin'],
    [['--nonsense', 'ps'], 'try: userdocker --help'],
    [['--executor'], '--executor=NAME, see: userdocker --help'],
    [['--quiet=false', 'ps'], '--quiet'],
  ])('what to write in place of %j', (argv, hint) => expect(hintOf(argv)).toBe(hint));
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
