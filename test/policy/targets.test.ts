import { describe, expect, it } from 'vitest';
import { judgeTarget, judgeWorkingDirectory } from '../../src/policy/targets.ts';
import { absolute } from '../support/mounts.ts';

const use = { text: '-v /a:TARGET', free: true, gpuRun: false };

describe('a target', () => {
  it.each([
    '/work',
    '/data',
    '/home/alice',
    '/etc/motd',
    '/etc/groups',
    '/etc/group/x',
    '/usr/lib',
    '/var/run',
    // Near misses.
    '/procs',
    '/process/1',
    '/system',
    '/sysroot',
    '/devel',
    '/data/dev',
    '/data/proc/1',
    '/Proc',
    '/var/run/nvidia-container-devices2',
    '/nvidia-container-device',
  ])('may be %s', (target) => {
    expect(judgeTarget(absolute(target), use)).toBeUndefined();
  });

  it.each([
    ['/', 'would replace the whole image'],
    ['/etc', 'holds the groups'],
    ['/etc/group', 'holds the groups'],
    ['/proc', "the kernel's"],
    ['/proc/self', "the kernel's"],
    ['/proc/driver/nvidia', "the kernel's"],
    ['/sys', "the kernel's"],
    ['/sys/fs/cgroup', "the kernel's"],
    ['/dev', "the kernel's"],
    ['/dev/shm', "the kernel's"],
    ['/dev/nvidia0', "the kernel's"],
    ['/var/run/nvidia-container-devices', 'would ask for GPUs'],
    ['/var/run/nvidia-container-devices/all', 'would ask for GPUs'],
    ['/run/nvidia-container-devices/GPU-1', 'would ask for GPUs'],
    ['/x/nvidia-container-devices/cdi/y', 'would ask for GPUs'],
  ])('must not be %s', (target, why) => {
    const reason = judgeTarget(absolute(target), use);
    expect(reason).toMatchObject({ rule: 'mounts.target', message: expect.stringContaining(why) });
    expect(reason?.instead).toBeDefined();
  });
});

describe('a target in a run with GPUs', () => {
  it.each([
    ['/etc', true],
    ['/usr', true],
    ['/lib', true],
    ['/lib64', true],
    ['/lib32', true],
    ['/bin', true],
    ['/sbin', true],
    ['/run', true],
    ['/var', true],
    ['/usr/lib', true],
    ['/usr/lib/x86_64-linux-gnu', true],
    ['/usr/lib64', true],
    ['/usr/bin', true],
    ['/usr/local/cuda', true],
    ['/usr/local/cuda-12.4/compat', true],
    ['/etc/ld.so.conf.d', true],
    ['/var/run', true],
    ['/run/nvidia-persistenced', true],
    // Beside them.
    ['/etcetera', false],
    ['/usr2', false],
    ['/usr/src/app', false],
    ['/usr/local/data', false],
    ['/var/data', false],
    ['/binary', false],
    ['/runs', false],
    ['/work', false],
    ['/home/alice/lib', false],
  ])("%s is the toolkit's: %s", (target, refused) => {
    const reason = judgeTarget(absolute(target), { ...use, gpuRun: true });
    expect(reason !== undefined).toBe(refused);
    // Only there, and only where the user chose it.
    if (target !== '/etc') expect(judgeTarget(absolute(target), use)).toBeUndefined();
    expect(judgeTarget(absolute(target), { ...use, gpuRun: true, free: false })).toBeUndefined();
  });
});

describe('a working directory', () => {
  it.each(['/', '/work', '/process', '/home/alice', '/work/../data'])('may be %s', (path) => {
    expect(judgeWorkingDirectory(path)).toBeUndefined();
  });

  it.each([
    '/proc',
    '/proc/self/fd/8',
    '/work/../proc/self/fd/7/',
    '//proc/self',
    '/./proc',
    '/sys',
    '/dev/shm',
    'relative',
    '',
    '/a\nb',
  ])('must not be %j', (path) => {
    expect(judgeWorkingDirectory(path)).toMatchObject({ rule: 'mounts.workdir' });
  });
});
