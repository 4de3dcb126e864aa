/** Rules, requests and facts about mounts, said in few words. */

import type { Caller } from '../../src/domain/caller.ts';
import { type AbsolutePath, parseAbsolutePath, parseGid, parseUid } from '../../src/domain/ids.ts';
import type { MountRule } from '../../src/domain/policy.ts';
import type { Result } from '../../src/domain/result.ts';
import type { FoundSource, MountPolicy } from '../../src/policy/mount-facts.ts';

export function must<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(`not accepted: ${JSON.stringify(result.error)}`);
  return result.value;
}

export function absolute(path: string): AbsolutePath {
  return must(parseAbsolutePath(path));
}

/** A rule as an admin writes it, `/data/**::ro` or `/data:/data`; `+create` at the end is the map's `create: true`. */
export function rule(written: string): MountRule {
  const text = written.replace(/\+create$/, '');
  const [hostPart = '', target = '', flags = ''] = text.split(':');
  const subtree = hostPart.endsWith('/**');
  return {
    host: subtree ? hostPart.slice(0, -3) || '/' : hostPart,
    subtree,
    target: target === '' ? undefined : target,
    readOnly: flags === 'ro',
    create: text !== written,
    text,
    origin: { layer: 'config', file: '/etc/userdocker/config.yaml', line: 1 },
  };
}

export interface Lists {
  readonly always?: readonly string[];
  readonly available?: readonly string[];
  readonly default?: readonly string[];
  readonly probe?: boolean;
}

export function mountPolicy({
  always = [],
  available = [],
  default: usual = [],
  probe = true,
}: Lists): MountPolicy {
  return {
    volume_mounts: {
      always: always.map(rule),
      available: available.map(rule),
      default: usual.map(rule),
      probe,
    },
  };
}

export function found(realPath: string, more: Partial<FoundSource> = {}): FoundSource {
  return {
    kind: 'found',
    realPath: absolute(realPath),
    type: 'directory',
    descriptor: -1,
    stable: true,
    hasSubmounts: false,
    callerWrites: false,
    rootsAlone: true,
    engineProblem: undefined,
    ...more,
  };
}

/** A caller that no user database knows: the kernel asks for numbers only. */
export function caller(uid: number, ...groups: readonly number[]): Caller {
  const gids = [uid, ...groups].map((group) => must(parseGid(String(group))));
  const gid = must(parseGid(String(uid)));
  return {
    uid: must(parseUid(String(uid))),
    user: `u${uid}`,
    gid,
    group: String(uid),
    home: absolute(`/home/u${uid}`),
    groups: gids.map((each) => ({ gid: each, name: undefined })),
    isRoot: uid === 0,
  };
}
