import { describe, expect, test } from 'vitest';
import type { GpuFact, GpuHold, MigFact } from '../../src/domain/gpu.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { type GpuWords, parseGpuRequest } from '../../src/policy/gpu-request.ts';
import { chooseGpus, freeGpus } from '../../src/policy/gpus.ts';

const alice = 1000;
const bob = 1001;

const shipped: Policy['nvidia'] = {
  smi: '/usr/bin/nvidia-smi',
  allowed_gpus: 'ALL',
  default_gpu_count_reservation: 1,
  max_gpu_count_reservation: -1,
  gpu_unavailable_above_memory_used: 64,
  exclusive_container_gpu_reservation: true,
  allow_own_gpu_reuse: true,
};

/** The first eight digits of the UUID say which GPU it is: GPU-a0000000-..., GPU-a1..., so that prefixes have something to bite on. */
function gpu(index: number, memoryUsedMiB: number | undefined = 1, more: Partial<GpuFact> = {}): GpuFact {
  return {
    index,
    uuid: `GPU-a${index}000000-5326-e718-c682-cd2377bf8d77`,
    name: 'NVIDIA A100-SXM4-40GB',
    memoryUsedMiB,
    memoryTotalMiB: 40960,
    migEnabled: false,
    instances: [],
    ...more,
  };
}

function instance(gpuIndex: number, index: number, memoryUsedMiB = 12): MigFact {
  return {
    uuid: `MIG-b${gpuIndex}${index}00000-4f0d-63b4-f002-744a10500000`,
    index,
    profile: '3g.20gb',
    gpuInstance: index + 1,
    computeInstance: 0,
    memoryUsedMiB,
    memoryTotalMiB: 20096,
  };
}

function hold(index: number, uid: number, name?: string): GpuHold {
  return {
    uuid: gpu(index).uuid,
    user: uid === alice ? 'alice' : 'bob',
    uid,
    container: name === undefined ? undefined : { id: 'c'.repeat(64), name },
    pid: name === undefined ? 4711 : undefined,
    since: 0,
  };
}

interface Case {
  readonly words?: GpuWords;
  readonly gpus?: readonly GpuFact[];
  readonly holds?: readonly GpuHold[];
  readonly nvidia?: Partial<Policy['nvidia']>;
  readonly limit?: number;
  readonly ownGpus?: readonly string[];
  readonly restarted?: readonly string[];
}

function question({
  words = {},
  gpus = four,
  holds = [],
  nvidia = {},
  limit,
  ownGpus = [],
  restarted = [],
}: Case) {
  const requests = parseGpuRequest(words);
  if (!requests.ok) throw new Error(requests.error);
  return {
    nvidia: { ...shipped, ...nvidia },
    limit,
    uid: alice,
    requests: requests.value,
    gpus,
    holds,
    ownGpus,
    restarted,
  };
}

/** `gives 0 1`, or `denies RULE: message [instead]; ...` */
function outcome(situation: Case): string {
  const result = chooseGpus(question(situation));
  if (result.ok) return `gives ${result.value.units.map(({ id }) => id).join(' ')}`.trimEnd();
  return `denies ${result.error.map(({ rule, message, instead }) => `${rule}: ${message} [${instead}]`).join('; ')}`;
}

const four = [gpu(0), gpu(1), gpu(2), gpu(3)];
const divided = gpu(0, 24, { migEnabled: true, instances: [instance(0, 0), instance(0, 1)] });

function check(rows: readonly (readonly [string, Case, RegExp | string])[]): void {
  test.each(rows.map(([title, situation, expected]) => ({ title, situation, expected })))(
    '$title',
    ({ situation, expected }) => {
      if (typeof expected === 'string') expect(outcome(situation)).toBe(expected);
      else expect(outcome(situation)).toMatch(expected);
    },
  );
}

