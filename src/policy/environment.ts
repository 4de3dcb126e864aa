/** The container's environment: what the user may set (`-e`), what the policy sets, and what nobody but us may. */
import type { Caller } from '../domain/caller.ts';
import type { Reason } from '../domain/errors.ts';
import type { Policy } from '../domain/policy.ts';

export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly source: 'you' | 'default' | 'enforced';
  readonly rule: string;
}

export interface EnvironmentVerdict {
  /** Each name once: which of two values a program sees depends on the version of runc. */
  readonly variables: readonly Variable[];
  readonly reasons: readonly Reason[];
}

/**
 * @param wanted the values of `-e`, as given
 * @param enforced what userdocker itself sets: who runs the container, which GPUs it may see
 */
export function judgeEnvironment(
  policy: Policy,
  executor: string,
  wanted: readonly string[],
  enforced: { readonly [name: string]: string },
): EnvironmentVerdict {
  const reasons: Reason[] = [];
  const user: Variable[] = [];
  for (const text of wanted) {
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    const problem = judgeVariable(name, equals >= 0, policy, enforced);
    if (problem === undefined)
      user.push({ name, value: text.slice(equals + 1), source: 'you', rule: 'args.run.available' });
    else reasons.push(problem);
  }
  const given = new Set(user.map(({ name }) => name));
  const defaults = [
    ...variables(policy.env, 'default', 'env'),
    ...variables(policy.env_by_executor[executor] ?? {}, 'default', `env_by_executor.${executor}`),
  ].filter(({ name }) => !given.has(name));
  return {
    variables: lastOfEachName([
      ...defaults,
      ...user,
      ...variables(policy.env_always, 'enforced', 'env_always'),
      ...variables(enforced, 'enforced', 'identity'),
    ]),
    reasons,
  };
}

/** `USERDOCKER*` says who runs a container; the NVIDIA toolkit takes GPUs and driver files by its variables. */
export function isReservedVariable(name: string): boolean {
  return /^(?:USERDOCKER.*|NV_GPU|NVIDIA_(?:VISIBLE_DEVICES|MIG_.*|IMEX_CHANNELS|MOFED|GDS|GDRCOPY|NVSWITCH))$/s.test(
    name,
  );
}

/** What every container of a user carries (the Python program's names). */
export function identityVariables(caller: Caller, version: string): { readonly [name: string]: string } {
  return { USERDOCKER: version, USERDOCKER_USER: caller.user, USERDOCKER_UID: String(caller.uid) };
}

function judgeVariable(
  name: string,
  hasValue: boolean,
  policy: Policy,
  enforced: { readonly [name: string]: string },
): Reason | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name)) {
    return {
      rule: 'env',
      message: `-e ${name}: that is no name of a variable`,
      instead: 'write -e NAME=value',
    };
  }
  // Without a value docker would take the variable from its own environment, which is root's.
  if (!hasValue) {
    return {
      rule: 'env',
      message: `-e ${name} has no value`,
      instead: `write -e ${name}=value (-e "${name}=$${name}" for yours)`,
    };
  }
  if (isReservedVariable(name) || Object.hasOwn(enforced, name)) {
    const instead = /^NV/.test(name)
      ? 'set NV_GPU in front of the command and use --executor=nvidia-docker'
      : 'leave it out';
    return { rule: 'env', message: `-e ${name}=... is set by userdocker alone`, instead };
  }
  if (Object.hasOwn(policy.env_always, name)) {
    const message = `-e ${name}=... is set by the policy and can't be changed`;
    return { rule: 'env_always', message, instead: 'leave it out' };
  }
  return undefined;
}

function lastOfEachName(all: readonly Variable[]): readonly Variable[] {
  return [...new Map(all.map((variable) => [variable.name, variable])).values()];
}

function variables(
  map: { readonly [name: string]: string },
  source: 'default' | 'enforced',
  rule: string,
): readonly Variable[] {
  return Object.entries(map).map(([name, value]) => ({ name, value, source, rule }));
}
