/** The man pages say what the program does: every command, option, setting, default and exit status, both ways. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { adminCommand } from '../../src/admin/command-line.ts';
import { parts } from '../../src/admin/doctor/finding.ts';
import { findFlag, grammarOf, grammars, spellings } from '../../src/args/grammar.ts';
import { ownWords } from '../../src/commands/own-words.ts';
import { findCommand } from '../../src/commands/registry.ts';
import { argumentEntry } from '../../src/config/argument-entry.ts';
import { layerSetting } from '../../src/config/schema.ts';
import { issuesOf } from '../../src/config/setting.ts';
import { knownSubcommands, type Subcommand } from '../../src/config/subcommands.ts';
import { sampleVariables } from '../../src/config/variables.ts';
import { exitStatus } from '../../src/domain/errors.ts';
import { isObject } from '../../src/domain/json.ts';
import { frameCommand } from '../../src/frame.ts';
import { managedFlags } from '../../src/policy/managed.ts';
import { flags, items, plain, readPage, section, titles } from './mdoc.ts';

const manual = readPage('userdocker.8');
const adminManual = readPage('userdocker-admin.8');
const settingsManual = readPage('userdocker.yaml.5');
const defaults: unknown = parse(
  readFileSync(new URL('../../etc-userdocker/default.yaml', import.meta.url), 'utf8'),
);

const sorted = (words: Iterable<string>): readonly string[] => [...new Set(words)].sort();

function valueAt(path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), defaults);
}

describe('userdocker(8): global options', () => {
  const documented = items(section(manual, 'OPTIONS')).map((item) => flags(item).join(' '));
  const existing = frameCommand().options.map(({ short, long }) => [short, long].filter(Boolean).join(' '));

  test('those of the program, each with all its spellings', () => {
    expect(sorted(documented)).toEqual(sorted(existing));
  });
  test('the synopsis names each', () => {
    const synopsis = section(manual, 'SYNOPSIS').flatMap(flags);
    for (const spelled of existing) {
      expect(
        synopsis.some((flag) => spelled.split(' ').includes(flag)),
        spelled,
      ).toBe(true);
    }
  });
  test('what takes a value is shown with one', () => {
    const withValue = frameCommand().options.filter(({ required }) => required);
    const shown = items(section(manual, 'OPTIONS')).filter((item) => / Ar /.test(item));
    expect(shown.map((item) => flags(item).at(-1))).toEqual(withValue.map(({ long }) => long));
  });
});

describe('userdocker(8): commands', () => {
  const commands = section(manual, 'COMMANDS');

  test('those of the program', () => {
    const names = grammars.map(({ command }) => command);
    expect(sorted(titles(commands, 'Ss'))).toEqual(sorted(names));
    expect(sorted(knownSubcommands)).toEqual(sorted(names));
    expect(names.filter((name) => findCommand(name) === undefined)).toEqual([]);
  });

  describe.each([...knownSubcommands])('%s', (command) => {
    const grammar = grammarOf(command);
    const documented = items(section(commands, command, 'Ss')).map(flags);

    test('the options that the shipped policy gives, and no others', () => {
      const shown = documented.map(([first = '']) => findFlag(grammar.flags, first)?.long ?? first);
      expect(sorted(shown)).toEqual(sorted(optionsOf(command)));
    });
    test('each item is one option, with its long and its short form', () => {
      for (const spelled of documented) {
        const flag = findFlag(grammar.flags, spelled[0] ?? '');
        // -h is help everywhere.
        const needed =
          flag === undefined
            ? []
            : spellings(flag)
                .filter((one) => one !== '-h')
                .slice(0, 2);
        expect(spelled, spelled.join(' ')).toEqual(expect.arrayContaining(needed));
        expect(flag === undefined ? [] : spellings(flag)).toEqual(expect.arrayContaining([...spelled]));
      }
    });
    test('what takes a value is shown with one', () => {
      for (const item of items(section(commands, command, 'Ss'))) {
        const flag = findFlag(grammar.flags, flags(item)[0] ?? '');
        expect(/ (?:Ar|Cm) /.test(item), item).toBe(flag?.type === 'text');
      }
    });
  });

  test('no option is mentioned that does not exist', () => {
    const known = new Set([
      ...frameCommand().options.flatMap(({ short, long }) => [short, long]),
      ...grammars.flatMap((grammar) => grammar.flags.flatMap(spellings)),
      // `--` ends the options, `-it` is an example of a cluster; nvidia-smi -L.
      '--',
      '-it',
      '-L',
    ]);
    const mentioned = [...manual, ...settingsManual].flatMap(flags);
    expect(mentioned.length).toBeGreaterThan(100);
    expect(mentioned.filter((flag) => !known.has(flag))).toEqual([]);
  });
});

/** The options of the default policy, userdocker's own, and those that a command's own rules judge. */
function optionsOf(command: Subcommand): readonly string[] {
  const { flags: known } = grammarOf(command);
  const lists = ['always', 'default', 'available'].map((list) => valueAt(`args.${command}.${list}`));
  const entries = lists.flatMap((list) => (Array.isArray(list) ? list : []));
  const fromPolicy = entries.map((entry: unknown) => {
    const read = argumentEntry(command)(entry, sampleVariables);
    if (!read.ok) throw new Error(read.error);
    const flag = read.value.flags.map((spelled) => findFlag(known, spelled)).find(Boolean);
    return flag?.long ?? read.value.flags.join(' ');
  });
  const own = known.filter((flag) => flag.own === true).map(({ long }) => long);
  return [...fromPolicy, ...own, ...(managedFlags[command] ?? [])];
}

