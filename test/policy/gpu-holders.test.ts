import { expect, test } from 'vitest';
import type { GpuFact } from '../../src/domain/gpu.ts';
import { type GpuContainer, gpusOfContainer, holdsOfContainers } from '../../src/policy/gpu-holders.ts';

const whole: GpuFact = {
  index: 0,
  uuid: 'GPU-a0000000-5326-e718-c682-cd2377bf8d77',
  name: 'NVIDIA A100',
  memoryUsedMiB: 0,
  memoryTotalMiB: 40960,
  migEnabled: false,
  instances: [],
};
const divided: GpuFact = {
  ...whole,
  index: 1,
  uuid: 'GPU-a1000000-5326-e718-c682-cd2377bf8d77',
  migEnabled: true,
  instances: [
    {
      uuid: 'MIG-b1000000-5326-e718-c682-cd2377bf8d77',
      index: 0,
      profile: '3g.20gb',
      gpuInstance: 1,
      computeInstance: 0,
      memoryUsedMiB: 0,
      memoryTotalMiB: 20096,
    },
  ],
};
const gpus = [whole, divided];
const [instance] = divided.instances.map(({ uuid }) => uuid);
const owner = { uid: 1000, user: 'alice' };

const container: GpuContainer = {
  id: 'c'.repeat(64),
  name: 'train',
  state: 'running',
  owner: undefined,
  labels: {},
  environment: [],
  since: 1700000000,
};

test.each<[string, Partial<GpuContainer>, readonly (string | undefined)[]]>([
  [
    'ours: the label',
    { owner, labels: { 'userdocker.gpus': `${whole.uuid},${instance}` } },
    [whole.uuid, instance],
  ],
  [
    'ours, an instance or GPU that is gone by now',
    { owner, labels: { 'userdocker.gpus': 'MIG-77' } },
    ['MIG-77'],
  ],
  ['ours, without GPUs', { owner, labels: { 'userdocker.gpus': '' } }, []],
  ['ours, from before the label', { owner }, []],
  ['ours: the environment does not count', { owner, environment: ['USERDOCKER_NV_GPU=0'] }, []],
  ['not proven to be ours: the label does not count', { labels: { 'userdocker.gpus': whole.uuid } }, []],
  ['Python 2.x: indices', { environment: ['USERDOCKER_NV_GPU=0,1'] }, [whole.uuid, divided.uuid]],
  ['Python 2.x, one GPU', { environment: ['PATH=/bin', 'USERDOCKER_NV_GPU=0'] }, [whole.uuid]],
  ['the fork: UUIDs', { environment: [`USERDOCKER_NV_VISIBLE_DEVICES=${instance}`] }, [instance]],
  [
    'the fork, a GPU by its UUID',
    { environment: [`USERDOCKER_NV_GPU=${whole.uuid.toUpperCase()}`] },
    [whole.uuid],
  ],
  [
    'both variables',
    { environment: ['USERDOCKER_NV_GPU=0', `USERDOCKER_NV_VISIBLE_DEVICES=${whole.uuid}`] },
    [whole.uuid],
  ],
  ['all', { environment: ['USERDOCKER_NV_GPU=all'] }, [whole.uuid, instance]],
  ['blank', { environment: ['USERDOCKER_NV_GPU=', 'USERDOCKER_NV_VISIBLE_DEVICES='] }, []],
  [
    "the last one counts: docker puts -e after the image's",
    { environment: ['USERDOCKER_NV_GPU=0', 'USERDOCKER_NV_GPU='] },
    [],
  ],
  ['a GPU that is not there', { environment: ['USERDOCKER_NV_GPU=7,GPU-ffffffff'] }, []],
  ['an exporter that sees all GPUs holds none', { environment: ['NVIDIA_VISIBLE_DEVICES=all'] }, []],
  ['a variable whose name only begins so', { environment: ['USERDOCKER_NV_GPU_X=0'] }, []],
])('%s', (_title, facts, expected) => {
  expect(gpusOfContainer({ ...container, ...facts }, gpus)).toEqual(expected);
});

test.each([
  ['running', true],
  ['paused', true],
  ['restarting', true],
  ['created', false],
  ['exited', false],
  ['dead', false],
  ['removing', false],
  ['', false],
])('a container that is %s holds: %s', (state, holds) => {
  const ours = { ...container, state, owner, labels: { 'userdocker.gpus': whole.uuid } };
  expect(holdsOfContainers([ours], gpus)).toHaveLength(holds ? 1 : 0);
});

test('who holds it', () => {
  const ours = { ...container, owner, labels: { 'userdocker.gpus': whole.uuid } };
  const environment = ['USERDOCKER_USER=bob', 'USERDOCKER_UID=1001', 'USERDOCKER_NV_GPU=0'];
  const names = { container: { id: container.id, name: 'train' }, pid: undefined, since: 1700000000 };
  expect(holdsOfContainers([ours, { ...container, environment }], gpus)).toEqual([
    { uuid: whole.uuid, user: 'alice', uid: 1000, ...names },
    { uuid: whole.uuid, user: 'bob', uid: 1001, ...names },
  ]);
  const nameless = holdsOfContainers([{ ...container, environment: ['USERDOCKER_NV_GPU=0'] }], gpus);
  expect(nameless).toEqual([{ uuid: whole.uuid, user: undefined, uid: undefined, ...names }]);
});
