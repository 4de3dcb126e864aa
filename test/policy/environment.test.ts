import { describe, expect, test } from 'vitest';
import { identityVariables, isReservedVariable, judgeEnvironment } from '../../src/policy/environment.ts';
import { alice, policyOf } from '../support/builders.ts';

const enforced = { ...identityVariables(alice, '3.0.0'), NVIDIA_VISIBLE_DEVICES: 'void' };

function judge(wanted: readonly string[], yaml = '', executor = 'docker') {
  return judgeEnvironment(
    policyOf(yaml),
    executor,
    wanted.map((text) => ({ text })),
    enforced,
  );
}
const rules = (wanted: readonly string[], yaml = '') => judge(wanted, yaml).reasons.map(({ rule }) => rule);
const seen = (wanted: readonly string[], yaml = '', executor = 'docker') =>
  judge(wanted, yaml, executor).variables.map(({ name, value, source }) => `${source} ${name}=${value}`);
const identity = [
  'enforced USERDOCKER=3.0.0',
  'enforced USERDOCKER_USER=alice',
  'enforced USERDOCKER_UID=1000',
  'enforced NVIDIA_VISIBLE_DEVICES=void',
];

describe('-e', () => {
  test.each([
    ['A=1', 'you A=1'],
    ['A=', 'you A='],
    ['A==', 'you A=='],
    ['_a.b-C9=x y\n', 'you _a.b-C9=x y\n'],
    ['LD_PRELOAD=/x', 'you LD_PRELOAD=/x'],
    ['XUSERDOCKER=1', 'you XUSERDOCKER=1'],
    ['userdocker=1', 'you userdocker=1'],
    ['NV_GPUS=1', 'you NV_GPUS=1'],
    ['NVIDIA_DRIVER_CAPABILITIES=all', 'you NVIDIA_DRIVER_CAPABILITIES=all'],
  ])('allowed: %j', (text, variable) => {
    expect(rules([text])).toEqual([]);
    expect(seen([text])).toEqual(['default HOME=/home/alice', variable, ...identity]);
  });

  test.each([
    // Without a value docker would take it from root's environment.
    ...['A', 'HOME', 'PATH', 'DOCKER_CONFIG'],
    ...['', '=1', '1A=1', 'A B=1', 'A\0=1', 'é=1', ' A=1', '-e=1'],
    ...['USERDOCKER=1', 'USERDOCKER_UID=0', 'USERDOCKER_USER=bob', 'USERDOCKERX=1', 'USERDOCKER.x=1'],
    ...[
      'NV_GPU=0',
      'NVIDIA_VISIBLE_DEVICES=all',
      'NVIDIA_MIG_CONFIG_DEVICES=all',
      'NVIDIA_MIG_MONITOR_DEVICES=all',
    ],
    ...['NVIDIA_IMEX_CHANNELS=0', 'NVIDIA_MOFED=enabled', 'NVIDIA_GDS=enabled', 'NVIDIA_GDRCOPY=enabled'],
    'NVIDIA_NVSWITCH=enabled',
  ])('refused: %j', (text) => {
    expect(rules([text])).toEqual(['env']);
    expect(seen([text])).not.toContain(`you ${text}`);
  });

  test('values are not repeated in reasons: they may be secrets', () => {
    const texts = ['1A=secret', 'USERDOCKER=secret', 'NV_GPU=secret', 'PROXY=secret'];
    expect(JSON.stringify(judge(texts, 'env_always: {PROXY: x}').reasons)).not.toContain('secret');
  });

  test('the last of a name stands, once', () => {
    expect(seen(['A=1', 'B=2', 'A=3'])).toEqual([
      'default HOME=/home/alice',
      'you A=3',
      'you B=2',
      ...identity,
    ]);
  });
});

describe('env, env_by_executor, env_always', () => {
  test('the user’s own wins over env', () => {
    expect(seen(['HOME=/x'])).toEqual(['you HOME=/x', ...identity]);
  });
  test('the executor’s own wins over env, and counts for that executor alone', () => {
    const yaml = '{env: {A: "1"}, env_by_executor: {nvidia-docker: {A: "2"}}}';
    expect(seen([], yaml)).toContain('default A=1');
    expect(seen([], yaml, 'nvidia-docker')).toContain('default A=2');
    expect(seen([], yaml, 'nvidia-docker')).not.toContain('default A=1');
    expect(seen(['A=3'], yaml, 'nvidia-docker')).toContain('you A=3');
  });
  test('an executor is looked up by its own name, not by what every object has', () => {
    expect(() => judge([], '', 'constructor')).not.toThrow();
    expect(seen([], '', 'constructor')).toEqual(['default HOME=/home/alice', ...identity]);
  });
  test('env_always wins over env, once, and can’t be changed', () => {
    const yaml = '{env: {A: "1"}, env_always: {A: "2"}}';
    expect(seen([], yaml).toSorted()).toEqual(
      ['enforced A=2', 'default HOME=/home/alice', ...identity].toSorted(),
    );
    expect(rules(['A=2'], yaml)).toEqual(['env_always']);
    expect(rules(['A=3'], yaml)).toEqual(['env_always']);
    expect(rules(['B=3'], yaml)).toEqual([]);
  });
});

test.each([
  ['USERDOCKER', true],
  ['USERDOCKER_NV_GPU', true],
  ['USERDOCKER\n', true],
  ['NV_GPU', true],
  ['NVIDIA_MIG_X', true],
  ['userdocker', false],
  ['MY_USERDOCKER', false],
  ['NV_GPU2', false],
  ['NVIDIA_VISIBLE_DEVICES_X', false],
  ['NVIDIA_REQUIRE_CUDA', false],
])('%j is reserved: %s', (name, reserved) => expect(isReservedVariable(name)).toBe(reserved));
