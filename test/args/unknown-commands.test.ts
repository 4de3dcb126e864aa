import { describe, expect, it } from 'vitest';
import { findGrammar, grammars } from '../../src/args/grammar.ts';
import { nearest } from '../../src/args/nearest.ts';
import { whyNotOffered } from '../../src/args/not-offered.ts';
import { describeUnknownCommand, notOfferedCommands } from '../../src/args/unknown-commands.ts';
import { ownWords } from '../../src/commands/own-words.ts';
import { dockerClients, noEngine, runClient } from '../support/docker-clients.ts';

const offered = grammars.map(({ command }) => command).filter((command) => command !== 'load');

describe('a command that userdocker does not offer', () => {
  it.each([
    ['build', undefined, true, 'does not offer build', 'buildah'],
    ['create', undefined, true, 'does not offer create', 'userdocker run'],
    ['container', 'ls', true, 'container ls is called ps here', 'userdocker ps'],
    ['container', 'run', true, 'container run is called run here', 'userdocker run'],
    ['image', 'rm', true, 'image rm is called rmi here', 'userdocker rmi'],
    ['image', 'load', true, 'image load is called load here', 'you may use: '],
    ['container', undefined, true, 'does not offer container', 'userdocker --help'],
    ['container', 'prune', true, 'does not offer container', 'userdocker --help'],
    ['load', undefined, true, 'does not give you the command load', 'you may use: '],
    ['rnu', undefined, false, 'no command rnu', 'did you mean run?'],
    ['Run', undefined, false, 'no command Run', 'did you mean run?'],
    ['xyzzy', undefined, false, 'no command xyzzy', 'you may use: '],
    ['constructor', undefined, false, 'no command constructor', 'you may use: '],
  ] as const)('%s %s', (word, next, known, message, hint) => {
    const answer = describeUnknownCommand(word, next, offered);
    expect(answer.known).toBe(known);
    expect(answer.message).toContain(message);
    expect(answer.hint).toContain(hint);
  });

  it('is not one that it has', () => {
    expect(notOfferedCommands.filter((command) => findGrammar(command) !== undefined)).toEqual([]);
  });

  it.each(dockerClients)('is each command that docker $version has', async (client) => {
    const { output } = await runClient(client, noEngine, ['--help']);
    const commands = [...output.matchAll(/^ {2}([a-z]+)\*? {2,}[A-Z]/gm)].map((match) => match[1] ?? '');
    expect(commands.length).toBeGreaterThan(45);
    const unknown = commands.filter(
      (command) => !ownWords.has(command) && !describeUnknownCommand(command, undefined, offered).known,
    );
    expect(unknown).toEqual([]);
  });
});

describe('why an option is not offered', () => {
  it.each([
    ['run', '--network', 'host', 'loopback'],
    ['run', '--network', 'container:x', 'another container'],
    ['run', '--network', 'hosts', 'only the networks'],
    ['run', '--network', 'container', 'only the networks'],
    ['run', '--pid', 'host', 'all processes'],
    ['run', '--privileged', true, 'every right'],
    ['rm', '--link', true, 'no links'],
    ['run', '--link', 'x', 'another container'],
  ] as const)('%s %s %s', (command, flag, value, why) => {
    expect(whyNotOffered(command, flag, value)?.why).toContain(why);
  });
  it('is not known of others', () => {
    expect(whyNotOffered('run', '--tty', true)).toBeUndefined();
    expect(whyNotOffered('run', 'constructor', true)).toBeUndefined();
  });
});

describe('the nearest word', () => {
  it.each([
    ['--netwrok', '--network'],
    ['--NETWORK', '--network'],
    ['--networks', '--network'],
    ['--net', undefined],
    ['--nework-alias', '--network-alias'],
    ['--zzz', undefined],
    ['', undefined],
    [`--${'x'.repeat(100_000)}`, undefined],
  ])('of %s', (written, expected) => {
    expect(nearest(written, ['--tty', '--network', '--network-alias'])).toBe(expected);
  });
  it.each([
    ['abcdefghi', 'abcdefxyz', true, 'a third of the letters may be wrong'],
    ['abcdefghi', 'abcdewxyz', false, 'and no more'],
    ['abcd-efgh', 'abcd-exyz', true, 'a dash within counts as a letter'],
    ['--abcde', '--abcxy', false, 'the dashes in front do not'],
    ['ab', 'xb', true, 'one may always be wrong'],
    ['ab', 'xy', false, 'and no more'],
    ['--abc', '--bac', true, 'two that changed places are one mistake'],
    ['xb', 'cx', false, 'a letter that moved is none of those'],
    ['ax', 'xc', false, 'nor is this one'],
    ['abcabcabc', 'bacbacbac', true, 'three times two that changed places'],
    ['abc', 'abcd', true, 'one left out'],
    ['abcd', 'abc', true, 'one too many'],
    ['abc', 'abcde', false, 'two left out'],
  ])('%s is near to %s: %s, %s', (written, candidate, near) => {
    expect(nearest(written, [candidate])).toBe(near ? candidate : undefined);
  });
  it('is the nearest of several, and the first of those that are as near', () => {
    expect(nearest('abcdef', ['abcdxy', 'abcdex', 'abcdey', 'abcxyz'])).toBe('abcdex');
  });
});
