// collect.mjs RAW TARGET: adds up the files that Node writes into RAW (NODE_V8_COVERAGE) and removes them, until standard input ends;
// then writes the sum to TARGET. Only what belongs to the bundle is kept.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { mergeProcessCovs } from '@bcoe/v8-coverage';

const [raw, target] = process.argv.slice(2);
let ending = false;
let processes = 0;
let sum = { result: [] };
process.stdin.resume().on('end', () => {
  ending = true;
});

function collect() {
  const found = readdirSync(raw).flatMap((name) => {
    const file = join(raw, name);
    try {
      const { result } = JSON.parse(readFileSync(file, 'utf8'));
      rmSync(file);
      return [{ result: result.filter(({ url }) => url.includes('/bundle/')) }];
    } catch {
      // Somebody is still writing it.
      return [];
    }
  });
  processes += found.length;
  if (found.length > 0) sum = mergeProcessCovs([sum, ...found]);
}

while (!ending) {
  collect();
  await setTimeout(500);
}
// Everybody who writes is dead by now.
collect();
const cut = readdirSync(raw).length;
if (cut > 0) console.error(`coverage: ${cut} processes were killed while they wrote; they are not counted`);
writeFileSync(target, JSON.stringify({ processes, result: sum.result }));
