/** What is on the machine of a case: its image, its GPUs, what lies at the paths that mounts name, who holds what already. */
import path from 'node:path';
import fc from 'fast-check';
import type { Caller } from '../../src/domain/caller.ts';
import type { GpuFact, GpuHold } from '../../src/domain/gpu.ts';
import type { SourceFact } from '../../src/policy/mount-facts.ts';
import { absolute, found } from '../support/mounts.ts';
import type { World } from '../support/run-facts.ts';

function usually<T>(most: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant(most) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
}

function gpuName(index: number): string {
  return `GPU-a${index}000000-0000-0000-0000-000000000000`;
}

/** Plain data, so that it can be printed and shrunk. */
export const worldChoice = fc.record({
  exposed: fc.constantFrom(
    [],
    ['80/tcp'],
    ['80/tcp', '81/tcp'],
    ['53/udp', '8000-8003/tcp'],
    ['x/tcp'],
    ['1-65535/tcp'],
  ),
  workdir: usually('', '/work', '/work', '/srv/x', '/srv/x', '/proc/self/fd/8', 'relative'),
  holds: usually('none', 'others', 'own', 'both'),
  asks: usually('', '0', '1', '0,1', 'all', 'none', 'void', gpuName(2), '2', '-1'),
  running: usually(0, 1, 1, 2, 2, 40),
  accounts: usually('sound', 'groups', 'groups', 'groups', 'refused'),
  processors: usually(8, 1, 64),
  taken: fc.boolean(),
  otherUser: usually(false, true),
});
export type WorldChoice = typeof worldChoice extends fc.Arbitrary<infer T> ? T : never;

export const gpus: readonly GpuFact[] = [0, 1, 2].map((index) => ({
  index,
  uuid: gpuName(index),
  name: 'H100',
  memoryUsedMiB: index === 2 ? 4000 : 0,
  memoryTotalMiB: 81_559,
  migEnabled: false,
  instances: [],
}));

export function worldOf(choice: WorldChoice, caller: Caller): World {
  const share = { name: 'other', memory: 2 ** 30, cpus: 1, gpus: [] };
  return {
    image: { exposedPorts: choice.exposed, workdir: choice.workdir },
    usage: { shares: Array.from({ length: choice.running }, () => share), gpus: [] },
    names: choice.taken ? [`${caller.user}_1`] : [],
    processors: choice.processors,
    ...(choice.accounts === 'groups' ? { groupsUnsafe: 'a group of the image' } : {}),
    ...(choice.accounts === 'refused' ? { imageRefused: 'its /etc/passwd' } : {}),
    ...(choice.otherUser ? { otherUser: 'bob' } : {}),
    gpus,
    holds: holdsOf(choice, caller),
    environment: choice.asks === '' ? {} : { NV_GPU: choice.asks },
    lookUp: (source) => lookUp(source, caller),
    ruleHost,
  };
}

function holdsOf({ holds }: WorldChoice, { uid, user }: Caller): readonly GpuHold[] {
  const hold = (index: number, who: string, whose: number): GpuHold => ({
    uuid: gpus[index]?.uuid ?? '',
    user: who,
    uid: whose,
    container: { id: 'c'.repeat(64), name: 'c' },
    pid: undefined,
    since: undefined,
  });
  const others = hold(0, 'somebody', 4242);
  const own = hold(1, user, uid);
  return { none: [], others: [others], own: [own], both: [others, own] }[holds] ?? [];
}

/** Links lead elsewhere; a user's own directories can be swapped, so that they are pinned; some are not to be had. */
const links: ReadonlyMap<string, string> = new Map([
  ['/data/link', '/etc'],
  ['/data/a/out', '/root/.ssh'],
  ['/scratch', '/srv/scratch'],
]);

export function ruleHost(host: string): string {
  return links.get(host) ?? host;
}

function lookUp(source: string, caller: Caller): SourceFact {
  const plain = path.posix.normalize(source).replace(/(?<=.)\/$/, '');
  const real = absolute(links.get(plain) ?? plain);
  if (plain.startsWith('/data/locked')) return { kind: 'unusable', why: 'can’t be reached' };
  if (plain === '/data/missing' || plain === `/scratch/${caller.user}`)
    return { kind: 'missing', realPath: real, parentDescriptor: -1, names: ['x'] };
  const type = plain.startsWith('/dev/') ? 'other' : plain === '/etc/localtime' ? 'file' : 'directory';
  const moves =
    plain.startsWith(`${caller.home}/`) || plain === '/data/moving' || plain.startsWith('/projects/');
  return found(real, { type, stable: !moves });
}
