import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** Each branch is a line of its own: what ran can be counted by hand. */
const source = `export function size(words: string[]) {
  if (words.length > 1) return 'many';
  if (words.length === 1) return 'one';
  return 'none';
}
console.log(size(process.argv.slice(2)));
`;
const script = (name: string) => resolve('scripts/measure', name);
const bun = resolve('node_modules/@oven/bun-linux-x64-baseline/bin/bun');
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/coverage-`);
  for (const name of ['src', 'e2e/bundle', 'e2e/raw']) mkdirSync(`${directory}/${name}`, { recursive: true });
  writeFileSync(`${directory}/package.json`, '{"type":"module"}');
  bundle(source);
});
afterEach(() => rmSync(directory, { recursive: true }));

/** As scripts/coverage.sh does it. */
function bundle(text: string): void {
  writeFileSync(`${directory}/src/size.ts`, text);
  const words = ['build', '--target=node', '--sourcemap=external', '--outdir=e2e/bundle', 'src/size.ts'];
  spawnSync(bun, words, { cwd: directory, env: {} });
}

function call(...words: readonly string[]): void {
  const env = { NODE_V8_COVERAGE: `${directory}/e2e/raw` };
  spawnSync(process.execPath, [`${directory}/e2e/bundle/size.js`, ...words], { env });
}

/** Told at once to end: it does not before it has seen everything. */
function collect(): string {
  const words = [script('collect.mjs'), `${directory}/e2e/raw`, `${directory}/e2e/collected.json`];
  return spawnSync(process.execPath, words, { encoding: 'utf8', input: '' }).stderr;
}

/** @param ran of the statements on the lines 2, 3, 4 and 6, how often the unit tests ran them */
function report(ran: readonly number[]) {
  const lines = [2, 3, 4, 6];
  const at = (line: number) => ({ start: { line, column: 0 }, end: { line, column: 9 } });
  const path = `${directory}/src/size.ts`;
  const statementMap = Object.fromEntries(lines.map((line, index) => [index, at(line)]));
  const unit = { path, statementMap, s: { ...ran }, fnMap: {}, f: {}, branchMap: {}, b: {} };
  writeFileSync(`${directory}/unit.json`, JSON.stringify({ [path]: unit }));
  const words = [script('report.mjs'), 'unit.json', 'e2e', 'summary.json'];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: directory, encoding: 'utf8' });
  return { status, stderr, lines: stdout.trimEnd().split('\n') };
}

test('a line counts as run where one side has run it', () => {
  call('one');
  expect(collect()).toBe('');
  const { status, lines, stderr } = report([1, 0, 0, 0]);
  expect(stderr).toBe('');
  expect(lines).toEqual([
    '    75 %  src/size.ts: 4',
    expect.stringContaining('4 lines; 0 only the unit'),
    'lines of src/: 75 % (3 of 4); unit tests alone 25 %, end-to-end tests alone 75 % (1 processes)',
  ]);
  expect(status).toBe(1);
});
test('processes are added up, and their files removed', () => {
  call('one');
  call();
  collect();
  expect(readdirSync(`${directory}/e2e/raw`)).toEqual([]);
  const { status, lines } = report([1, 0, 0, 0]);
  expect(lines.at(-1)).toMatch(/^lines of src\/: 100 % \(4 of 4\); .*100 % \(2 processes\)$/);
  expect(status).toBe(0);
  expect(JSON.parse(readFileSync(`${directory}/summary.json`, 'utf8'))).toMatchObject({
    total: { lines: 4, unit: 1, e2e: 4, both: 4 },
  });
});
test('what was cut off is said, and not counted', () => {
  writeFileSync(`${directory}/e2e/raw/coverage-1-1-0.json`, '{"result": [');
  expect(collect()).toMatch(/1 processes were killed/);
});
test('a process that ends itself by a signal is counted', () => {
  bundle(`${source}process.kill(process.pid, 'SIGKILL');\n`);
  call('one', 'two');
  expect(readdirSync(`${directory}/e2e/raw`)).toHaveLength(1);
});
