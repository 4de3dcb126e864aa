/** Holds the table of flags against the help, and the parser, of the docker clients at hand. */
import { describe, expect, it } from 'vitest';
import { findFlag, findGrammar, grammarOf, grammars, spellings } from '../../src/args/grammar.ts';
import { notOfferedKeys } from '../../src/args/not-offered.ts';
import type { CommandGrammar, FlagSpec } from '../../src/args/types.ts';
import {
  type DockerClient,
  dockerClients,
  mayLackClients,
  noEngine,
  runClient,
} from '../support/docker-clients.ts';

interface HelpFlag {
  readonly long: string;
  readonly short: string | undefined;
  /** `undefined` for a boolean, else what docker calls the value: `string`, `list`, `bytes`. */
  readonly value: string | undefined;
}

/** Types of which docker keeps all values that were given. The table deliberately takes one --network and one --gpus only. */
const repeatableTypes = new Set(['list', 'map', 'mount', 'filter', 'strings', 'ulimit']);

function readHelp(help: string): readonly HelpFlag[] {
  return help.split('\n').flatMap((line) => {
    const match = /^ {2}(?:(-[a-zA-Z]), | {4})(--[a-z0-9-]+)(?: ([a-z0-9-]+))?(?: {2,}|$)/.exec(line);
    return match?.[2] === undefined ? [] : [{ long: match[2], short: match[1], value: match[3] }];
  });
}

function isKnownTo(client: DockerClient, flag: FlagSpec): boolean {
  if (flag.since !== undefined) return client.version !== '20.10';
  return flag.until === undefined || client.version === flag.until;
}

const dockersOwn = grammars.filter(({ command }) => command !== 'dockviz');
/** Clients that the table was written from; of others only what the table says is checked, not that it says all. */
const checkedVersions = ['20.10', '28.2'];

it.skipIf(mayLackClients && dockerClients.length === 0)('has a docker client to be held against', () => {
  expect(dockerClients.length).toBeGreaterThan(0);
});

describe.each(dockerClients)('docker $version', (client) => {
  it.each(dockersOwn.map((grammar) => [grammar.command, grammar] as const))(
    '%s',
    async (command, grammar) => {
      const { output } = await runClient(client, noEngine, [command, '--help']);
      expect(output).toContain('Usage:');
      const helped = readHelp(output).filter(({ long }) => long !== '--help');
      for (const helpFlag of helped) {
        const flag = findFlag(grammar.flags, helpFlag.long);
        if (flag === undefined && !checkedVersions.includes(client.version)) continue;
        expect(flag, `docker ${command} knows ${helpFlag.long}`).toBeDefined();
        if (flag !== undefined) expectSame(flag, helpFlag);
      }
      const hidden = grammar.flags.flatMap((flag) =>
        flag.own === true || !isKnownTo(client, flag)
          ? []
          : spellings(flag)
              .filter((spelled) => spelled.startsWith('--') && helped.every(({ long }) => long !== spelled))
              .map((spelled) => [flag, spelled] as const),
      );
      for (const [flag, spelled] of hidden) await expectProbe(client, grammar, flag, spelled);
      const others = grammar.flags.filter((flag) => flag.own === true || !isKnownTo(client, flag));
      for (const { long } of others) {
        const { output: refusal } = await runClient(client, noEngine, [command, long]);
        expect(refusal, `docker ${command} ${long}`).toContain(`unknown flag: ${long}`);
      }
    },
  );

  it('prints help that this test can read', async () => {
    const { output } = await runClient(client, noEngine, ['run', '--help']);
    const flags = readHelp(output);
    expect(flags.length).toBeGreaterThan(85);
    expect(flags).toContainEqual({ long: '--env', short: '-e', value: 'list' });
    expect(flags).toContainEqual({ long: '--rm', short: undefined, value: undefined });
    expect(flags).toContainEqual({ long: '--health-start-period', short: undefined, value: 'duration' });
  });

  it.each(['stop', 'restart'] as const)(
    'takes the short form of what its other versions call otherwise: %s',
    async (command) => {
      const { output } = await runClient(client, noEngine, [command, '-t=3', '--', 'x']);
      expect(output).toContain('Cannot connect');
      expect(output).not.toContain('deprecated');
    },
  );
});

function expectSame(flag: FlagSpec, helpFlag: HelpFlag): void {
  const { long, short, value } = helpFlag;
  expect(flag.type, long).toBe(value === undefined ? 'bool' : 'text');
  expect(flag.short, long).toBe(short);
  const single = ['--network', '--gpus'].includes(flag.long);
  if (!single) expect(flag.repeatable, long).toBe(value !== undefined && isList(helpFlag));
}

/** docker prints sizes of block devices as `list`, and `--platform` of rmi as `strings`. */
function isList({ value }: HelpFlag): boolean {
  return repeatableTypes.has(value ?? '');
}

/** A flag that help does not show: the client names its type when it is given a wrong value, or none. */
async function expectProbe(
  client: DockerClient,
  grammar: CommandGrammar,
  flag: FlagSpec,
  spelled: string,
): Promise<void> {
  const word = flag.type === 'bool' ? `${spelled}=neither` : spelled;
  const { output } = await runClient(client, noEngine, [grammar.command, word]);
  const renamed = flag.renderShort === true && output.includes('unknown flag');
  if (renamed) return;
  expect(output, `docker ${grammar.command} ${word}`).toContain(
    flag.type === 'bool' ? 'strconv.ParseBool' : `flag needs an argument: ${spelled}`,
  );
}

describe('the table', () => {
  it.each(grammars.map((grammar) => [grammar.command, grammar] as const))(
    '%s spells each flag once',
    (_, grammar) => {
      const all = grammar.flags.flatMap(spellings);
      expect(new Set(all).size).toBe(all.length);
      for (const spelled of all) expect(spelled).toMatch(/^(-[a-zA-Z]|--[a-z0-9][a-z0-9-]+)$/);
    },
  );

  it('finds a flag by exact spelling only', () => {
    const { flags } = grammarOf('run');
    expect(findFlag(flags, '--tty')?.long).toBe('--tty');
    expect(findFlag(flags, '-t')?.long).toBe('--tty');
    expect(findFlag(flags, '--net')?.long).toBe('--network');
    for (const wrong of ['--tt', '--TTY', '-T', 'tty', '--tty=', '--netw', '-', '--', '']) {
      expect(findFlag(flags, wrong), wrong).toBeUndefined();
    }
  });

  it('finds commands by exact name only', () => {
    expect(findGrammar('run')).toBe(grammarOf('run'));
    for (const wrong of ['RUN', 'ru', 'create', 'constructor', '__proto__', 'toString', '']) {
      expect(findGrammar(wrong), wrong).toBeUndefined();
    }
  });

  it('gives reasons only for flags that exist', () => {
    const flags = grammars.flatMap((grammar) => grammar.flags);
    for (const key of notOfferedKeys) {
      const flag = key.split('=', 1)[0]?.split(' ').at(-1) ?? '';
      expect(
        flags.some(({ long }) => long === flag),
        key,
      ).toBe(true);
    }
  });
});
