import { describe, expect, test } from 'vitest';
import { argumentEntry, fittingEntry } from '../../src/config/argument-entry.ts';
import type { Subcommand } from '../../src/config/subcommands.ts';
import { sampleVariables } from '../../src/config/variables.ts';
import type { ArgumentValues, CommandArguments } from '../../src/domain/policy.ts';

const none: ArgumentValues = { kind: 'none' };
const any: ArgumentValues = { kind: 'any' };
const oneOf = (...values: string[]): ArgumentValues => ({ kind: 'one-of', values });

describe('the written forms', () => {
  test.each<[written: unknown, flags: string[], values: ArgumentValues]>([
    ['-t', ['-t'], none],
    ['--tty', ['--tty'], none],
    ['--workdir=', ['--workdir'], any],
    ['-w=', ['-w'], any],
    ['--network=none', ['--network'], oneOf('none')],
    ['--label=a=b', ['--label'], oneOf('a=b')],
    ['--tail==', ['--tail'], oneOf('=')],
    [['-t'], ['-t'], none],
    [['-t', '--tty'], ['-t', '--tty'], none],
    [['--workdir=', '-w'], ['--workdir', '-w'], any],
    [['--workdir=', '-w='], ['--workdir', '-w'], any],
    [['-w', '--workdir='], ['-w', '--workdir'], any],
    [['--network=none', '=bridge'], ['--network'], oneOf('none', 'bridge')],
    [['--network=none', '=bridge', '--net'], ['--network', '--net'], oneOf('none', 'bridge')],
    [['--network', '=none'], ['--network'], oneOf('none')],
    [['--network=none', '--net=bridge'], ['--network', '--net'], oneOf('none', 'bridge')],
    ['--env=HOME=${home}', ['--env'], oneOf('HOME=/home/user')],
    [{ flag: ['--memory', '-m'], max: '64g' }, ['--memory', '-m'], { kind: 'max', max: '64g' }],
    [{ flag: '--cpus', max: 16 }, ['--cpus'], { kind: 'max', max: 16 }],
    [{ max: 1.5, flag: '--cpus' }, ['--cpus'], { kind: 'max', max: 1.5 }],
    [
      { flag: '--label', pattern: '[a-z]+=${user}' },
      ['--label'],
      { kind: 'pattern', pattern: '[a-z]+=user' },
    ],
  ])('%j', (written, flags, values) => {
    expect(argumentEntry('run')(written, sampleVariables)).toEqual({ ok: true, value: { flags, values } });
  });

  test.each<[written: unknown, message: string]>([
    [null, 'expected a flag, a list of flags or {flag: ..., max: ...}, found nothing'],
    [5, 'expected a flag, a list of flags or {flag: ..., max: ...}, found 5'],
    ['', 'the first must be a flag: [--network=none, =bridge]'],
    ['=none', 'the first must be a flag: [--network=none, =bridge]'],
    [['=none', '--network'], 'the first must be a flag: [--network=none, =bridge]'],
    [[], 'expected a flag, found an empty list'],
    [[['-t']], 'expected a flag in quotes, found a list'],
    [[-1], 'expected a flag in quotes, found -1'],
    [['--network=none', '='], '"=" alone says no value'],
    [['--network=', '=none'], 'either any value ("=") or these: none'],
    [['--network=none', '--net='], 'either any value ("=") or these: none'],
    ['--env=${x}', '${x} is no variable; there are ${uid} ${gid} ${user} ${group} ${home}'],
    [{}, 'expected flag: --FLAG'],
    [{ max: 5 }, 'expected flag: --FLAG'],
    [{ flag: [], max: 5 }, 'expected a flag, found an empty list'],
    [{ flag: '--workdir' }, 'say max or pattern; --workdir with any value is written --workdir='],
    [{ flag: '--cpus', max: 1, pattern: '1' }, 'either max or pattern, not both'],
    [{ flag: '--cpus', mx: 1 }, 'unknown key mx of an argument (did you mean max?)'],
    [{ flag: '--cpus', max: '1q' }, 'max: expected a number or a size such as 64g, found "1q"'],
    [{ flag: '--cpus', max: -1 }, 'max: expected a number or a size such as 64g, found -1'],
    [{ flag: '--cpus', max: null }, 'max: expected a number or a size such as 64g, found nothing'],
    [{ flag: '--label', pattern: '(' }, expect.stringMatching(/^not a regular expression: /)],
    [{ flag: '--label', pattern: 5 }, 'expected a regular expression, found 5'],
  ])('%j is refused', (written, message) => {
    expect(argumentEntry('run')(written, sampleVariables)).toEqual({ ok: false, error: message });
  });

  test.each([
    '-it',
    '-',
    '--',
    '---x',
    '-1',
    '--Tty',
    '--tty ',
    ' -t',
    '--t ty',
    't',
    'tty',
    '--tty\n',
    '-ä',
    '--a_b',
    '--a;b',
    '--a${user}=',
    '--a/b',
  ])('%j is no flag', (written) => {
    const result = argumentEntry('run')(written, sampleVariables);
    expect(result.ok ? 'accepted' : result.error).toMatch(/^expected a flag such as -t or --tty, found /);
  });
});

