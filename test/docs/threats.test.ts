/** docs/threats.md names tests that exist, in every row of every table. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const text = readFileSync(new URL('../../docs/threats.md', import.meta.url), 'utf8');
const tables = text.split(/\n\n+/).filter((part) => /^\|.*\| test \|$/m.test(part.split('\n')[0] ?? ''));
const rows = tables.flatMap((table) => table.trimEnd().split('\n').slice(2));
const lastCell = (row: string): string => / \| ([^|]*) \|$/.exec(row)?.[1] ?? '';

test('there are tables', () => {
  expect(tables.length).toBeGreaterThan(3);
  expect(rows.length).toBeGreaterThan(50);
});

test.each(rows)('%s', (row) => {
  expect(row.match(/ \| /g), 'four cells').toHaveLength(3);
  const cell = lastCell(row);
  if (cell === '-') return;
  // `attacks: \`id\``, an attack of test/attacks; test/docs/attacks.test.ts knows them.
  const files = cell.replaceAll(/attacks: `[a-z0-9-]+`/g, '').trim();
  if (files === '') return;
  const paths = files.split(/ +/).map((word) => word.replace(/^`(.*)`$/, '$1'));
  for (const path of paths) {
    expect(path).toMatch(/^test\/.*\.test\.ts$/);
    expect(existsSync(new URL(`../../${path}`, import.meta.url)), path).toBe(true);
  }
});
