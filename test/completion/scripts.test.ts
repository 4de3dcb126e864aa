import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { completionScripts } from '../../src/completion/scripts.generated.ts';

const file = (shell: string) => new URL(`../../completions/userdocker.${shell}`, import.meta.url).pathname;

describe.each([...completionScripts])('%s', (shell, script) => {
  test('is the file (else: bun scripts/embed-completions.ts)', () => {
    expect(script).toBe(readFileSync(file(shell), 'utf8'));
  });
  test('evaluates nothing, and asks sudo for no password', () => {
    const code = script.replace(/^ *#.*$/gm, '');
    expect(code).not.toMatch(/\beval\b|compgen|\bsource\b/);
    for (const [call] of code.matchAll(/sudo.*/g)) expect(call).toMatch(/^sudo -n -- /);
  });
  test('names the launcher by the path that install.sh replaces', () => {
    expect(script).toContain('/usr/local/bin/userdocker');
    expect(script.replaceAll('/usr/local/bin/userdocker', '')).not.toContain('/usr/local');
  });
  test.skipIf(spawnSync(shell, ['--version']).error !== undefined)('is sound', () => {
    expect(spawnSync(shell, ['-n', file(shell)], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
  });
});
