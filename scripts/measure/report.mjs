// report.mjs UNIT E2E SUMMARY: adds up what the unit tests ran (vitest's coverage-final.json) and what the end-to-end tests ran
// (E2E/collected.json, of E2E/bundle), prints the files below the goal, writes SUMMARY, and fails where the whole is below it.
//
// Both sides are made by the same converter, of V8's counts, by the positions in the source maps. What a line is, the unit tests' side
// says alone: the bundler leaves out what nobody imports, and puts a few statements elsewhere. A line counts as run where one side has
// run it. Not istanbul's own merge: that lends a statement, which the other side does not know, the count of what is around it.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import convert from 'ast-v8-to-istanbul';
import coverage from 'istanbul-lib-coverage';
import { parseAstAsync } from 'vitest/node';

/** Per cent. */
const goal = 95;

const [unitFile, e2e, summaryFile] = process.argv.slice(2);
const unit = linesOf(JSON.parse(readFileSync(unitFile, 'utf8')));
const { processes, result } = JSON.parse(readFileSync(join(e2e, 'collected.json'), 'utf8'));
const endToEnd = new Map();
for (const script of result) {
  for (const [file, lines] of linesOf(await ofBundle(script))) {
    const known = endToEnd.get(file) ?? new Map();
    for (const [line, count] of lines) known.set(line, Math.max(count, known.get(line) ?? 0));
    endToEnd.set(file, known);
  }
}

/** @returns by file, by line, how often it ran */
function linesOf(data) {
  const map = coverage.createCoverageMap(data);
  return new Map(
    map.files().map((file) => {
      const lines = Object.entries(map.fileCoverageFor(file).getLineCoverage());
      return [relative('.', file), new Map(lines.map(([line, count]) => [Number(line), count]))];
    }),
  );
}

/** Of one script of the bundle: istanbul's data of the files of src/ that it was made from. */
async function ofBundle({ url, functions }) {
  const file = resolve(e2e, 'bundle', url.slice(url.lastIndexOf('/bundle/') + '/bundle/'.length));
  const code = readFileSync(file, 'utf8');
  const sourceMap = JSON.parse(readFileSync(`${file}.map`, 'utf8'));
  // Bun names the sources as they are seen from the bundle's root, also for what lies below it.
  const here = pathToFileURL(join(e2e, 'bundle', basename(file))).href;
  const ast = await parseAstAsync(code);
  const data = await convert({ code, sourceMap, ast, wrapperLength: 0, coverage: { url: here, functions } });
  return Object.fromEntries(Object.entries(data).filter(([source]) => source.startsWith(resolve('src/'))));
}

function add(counts) {
  const sum = { lines: 0, unit: 0, e2e: 0, both: 0 };
  for (const each of counts) for (const name of Object.keys(sum)) sum[name] += each[name];
  return sum;
}

const percent = (part, { lines }) => (lines === 0 ? 100 : Math.floor((part / lines) * 10_000) / 100);

/** `3, 7-9` */
function ranges(numbers) {
  const found = [];
  for (const number of numbers) {
    const last = found.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else found.push([number, number]);
  }
  return found.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
}

const files = [...unit].sort().map(([file, lines]) => {
  const other = endToEnd.get(file) ?? new Map();
  const ran = (line) => lines.get(line) > 0 || other.get(line) > 0;
  const all = [...lines.keys()].sort((one, two) => one - two);
  return {
    file,
    lines: all.length,
    unit: all.filter((line) => lines.get(line) > 0).length,
    e2e: all.filter((line) => other.get(line) > 0).length,
    both: all.filter(ran).length,
    missing: ranges(all.filter((line) => !ran(line))),
    // What the two sides call a line.
    agreed: all.filter((line) => other.has(line)).length,
    only: {
      unit: all.filter((line) => !other.has(line)).length,
      e2e: [...other.keys()].filter((line) => !lines.has(line)).length,
    },
  };
});
const total = add(files);
const inBundle = files.filter(({ agreed }) => agreed > 0);
const notion = {
  agreed: inBundle.reduce((sum, { agreed }) => sum + agreed, 0),
  unitOnly: inBundle.reduce((sum, { only }) => sum + only.unit, 0),
  e2eOnly: inBundle.reduce((sum, { only }) => sum + only.e2e, 0),
};

for (const each of files.filter((counts) => percent(counts.both, counts) < goal))
  console.log(`${String(percent(each.both, each)).padStart(6)} %  ${each.file}: ${each.missing}`);
console.log(
  `what both sides know: ${notion.agreed} lines; ${notion.unitOnly} only the unit tests' side, ${notion.e2eOnly} only the other (not counted)`,
);
const sides = `unit tests alone ${percent(total.unit, total)} %, end-to-end tests alone ${percent(total.e2e, total)} % (${processes} processes)`;
console.log(`lines of src/: ${percent(total.both, total)} % (${total.both} of ${total.lines}); ${sides}`);
writeFileSync(summaryFile, `${JSON.stringify({ total, notion, processes, files }, null, 1)}\n`);
process.exitCode = percent(total.both, total) < goal ? 1 : 0;
