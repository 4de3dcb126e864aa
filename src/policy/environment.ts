/** The container's environment: what the user may set (`-e`), what the policy sets, and what nobody but us may. */
import type { Caller } from '../domain/caller.ts';
import type { Reason } from '../domain/errors.ts';
import type { Policy } from '../domain/policy.ts';

export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly source: 'you' | 'default' | 'enforced';
  readonly rule: string;
  /** From --env-file: its value is to stand on no command line. */
  readonly hidden?: boolean;
}

/** What the user asks for: `NAME=value`, and where it stands if that is in a file. */
export interface Wanted {
  readonly text: string;
  readonly where?: string | undefined;
}

export interface EnvironmentVerdict {
  /** Each name once: which of two values a program sees depends on the version of runc. */
  readonly variables: readonly Variable[];
  readonly reasons: readonly Reason[];
}

/**
 * @param wanted the values of `-e`, as given, behind those of --env-file: the last of a name counts
 * @param enforced what userdocker itself sets: who runs the container, which GPUs it may see
 */
export function judgeEnvironment(
  policy: Policy,
  executor: string,
  wanted: readonly Wanted[],
  enforced: { readonly [name: string]: string },
): EnvironmentVerdict {
  const reasons: Reason[] = [];
  const user: Variable[] = [];
  for (const { text, where } of wanted) {
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    const problem = judgeVariable({ name, hasValue: equals >= 0, where }, policy, enforced);
    const value = text.slice(equals + 1);
    if (problem === undefined)
      user.push({ name, value, source: 'you', rule: 'args.run.available', hidden: where !== undefined });
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

interface Asked {
  readonly name: string;
  readonly hasValue: boolean;
  readonly where: string | undefined;
}

function judgeVariable(
  { name, hasValue, where }: Asked,
  policy: Policy,
  enforced: { readonly [name: string]: string },
): Reason | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name)) {
    // What is no name may be a secret in the wrong place: the line's number has to do.
    return {
      rule: 'env',
      message: `${where ?? `-e ${name}`}: that is no name of a variable`,
      instead: where === undefined ? 'write -e NAME=value' : 'write NAME=value',
    };
  }
  // Without a value docker would take the variable from its own environment, which is root's.
  if (!hasValue) return withoutValue(name, where);
  const shown = where ?? `-e ${name}=...`;
  if (isReservedVariable(name) || Object.hasOwn(enforced, name)) {
    const instead = /^NV/.test(name)
      ? 'set NV_GPU in front of the command and use --executor=nvidia-docker'
      : 'leave it out';
    return { rule: 'env', message: `${shown} is set by userdocker alone`, instead };
  }
  if (Object.hasOwn(policy.env_always, name)) {
    const message = `${shown} is set by the policy and can't be changed`;
    return { rule: 'env_always', message, instead: 'leave it out' };
  }
  return undefined;
}

function withoutValue(name: string, where: string | undefined): Reason {
  return where === undefined
    ? {
        rule: 'env',
        message: `-e ${name} has no value`,
        instead: `write -e ${name}=value (-e "${name}=$${name}" for yours)`,
      }
    : {
        rule: 'env',
        message: `${where} has no value`,
        instead: 'write NAME=value: your own environment is not known here',
      };
}

function lastOfEachName(all: readonly Variable[]): readonly Variable[] {
  return [...new Map(all.map((variable) => [variable.name, variable])).values()];
}

/** The words for docker, and the lines of the file that holds what was in a file. */
export function environmentWords(verdict: readonly Variable[]): {
  readonly shown: readonly Variable[];
  readonly lines: readonly string[];
} {
  return {
    shown: verdict.filter(({ hidden }) => hidden !== true),
    lines: verdict.filter(({ hidden }) => hidden === true).map(({ name, value }) => `${name}=${value}`),
  };
}

function variables(
  map: { readonly [name: string]: string },
  source: 'default' | 'enforced',
  rule: string,
): readonly Variable[] {
  return Object.entries(map).map(([name, value]) => ({ name, value, source, rule }));
}
