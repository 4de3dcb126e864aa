/** The fuzzer finds each of the planted faults: what it can't find it would not find in the program either. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dockerClients, mayLackClients } from '../support/docker-clients.ts';
import { type Pool, startPool } from './clients.ts';
import { faults } from './faults.ts';
import { findFault } from './fuzz.ts';
import { settings } from './settings.ts';

/** As many as a whole run draws for the lines that pass. */
const most = 2 * settings.lines;

describe.skipIf(mayLackClients && dockerClients.length === 0)(`from seed ${settings.seed} on`, () => {
  let pool: Pool;
  const lines: string[] = [];
  beforeAll(async () => {
    pool = await startPool(1);
  });
  afterAll(async () => {
    await pool.close();
    if (settings.details) console.log(lines.join('\n'));
  });

  test.each(faults.map((fault) => [fault.name, fault] as const))('%s', async (name, fault) => {
    const found = await findFault(pool, fault, settings.seed, most);
    expect(found?.line ?? 'never found').toBeLessThanOrEqual(most);
    lines.push(`${found?.line} lines: ${name}: ${found?.found.split('\n')[0]?.trim()}`);
  });
});
