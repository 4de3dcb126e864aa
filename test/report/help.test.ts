import { describe, expect, test } from 'vitest';
import { findFlag, findGrammar, grammars } from '../../src/args/grammar.ts';
import { frameCommand } from '../../src/frame.ts';
import { commandHelp, generalHelp } from '../../src/report/help.ts';
import { alice, bob, policyOf, verdictOn } from '../support/builders.ts';

const general = (yaml = '') => generalHelp(policyOf(yaml));
const help = (command: string, yaml = '', caller = alice) =>
  commandHelp(command, policyOf(yaml, caller), caller) ?? '';

/** The rows below a title. */
function rows(text: string, title: string): readonly string[] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(title));
  const below = start < 0 ? [] : lines.slice(start + 1);
  const end = below.indexOf('');
  return below.slice(0, end).map((line) => line.trim());
}

describe('userdocker --help', () => {
  const commands = (yaml = '') => rows(general(yaml), 'Commands:').map((row) => row.split(/\s+/)[0] ?? '');

  test('shows the commands that the caller may use, each with a word about it', () => {
    expect(commands()).toEqual(policyOf().allowed_subcommands);
    expect(commands('allowed_subcommands: [ps, run]')).toEqual(['ps', 'run']);
    expect(commands('allowed_subcommands+: [inspect]')).toContain('inspect');
    expect(commands()).not.toContain('inspect');
    expect(rows(general(), 'Commands:').filter((row) => !/^\S+\s\s+\S.{9,}/.test(row))).toEqual([]);
  });
  test('shows every option of userdocker itself', () => {
    for (const { flags } of frameCommand().options) expect(general()).toContain(flags);
  });
});

describe('userdocker COMMAND --help', () => {
  test.each(grammars.map(({ command }) => command))('%s', (command) => {
    const text = help(command, 'allowed_subcommands+: [cp, inspect, rmi]');
    expect(text).toMatch(new RegExp(`^Usage: userdocker ${command} \\[OPTIONS\\]`));
    expect(text).not.toContain('does not allow');
    expect(text.split('\n').filter((line) => /\s$/.test(line))).toEqual([]);
    expect(text.endsWith('\n')).toBe(true);
  });
  test('says so where the command is not allowed', () => {
    expect(help('inspect')).toContain('The policy does not allow you this command.');
    expect(help('inspect', 'allowed_subcommands+: [inspect]')).not.toContain('The policy does not allow');
  });
  test.each(['', 'build', 'compose', '--help', 'constructor'])('%j does not exist', (command) => {
    expect(commandHelp(command, policyOf(), alice)).toBeUndefined();
  });

  const options = (command: string, yaml = '') => rows(help(command, yaml), 'Options you may give');

  test('shows the caller’s own options with what they may be given', () => {
    expect(options('run')).toContain('-t, --tty');
    expect(options('run').find((row) => row.includes('--network'))).toMatch(/^--network +none, bridge$/);
    expect(options('run').find((row) => row.includes('--memory'))).toMatch(/^-m, --memory +at most 16t$/);
    expect(options('run').find((row) => row.includes('--workdir'))).toMatch(/^-w, --workdir +any value$/);
    // -h is help here.
    expect(options('run').find((row) => row.includes('--hostname'))).toMatch(/^--hostname +matching /);
    // Several entries for one option are one row.
    expect(options('run').filter((row) => row.includes('--ulimit'))).toHaveLength(1);
  });
  test('and no others', () => {
    expect(
      options('run').filter((row) => /--(privileged|device|cidfile|pid|volumes-from)\b/.test(row)),
    ).toEqual([]);
    const yaml = 'args: {run: {available: [--init]}}';
    expect(options('run', yaml)).toEqual(['--init', '--no-default-mounts']);
  });
  test.each(grammars.map(({ command }) => command))(
    '%s: what is shown are options that there are',
    (command) => {
      const flags = findGrammar(command)?.flags ?? [];
      for (const row of options(command)) {
        const shown = row.match(/--[a-z-]+/)?.[0] ?? '';
        expect(findFlag(flags, shown), row).toBeDefined();
      }
    },
  );
  test('what is shown as a switch can be given', () => {
    const switches = options('run').filter((row) => /^(?:-\w, )?--[a-z-]+$/.test(row));
    expect(switches.length).toBeGreaterThan(8);
    for (const row of switches)
      expect(verdictOn(`run ${row.match(/--[a-z-]+/)?.[0]} debian`), row).toBe('allowed');
  });
  test('what is put in is shown, too', () => {
    const yaml = "args: {run: {always+: ['--network=none'], default: ['--shm-size=8g']}}";
    expect(rows(help('run', yaml), 'Always given')).toEqual(['--rm', '--network=none']);
    expect(rows(help('run', yaml), 'Given unless you say otherwise')).toEqual(['--shm-size=8g']);
    expect(help('run')).not.toContain('Given unless');
  });
});

describe('userdocker run --help tells of the rest of the policy', () => {
  test('mounts', () => {
    const yaml = `
volume_mounts:
  always: ['/opt/x:/opt/x:ro']
  available: ['/data/**:', {mount: '/scratch/\${user}:/scratch', create: true}]
`;
    expect(rows(help('run', yaml), 'Mounts')).toEqual([
      expect.stringMatching(/^\/opt\/x:\/opt\/x:ro +always$/),
      expect.stringMatching(/^\/home\/alice:\/home\/alice +by default/),
      expect.stringMatching(/^\/data\/\*\*:? +available$/),
      expect.stringMatching(/^\/scratch\/alice:\/scratch +available, made where it is missing$/),
    ]);
    expect(rows(help('run', '', bob), 'Mounts')[0]).toContain('/home/bob:/home/bob');
  });
  test('images, ports and limits', () => {
    const yaml = '{images: {allowed: [debian:.*]}, limits: {memory: 64g, ports: null, cpus: 2.5}}';
    expect(rows(help('run', yaml), 'Images')).toEqual(['debian:.*']);
    expect(rows(help('run', yaml), 'Ports')).toHaveLength(2);
    expect(rows(help('run', yaml), 'Limits').map((row) => row.replace(/\s+/, ' '))).toEqual([
      'containers 32',
      'memory 64g',
      'cpus 2.5',
      'pids 4096',
    ]);
    expect(help('run', 'allowed_port_mappings: []')).not.toContain('Ports');
  });
  test('who one is inside', () => {
    expect(help('run')).toContain('you are 1000:100');
    expect(help('run', 'user_in_container: false')).not.toContain('1000:100');
  });
  test('other commands have none of this', () => {
    for (const title of ['Mounts', 'Images', 'Ports', 'Limits']) expect(rows(help('ps'), title)).toEqual([]);
  });
});
