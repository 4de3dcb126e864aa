import type { AbsolutePath, Gid, Uid } from './ids.ts';

export interface Group {
  readonly gid: Gid;
  /** `undefined` for a numeric group that no group database names. */
  readonly name: string | undefined;
}

/** Who is asking, as the system's databases say (never the caller's environment). Made by src/caller only. */
export interface Caller {
  readonly uid: Uid;
  readonly user: string;
  /** The group files are made with: SUDO_GID if it is one of the caller's groups, else the primary group. */
  readonly gid: Gid;
  /** Name of `gid`; the number in decimal where it has none. */
  readonly group: string;
  readonly home: AbsolutePath;
  /** All groups, the primary one and `gid` included, each once, ascending by gid. */
  readonly groups: readonly Group[];
  /** Called by root itself, not through sudo by somebody else. */
  readonly isRoot: boolean;
}
