/** Which program a command becomes. */
import type { Executor, Policy } from '../domain/policy.ts';

export type NamedExecutor = Executor & { readonly name: string };

/**
 * nvidia-docker is asked for `run` alone. Version 2 is a shell script that hands on what stands before `run` without quotes, so that
 * `exec --workdir='/ --user=0'` would become two options; what else it is given goes to docker itself, which has no need of it.
 * @returns `undefined`: the policy has no executor of that name
 */
export function executorFor(
  policy: Pick<Policy, 'executors'>,
  name: string,
  command: string | undefined,
): NamedExecutor | undefined {
  const executor = Object.hasOwn(policy.executors, name) ? policy.executors[name] : undefined;
  if (executor === undefined) return undefined;
  if (executor.gpus !== 'nv_gpu' || command === 'run') return { ...executor, name };
  return { name, path: plainDocker(policy), gpus: undefined };
}

function plainDocker({ executors }: Pick<Policy, 'executors'>): string {
  return Object.values(executors).find(({ gpus }) => gpus !== 'nv_gpu')?.path ?? '/usr/bin/docker';
}
