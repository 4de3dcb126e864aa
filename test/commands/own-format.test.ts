import { describe, expect, test } from 'vitest';
import { takeFormat } from '../../src/commands/own-format.ts';
import { HelpWanted } from '../../src/pipeline.ts';

describe('--format right behind the word', () => {
  test.each([
    [[], { format: 'text', rest: [] }],
    [['--format', 'json'], { format: 'json', rest: [] }],
    [['--format=text', 'run'], { format: 'text', rest: ['run'] }],
    [['--format', 'json', '--format', 'x'], { format: 'json', rest: ['--format', 'x'] }],
    // Anywhere else it belongs to what is explained.
    [['run', '--format=json'], { format: 'text', rest: ['run', '--format=json'] }],
    [['images', '--help'], { format: 'text', rest: ['images', '--help'] }],
  ])('%j', (args, expected) => {
    expect(takeFormat('explain', args)).toEqual(expected);
  });
  test.each([
    [['--format'], '--format is text or json'],
    [['--format', 'xml'], '--format is text or json, not xml'],
    [['--format=JSON'], '--format is text or json, not JSON'],
    [['--format='], '--format is text or json, not '],
  ])('%j is refused', (args, message) => {
    expect(() => takeFormat('policy', args)).toThrow(
      expect.objectContaining({ failure: expect.objectContaining({ code: 'usage', message }) }),
    );
  });
  test.each(['-h', '--help'])('%s asks for the help of the word', (word) => {
    expect(() => takeFormat('policy', [word])).toThrow(HelpWanted);
  });
});
