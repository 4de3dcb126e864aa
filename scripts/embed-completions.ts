/**
 * Makes src/completion/scripts.generated.ts of completions/. Run by Bun, as Node 20 reads no TypeScript:
 *
 *     node_modules/@oven/bun-linux-x64-baseline/bin/bun scripts/embed-completions.ts
 *
 * test/completion/scripts.test.ts fails where the two differ.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const entries = ['bash', 'zsh', 'fish'].map((shell) => {
  const text = readFileSync(new URL(`../completions/userdocker.${shell}`, import.meta.url), 'utf8');
  return `  ['${shell}', ${JSON.stringify(text)}],\n`;
});
writeFileSync(
  new URL('../src/completion/scripts.generated.ts', import.meta.url),
  `// Made by scripts/embed-completions.ts of completions/. Do not edit.
// biome-ignore-all format: generated
export const completionScripts: ReadonlyMap<string, string> = new Map([
${entries.join('')}]);
`,
);
