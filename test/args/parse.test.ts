import { describe, expect, it } from 'vitest';
import { type CommandName, grammarOf } from '../../src/args/grammar.ts';
import { unknownGlobalHint } from '../../src/args/hints.ts';
import { parseCommand } from '../../src/args/parse.ts';
import type { FlagSpec, ParsedCommand, ParseProblem } from '../../src/args/types.ts';

function parsed(
  command: CommandName,
  argv: readonly string[],
  extra: readonly FlagSpec[] = [],
): ParsedCommand {
  const result = parseCommand(grammarOf(command), argv, extra);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

function problem(command: CommandName, argv: readonly string[]): ParseProblem {
  const result = parseCommand(grammarOf(command), argv);
  if (result.ok) throw new Error(`read as ${JSON.stringify(result.value)}`);
  return result.error;
}

/** `--tty=true --workdir=/x | operands | payload`. */
function shown({ options, operands, payload }: ParsedCommand): string {
  const words = options.map(({ flag, value }) => `${flag}=${value}`);
  return [words, operands, payload].map((part) => part.join(' ')).join(' | ');
}

describe('what docker reads, and how', () => {
  const cases: readonly (readonly [CommandName, readonly string[], string])[] = [
    ['run', ['img'], ' | img | '],
    ['run', ['-t', 'img'], '--tty=true | img | '],
    ['run', ['-it', 'img', 'sh'], '--interactive=true --tty=true | img | sh'],
    ['run', ['-itd', 'img'], '--interactive=true --tty=true --detach=true | img | '],
    ['run', ['-ive/x:/y', 'img'], '--interactive=true --volume=e/x:/y | img | '],
    ['run', ['-ie/x:/y', 'img'], '--interactive=true --env=/x:/y | img | '],
    ['run', ['-w/x', 'img'], '--workdir=/x | img | '],
    ['run', ['-w', '/x', 'img'], '--workdir=/x | img | '],
    ['run', ['-w=/x', 'img'], '--workdir=/x | img | '],
    ['run', ['-w=', 'img'], '--workdir== | img | '],
    ['run', ['-w==', 'img'], '--workdir== | img | '],
    ['run', ['-itw=/x', 'img'], '--interactive=true --tty=true --workdir=/x | img | '],
    ['run', ['-itw', '/x', 'img'], '--interactive=true --tty=true --workdir=/x | img | '],
    ['run', ['--workdir', '/x', 'img'], '--workdir=/x | img | '],
    ['run', ['--workdir=/x', 'img'], '--workdir=/x | img | '],
    ['run', ['--workdir=', 'img'], '--workdir= | img | '],
    ['run', ['--workdir', '', 'img'], '--workdir= | img | '],
    ['run', ['-w', '', 'img'], '--workdir= | img | '],
    ['run', ['--workdir=a=b', 'img'], '--workdir=a=b | img | '],
    ['run', ['-w', '--rm', 'img'], '--workdir=--rm | img | '],
    ['run', ['-w', '--', 'img'], '--workdir=-- | img | '],
    ['run', ['-w', '-h', 'img'], '--workdir=-h | img | '],
    ['run', ['-wé', 'img'], '--workdir=é | img | '],
    ['run', ['--net', 'none', 'img'], '--network=none | img | '],
    ['run', ['--net-alias=a', '--network-alias=b', 'img'], '--network-alias=a --network-alias=b | img | '],
    ['run', ['--hostname', 'h', 'img'], '--hostname=h | img | '],
    ['run', ['--tty', 'true', 'x'], '--tty=true | true | x'],
    ['run', ['--tty=false', 'img'], '--tty=false | img | '],
    ['run', ['-t=false', 'img'], '--tty=false | img | '],
    ['run', ['-t=f', 'img'], '--tty=false | img | '],
    ['run', ['-it=0', 'img'], '--interactive=true --tty=false | img | '],
    ['run', ['--help=false', 'img'], ' | img | '],
    ['run', ['img', '-t', '--rm', '--', '-h', '--help'], ' | img | -t --rm -- -h --help'],
    ['run', ['--', 'img', '--', 'x'], ' | img | -- x'],
    ['run', ['-t', '--', '-img', '-x'], '--tty=true | -img | -x'],
    ['run', ['-', 'x'], ' | - | x'],
    ['run', ['', 'x'], ' |  | x'],
    ['run', ['--rm', '--rm', '--rm=true', 'img'], '--rm=true | img | '],
    ['run', ['-w', '/x', '--workdir=/x', 'img'], '--workdir=/x | img | '],
    ['run', ['-e', 'A=1', '-e', 'A=1', '-eA=2', 'img'], '--env=A=1 --env=A=1 --env=A=2 | img | '],
    ['run', ['--no-default-mounts', 'img'], '--no-default-mounts=true | img | '],
    ['exec', ['-it', 'c', 'ls', '-l'], '--interactive=true --tty=true | c | ls -l'],
    ['exec', ['c', '--', 'ls'], ' | c | -- ls'],
    ['exec', ['--', 'c', 'ls'], ' | c | ls'],
    ['rm', ['a', '-f', 'b'], '--force=true | a b | '],
    ['rm', ['a', '--', '-f'], ' | a -f | '],
    ['rm', ['--', 'a', '--'], ' | a -- | '],
    ['kill', ['a', '-s', 'TERM', 'b'], '--signal=TERM | a b | '],
    ['stop', ['--time', '3', 'a'], '--timeout=3 | a | '],
    ['stop', ['-t3', 'a'], '--timeout=3 | a | '],
    ['logs', ['-fn', '10', 'c'], '--follow=true --tail=10 | c | '],
    ['top', ['c'], ' | c | '],
    ['ps', ['-aq', '--filter', 'a=b', '-fc=d'], '--all=true --quiet=true --filter=a=b --filter=c=d |  | '],
    ['ps', ['--gpu-free'], '--gpu-free=true |  | '],
    ['port', ['c', '80/tcp'], ' | c 80/tcp | '],
    ['stats', [], ' |  | '],
    ['dockviz', ['-t'], '--tree=true |  | '],
  ];
  it.each(cases)('%s %j', (command, argv, expected) => {
    expect(shown(parsed(command, argv))).toBe(expected);
  });

  it('keeps empty and odd words of the payload', () => {
    const payload = ['', ' ', 'a\nb', '\u001b[0m', '--', '-', '\u{1F40B}', ''];
    expect(parsed('run', ['img', ...payload]).payload).toEqual(payload);
    expect(parsed('exec', ['-t', 'c', ...payload]).payload).toEqual(payload);
  });

  it('remembers how an option was spelled', () => {
    expect(parsed('run', ['-it', '--net=none', 'img']).options.map(({ spelled }) => spelled)).toEqual([
      '-i',
      '-t',
      '--net',
    ]);
  });
});

describe('what is refused', () => {
  const cases: readonly (readonly [CommandName, readonly string[], ParseProblem['kind'], string])[] = [
    ['run', ['--tt', 'img'], 'unknown-flag', '--tt'],
    ['run', ['--TTY', 'img'], 'unknown-flag', '--TTY'],
    ['run', ['--networ', 'none', 'img'], 'unknown-flag', '--networ'],
    ['run', ['-T', 'img'], 'unknown-flag', '-T'],
    ['run', ['-iT', 'img'], 'unknown-flag', '-T'],
    ['run', ['-t=', 'img'], 'unknown-flag', '-='],
    ['run', ['-\u{1F40B}', 'img'], 'unknown-flag', '-\u{1F40B}'],
    ['run', ['-rm', 'img'], 'unknown-flag', '-r'],
    ['ps', ['--rm'], 'unknown-flag', '--rm'],
    ['run', ['--constructor', 'img'], 'unknown-flag', '--constructor'],
    ['run', ['--__proto__', 'img'], 'unknown-flag', '--__proto__'],
    ['run', ['---tty', 'img'], 'bad-syntax', '---tty'],
    ['run', ['--=x', 'img'], 'bad-syntax', '--=x'],
    ['run', ['-test.v', 'img'], 'bad-syntax', '-test.v'],
    ['run', ['-dtest.v=1', 'img'], 'bad-syntax', '-dtest.v=1'],
    ['run', ['-w'], 'missing-value', '-w'],
    ['run', ['-iw'], 'missing-value', '-w'],
    ['run', ['--workdir'], 'missing-value', '--workdir'],
    ['run', ['--tty=', 'img'], 'bad-boolean', '--tty'],
    ['run', ['--tty=yes', 'img'], 'bad-boolean', '--tty'],
    ['run', ['--tty=tRUE', 'img'], 'bad-boolean', '--tty'],
    ['run', ['--tty= true', 'img'], 'bad-boolean', '--tty'],
    ['run', ['-t=on', 'img'], 'bad-boolean', '-t'],
    ['run', ['--help=x', 'img'], 'bad-boolean', '--help'],
    ['run', ['--rm', '--rm=false', 'img'], 'conflict', '--rm'],
    ['run', ['-w', '/x', '-w', '/y', 'img'], 'conflict', '-w'],
    ['run', ['--network=none', '--net=bridge', 'img'], 'conflict', '--net'],
    ['run', ['--network=none', '--network=none ', 'img'], 'conflict', '--network'],
    ['run', [], 'too-few', ''],
    ['run', ['-t'], 'too-few', ''],
    ['run', ['--'], 'too-few', ''],
    ['exec', ['c'], 'too-few', ''],
    ['exec', [], 'too-few', ''],
    ['rm', ['-f'], 'too-few', ''],
    ['ps', ['x'], 'too-many', 'x'],
    ['ps', ['--', '-a'], 'too-many', '-a'],
    ['attach', ['a', 'b'], 'too-many', 'b'],
    ['top', ['c', '-eo', 'pid'], 'too-many', '-eo'],
    ['top', ['c', 'aux'], 'too-many', 'aux'],
    ['port', ['a', 'b', 'c'], 'too-many', 'c'],
    ['run', ['-h', 'img'], 'help', '-h'],
    ['run', ['-ith', 'img'], 'help', '-h'],
    ['run', ['-hname', 'img'], 'help', '-h'],
    ['run', ['--help'], 'help', '--help'],
    ['run', ['--help=1', '--nonsense'], 'help', '--help'],
    ['ps', ['--help'], 'help', '--help'],
    ['rm', ['a', '-h'], 'help', '-h'],
  ];
  it.each(cases)('%s %j: %s', (command, argv, kind, spelled) => {
    expect(problem(command, argv)).toMatchObject({ command, kind, spelled });
  });

  it.each([
    ['run', ['---tty', 'img'], '---tty is no option', 'options begin with one or two dashes'],
    ['run', ['-dtest.v', 'img'], 'docker ignores -dtest.v', 'leave it out'],
    ['run', ['--tty=x', 'img'], '--tty is on or off, it can\'t be "x"', '--tty=true or --tty=false'],
    ['run', ['--help=x'], '--help can\'t be "x"', '--help'],
    ['run', ['--rm', '--rm=0', 'img'], '--rm is given twice, as true and as false', 'give it once'],
    ['run', ['-wa', '-wb', 'img'], '-w is given twice, as "a" and as "b"', 'give it once'],
    ['run', [], 'run needs IMAGE', 'usage: userdocker run [OPTIONS] IMAGE [COMMAND] [ARG...]'],
    ['exec', ['c'], 'exec needs COMMAND', 'usage: userdocker exec [OPTIONS] CONTAINER COMMAND [ARG...]'],
    ['exec', [], 'exec needs CONTAINER', 'usage: userdocker exec [OPTIONS] CONTAINER COMMAND [ARG...]'],
    [
      'rm',
      [],
      'rm needs CONTAINER [CONTAINER...]',
      'usage: userdocker rm [OPTIONS] CONTAINER [CONTAINER...]',
    ],
    ['ps', ['x'], 'ps takes no "x"', 'usage: userdocker ps [OPTIONS]'],
    [
      'attach',
      ['a', 'b'],
      'attach takes no "b" behind CONTAINER',
      'usage: userdocker attach [OPTIONS] CONTAINER',
    ],
    ['run', ['-iT', 'img'], 'run has no option -T (in -iT)', 'see: userdocker run --help'],
    ['run', ['-T', 'img'], 'run has no option -T', 'see: userdocker run --help'],
    ['run', ['--workdir'], '--workdir needs a value', '--workdir VALUE, or --workdir=VALUE'],
    ['run', ['-iw'], '-w needs a value', '-w VALUE, or -wVALUE'],
    ['run', ['-h'], 'help for run', undefined],
  ] as const)('%s %j: says what is wrong, and what would be right', (command, argv, message, hint) => {
    const { message: said, hint: advice } = problem(command, argv);
    expect([said, advice]).toEqual([message, hint]);
  });

  it('reads from left to right: the first mistake counts', () => {
    expect(problem('run', ['--nonsense', '--help']).kind).toBe('unknown-flag');
    expect(problem('run', ['--help', '--nonsense']).kind).toBe('help');
  });
});

describe('hints', () => {
  const cases: readonly (readonly [CommandName, readonly string[], string])[] = [
    ['run', ['--netwrk=none', 'img'], 'did you mean --network?'],
    ['run', ['--TTY', 'img'], 'did you mean --tty?'],
    ['run', ['-rm', 'img'], 'did you mean --rm?'],
    ['run', ['-name', 'x', 'img'], 'did you mean --name?'],
    [
      'run',
      ['--dry-run', 'img'],
      "userdocker's own options stand before the command: userdocker --dry-run ... run ...",
    ],
    ['ps', ['--publish-all'], '--publish-all is an option of run'],
    ['ps', ['--cidfile=x'], '--cidfile is an option of run'],
    ['ps', ['-w'], 'see: userdocker ps --help'],
    ['run', ['--inter', 'img'], "options can't be shortened: --interactive"],
    ['run', ['--netwo', 'img'], 'see: userdocker run --help'],
    ['run', ['--de', 'img'], 'see: userdocker run --help'],
    ['run', ['-interactive', 'img'], 'did you mean --interactive?'],
    ['run', ['-name=x', 'img'], 'did you mean --name?'],
    ['run', ['--tlsverify', 'img'], 'which engine is used, and how, is up to the admin'],
    ['run', ['-n', 'img'], "userdocker's own options stand before the command: userdocker -n ... run ..."],
    ['ps', ['-H', 'tcp://x'], 'which engine is used, and how, is up to the admin'],
    ['run', ['--xyzzy-plugh', 'img'], 'see: userdocker run --help'],
  ];
  it.each(cases)('%s %j', (command, argv, hint) => {
    expect(problem(command, argv).hint).toBe(hint);
  });
});

describe('hints for an option before the command', () => {
  it.each([
    ['-H', 'which engine is used, and how, is up to the admin'],
    ['--context', 'which engine is used, and how, is up to the admin'],
    ['--dry-rnu', 'did you mean --dry-run?'],
    ['--exec', 'did you mean --executor?'],
    ['--rm', 'options of run stand behind it: userdocker run --rm ...'],
    ['-it', 'options of run stand behind it: userdocker run -it ...'],
    ['--tail', 'options of logs stand behind it: userdocker logs --tail ...'],
    ['-iZ', 'try: userdocker --help'],
    ['--xyzzy', 'try: userdocker --help'],
  ])('%s', (spelled, hint) => {
    expect(unknownGlobalHint(spelled, ['--dry-run', '--executor', '--quiet'])).toBe(hint);
  });
});

describe('flags that only an admin knows', () => {
  const extra: readonly FlagSpec[] = [
    { long: '--new', type: 'bool', repeatable: false, extra: true },
    { long: '--newer', short: '-N', type: 'text', repeatable: false, extra: true },
  ];
  it('are read by their kind', () => {
    expect(shown(parsed('run', ['--new', '-Nx', 'img'], extra))).toBe('--new=true --newer=x | img | ');
  });
  it('do not change what docker knows', () => {
    const shadow: FlagSpec = { long: '--rm', type: 'text', repeatable: true, extra: true };
    expect(shown(parsed('run', ['--rm', 'img'], [shadow]))).toBe('--rm=true | img | ');
  });
  it('are unknown without the entry', () => {
    expect(problem('run', ['--new', 'img']).kind).toBe('unknown-flag');
  });
});
