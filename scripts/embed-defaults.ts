/**
 * Makes src/config/defaults.generated.ts of etc-userdocker/default.yaml. Run by Bun, as Node 20 reads no TypeScript:
 *
 *     node_modules/@oven/bun-linux-x64-baseline/bin/bun scripts/embed-defaults.ts
 *
 * test/config/defaults.test.ts fails where the two differ.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { readDocument } from '../src/config/document.ts';
import { generateDefaults } from '../src/config/packed.ts';

const source = new URL('../etc-userdocker/default.yaml', import.meta.url);
const target = new URL('../src/config/defaults.generated.ts', import.meta.url);
const text = readFileSync(source, 'utf8');
const { tree, mistakes } = readDocument({ layer: 'default', file: 'default.yaml', text });
if (mistakes.length > 0) throw new Error(JSON.stringify(mistakes));
writeFileSync(target, generateDefaults(tree));
