import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findFlag, grammarOf, grammars } from '../../src/args/grammar.ts';
import { parseCommand } from '../../src/args/parse.ts';
import { renderCommand, renderOperands, renderOption } from '../../src/args/render.ts';
import type { CommandGrammar, FlagSpec, ParsedCommand } from '../../src/args/types.ts';
import { commandLines } from '../support/command-lines.ts';

function flagOf(command: 'run' | 'stop' | 'ps', spelled: string): FlagSpec {
  const flag = findFlag(grammarOf(command).flags, spelled);
  if (flag === undefined) throw new Error(spelled);
  return flag;
}

describe('one option', () => {
  it.each([
    ['run', '-t', true, ['--tty']],
    ['run', '-t', false, ['--tty=false']],
    ['run', '--sig-proxy', false, ['--sig-proxy=false']],
    ['run', '-w', '/x', ['--workdir=/x']],
    ['run', '-w', '', ['--workdir=']],
    ['run', '-w', '--privileged', ['--workdir=--privileged']],
    ['run', '-e', 'A=b c\n', ['--env=A=b c\n']],
    ['run', '--net', 'none', ['--network=none']],
    ['stop', '--time', '3', ['-t=3']],
    ['stop', '-t', '', ['-t', '']],
  ] as const)('%s %s %j', (command, spelled, value, words) => {
    expect(renderOption(flagOf(command, spelled), value)).toEqual(words);
  });

  it('says the value of a boolean that only an admin vouches for', () => {
    const flag: FlagSpec = { long: '--new', type: 'bool', repeatable: false, extra: true };
    expect(renderOption(flag, true)).toEqual(['--new=true']);
    expect(renderOption(flag, false)).toEqual(['--new=false']);
  });

  it('refuses what can only be a mistake of the program', () => {
    expect(() => renderOption(flagOf('run', '-t'), 'true')).toThrow('--tty takes no text');
    expect(() => renderOption(flagOf('run', '-w'), true)).toThrow('--workdir takes a text');
    expect(() => renderOption(flagOf('ps', '--gpu-free'), true)).toThrow("--gpu-free is not docker's");
  });
});

describe('operands', () => {
  it.each([
    [['img'], ['sh', '-c', ''], true, ['--', 'img', 'sh', '-c', '']],
    [[], [], true, []],
    [['-x'], [], true, ['--', '-x']],
    [['img'], ['--', '-x'], false, ['img', '--', '-x']],
    [[], [], false, []],
  ] as const)('%j %j', (operands, payload, endOfOptions, words) => {
    expect(renderOperands(operands, payload, { endOfOptions })).toEqual(words);
  });

  it('never lets an operand become an option', () => {
    const bare =
      (operands: readonly string[], payload: readonly string[] = []) =>
      () =>
        renderOperands(operands, payload, { endOfOptions: false });
    expect(bare(['-x'])).toThrow('an operand that looks like an option: "-x"');
    expect(bare(['a', '--privileged'])).toThrow('an operand that looks like an option: "--privileged"');
    expect(bare(['--'])).toThrow('an operand that looks like an option: "--"');
    expect(bare([], ['-x'])).toThrow('a payload without an operand before it');
  });

  it('stand behind -- unless it is said', () => {
    expect(renderOperands(['-x'], ['y'])).toEqual(['--', '-x', 'y']);
  });
});

describe('a whole command', () => {
  it('is canonical', () => {
    const grammar = grammarOf('run');
    const result = parseCommand(grammar, ['-ite', 'A=1', '--no-default-mounts', '-w/x', 'img', 'ls', '-l']);
    expect(result.ok && renderCommand(grammar, result.value)).toEqual([
      'run',
      '--interactive',
      '--tty',
      '--env=A=1',
      '--workdir=/x',
      '--',
      'img',
      'ls',
      '-l',
    ]);
  });

  it('has no unknown option', () => {
    const option = { flag: '--nonsense', spelled: '--nonsense', value: true };
    const parsed: ParsedCommand = { command: 'ps', options: [option], operands: [], payload: [] };
    expect(() => renderCommand(grammarOf('ps'), parsed)).toThrow();
  });

  it.each(grammars.map((grammar) => [grammar.command, grammar] as const))(
    '%s: is read again as it was read',
    (_, grammar) => {
      let read = 0;
      fc.assert(
        fc.property(commandLines(grammar), (argv) => {
          const first = parseCommand(grammar, argv);
          if (!first.ok) return;
          read += 1;
          for (const endOfOptions of [true, false]) {
            const words = renderIfPossible(grammar, first.value, endOfOptions);
            if (words === undefined) continue;
            const second = parseCommand(grammar, words.slice(1));
            expect(second.ok && meaning(grammar, second.value)).toEqual(meaning(grammar, first.value));
            expect(second.ok && renderIfPossible(grammar, second.value, endOfOptions)).toEqual(words);
          }
        }),
        { numRuns: 300 },
      );
      expect(read).toBeGreaterThan(15);
    },
  );
});

/** Without `--` a command line whose operands look like options can't be written. */
function renderIfPossible(
  grammar: CommandGrammar,
  parsed: ParsedCommand,
  endOfOptions: boolean,
): readonly string[] | undefined {
  if (!endOfOptions && parsed.operands.some((operand) => operand.startsWith('-'))) return undefined;
  return renderCommand(grammar, parsed, [], { endOfOptions });
}

/** What docker gets to see of it. */
function meaning(grammar: CommandGrammar, { options, operands, payload }: ParsedCommand): unknown {
  const docker = options.filter(({ flag }) => findFlag(grammar.flags, flag)?.own !== true);
  return { options: docker.map(({ flag, value }) => [flag, value]), operands, payload };
}
