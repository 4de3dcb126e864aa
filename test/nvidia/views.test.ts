import { describe, expect, test } from 'vitest';
import { type GpuFact, type GpuHold, gpuUnits } from '../../src/domain/gpu.ts';
import { showFree, showUsed, usedGpus } from '../../src/nvidia/views.ts';

const gpus: readonly GpuFact[] = [
  {
    index: 0,
    uuid: 'GPU-a0000000-5326-e718-c682-cd2377bf8d77',
    name: 'NVIDIA A100-SXM4-40GB',
    memoryUsedMiB: 9801,
    memoryTotalMiB: 40960,
    migEnabled: false,
    instances: [],
  },
  {
    index: 1,
    uuid: 'GPU-a1000000-5326-e718-c682-cd2377bf8d77',
    name: 'NVIDIA GB10',
    memoryUsedMiB: undefined,
    memoryTotalMiB: undefined,
    migEnabled: true,
    instances: [
      {
        uuid: 'MIG-b1000000-5326-e718-c682-cd2377bf8d77',
        index: 0,
        profile: '3g.20gb',
        gpuInstance: 1,
        computeInstance: 0,
        memoryUsedMiB: undefined,
        memoryTotalMiB: undefined,
      },
    ],
  },
];
const now = 1_700_000_000;
const holds: readonly GpuHold[] = [
  {
    uuid: gpus[0]?.uuid ?? '',
    user: 'alice',
    uid: 1000,
    container: { id: 'c1', name: 'alice_1' },
    pid: undefined,
    since: now - 95_000,
  },
  {
    uuid: gpus[0]?.uuid ?? '',
    user: 'alice',
    uid: 1000,
    container: { id: 'c2', name: 'alice_2' },
    pid: undefined,
    since: now - 61,
  },
  {
    uuid: 'mig-b1000000-5326-e718-c682-cd2377bf8d77',
    user: 'bob',
    uid: 1001,
    container: undefined,
    pid: 7,
    since: now - 3,
  },
  {
    uuid: 'GPU-gone',
    user: 'bob',
    uid: 1001,
    container: { id: 'c3', name: 'x' },
    pid: undefined,
    since: undefined,
  },
];

describe('--gpu-used', () => {
  test('for people', () => {
    expect(showUsed(gpus, usedGpus(gpus, holds), 'table', now)).toBe(
      [
        'GPU   UUID           NAME                      MEMORY (MiB)   CONTAINER    USER    SINCE',
        '0     GPU-a0000000   NVIDIA A100-SXM4-40GB     9801 / 40960   alice_1      alice   1 d 2 h',
        '0     GPU-a0000000   NVIDIA A100-SXM4-40GB     9801 / 40960   alice_2      alice   1 min',
        '1:0   MIG-b1000000   NVIDIA GB10 MIG 3g.20gb   ? / ?          (starting)   bob     3 s',
        '',
      ].join('\n'),
    );
  });

  test('for scripts', () => {
    expect(JSON.parse(showUsed(gpus, usedGpus(gpus, holds, 1001), 'json', now))).toEqual([
      {
        index: '1:0',
        uuid: 'MIG-b1000000-5326-e718-c682-cd2377bf8d77',
        name: 'NVIDIA GB10 MIG 3g.20gb',
        memory_used_mib: null,
        memory_total_mib: null,
        container: null,
        container_id: null,
        user: 'bob',
        since: now - 3,
      },
    ]);
    expect(showUsed(gpus, usedGpus(gpus, holds, 1000), 'ids', now)).toBe('0\n');
    expect(showUsed(gpus, usedGpus(gpus, holds), 'ids', now)).toBe('0\n1:0\n');
    expect(showUsed(gpus, [], 'ids', now)).toBe('');
    expect(showUsed([], [], 'json', now)).toBe('[]\n');
  });

  test('a holder who does not say who, and odd clocks', () => {
    const strange = [
      {
        ...holds[0],
        uuid: gpus[0]?.uuid ?? '',
        user: undefined,
        uid: undefined,
        container: undefined,
        pid: 1,
      },
    ];
    const show = (since: number | undefined) =>
      showUsed(gpus, usedGpus(gpus, [{ ...strange[0], since } as GpuHold]), 'table', now);
    expect(show(undefined)).toMatch(/\(starting\) {3}\? {6}\?\n$/);
    expect(show(now + 100)).toMatch(/ 0 s\n$/);
    expect(show(now - 3600 * 5)).toMatch(/ 5 h 0 min\n$/);
  });

  test('nothing to show is a sentence', () => {
    expect(showUsed(gpus, [], 'table', now)).toBe('No GPU is held by a container.\n');
    expect(showUsed([], [], 'table', now)).toBe('nvidia-smi finds no GPUs on this machine.\n');
  });
});

describe('--gpu-free', () => {
  const free = [...gpuUnits(gpus)].reverse();
  test('keeps the order', () => {
    expect(showFree(gpus, free, 'ids')).toBe('1:0\n0\n');
    expect(showFree(gpus, free, 'table')).toBe(
      [
        'GPU   UUID           NAME                      MEMORY (MiB)',
        '1:0   MIG-b1000000   NVIDIA GB10 MIG 3g.20gb   ? / ?',
        '0     GPU-a0000000   NVIDIA A100-SXM4-40GB     9801 / 40960',
        '',
      ].join('\n'),
    );
    expect(JSON.parse(showFree(gpus, free, 'json')).map(({ index }: { index: string }) => index)).toEqual([
      '1:0',
      '0',
    ]);
  });

  test('nothing to show is a sentence', () => {
    expect(showFree(gpus, [], 'table')).toMatch(/^No GPU is free for you\. .*ps --gpu-used\n$/);
    expect(showFree([], [], 'table')).toBe('nvidia-smi finds no GPUs on this machine.\n');
    expect(showFree([], [], 'ids')).toBe('');
  });
});
