import { rmSync, writeFileSync } from 'node:fs';
import type { Outcome } from '../../e2e/support/command.ts';
import { userdockerProgram } from '../../e2e/support/processes.ts';
import { as, type User } from '../../e2e/support/users.ts';

/**
 * What stands in userdocker's place in control runs: the wrapper that many sites begin with. It keeps a log, makes a temporary
 * file, and calls docker.
 */
export const naive = '/usr/local/bin/naive';
export const naiveLog = '/run/naive.log';

const script = `#!/bin/bash
echo "\${SUDO_USER:-root}: $*" >>${naiveLog}
note=$(mktemp)
echo "$*" >"$note"
docker "$@"
`;
/** Generous, as such rules are: the environment goes through, and docker and the program itself are named beside the wrapper. */
const rule = `Cmnd_Alias NAIVE = ${naive}, /usr/bin/docker, ${userdockerProgram}
Defaults!NAIVE !env_reset, !secure_path, setenv
alice, bob, mallory ALL = (ALL) NOPASSWD: SETENV: NAIVE
`;

/** A line of shell as that user, who may call `sudo naive` and `sudo docker` while it runs. */
export async function naively(
  user: User,
  line: string,
  env: { readonly [name: string]: string } = {},
): Promise<Outcome> {
  installNaive();
  writeFileSync('/etc/sudoers.d/naive', rule, { mode: 0o440 });
  try {
    return await as(user, line, { env });
  } finally {
    rmSync('/etc/sudoers.d/naive');
  }
}

/** The wrapper alone, for who is root already. */
export function installNaive(): void {
  writeFileSync(naive, script, { mode: 0o755 });
}

export function removeNaive(): void {
  for (const file of [naive, naiveLog]) rmSync(file, { force: true });
}
