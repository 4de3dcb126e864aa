/** The catalogue of attacks (test/attacks): that it is whole, and that docs/threats.md speaks of attacks that exist. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { catalogue } from '../attacks/catalogue/index.ts';

const attacks = catalogue.flatMap((area) => area.attacks);
const ids = attacks.map(({ id }) => id);
const threats = readFileSync(new URL('../../docs/threats.md', import.meta.url), 'utf8');

/** Raised with the catalogue, so that an area that is lost is noticed. */
const atLeast = 238;

test('there are many', () => {
  expect(ids.length).toBeGreaterThanOrEqual(atLeast);
});

test('each has a name of its own', () => {
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  expect(ids.filter((id) => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(id))).toEqual([]);
});

test.each(attacks.map((attack) => [attack.id, attack] as const))(
  '%s says who wants what',
  (_, { who, wants, spellings }) => {
    expect(who).not.toBe('');
    expect(wants.length).toBeGreaterThan(5);
    if (spellings !== undefined) {
      expect(spellings.length).toBeGreaterThan(0);
      expect(new Set(spellings).size).toBe(spellings.length);
    }
  },
);

test('docs/threats.md names attacks that are there', () => {
  const named = [...threats.matchAll(/attacks: `([^`]*)`/g)].map(([, id]) => id);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((id) => id === undefined || !ids.includes(id))).toEqual([]);
});
