/** Command lines drawn at random, through the program and docker's real client, to the second opinion. `npm run fuzz` runs it longer. */
import { describe, expect, test } from 'vitest';
import { dockerClients, mayLackClients } from '../support/docker-clients.ts';
import { explain, fuzz, replay } from './fuzz.ts';
import { layerNames } from './policies.ts';
import { settings } from './settings.ts';

const { seed, path, lines, minutes, details } = settings;
const canRun = !mayLackClients || dockerClients.length > 0;

test.runIf(!mayLackClients)('there is a docker client', () => {
  expect(dockerClients).not.toEqual([]);
});

describe.runIf(canRun && path !== undefined)(`again, ${seed} ${path}`, () => {
  test('it is found', async () => {
    console.log(explain(await replay(seed, path ?? '')));
  });
});

describe.runIf(canRun && path === undefined)(`from seed ${seed} on`, () => {
  test('what userdocker allows, docker does not widen', async () => {
    const started = Date.now();
    const until = minutes === undefined ? {} : { until: started + minutes * 60_000 };
    const { tally, failure } = await fuzz(seed, { ...(minutes === undefined ? { lines } : {}), ...until });
    console.log([tally.summary(seed, started), ...(details ? tally.details() : [])].join('\n'));
    if (failure !== undefined) throw new Error(explain(failure));
    if (minutes === undefined) expect(tally.passed).toBeGreaterThanOrEqual(lines);
    expect(tally.floors(lines)).toEqual([]);
    expect(layerNames.length).toBeGreaterThan(70);
  });
});
