import { existsSync } from 'node:fs';

/**
 * These tests make users, rewrite sudoers and remove every container. Outside a sandbox they refuse to run
 * (scripts/sandbox.sh makes the file).
 */
export function requireSandbox(): void {
  if (!existsSync('/run/userdocker-sandbox')) {
    throw new Error('these tests change the machine they run on; start them with: bash scripts/test.sh');
  }
}
