/** Files of --env-file and --label-file: what docker's real clients read in them is what we read. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { longestLine, parseKeyValues, renderKeyValues } from '../../src/args/key-values.ts';
import { objectAt, textMapAt, textsAt } from '../../src/domain/json.ts';
import { dockerClients, runClient } from '../support/docker-clients.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';

const texts = (content: string | Buffer): readonly string[] | string => {
  const parsed = parseKeyValues(Buffer.from(content));
  return parsed.ok ? parsed.value.map(({ text }) => text) : parsed.error;
};

const sound: readonly (readonly [string, string, readonly string[]])[] = [
  ['nothing', '', []],
  ['one', 'A=b', ['A=b']],
  ['a line end', 'A=b\n', ['A=b']],
  ['lines of Windows', 'A=b\r\nC=d\r\n', ['A=b', 'C=d']],
  ['comments', '# x\n  # y\n#A=b\nA=b # no comment\n', ['A=b # no comment']],
  ['quotes that mean nothing', 'A="b c"\nB=\'d\'\n', ['A="b c"', "B='d'"]],
  ['no expansion', 'A=$HOME ${B} `id` \\n\n', ['A=$HOME ${B} `id` \\n']],
  ['blanks in front', ' \t\u00a0\u3000\u0085A=b\n', ['A=b']],
  ['blanks behind', 'A=b  \t\n', ['A=b  \t']],
  ['more than one =', 'A=b=c==\n', ['A=b=c==']],
  ['no value', 'A=\n', ['A=']],
  ['a mark in front', '\ufeffA=b\n', ['A=b']],
  ['a mark behind blanks stays', ' \ufeffA=b\n', ['\ufeffA=b']],
  ['a mark in the second line stays', 'A=b\n\ufeffC=d\n', ['A=b', '\ufeffC=d']],
  ['two marks', '\ufeff\ufeffA=b\n', ['\ufeffA=b']],
  ['a CR within', 'A=b\rc\n', ['A=b\rc']],
  ['two CR at the end', 'A=b\r\r\n', ['A=b\r']],
  ['the same name twice', 'A=1\nA=2\n', ['A=1', 'A=2']],
  ['empty lines', '\n\n  \n\r\nA=b\n', ['A=b']],
  ['export is no name', 'export=x\n', ['export=x']],
  ['letters of all kinds', 'ä.é-1=ü€\u{1F40B}\n', ['ä.é-1=ü€\u{1F40B}']],
  ['a long line', `A=${'x'.repeat(longestLine - 2)}\n`, [`A=${'x'.repeat(longestLine - 2)}`]],
];
const wrong: readonly (readonly [string, string | Buffer, RegExp])[] = [
  ['a blank in the name', 'A=b\nexport C=d\n', /^line 2 has a blank in the name$/],
  ['a blank behind the name', 'A =b\n', /^line 1 has a blank/],
  ['no name', '\n=b\n', /^line 2 has no name/],
  ['bytes that are no UTF-8', Buffer.from('A=\xff\n', 'latin1'), /UTF-8/],
  ['half a character', Buffer.from('A=\xe2\x82\n', 'latin1'), /UTF-8/],
  ['a surrogate', Buffer.from('A=\xed\xa0\x80\n', 'latin1'), /UTF-8/],
  ['a line without an end', `A=${'x'.repeat(70_000)}`, /^line 1 is too long$/],
  ['a long comment', `#${'x'.repeat(70_000)}\nA=b`, /^line 1 is too long$/],
];

describe('parseKeyValues', () => {
  it.each(sound)('%s', (_what, content, expected) => expect(texts(content)).toEqual(expected));
  it.each(wrong)('%s is refused', (_what, content, expected) => expect(texts(content)).toMatch(expected));
  it('refuses a NUL byte, which docker would hand on', () => expect(texts('A=b\0c')).toMatch(/NUL/));
  it('tells a name without a value from one with an empty value', () => {
    expect(texts('A\nB=\n')).toEqual(['A', 'B=']);
  });
  it('says which line, and nothing of what is in it', () => {
    expect(texts('# c\n\nA=b\nmy secret=x\n')).toBe('line 4 has a blank in the name');
    const parsed = parseKeyValues(Buffer.from('# c\n\nA=b\n\nC=d'));
    expect(parsed.ok && parsed.value.map(({ line }) => line)).toEqual([3, 5]);
  });
});

describe('renderKeyValues', () => {
  it.each(sound)('%s comes back as it was', (_what, _content, entries) => {
    expect(texts(renderKeyValues(entries))).toEqual(entries);
  });
  it('whatever was read comes back as it was', () => {
    const piece = fc.constantFrom('A=', 'b', ' ', '\t', '\r', '\n', '#', '\ufeff', '=', '\u0085', '"', 'é');
    const content = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(content, (text) => {
        const read = texts(text);
        return (
          typeof read === 'string' || JSON.stringify(texts(renderKeyValues(read))) === JSON.stringify(read)
        );
      }),
    );
  });
  it.each([['A=b\nC=d'], ['#A=b'], [' A=b'], [''], ['=b'], ['A b=c']])(
    '%j was never read, and is not written',
    (text) => expect(() => renderKeyValues([text])).toThrow('can not be handed over'),
  );
});

describe.each(dockerClients)('docker $version', (client) => {
  const directory = mkdtempSync(join(tmpdir(), 'userdocker-files-'));
  const socket = join(directory, 'docker.sock');
  let recorder: Recorder;
  beforeAll(async () => {
    recorder = await startRecorder({ socket });
  });
  afterAll(async () => {
    await recorder.close();
    rmSync(directory, { recursive: true });
  });

  /** What the client asks the engine for; its complaint where it asks for nothing. */
  async function asked(flag: string, content: string | Buffer): Promise<unknown> {
    const file = join(directory, 'file');
    writeFileSync(file, content);
    recorder.requests.length = 0;
    const { output } = await runClient(client, `unix://${socket}`, ['run', `${flag}=${file}`, 'img']);
    const create = recorder.requests.find(({ path }) => path.startsWith('/containers/create'));
    return create === undefined ? output : create.body;
  }

  it.each(sound)('--env-file: %s', async (_what, content, expected) => {
    expect(textsAt(await asked('--env-file', content), 'Env') ?? []).toEqual(expected);
    expect(textsAt(await asked('--env-file', renderKeyValues(expected)), 'Env') ?? []).toEqual(expected);
  });
  it.each(sound)('--label-file: %s', async (_what, content, expected) => {
    const pairs = expected.map((text) => [
      text.slice(0, text.indexOf('=')),
      text.slice(text.indexOf('=') + 1),
    ]);
    const labels = Object.fromEntries(pairs);
    expect(textMapAt(objectAt({ body: await asked('--label-file', content) }, 'body'), 'Labels')).toEqual(
      labels,
    );
  });
  it.each(wrong)('%s is refused', async (_what, content) => {
    expect(typeof (await asked('--env-file', content))).toBe('string');
  });
});
