/** `docker: /usr/bin/docker` or `nvidia-docker: {path: /usr/bin/docker, gpus: runtime}`. */
import { basename } from 'node:path';
import type { Executor, GpuMode } from '../domain/policy.ts';
import { err, ok, type Result } from '../domain/result.ts';
import { absolutePath, didYouMean, oneOf, orNone, type Parse, shown } from './values.ts';

/** As one layer gives it: a map may leave out what another layer says. */
export interface PartialExecutor {
  readonly path?: string;
  readonly gpus?: GpuMode | 'none';
}

const gpuMode = orNone(oneOf(['nv_gpu', 'runtime', 'flag', 'cdi']));

export const executorEntry: Parse<PartialExecutor> = (value, variables) => {
  if (typeof value === 'string') {
    const path = absolutePath(value, variables);
    return path.ok ? ok({ path: path.value }) : path;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return err(`expected a path or {path: ..., gpus: ...}, found ${shown(value)}`);
  }
  let executor: PartialExecutor = {};
  for (const [key, part] of Object.entries(value)) {
    if (key === 'path') {
      const path = absolutePath(part, variables);
      if (!path.ok) return path;
      executor = { ...executor, path: path.value };
    } else if (key === 'gpus') {
      const gpus = gpuMode(part, variables);
      if (!gpus.ok) return gpus;
      executor = { ...executor, gpus: gpus.value ?? 'none' };
    } else return err(`unknown key ${key} of an executor${didYouMean(key, ['path', 'gpus'])}`);
  }
  return ok(executor);
};

/**
 * SPEC 4.5: one called `nvidia-docker` reserves GPUs without being told to. A real nvidia-docker takes them from NV_GPU;
 * docker itself under that name by its runtime.
 */
export function completeExecutor(name: string, written: PartialExecutor): Result<Executor> {
  const { path, gpus } = written;
  if (path === undefined) return err(`the executor ${name} has no path`);
  if (gpus !== undefined) return ok({ path, gpus: gpus === 'none' ? undefined : gpus });
  if (name !== 'nvidia-docker') return ok({ path, gpus: undefined });
  return ok({ path, gpus: basename(path) === 'nvidia-docker' ? 'nv_gpu' : 'runtime' });
}
