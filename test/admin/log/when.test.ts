import { describe, expect, test } from 'vitest';
import { localTime, parseWhen } from '../../../src/admin/log/when.ts';
import { must } from '../../config/support.ts';

const now = new Date(2026, 10, 22, 10, 30, 15, 250);
const local = (...parts: readonly [number, number, number, number?, number?, number?, number?]) => {
  const [year, month, day, hour = 0, minute = 0, second = 0, millisecond = 0] = parts;
  return new Date(year, month - 1, day, hour, minute, second, millisecond).getTime();
};
const ago = (seconds: number) => now.getTime() - seconds * 1000;

describe('times', () => {
  test.each([
    ['now', now.getTime()],
    ['today', local(2026, 11, 22)],
    ['yesterday', local(2026, 11, 21)],
    ['2026-11-20', local(2026, 11, 20)],
    ['2026-11-20 08:05', local(2026, 11, 20, 8, 5)],
    ['2026-11-20T08:05:09', local(2026, 11, 20, 8, 5, 9)],
    ['2026-11-20T08:05:09.5', local(2026, 11, 20, 8, 5, 9, 500)],
    ['2026-11-20T08:05:09.123456Z', Date.UTC(2026, 10, 20, 8, 5, 9, 123)],
    ['2026-11-20T08:05+02:00', Date.UTC(2026, 10, 20, 6, 5)],
    ['2026-11-20T08:05:00-0330', Date.UTC(2026, 10, 20, 11, 35)],
    ['2024-02-29', local(2024, 2, 29)],
    ['@1790000000', 1_790_000_000_000],
    ['90s', ago(90)],
    ['30m', ago(1800)],
    ['2h', ago(7200)],
    ['-2h', ago(7200)],
    ['2h ago', ago(7200)],
    ['1h30m', ago(5400)],
    ['7d', ago(7 * 86_400)],
    ['2w', ago(14 * 86_400)],
    ['0s', ago(0)],
    [' today ', local(2026, 11, 22)],
  ])('%s', (text, expected) => {
    expect(must(parseWhen(text, now))).toBe(expected);
  });
  test.each([
    '',
    'soon',
    '2h30',
    '5',
    '5y',
    '2026-02-30',
    '2026-13-01',
    '2026-11-20T24:00',
    '2026-11-20T08:60',
    '2026-11-20T08',
    '20-11-2026',
    '2026-11-20T08:05+2',
    '@',
    '@x',
    '--2h',
    '\u0662h',
    'tomorrow',
  ])('%j is none', (text) => {
    expect(parseWhen(text, now)).toMatchObject({ ok: false, error: expect.stringContaining('is no time') });
  });
});

test('shown in the machine’s own time', () => {
  expect(localTime(local(2026, 1, 2, 3, 4, 5))).toBe('2026-01-02 03:04:05');
});
