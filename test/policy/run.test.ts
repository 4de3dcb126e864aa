import { describe, expect, test } from 'vitest';
import { labelParts, logParts, sysctlParts } from '../../src/policy/run.ts';
import { alice, policyOf } from '../support/builders.ts';

const wordsOf = (parts: readonly { readonly words: readonly string[] }[]) =>
  parts.flatMap(({ words }) => words);

describe('labels', () => {
  const labels = {
    nonce: 'f00',
    version: '3.0.0',
    image: 'box:latest',
    gpus: ['GPU-1', 'GPU-2'],
    memory: 1024,
    cpus: 1.5,
  };
  test('say whose it is and what it counts for', () => {
    const parts = labelParts(alice, labels);
    expect(wordsOf(parts)).toEqual([
      '--label=userdocker.uid=1000',
      '--label=userdocker.user=alice',
      '--label=userdocker.version=3.0.0',
      '--label=userdocker.image=box:latest',
      '--label=userdocker.nonce=f00',
      '--label=userdocker.gpus=GPU-1,GPU-2',
      '--label=userdocker.memory=1024',
      '--label=userdocker.cpus=1.5',
    ]);
    expect(parts.every(({ source }) => source === 'enforced')).toBe(true);
  });
  test('are all there even where there is nothing to say: an image could bring its own', () => {
    const words = wordsOf(labelParts(alice, { ...labels, gpus: [], memory: undefined, cpus: undefined }));
    expect(words).toEqual(
      expect.arrayContaining([
        '--label=userdocker.gpus=',
        '--label=userdocker.memory=',
        '--label=userdocker.cpus=',
      ]),
    );
  });
});

describe('where the output goes', () => {
  test.each([
    ['', ['--log-driver=local', '--log-opt=max-size=10m', '--log-opt=max-file=3']],
    ['log_driver: {name: journald, options-: [max-size, max-file]}', ['--log-driver=journald']],
    ["log_driver: {name: ''}", []],
  ])('%s', (yaml, expected) => expect(wordsOf(logParts(policyOf(yaml)))).toEqual(expected));
});

describe('sysctls', () => {
  const standard = '--sysctl=net.ipv4.ip_unprivileged_port_start=1024';
  const more = 'sysctls: {kernel.shm_rmid_forced: 1, net/ipv4/ping_group_range: 0 1}';
  test.each([
    ['', undefined, [standard]],
    ['', 'bridge', [standard]],
    ['', 'none', [standard]],
    ['', 'hostly', [standard]],
    // There they would be somebody else's.
    ['', 'host', []],
    ['', 'container:x', []],
    [more, 'host', ['--sysctl=kernel.shm_rmid_forced=1']],
    [
      'sysctls-: [net.ipv4.ip_unprivileged_port_start]\nsysctls: {user.max_net.x: 1}',
      'host',
      ['--sysctl=user.max_net.x=1'],
    ],
    [more, 'none', [standard, '--sysctl=kernel.shm_rmid_forced=1', '--sysctl=net/ipv4/ping_group_range=0 1']],
  ])('%s in the network %s', (yaml, network, expected) => {
    expect(wordsOf(sysctlParts(policyOf(yaml), network)).toSorted()).toEqual(expected.toSorted());
  });
});
