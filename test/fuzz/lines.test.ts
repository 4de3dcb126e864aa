/** Command lines drawn at random, through the program and docker's real client, to the second opinion. `npm run fuzz` runs it longer. */
import { expect, test } from 'vitest';
import { dockerClients, mayLackClients } from '../support/docker-clients.ts';
import { explain, fuzz, replay } from './fuzz.ts';
import { settings } from './settings.ts';

const { seed, path, lines, minutes, details } = settings;

test.skipIf(mayLackClients && dockerClients.length === 0)('there is a docker client', () => {
  expect(dockerClients).not.toEqual([]);
});

const whole = path === undefined ? test : undefined;
whole?.skipIf(mayLackClients && dockerClients.length === 0)(
  `from seed ${seed} on, docker widens nothing that userdocker allows`,
  async () => {
    const started = Date.now();
    const goal = minutes === undefined ? { lines } : { until: started + minutes * 60_000 };
    const { tally, failure } = await fuzz(seed, goal);
    console.log([tally.summary(seed, started), ...(details ? tally.details() : [])].join('\n'));
    if (failure !== undefined) throw new Error(explain(failure));
    if (minutes === undefined) expect(tally.passed).toBeGreaterThanOrEqual(lines);
    expect(tally.floors()).toEqual([]);
  },
);

if (path !== undefined) {
  test(`seed ${seed}, path ${path}`, async () => {
    const failure = await replay(seed, path);
    if (failure !== undefined) throw new Error(explain(failure));
  });
}
