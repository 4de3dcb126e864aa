/** The directories in a directory, with real ones. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rightsOf } from '../../src/caller/as-user.ts';
import { listDirectories } from '../../src/completion/directory.ts';
import { person } from '../support/builders.ts';

const alice = rightsOf(person('alice', 54_321, 54_321, 54_400));
const folder = mkdtempSync('/srv/directories-');
const list = (name: string, hidden = false) => listDirectories(alice, `${folder}/${name}`, hidden, 20_000);

beforeAll(() => {
  chmodSync(folder, 0o755);
  for (const name of ['plain/data', 'plain/.cache', 'broken/data'])
    mkdirSync(`${folder}/${name}`, { recursive: true });
  symlinkSync('data', `${folder}/plain/link`);
  for (let number = 0; number < 2000; number += 1)
    symlinkSync('nowhere', `${folder}/broken/${'x'.repeat(150)}${number}`);
});
afterAll(() => rmSync(folder, { recursive: true }));

test('links to directories are among them, hidden ones where they are asked for', async () => {
  expect((await list('plain')).toSorted()).toEqual(['data', 'link']);
  expect((await list('plain', true)).toSorted()).toEqual(['.cache', 'data', 'link']);
});
test('what ls complains of takes nothing from the list', async () => {
  expect(await list('broken')).toEqual(['data']);
});
