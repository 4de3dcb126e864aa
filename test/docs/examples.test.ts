/** What the documents show as an example is valid: pieces of configuration, and command lines. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { grammars } from '../../src/args/grammar.ts';
import { parseCommand } from '../../src/args/parse.ts';
import { takeFormat } from '../../src/commands/own-format.ts';
import { defaultLayer } from '../../src/config/load.ts';
import { parseFrame } from '../../src/frame.ts';
import { literals, readPage, section } from './mdoc.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

/** The texts of ``` blocks of one language. */
function fenced(language: string): readonly string[] {
  return [...readme.matchAll(/^```([a-z]*)\n(.*?)^```$/gms)].flatMap(([, name, text = '']) =>
    name === language ? [text] : [],
  );
}

/** The comments of the config.yaml that is installed: from the first setting on they are an example, commented out. */
function shippedExample(): string {
  const text = readFileSync(new URL('../../etc-userdocker/config.yaml', import.meta.url), 'utf8');
  return (/^# [a-z_]+[+-]?:.*/ms.exec(text)?.[0] ?? '').replace(/^# ?/gm, '');
}

describe('pieces of configuration', () => {
  const page = readPage('userdocker.yaml.5');
  const pieces = [
    ...literals(section(page, 'DESCRIPTION')),
    ...literals(section(page, 'EXAMPLES')),
    ...fenced('yaml'),
    shippedExample(),
  ];
  test('there are some', () => {
    expect(pieces.length).toBeGreaterThan(5);
  });
  test.each(pieces)('%s', (piece) => {
    const { problems, tree } = defaultLayer('/etc/userdocker', piece);
    expect(problems).toEqual([]);
    expect(tree.entries.size).toBeGreaterThan(0);
  });
});

describe('command lines', () => {
  const lines = [...fenced('sh'), ...section(readPage('userdocker.8'), 'EXAMPLES')]
    .join('\n')
    .split('\n')
    .flatMap((line) => [...line.matchAll(/(?:^|[ (])(?:nvidia-)?userdocker ([^|<>#)]+)/g)])
    .map((match) => (match[1] ?? '').trim());

  test('there are some', () => {
    expect(lines.length).toBeGreaterThan(15);
  });
  test.each([...new Set(lines)])('userdocker %s', (line) => {
    const outer = parseFrame(words(line));
    if (outer.command === 'policy') return expect(outer.args).toEqual([]);
    // What is explained is a command line of its own.
    const frame = outer.command === 'explain' ? parseFrame(takeFormat('explain', outer.args).rest) : outer;
    if (frame.command === undefined) return expect(frame.help || frame.version).toBe(true);
    const grammar = grammars.find(({ command }) => command === frame.command);
    expect(grammar, `there is no command ${frame.command}`).toBeDefined();
    if (grammar === undefined) return;
    const parsed = parseCommand(grammar, frame.args, []);
    expect(parsed.ok || parsed.error.kind === 'help' ? undefined : parsed.error.message).toBeUndefined();
  });
});

/** As a shell would split them, as far as the examples go. */
function words(line: string): readonly string[] {
  return [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) => word.replace(/['"]/g, ''));
}
