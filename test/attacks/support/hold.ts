import { describe, expect, test } from 'vitest';
import { removeContainers } from '../../e2e/support/engine.ts';
import type { Area, Attack } from './attack.ts';

/** Makes the tests of one area: for each attack a control run, which must succeed, and the attack, which must not. */
export function hold({ title, attacks }: Area): void {
  describe(title, () => {
    describe.each(attacks.map((attack) => [attack.id, attack] as const))('%s', (_, attack) => {
      const spellings = attack.spellings ?? [''];
      test(`undefended, ${attack.who} gets ${attack.wants}`, () => isReached(attack, spellings[0] ?? ''));
      test.each(spellings)(`is held%s`, (spelling) => isHeld(attack, spelling));
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

async function isHeld(attack: Attack, spelling: string): Promise<void> {
  try {
    await attack.prepare?.();
    const last = await attack.attack(spelling);
    expect(await attack.reached(last), `the attack succeeds: ${JSON.stringify(last)}`).toBe(false);
    if (attack.refused === undefined) return;
    expect(last).toMatchObject({
      status: attack.status ?? 77,
      stderr: expect.stringMatching(attack.refused),
    });
  } finally {
    await leave(attack);
  }
}

async function leave(attack: Attack): Promise<void> {
  await removeContainers();
  await attack.cleanUp?.();
}
