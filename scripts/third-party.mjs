/** Prints what is built into the programs, with its licences: the runtime, and the packages of package-lock.json. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const heading = (text) => `\n${'-'.repeat(78)}\n${text}\n\n`;

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const builtIn = Object.entries(lock.packages).filter(
  ([path, { dev, devOptional, optional }]) => path !== '' && !dev && !devOptional && !optional,
);
const runtime = Object.entries(lock.packages).find(([path]) => path.includes('/@oven/bun-'))?.[1];

let text = `Built into the programs of userdocker:

Bun ${runtime.version}, https://bun.com (licence: MIT). It contains JavaScriptCore and WebKit's WTF
(LGPL-2.1, https://github.com/oven-sh/WebKit) and the libraries that its licence lists:
https://github.com/oven-sh/bun/blob/main/LICENSE.md\n`;
for (const [path, { version, license }] of builtIn) {
  text +=
    heading(`${path.replace(/^.*node_modules\//, '')} ${version} (licence: ${license})`) + licenceIn(path);
}
process.stdout.write(text);

/** Packages for other platforms or peers are not installed; then there is nothing of them in the programs either. */
function licenceIn(path) {
  const names = existsSync(path) ? readdirSync(path) : [];
  const name = names.sort().find((one) => /^licen[cs]e(\.(md|txt))?$/i.test(one));
  return name === undefined
    ? '(the package has no file of its licence)\n'
    : readFileSync(`${path}/${name}`, 'utf8');
}
