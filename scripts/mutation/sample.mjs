/**
 * node scripts/mutation/sample.mjs SEED [ONE-IN]: blocks of twelve lines of the mutated folders, one in five of them, drawn by the seed,
 * as a value for Stryker's --mutate. All of it takes hours on a small machine; a fifth tells the score to within two per cent.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';

const [seed = '1', oneIn = '5'] = process.argv.slice(2);
const linesInBlock = 12;

function isDrawn(block) {
  const hash = createHash('sha256').update(`${seed} ${block}`).digest();
  return hash.readUInt32BE() % Number(oneIn) === 0;
}

function blocksOf(file) {
  const lines = readFileSync(file, 'utf8').split('\n').length;
  const first = Array.from(
    { length: Math.ceil(lines / linesInBlock) },
    (_, index) => index * linesInBlock + 1,
  );
  return first.map((line) => `${file}:${line}-${line + linesInBlock - 1}`);
}

const files = ['src/policy', 'src/args', 'src/config'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== 'defaults.generated.ts')
    .map((name) => `${folder}/${name}`),
);
console.log(files.toSorted().flatMap(blocksOf).filter(isDrawn).join(','));
