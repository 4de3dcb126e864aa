import { describe, expect, test } from 'vitest';
import type { Executor, GpuMode } from '../../src/domain/policy.ts';
import { executorFor } from '../../src/policy/executor.ts';

const executor = (path: string, gpus?: GpuMode): Executor => ({ path, gpus });
const old = executor('/usr/bin/nvidia-docker', 'nv_gpu');
const docker = executor('/opt/docker');

describe('the program', () => {
  test.each<[string, { readonly [name: string]: Executor }, string, string | undefined, string, GpuMode?]>([
    ['run', { docker, gpu: old }, 'gpu', 'run', '/usr/bin/nvidia-docker', 'nv_gpu'],
    ['exec', { docker, gpu: old }, 'gpu', 'exec', '/opt/docker'],
    ['exec, nvidia-docker first', { gpu: old, docker }, 'gpu', 'exec', '/opt/docker'],
    ['pull for a run', { docker, gpu: old }, 'gpu', 'pull', '/opt/docker'],
    ['no command', { docker, gpu: old }, 'gpu', undefined, '/opt/docker'],
    ['Run is no run', { docker, gpu: old }, 'gpu', 'Run', '/opt/docker'],
    ['nothing but nvidia-docker', { gpu: old }, 'gpu', 'ps', '/usr/bin/docker'],
    [
      'two of them',
      { gpu: old, other: { ...old, path: '/b/nvidia-docker' } },
      'other',
      'ps',
      '/usr/bin/docker',
    ],
    ['the first that is none', { gpu: old, a: executor('/a', 'flag'), docker }, 'gpu', 'ps', '/a'],
    ['docker itself', { docker, gpu: old }, 'docker', 'exec', '/opt/docker'],
    ['docker itself, run', { docker, gpu: old }, 'docker', 'run', '/opt/docker'],
    ['runtime, exec', { gpu: executor('/a', 'runtime'), docker }, 'gpu', 'exec', '/a', 'runtime'],
    ['runtime, run', { gpu: executor('/a', 'runtime'), docker }, 'gpu', 'run', '/a', 'runtime'],
  ])('%s', (_title, executors, name, command, path, gpus) => {
    expect(executorFor({ executors }, name, command)).toEqual({ name, path, gpus });
  });
  test.each(['nosuch', 'toString', '__proto__', ''])('%j: there is none', (name) => {
    expect(executorFor({ executors: { docker, gpu: old } }, name, 'run')).toBeUndefined();
  });
});
