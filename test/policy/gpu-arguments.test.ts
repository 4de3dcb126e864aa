import { describe, expect, test } from 'vitest';
import { type GpuFact, gpuUnits } from '../../src/domain/gpu.ts';
import type { GpuMode } from '../../src/domain/policy.ts';
import { isReservedVariable } from '../../src/policy/environment.ts';
import { blankedVariables, gpuArguments } from '../../src/policy/gpu-arguments.ts';

function gpu(index: number, uuid: string): GpuFact {
  const memory = { memoryUsedMiB: 0, memoryTotalMiB: 1 };
  return { index, uuid, name: 'Tesla', migEnabled: false, instances: [], ...memory };
}
const one = gpuUnits([gpu(0, 'GPU-a0')]);
const two = gpuUnits([gpu(0, 'GPU-a0'), gpu(1, 'GPU-a1')]);

test.each<[GpuMode | undefined, typeof two, readonly string[], string, object]>([
  ['nv_gpu', two, [], 'GPU-a0,GPU-a1', { NV_GPU: 'GPU-a0,GPU-a1' }],
  ['nv_gpu', one, [], 'GPU-a0', { NV_GPU: 'GPU-a0' }],
  ['runtime', two, ['--runtime=nvidia'], 'GPU-a0,GPU-a1', {}],
  ['runtime', one, ['--runtime=nvidia'], 'GPU-a0', {}],
  ['flag', two, ['--gpus="device=GPU-a0,GPU-a1"'], 'GPU-a0,GPU-a1', {}],
  ['flag', one, ['--gpus=device=GPU-a0'], 'GPU-a0', {}],
  ['cdi', two, ['--device=nvidia.com/gpu=GPU-a0', '--device=nvidia.com/gpu=GPU-a1'], 'void', {}],
  ['nv_gpu', [], [], 'void', {}],
  ['runtime', [], [], 'void', {}],
  ['flag', [], [], 'void', {}],
  ['cdi', [], [], 'void', {}],
  [undefined, [], [], 'void', {}],
  // Never asked for, but if it were: an executor that gives no GPUs gives none.
  [undefined, two, [], 'void', {}],
])('%s', (mode, units, words, visible, dockerEnvironment) => {
  const told = gpuArguments(mode, units);
  expect(told.words).toEqual(words);
  expect(told.environment['NVIDIA_VISIBLE_DEVICES']).toBe(visible);
  expect(told.environment['DOCKER_RESOURCE_GPU']).toBe(visible);
  expect(told.dockerEnvironment).toEqual(dockerEnvironment);
  expect(told.label).toBe(mode === undefined ? '' : units.map(({ uuid }) => uuid).join(','));
});

describe('what an image says never counts', () => {
  test.each(blankedVariables)('%s is blank, and the user may not set it', (name) => {
    for (const mode of [undefined, 'nv_gpu', 'runtime', 'flag', 'cdi'] as const) {
      expect(gpuArguments(mode, two).environment[name]).toBe('');
    }
    expect(isReservedVariable(name)).toBe(true);
  });
});
