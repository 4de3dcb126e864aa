/**
 * What must hold of a command line whatever the rules said on the way: looked for once more, in the words themselves,
 * just before docker gets them. A failure here is a defect of userdocker, never the user's.
 */
import type { Caller } from '../domain/caller.ts';
import type { ExecPlan, Part } from '../domain/decision.ts';
import { denied } from '../domain/errors.ts';
import type { Policy } from '../domain/policy.ts';
import { handedPath } from '../policy/value-files.ts';

/** What the invariants are held against. */
export type Terms = Pick<
  Policy,
  'allowed_subcommands' | 'user_in_container' | 'caps_drop' | 'caps_add' | 'no_new_privileges'
>;

/** @throws UserdockerError (`denied`) naming the invariant that does not hold */
export function assertInvariants(plan: ExecPlan, policy: Terms, caller: Pick<Caller, 'uid' | 'gid'>): void {
  const words = plan.parts.flatMap((part) => part.words);
  const command = words[0] ?? '';
  insist(plan.executable.startsWith('/'), 'the executable is an absolute path');
  insist(
    [...words, ...Object.entries(plan.env).flat()].every((text) => !text.includes('\0')),
    'no word and no variable holds a NUL byte',
  );
  insist(policy.allowed_subcommands.includes(command), 'the subcommand is an allowed one');
  insist(Object.keys(plan.env).every(isExpectedVariable), 'docker gets no variable but its own');
  if (command !== 'run' && command !== 'exec') return;
  const options = optionsOf(plan.parts);
  insist(
    options.every(({ word }) => word.startsWith('--')),
    'every option is in its long form',
  );
  assertFiles(options, plan.files ?? []);
  assertUser(options, policy, caller);
  if (command === 'run') assertConfinement(options, policy);
}

/** What docker itself may find in its environment, next to what src/exec/exec.ts puts in. */
export function isExpectedVariable(name: string): boolean {
  return /^(?:PATH|TERM|LANG|LANGUAGE|LC_[A-Z]+|DOCKER_HOST|DOCKER_CONFIG|NV_GPU)$/.test(name);
}

interface OptionWord {
  readonly word: string;
  readonly fromUser: boolean;
}

/** The words between the subcommand and `--`. Canonical options are one word each, so the first other word ends them. */
function optionsOf(parts: readonly Part[]): readonly OptionWord[] {
  const words = parts
    .flatMap((part) => part.words.map((word) => ({ word, fromUser: part.source === 'you' })))
    .slice(1);
  const end = words.findIndex(({ word }) => word === '--' || !word.startsWith('-'));
  return end < 0 ? words : words.slice(0, end);
}

/** docker's client reads these files as root: they are ours, in the order in which they are handed over. */
function assertFiles(options: readonly OptionWord[], files: readonly string[]): void {
  const named = options.flatMap(({ word }) => /^--(?:env|label)-file(?:=(.*))?$/s.exec(word)?.slice(1) ?? []);
  const handed = files.map((_, index) => handedPath(index));
  insist(
    named.length === handed.length && named.every((path, index) => path === handed[index]),
    'docker reads no file but those that userdocker has written',
  );
}

function assertUser(
  options: readonly OptionWord[],
  policy: Terms,
  caller: Pick<Caller, 'uid' | 'gid'>,
): void {
  if (!policy.user_in_container) return;
  const users = valuesOf(options, '--user');
  const own = `${caller.uid}:${caller.gid}`;
  insist(users.length > 0 && users.every((user) => user === own), `processes run as ${own}`);
}

function assertConfinement(options: readonly OptionWord[], policy: Terms): void {
  const dropped = valuesOf(options, '--cap-drop').map(capability);
  insist(
    policy.caps_drop.every((name) => dropped.includes(capability(name))),
    'the capabilities of caps_drop are dropped',
  );
  const added = valuesOf(
    options.filter(({ fromUser }) => fromUser),
    '--cap-add',
  ).map(capability);
  insist(
    added.every((name) => policy.caps_add.map(capability).includes(name)),
    'no capability is added but those of caps_add',
  );
  if (!policy.no_new_privileges) return;
  const security = valuesOf(options, '--security-opt');
  insist(
    security.includes('no-new-privileges') &&
      !security.some((value) => /^no-new-privileges[:=](?!true$)/.test(value)),
    'processes gain no new privileges',
  );
}

function valuesOf(options: readonly OptionWord[], flag: string): readonly string[] {
  const start = `${flag}=`;
  // "--user" without "=" would take the next word: not canonical, and so not a value that counts.
  return options.flatMap(({ word }) =>
    word === flag ? [''] : word.startsWith(start) ? [word.slice(start.length)] : [],
  );
}

/** docker takes `cap_chown`, `CHOWN` and `CAP_CHOWN` for the same. */
function capability(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
}

function insist(holds: boolean, invariant: string): void {
  if (holds) return;
  throw denied({
    rule: 'internal',
    message: `userdocker built a command line that breaks an invariant: ${invariant}`,
    instead: 'tell an admin: this is a defect of userdocker',
  });
}