describe('names: all spellings of one GPU are one GPU', () => {
  const uuid = gpu(2).uuid;
  check([
    ['index', { words: { NV_GPU: '2' } }, 'gives 2'],
    ['UUID', { words: { NV_GPU: uuid } }, 'gives 2'],
    ['UUID in upper case', { words: { NV_GPU: uuid.toUpperCase() } }, 'gives 2'],
    ['UUID in lower case', { words: { NV_GPU: uuid.toLowerCase() } }, 'gives 2'],
    ['unique prefix', { words: { NV_GPU: 'GPU-a2' } }, 'gives 2'],
    ['unique prefix, other case', { words: { NV_GPU: 'gpu-A2' } }, 'gives 2'],
    [
      'prefix of several',
      { words: { NV_GPU: 'GPU-a' } },
      /^denies nvidia: NV_GPU: "GPU-a" fits 4 GPUs \[write more of it: GPU-a0/,
    ],
    ['prefix of one among several', { words: { NV_GPU: 'GPU-a' }, gpus: [gpu(0)] }, 'gives 0'],
    [
      'prefix of none',
      { words: { NV_GPU: 'GPU-b' } },
      /^denies nvidia: .*there is no GPU "GPU-b" \[there are: 0, 1, 2, 3\]/,
    ],
    ['one digit too many', { words: { NV_GPU: `${uuid}0` } }, /^denies nvidia: .*there is no GPU/],
    ['prefix that is only a dash', { words: { NV_GPU: 'GPU--' } }, /^denies nvidia: .*there is no GPU/],
    ['twice the same', { words: { NV_GPU: '0,0' } }, 'gives 0'],
    ['twice the same, spelled differently', { words: { NV_GPU: `2,${uuid},GPU-a2` } }, 'gives 2'],
    ['in any order', { words: { NV_GPU: '3,0' } }, 'gives 0 3'],
    [
      'one that is not there',
      { words: { NV_GPU: '4' } },
      /^denies nvidia: NV_GPU: there is no GPU "4" \[there are: 0, 1, 2, 3\]/,
    ],
    ['huge', { words: { NV_GPU: '99999999999999999999' } }, /^denies nvidia: .*there is no GPU "9{20}"/],
    ['2^32', { words: { NV_GPU: '4294967296' } }, /^denies nvidia: /],
    ['one of two is wrong', { words: { NV_GPU: '0,9' } }, /^denies nvidia: .*"9"/],
    ['both are wrong: both are named', { words: { NV_GPU: '8,9' } }, /"8".*"9"/],
    ['all', { words: { NV_GPU: 'all' } }, 'gives 0 1 2 3'],
    ['none', { words: { NV_GPU: 'none' } }, 'gives'],
    ['void', { words: { NVIDIA_VISIBLE_DEVICES: 'void' } }, 'gives'],
    [
      'an instance of a GPU that is not divided',
      { words: { NV_GPU: '0:0' } },
      /^denies nvidia: .*there is no GPU "0:0"/,
    ],
  ]);
});

describe('several sources', () => {
  check([
    ['both variables, the same', { words: { NV_GPU: '0', NVIDIA_VISIBLE_DEVICES: '0' } }, 'gives 0'],
    [
      'both variables, the same in other words',
      { words: { NV_GPU: '0,1', NVIDIA_VISIBLE_DEVICES: 'GPU-a1,GPU-a0' } },
      'gives 0 1',
    ],
    [
      'both variables, different',
      { words: { NV_GPU: '0', NVIDIA_VISIBLE_DEVICES: '1' } },
      /^denies nvidia: NV_GPU and NVIDIA_VISIBLE_DEVICES ask for different GPUs/,
    ],
    [
      'one of them contains the other',
      { words: { NV_GPU: '0', NVIDIA_VISIBLE_DEVICES: '0,1' } },
      /different/,
    ],
    ['an empty one does not speak', { words: { NV_GPU: '', NVIDIA_VISIBLE_DEVICES: '1' } }, 'gives 1'],
    ['variable and option, the same', { words: { NV_GPU: '1', option: 'device=1' } }, 'gives 1'],
    [
      'variable and option, different',
      { words: { NV_GPU: '1', option: '1' } },
      /NV_GPU and --gpus ask for different/,
    ],
    ['all and all', { words: { NV_GPU: 'all', option: 'all' } }, 'gives 0 1 2 3'],
    ['none and all', { words: { NV_GPU: 'none', option: 'all' } }, /different/],
    [
      'all three',
      { words: { NV_GPU: '1', NVIDIA_VISIBLE_DEVICES: 'GPU-a1', option: '"device=1,1"' } },
      'gives 1',
    ],
    [
      'one of three differs',
      { words: { NV_GPU: '1', NVIDIA_VISIBLE_DEVICES: '1', option: 'device=2' } },
      /different/,
    ],
  ]);
});

describe('default, number and order', () => {
  check([
    ['one, the least used', { gpus: [gpu(0, 30), gpu(1, 10), gpu(2, 20)] }, 'gives 1'],
    ['the lower index of equals', { gpus: [gpu(2), gpu(1), gpu(3)] }, 'gives 1'],
    ['index 10 comes after 9', { gpus: [gpu(10), gpu(9)] }, 'gives 9'],
    ['the admin gives two', { nvidia: { default_gpu_count_reservation: 2 } }, 'gives 0 1'],
    ['the admin gives none', { nvidia: { default_gpu_count_reservation: 0 } }, 'gives'],
    [
      'a default above the maximum is no request',
      { nvidia: { default_gpu_count_reservation: 3, max_gpu_count_reservation: 2 } },
      'gives 0 1',
    ],
    ['a number', { words: { option: '3' } }, 'gives 0 1 2'],
    ['as many as there are', { words: { option: '4' } }, 'gives 0 1 2 3'],
    [
      'one more than there are',
      { words: { option: '5' } },
      /^denies nvidia: 5 GPUs asked for, 4 are free \[see what is free: userdocker ps --gpu-free\]$/,
    ],
    ['held ones are passed over', { holds: [hold(0, bob, 'bob_1'), hold(2, alice, 'alice_1')] }, 'gives 1'],
    ['busy ones are passed over', { gpus: [gpu(0, 65), gpu(1, 64)] }, 'gives 1'],
    [
      'none is free: who has them',
      { gpus: [gpu(0), gpu(1)], holds: [hold(0, bob, 'bob_1'), hold(1, bob)] },
      /^denies nvidia: 1 GPU asked for, none is free .*; nvidia\.exclusive_container_gpu_reservation: GPU 0 is held by bob \(container bob_1\).*GPU 1 is held by bob \(just starting, process 4711\)/,
    ],
    ['no GPU at all', { gpus: [] }, /^denies nvidia: this machine has no GPUs/],
    [
      'no GPU at all, all wanted',
      { gpus: [], words: { NV_GPU: 'all' } },
      /^denies nvidia: this machine has no GPUs/,
    ],
    [
      'no GPU at all, one wanted by name',
      { gpus: [], words: { NV_GPU: '0' } },
      /^denies nvidia: .*no GPU "0" \[nvidia-smi finds none here\]/,
    ],
    [
      'shared GPUs: the one with fewer containers',
      {
        nvidia: { exclusive_container_gpu_reservation: false },
        holds: [hold(0, bob, 'b'), hold(1, bob, 'c'), hold(1, alice, 'd')],
        gpus: [gpu(0), gpu(1)],
      },
      'gives 0',
    ],
    [
      'shared GPUs: memory comes first',
      {
        nvidia: { exclusive_container_gpu_reservation: false },
        holds: [hold(0, bob, 'b')],
        gpus: [gpu(0, 1), gpu(1, 2)],
      },
      'gives 0',
    ],
  ]);

  test('ps --gpu-free shows the same order', () => {
    const asked = question({
      gpus: [gpu(0, 30), gpu(1, 10), gpu(2, 20), gpu(3, 5)],
      holds: [hold(3, bob, 'b')],
    });
    expect(freeGpus(asked).map(({ id }) => id)).toEqual(['1', '2', '0']);
  });
});

describe('nvidia.allowed_gpus', () => {
  const some = { nvidia: { allowed_gpus: ['1', gpu(3).uuid.toUpperCase()] } };
  check([
    ['by index', { ...some, words: { NV_GPU: '1' } }, 'gives 1'],
    ['by UUID, whatever its case', { ...some, words: { NV_GPU: '3' } }, 'gives 3'],
    [
      'another',
      { ...some, words: { NV_GPU: '0' } },
      'denies nvidia.allowed_gpus: GPU 0 is not among those that you may use [you may use 1, 3]',
    ],
    [
      'another by its UUID',
      { ...some, words: { NV_GPU: gpu(2).uuid } },
      /^denies nvidia\.allowed_gpus: GPU 2/,
    ],
    [
      'an allowed one and another',
      { ...some, words: { NV_GPU: '1,2' } },
      /^denies nvidia\.allowed_gpus: GPU 2[^;]*$/,
    ],
    ['the default', some, 'gives 1'],
    ['all means all of them', { ...some, words: { NV_GPU: 'all' } }, 'gives 1 3'],
    [
      'more than allowed',
      { ...some, words: { option: '3' } },
      /^denies nvidia: 3 GPUs asked for, 2 are free .*nvidia\.allowed_gpus: GPU 0/,
    ],
    ['none is allowed', { nvidia: { allowed_gpus: [] } }, /^denies nvidia: 1 GPU asked for, none is free/],
    [
      'none is allowed, all wanted',
      { nvidia: { allowed_gpus: [] }, words: { NV_GPU: 'all' } },
      /^denies nvidia\.allowed_gpus: you may not use any/,
    ],
    [
      '1 is not 10',
      { nvidia: { allowed_gpus: ['1'] }, gpus: [gpu(10)], words: { NV_GPU: '10' } },
      /^denies nvidia\.allowed_gpus/,
    ],
    [
      'a prefix allows nothing',
      { nvidia: { allowed_gpus: ['GPU-a1'] }, words: { NV_GPU: '1' } },
      /^denies nvidia\.allowed_gpus/,
    ],
  ]);
});

describe('nvidia.gpu_unavailable_above_memory_used', () => {
  const one = (used: number) => ({ gpus: [gpu(0, used)], words: { NV_GPU: '0' } });
  const silent = gpu(0, 0, { memoryUsedMiB: undefined });
  const unknown = { gpus: [silent], words: { NV_GPU: '0' } };
  check([
    ['below', one(1), 'gives 0'],
    ['exactly', one(64), 'gives 0'],
    [
      'above',
      one(65),
      'denies nvidia.gpu_unavailable_above_memory_used: GPU 0 is busy: 65 MiB of its memory are used (free means at most 64 MiB) [see what is free: userdocker ps --gpu-free]',
    ],
    ['0 allows an empty one', { ...one(0), nvidia: { gpu_unavailable_above_memory_used: 0 } }, 'gives 0'],
    ['0 refuses 1', { ...one(1), nvidia: { gpu_unavailable_above_memory_used: 0 } }, /is busy/],
    ['-1: never busy', { ...one(40000), nvidia: { gpu_unavailable_above_memory_used: -1 } }, 'gives 0'],
    [
      'unknown memory is not free',
      unknown,
      /^denies nvidia\.gpu_unavailable_above_memory_used: GPU 0 does not tell/,
    ],
    [
      'unknown memory, never busy',
      { ...unknown, nvidia: { gpu_unavailable_above_memory_used: -1 } },
      'gives 0',
    ],
    [
      'unknown memory is taken last',
      { gpus: [silent, gpu(1, 500)], nvidia: { gpu_unavailable_above_memory_used: -1 } },
      'gives 1',
    ],
    ['filled by the container that is restarted', { ...one(65), restarted: [gpu(0).uuid] }, 'gives 0'],
    ['a GPU that the restarted container does not have', { ...one(65), restarted: [gpu(1).uuid] }, /is busy/],
    [
      "filled by the container that is restarted, but somebody else's by now",
      { ...one(65), restarted: [gpu(0).uuid], holds: [hold(0, bob, 'bob_1')] },
      /GPU 0 is held by bob/,
    ],
  ]);
});

describe('exclusive reservation and own reuse', () => {
  const shared = { nvidia: { exclusive_container_gpu_reservation: false } };
  check([
    [
      "another's",
      { words: { NV_GPU: '0' }, holds: [hold(0, bob, 'bob_1')] },
      'denies nvidia.exclusive_container_gpu_reservation: GPU 0 is held by bob (container bob_1) [see what is free: userdocker ps --gpu-free]',
    ],
    [
      "another's that is just starting",
      { words: { NV_GPU: '0' }, holds: [hold(0, bob)] },
      /held by bob \(just starting, process 4711\)/,
    ],
    ["another's GPU beside it", { words: { NV_GPU: '1' }, holds: [hold(0, bob, 'bob_1')] }, 'gives 1'],
    [
      'held by its UUID in other case',
      { words: { NV_GPU: '0' }, holds: [{ ...hold(0, bob, 'b'), uuid: gpu(0).uuid.toUpperCase() }] },
      /held by bob/,
    ],
    ['own, by name', { words: { NV_GPU: '0' }, holds: [hold(0, alice, 'alice_1')] }, 'gives 0'],
    [
      'own, by name, its memory in use',
      { words: { NV_GPU: '0' }, gpus: [gpu(0, 30000)], holds: [hold(0, alice, 'alice_1')] },
      'gives 0',
    ],
    ['own, by UUID', { words: { NV_GPU: 'GPU-a0' }, holds: [hold(0, alice, 'alice_1')] }, 'gives 0'],
    [
      'own, not by name',
      { gpus: [gpu(0)], holds: [hold(0, alice, 'alice_1')] },
      /none is free .*GPU 0 is held by alice \(container alice_1\) \[name it to share it among your own containers: NV_GPU=0\]/,
    ],
    [
      'own, as one of all',
      { words: { NV_GPU: 'all' }, holds: [hold(0, alice, 'alice_1')] },
      /GPU 0 is held by alice/,
    ],
    [
      'own, by number',
      { words: { option: '4' }, holds: [hold(0, alice, 'alice_1')] },
      /4 GPUs asked for, 3 are free/,
    ],
    [
      'own, reuse not allowed',
      { words: { NV_GPU: '0' }, holds: [hold(0, alice, 'alice_1')], nvidia: { allow_own_gpu_reuse: false } },
      'denies nvidia.allow_own_gpu_reuse: GPU 0 is held by alice (container alice_1) [see what is free: userdocker ps --gpu-free]',
    ],
    [
      "own and another's",
      { words: { NV_GPU: '0' }, holds: [hold(0, alice, 'alice_1'), hold(0, bob, 'bob_1')] },
      /^denies nvidia\.exclusive.*alice_1.*bob_1/,
    ],
    [
      'a holder who does not say who',
      { words: { NV_GPU: '0' }, holds: [{ ...hold(0, bob, 'x'), user: undefined, uid: undefined }] },
      /held by somebody \(container x\)/,
    ],
    ['shared with others', { ...shared, words: { NV_GPU: '0' }, holds: [hold(0, bob, 'bob_1')] }, 'gives 0'],
    [
      'shared, but busy',
      { ...shared, words: { NV_GPU: '0' }, gpus: [gpu(0, 65)], holds: [hold(0, bob, 'bob_1')] },
      /is busy/,
    ],
    [
      'shared, busy with own',
      { ...shared, words: { NV_GPU: '0' }, gpus: [gpu(0, 65)], holds: [hold(0, alice, 'alice_1')] },
      'gives 0',
    ],
  ]);
});

describe('nvidia.max_gpu_count_reservation and limits.gpus', () => {
  const two = { nvidia: { max_gpu_count_reservation: 2 } };
  const own = (...indices: number[]) => ({ ownGpus: indices.map((index) => gpu(index).uuid) });
  check([
    ['as many as the maximum', { ...two, words: { NV_GPU: '0,1' } }, 'gives 0 1'],
    [
      'one more',
      { ...two, words: { NV_GPU: '0,1,2' } },
      'denies nvidia.max_gpu_count_reservation: 3 GPUs asked for, a container may have 2 [ask for at most 2]',
    ],
    ['spellings do not count', { ...two, words: { NV_GPU: '0,0,1,GPU-a1' } }, 'gives 0 1'],
    [
      'one more by number',
      { ...two, words: { option: '3' } },
      /^denies nvidia\.max_gpu_count_reservation: 3 GPUs/,
    ],
    ['all', { ...two, words: { NV_GPU: 'all' } }, /^denies nvidia\.max_gpu_count_reservation: 4 GPUs/],
    [
      'a maximum of none',
      { nvidia: { max_gpu_count_reservation: 0 }, words: { NV_GPU: '0' } },
      /^denies nvidia\.max_gpu_count_reservation/,
    ],
    ['within the limit', { limit: 2, ...own(3), words: { NV_GPU: '0' } }, 'gives 0'],
    [
      'above the limit',
      { limit: 2, ...own(3), words: { NV_GPU: '0,1' } },
      'denies limits.gpus: 2 GPUs asked for, of at most 2 for all your containers together; you have GPU 3 [ask for at most 1]',
    ],
    [
      'nothing left',
      { limit: 1, ...own(3), words: { NV_GPU: '0' } },
      /\[stop one of your containers first\]/,
    ],
    ['a limit of none', { limit: 0 }, /^denies limits\.gpus/],
    [
      'sharing an own GPU needs no more',
      { limit: 1, ...own(0), words: { NV_GPU: '0' }, holds: [hold(0, alice, 'a')] },
      'gives 0',
    ],
    ['none is always allowed', { limit: 0, words: { NV_GPU: 'none' } }, 'gives'],
    [
      'both rules at once',
      { ...two, limit: 1, words: { NV_GPU: '0,1,2' } },
      /max_gpu_count_reservation.*limits\.gpus/,
    ],
  ]);
});

describe('MIG', () => {
  const gpus = [divided, gpu(1)];
  const empty = gpu(2, 0, { migEnabled: true });
  const uuid = instance(0, 1).uuid;
  check([
    ['an instance by index', { gpus, words: { NV_GPU: '0:1' } }, 'gives 0:1'],
    ['an instance by UUID', { gpus, words: { NV_GPU: uuid } }, 'gives 0:1'],
    ['an instance by UUID in upper case', { gpus, words: { NV_GPU: uuid.toUpperCase() } }, 'gives 0:1'],
    ['an instance by prefix', { gpus, words: { NV_GPU: 'MIG-b01' } }, 'gives 0:1'],
    ['a prefix of two', { gpus, words: { NV_GPU: 'MIG-b0' } }, /fits 2 GPUs/],
    ['an instance by its old name', { gpus, words: { NV_GPU: `MIG-${divided.uuid}/2/0` } }, 'gives 0:1'],
    ['an old name that is none', { gpus, words: { NV_GPU: `MIG-${divided.uuid}/3/0` } }, /there is no GPU/],
    [
      'all spellings are one',
      { gpus, words: { NV_GPU: `0:1,${uuid},MIG-b01,MIG-${divided.uuid}/2/0` } },
      'gives 0:1',
    ],
    [
      'an instance that is not there',
      { gpus, words: { NV_GPU: '0:2' } },
      /there is no GPU "0:2" \[there are: 0:0, 0:1, 1\]/,
    ],
    [
      'the GPU itself',
      { gpus, words: { NV_GPU: '0' } },
      'denies nvidia: NV_GPU: GPU 0 is in MIG mode, only its instances can be used [name one: 0:0 (3g.20gb), 0:1 (3g.20gb)]',
    ],
    ['the GPU itself by UUID', { gpus, words: { NV_GPU: divided.uuid } }, /in MIG mode/],
    ['a GPU together with its instance', { gpus, words: { NV_GPU: '0,0:1' } }, /in MIG mode/],
    [
      'a GPU together with its instance, by UUIDs',
      { gpus, words: { NV_GPU: `${uuid},${divided.uuid}` } },
      /in MIG mode/,
    ],
    [
      'one without instances',
      { gpus: [empty], words: { NV_GPU: '2' } },
      /\[it has none at present: please ask an admin\]/,
    ],
    [
      'one without instances is never chosen',
      { gpus: [empty] },
      /all GPUs are in MIG mode and none has an instance/,
    ],
    ['all: instances and whole GPUs', { gpus, words: { NV_GPU: 'all' } }, 'gives 0:0 0:1 1'],
    ['the default counts instances', { gpus: [divided], words: { option: '2' } }, 'gives 0:0 0:1'],
    [
      'allowed through its GPU',
      { gpus, nvidia: { allowed_gpus: ['0'] }, words: { NV_GPU: '0:1' } },
      'gives 0:1',
    ],
    [
      "allowed through its GPU's UUID",
      { gpus, nvidia: { allowed_gpus: [divided.uuid] }, words: { NV_GPU: '0:1' } },
      'gives 0:1',
    ],
    ['allowed by itself', { gpus, nvidia: { allowed_gpus: [uuid] }, words: { NV_GPU: '0:1' } }, 'gives 0:1'],
    [
      'the instance beside it',
      { gpus, nvidia: { allowed_gpus: [uuid] }, words: { NV_GPU: '0:0' } },
      /^denies nvidia\.allowed_gpus: GPU 0:0/,
    ],
    [
      'allowed by its index',
      { gpus, nvidia: { allowed_gpus: ['0:1'] }, words: { NV_GPU: '0:1' } },
      'gives 0:1',
    ],
    [
      'held',
      { gpus, words: { NV_GPU: '0:1' }, holds: [{ ...hold(0, bob, 'b'), uuid }] },
      /GPU 0:1 is held by bob/,
    ],
    [
      'the instance beside it is held',
      { gpus, words: { NV_GPU: '0:0' }, holds: [{ ...hold(0, bob, 'b'), uuid }] },
      'gives 0:0',
    ],
    [
      'its GPU is held from before',
      { gpus, words: { NV_GPU: '0:0' }, holds: [hold(0, bob, 'b')] },
      /GPU 0:0 is held by bob/,
    ],
    [
      'its own memory counts',
      { gpus: [{ ...divided, memoryUsedMiB: 9000 }], words: { NV_GPU: '0:0' } },
      'gives 0:0',
    ],
    [
      'busy',
      { gpus: [gpu(0, 0, { migEnabled: true, instances: [instance(0, 0, 65)] })], words: { NV_GPU: '0:0' } },
      /GPU 0:0 is busy: 65 MiB/,
    ],
  ]);
});
