/** Records and counts as lines for people. Nothing in them can move a terminal's cursor. Pure. */
import { shellQuote } from '../../report/shell.ts';
import { visible } from '../../report/visible.ts';
import type { LogRecord } from './record.ts';
import type { Tally } from './tally.ts';
import { localTime } from './when.ts';

const userColumn = 12;

/** @param width columns of the terminal; `undefined`: none, nothing is cut */
export function headLine(width: number | undefined): string {
  return cutLine(`${'TIME'.padEnd(19)}  ${'USER'.padEnd(userColumn)}  ANSWER  COMMAND`, width);
}

/** `2026-11-22 10:08:09  bob           deny    [volume_mounts] run -v /etc:/etc debian` */
export function recordLine(
  { time, user, decision, rules, argv, cut }: LogRecord,
  width: number | undefined,
): string {
  const name = visible(user);
  const shown = width === undefined ? name : shorten(name, userColumn);
  const why = decision === 'deny' ? `[${visible(rules.join(', ')) || 'no rule'}] ` : '';
  const command = `${visible(shellQuote(argv, 'escaped'))}${cut ? ' ...' : ''}`;
  return cutLine(
    `${localTime(time)}  ${shown.padEnd(userColumn)}  ${decision.padEnd(6)}  ${why}${command}`,
    width,
  );
}

/** A table of counts, the largest first. Ends with a newline. */
export function tallyTable(
  by: 'user' | 'rule',
  tallies: readonly Tally[],
  width: number | undefined,
): string {
  const head = by === 'user' ? ['USER', 'ALLOWED', 'DENIED', 'LAST'] : ['RULE', 'DENIED', 'USERS', 'LAST'];
  const rows = tallies.map(({ key, allowed, denied, users, last }) => {
    const numbers = by === 'user' ? [allowed, denied] : [denied, users];
    return [visible(key), ...numbers.map(String), localTime(last)];
  });
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => [...(row[column] ?? '')].length)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : pad(cell, widths[column] ?? 0, column > 0)))
      .join('  '),
  );
  return lines.map((line) => cutLine(line, width)).join('');
}

function pad(text: string, columns: number, right: boolean): string {
  const blanks = ' '.repeat(Math.max(0, columns - [...text].length));
  return right ? blanks + text : text + blanks;
}

function cutLine(line: string, width: number | undefined): string {
  return `${width === undefined ? line : shorten(line.trimEnd(), width)}\n`;
}

/** Whole characters. */
function shorten(text: string, columns: number): string {
  const characters = [...text];
  return characters.length <= columns ? text : `${characters.slice(0, Math.max(0, columns - 1)).join('')}…`;
}