describe('userdocker(8): its own words', () => {
  const words = section(manual, 'ABOUT YOU AND THIS MACHINE');

  test('those of the program', () => {
    expect(titles(words, 'Ss')).toEqual([...ownWords.keys()]);
  });
  test.each([...ownWords])('%s: the options of its usage line', (word, { usage }) => {
    const documented = items(section(words, word, 'Ss')).flatMap(flags);
    expect(documented).toEqual(usage.match(/--[a-z-]+/g) ?? []);
  });
});

describe('userdocker-admin(8)', () => {
  const program = adminCommand();
  const spellingsOf = ({
    short,
    long,
  }: {
    readonly short?: string | undefined;
    readonly long?: string | undefined;
  }) => [short, long].filter(Boolean).join(' ');

  test('commands', () => {
    const names = program.commands.map((command) => command.name());
    expect(titles(section(adminManual, 'COMMANDS'), 'Ss')).toEqual(names);
  });
  test('global options', () => {
    const documented = items(section(adminManual, 'OPTIONS')).map((item) => flags(item).join(' '));
    expect(sorted(documented)).toEqual(sorted(['-h --help', ...program.options.map(spellingsOf)]));
  });
  test.each(program.commands.map((command) => [command.name(), command] as const))('%s', (name, command) => {
    const documented = items(section(section(adminManual, 'COMMANDS'), name, 'Ss'));
    const options = documented.map((item) => flags(item).join(' ')).filter((spelled) => spelled !== '');
    expect(options).toEqual(command.options.map(spellingsOf));
  });
  test('the parts of doctor', () => {
    const documented = items(section(section(adminManual, 'COMMANDS'), 'doctor', 'Ss'));
    expect(documented.filter((item) => !item.startsWith('Fl '))).toEqual([...parts]);
  });
  test('exit status', () => {
    const documented = items(section(adminManual, 'EXIT STATUS')).map(Number);
    // 1 and 2: doctor's warnings and faults; 1 also: replay's changes. 65: import-config could not convert all.
    expect(documented).toEqual([0, 1, 2, 65, ...Object.values(exitStatus), 70, 74].sort((a, b) => a - b));
  });
});

