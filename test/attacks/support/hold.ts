import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resetConfig } from '../../e2e/support/config.ts';
import { removeContainers, startEngine, stopEngine } from '../../e2e/support/engine.ts';
import type { Area, Attack } from './attack.ts';

/** Makes the tests of one area: for each attack a control run, which must succeed, and the attack, which must not. */
export function hold({ title, attacks, before, after }: Area): void {
  describe(title, () => {
    beforeAll(async () => {
      // Starts that fail half-way can leave a thread of dockerd's in a container's network, where there is no docker0 for those
      // that come later.
      await stopEngine();
      await startEngine();
      await before?.();
    });
    afterAll(async () => {
      await after?.();
    });
    describe.each(attacks.map((attack) => [attack.id, attack] as const))('%s', (_, attack) => {
      const spellings = attack.spellings ?? [''];
      test(`undefended, ${attack.who} gets ${attack.wants}`, () => isReached(attack, spellings[0] ?? ''));
      if (attack.inOneGo === true)
        test(`is held, spelled in ${spellings.length} ways`, () => isHeld(attack, spellings));
      else test.each(spellings)(`is held: %s`, (spelling) => isHeld(attack, [spelling]));
    });
  });
}

async function isReached(attack: Attack, spelling: string): Promise<void> {
  try {
    await attack.prepare?.();
    const last = await attack.control(spelling);
    expect(await attack.reached(last), `the control run must succeed: ${JSON.stringify(last)}`).toBe(true);
  } finally {
    await leave(attack);
  }
}

async function isHeld(attack: Attack, spellings: readonly string[]): Promise<void> {
  try {
    await attack.prepare?.();
    for (const spelling of spellings) {
      const last = await attack.attack(spelling);
      const what = `${spelling}: ${JSON.stringify(last)}`;
      expect(await attack.reached(last), `the attack succeeds: ${what}`).toBe(false);
      if (attack.refused === undefined) continue;
      expect(last.stderr, what).toMatch(attack.refused);
      expect(attack.status === undefined ? [64, 77] : [attack.status], what).toContain(last.status);
    }
  } finally {
    await leave(attack);
  }
}

async function leave(attack: Attack): Promise<void> {
  await removeContainers();
  resetConfig();
  await attack.cleanUp?.();
}
