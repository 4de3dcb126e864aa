/** The last step: this process becomes docker. */
import process from 'node:process';
import type { Caller } from '../domain/caller.ts';
import type { Allow } from '../domain/decision.ts';
import type { Policy } from '../domain/policy.ts';
import { assertInvariants } from './invariants.ts';
import { assertRunnable, type Ending, type Program, replaceProcess } from './replace.ts';
import { handingOver } from './value-files.ts';

/**
 * Does not return where the runtime has execve.
 * @throws UserdockerError: `unavailable` where docker is missing, `denied` where an invariant does not hold
 */
export function becomeDocker(allow: Allow, policy: Policy, caller: Caller): Promise<Ending> {
  const { plan } = allow;
  assertInvariants(plan, policy, caller);
  const program: Program = {
    executable: plan.executable,
    args: plan.parts.flatMap((part) => part.words),
    env: { ...ownEnvironment(process.env), ...plan.env },
  };
  // Before a file is made for it, and before a shell that would say it in its own words.
  assertRunnable(program.executable);
  return replaceProcess(handingOver(program, plan.files ?? []));
}

/** All that a docker is given that is started for one of userdocker's own commands. */
export function dockerEnvironment({
  docker_host,
  docker_config,
}: Pick<Policy, 'docker_host' | 'docker_config'>): {
  readonly [name: string]: string;
} {
  return { ...ownEnvironment(process.env), DOCKER_HOST: docker_host, DOCKER_CONFIG: docker_config };
}

/**
 * What docker is given beside the plan's variables: a fixed PATH (helpers such as docker-credential-* are looked up
 * there), and of the caller's own the terminal's kind and the language, if they look like such.
 */
export function ownEnvironment(caller: { readonly [name: string]: string | undefined }): {
  [name: string]: string;
} {
  const harmless = Object.entries(caller).filter(
    (entry): entry is [string, string] =>
      /^(?:TERM|LANG|LANGUAGE|LC_[A-Z]+)$/.test(entry[0]) &&
      /^[A-Za-z0-9][A-Za-z0-9_.@:+-]{0,63}$/.test(entry[1] ?? ''),
  );
  return { ...Object.fromEntries(harmless), PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
}