describe('userdocker(8): exit status', () => {
  test('those of the program, 0, an internal error (70) and an output that can not be written (74)', () => {
    const documented = items(section(manual, 'EXIT STATUS')).map(Number);
    expect(documented).toEqual([0, ...Object.values(exitStatus), 70, 74].sort((a, b) => a - b));
  });
});

describe('userdocker.yaml(5): settings', () => {
  const settings = section(settingsManual, 'SETTINGS');
  const documented = items(settings).flatMap((item) => {
    const match = /^Va (\S+)(?: : Li (.*))?$/.exec(item);
    return match === null ? [] : [{ path: match[1] ?? '', value: plain(match[2] ?? '') }];
  });

  test('those of the schema', () => {
    expect(documented.length).toBeGreaterThan(40);
    expect(sorted(documented.map(({ path }) => path))).toEqual(sorted(settingsOf()));
  });
  test('each once', () => {
    expect(documented.map(({ path }) => path)).toHaveLength(new Set(documented.map(({ path }) => path)).size);
  });
  test('with the defaults of default.yaml, where they are single values', () => {
    const single = documented.filter(({ path }) => !path.startsWith('args.') && !isCompound(valueAt(path)));
    expect(single.length).toBeGreaterThan(20);
    for (const { path, value } of single) expect(value, path).toBe(String(valueAt(path)));
    const compound = documented.filter(({ path }) => isCompound(valueAt(path)));
    expect(compound.filter(({ value }) => value !== '')).toEqual([]);
  });
  test('default.yaml has each of them', () => {
    const paths = documented.map(({ path }) => path.replace('COMMAND', 'run'));
    expect(paths.filter((path) => valueAt(path) === undefined)).toEqual([]);
  });
  test('what else is set in bold as a setting exists', () => {
    const known = settingsOf();
    const mentioned = [...manual, ...adminManual, ...settingsManual]
      .filter((line) => !line.startsWith('.It '))
      .flatMap((line) => [...line.matchAll(/\bVa ([^\n]*)/g)])
      .flatMap((match) => (match[1] ?? '').split(/[ ,.]+(?=[ ,]|$)|\s+/))
      .filter((word) => /^[a-z_]+(?:\.[A-Za-z_]+)*$/.test(word) && /[_.]/.test(word));
    expect(mentioned.length).toBeGreaterThan(5);
    const begins = (word: string) => known.some((path) => path === word || path.startsWith(`${word}.`));
    expect(mentioned.map(general).filter((word) => !begins(word))).toEqual([]);
  });
});

function general(path: string): string {
  return path.replace(/^args\.[a-z]+\./, 'args.COMMAND.');
}

function isCompound(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/**
 * Dotted paths of what an admin can set; `args.COMMAND.always` for all commands. Asked of the schema itself, which names
 * what there is where it is given something that there is not.
 */
function settingsOf(path: readonly string[] = []): readonly string[] {
  const probe = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), { '?': 1 });
  const messages = issuesOf(layerSetting, probe).map(({ message }) => message);
  const names = /^unknown setting \? \(there are: (.*)\)$/.exec(messages.join())?.[1]?.split(', ');
  if (names === undefined) return [general(path.join('.'))];
  return sorted(names.flatMap((name) => settingsOf([...path, name])));
}

describe('the pages are sound mdoc(7)', () => {
  const mandoc = spawnSync('mandoc', ['-l', '/dev/null']).error === undefined;
  test.skipIf(!mandoc).each(['userdocker.8', 'userdocker-admin.8', 'userdocker.yaml.5'])(
    'mandoc has nothing to say: %s',
    (name) => {
      const file = new URL(`../../man/${name}`, import.meta.url).pathname;
      const { stdout, stderr } = spawnSync('mandoc', ['-T', 'lint', '-W', 'style', file], {
        encoding: 'utf8',
      });
      const remarks = `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
      // Which other pages are installed is this machine's affair.
      expect(remarks.filter((line) => !/referenced manual not found|outdated mandoc\.db/.test(line))).toEqual(
        [],
      );
    },
  );
});
