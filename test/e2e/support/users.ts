import { type CommandOptions, mustRun, type Outcome, run } from './command.ts';

/**
 * alice, bob and carol may use userdocker (they are in the group `users`), mallory may not. alice and bob are also in
 * `students`, alice alone in `gpu`. alice's home is closed to others, bob's is not.
 */
export type User = 'alice' | 'bob' | 'carol' | 'mallory';

interface Account {
  readonly groups: readonly string[];
  readonly homeMode: string;
}

export const accounts: { readonly [user in User]: Account } = {
  alice: { groups: ['users', 'students', 'gpu'], homeMode: '0700' },
  bob: { groups: ['users', 'students'], homeMode: '0755' },
  carol: { groups: ['users'], homeMode: '0700' },
  mallory: { groups: [], homeMode: '0700' },
};

export const home = (user: User): string => `/home/${user}`;

/**
 * Runs a line of shell as that user, with all the user's groups, in the environment of a fresh login (no terminal).
 * `await as('alice', 'sudo userdocker ps')`
 */
export function as(user: User, line: string, options: CommandOptions = {}): Promise<Outcome> {
  return run({ cwd: home(user), ...options, env: {}, argv: loginArguments(user, line, options.env) });
}

/** As `as`, for what must succeed; gives standard output. */
export function mustAs(user: User, line: string, options: CommandOptions = {}): Promise<string> {
  return mustRun({ cwd: home(user), ...options, env: {}, argv: loginArguments(user, line, options.env) });
}

/** A line of shell as root itself, not through sudo. */
export function asRoot(line: string, options: CommandOptions = {}): Promise<Outcome> {
  return run({ cwd: '/root', ...options, env: rootEnvironment(options.env), argv: ['sh', '-c', line] });
}

export function mustRoot(line: string, options: CommandOptions = {}): Promise<string> {
  return mustRun({ cwd: '/root', ...options, env: rootEnvironment(options.env), argv: ['sh', '-c', line] });
}

export function loginArguments(user: User, line: string, env: CommandOptions['env'] = {}): readonly string[] {
  const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const identity = ['--reuid', user, '--regid', user, '--init-groups', '--reset-env'];
  return ['/usr/bin/setpriv', ...identity, '--', '/usr/bin/env', ...assignments, 'sh', '-c', line];
}

function rootEnvironment(env: CommandOptions['env']): { readonly [name: string]: string } {
  return { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', ...env };
}

export async function makeUsers(): Promise<void> {
  await mustRoot('for group in students gpu; do groupadd --force $group; done');
  for (const [user, { groups, homeMode }] of Object.entries(accounts)) {
    await makeUser(user, groups);
    await mustRoot(`chmod ${homeMode} /home/${user}`);
  }
}

/** With a home directory and a group of its own. The machine may have a user of that name; the sandbox's copy goes. */
export async function makeUser(user: string, groups: readonly string[] = []): Promise<void> {
  const list = groups.length > 0 ? `--groups ${groups.join(',')}` : '';
  await mustRoot(`userdel --force ${user} 2>/dev/null; groupdel ${user} 2>/dev/null;
    useradd --create-home --shell /bin/bash --user-group ${list} ${user}`);
}