describe("flags that make docker's client touch files as root", () => {
  test.each<[command: Subcommand, written: unknown]>([
    ['run', '--env-file'],
    ['ps', '--env-file='],
    ['exec', '--label-file='],
    ['run', '--env-file=/etc/userdocker/env'],
    ['run', '--label-file=/etc/userdocker/labels'],
    ['run', { flag: '--cidfile', pattern: '/tmp/.*' }],
    ['run', '--iidfile='],
    ['run', '--use-api-socket'],
    ['exec', ['--env-file=a', '=b']],
    ['load', ['--input=', '-i']],
    ['load', '-i='],
    ['load', '--output='],
    ['images', '-o='],
    ['run', '--security-opt='],
    ['run', { flag: '--security-opt', pattern: '.*' }],
    ['run', '--security-opt=seccomp=/etc/shadow'],
    ['run', ['--security-opt=no-new-privileges', '=seccomp:profile.json']],
  ])("%s %j can't be offered", (command, written) => {
    const result = argumentEntry(command)(written, sampleVariables);
    expect(result.ok ? 'accepted' : result.error).toMatch(/ can't be offered/);
  });

  test.each<[command: Subcommand, written: unknown]>([
    ['run', ['-i', '--interactive']],
    ['start', ['-i', '--interactive']],
    ['run', '--env='],
    ['run', '--env-file='],
    ['run', { flag: '--label-file', pattern: '/home/.*' }],
    ['exec', '--env-file='],
    ['run', '--security-opt=seccomp=unconfined'],
    ['run', ['--security-opt=no-new-privileges', '=apparmor=docker-default']],
  ])('%s %j can', (command, written) => {
    expect(argumentEntry(command)(written, sampleVariables).ok).toBe(true);
  });
});

describe("entries that fit docker's grammar", () => {
  const fits = (command: Subcommand, list: keyof CommandArguments, written: unknown) =>
    fittingEntry(command, list)(written, sampleVariables).ok;

  test.each<[Subcommand, keyof CommandArguments, unknown]>([
    ['run', 'available', ['-t', '--tty']],
    ['run', 'available', ['--workdir=', '-w']],
    ['run', 'available', ['--network=none', '--net']],
    ['run', 'available', { flag: '--memory', max: '64g' }],
    ['run', 'available', '--sig-proxy=false'],
    ['run', 'available', '--flag-of-a-future-docker='],
    ['run', 'always', '--rm'],
    ['run', 'always', '--shm-size=8g'],
    ['run', 'default', ['--label=a=b', '=c=d']],
    ['stop', 'available', { flag: ['-t', '--time', '--timeout'], max: 600 }],
  ])('%s %s %j', (command, list, written) => {
    expect(fits(command, list, written)).toBe(true);
  });

  test.each<[Subcommand, keyof CommandArguments, unknown]>([
    ['run', 'available', ['-t', '--interactive']],
    ['run', 'available', '--workdir'],
    ['run', 'available', ['-w', '--tty']],
    ['run', 'available', { flag: '--tty', max: 1 }],
    ['run', 'available', { flag: '--memory', max: '64x' }],
    ['run', 'available', { flag: '--hostname', max: 5 }],
    ['run', 'available', '--tty=perhaps'],
    ['run', 'available', '--no-default-mounts'],
    ['run', 'always', '--shm-size='],
    ['run', 'always', '--env-file='],
    ['run', 'default', { flag: '--label-file', pattern: '/home/.*' }],
    ['run', 'available', ['--label=', '--label-file']],
    ['run', 'always', { flag: '--shm-size', max: '8g' }],
    ['run', 'default', { flag: '--label', pattern: 'x' }],
    ['run', 'default', ['--network=none', '=bridge']],
    ['ps', 'available', '--gpu-free'],
    ['ps', 'available', '--env-file='],
  ])('%s %s %j does not', (command, list, written) => {
    expect(fits(command, list, written)).toBe(false);
  });
});
