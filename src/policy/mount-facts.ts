/** What is known about mounts before they are judged: plain data, made by src/mounts, looked at by src/policy. */
import type { Source } from '../domain/decision.ts';
import type { Reason } from '../domain/errors.ts';
import type { AbsolutePath } from '../domain/ids.ts';
import type { MountRule, Policy } from '../domain/policy.ts';
import type { BindRequest, TmpfsRequest } from './mount-syntax.ts';

/** The part of the policy that the rules for mounts look at. */
export type MountPolicy = Pick<Policy, 'volume_mounts'>;

/** A bind mount that would be made if everything about it were allowed. */
export interface WantedBind extends BindRequest {
  readonly from: Source;
  /** The rule that put it there; `undefined` for the user's own. */
  readonly rule: MountRule | undefined;
}

/** Everything that would be mounted; src/policy/mount-selection.ts makes it. */
export interface Selection {
  readonly binds: readonly WantedBind[];
  readonly tmpfs: readonly TmpfsRequest[];
  /** What can be refused without looking at the host. */
  readonly reasons: readonly Reason[];
}

/** A source that the caller can reach, held open, so that it stays the same thing whatever happens to its path. */
export interface FoundSource {
  readonly kind: 'found';
  readonly realPath: AbsolutePath;
  readonly type: 'directory' | 'file' | 'other';
  /** Open with O_PATH on exactly what was checked. */
  readonly descriptor: number;
  /** Only root can change what `realPath` leads to: every directory above it is root's alone. */
  readonly stable: boolean;
  /** Other file systems are mounted below it. */
  readonly hasSubmounts: boolean;
  /** The caller may make entries in it: by its mode, since that is all that says so of every file system. */
  readonly callerWrites: boolean;
  /** Only root can write it. */
  readonly rootsAlone: boolean;
  /** Why the engine would not see the same thing there, or `undefined`. */
  readonly engineProblem: string | undefined;
}

/** A source that does not exist, below a directory that does. */
export interface MissingSource {
  readonly kind: 'missing';
  /** Where it would be. */
  readonly realPath: AbsolutePath;
  /** The last directory on the way that is there, held open. */
  readonly parentDescriptor: number;
  /** The names to make below it. */
  readonly names: readonly string[];
}

/** `why` reads on after the path: "can't be reached: permission denied". */
export interface UnusableSource {
  readonly kind: 'unusable';
  readonly why: string;
}

export type SourceFact = FoundSource | MissingSource | UnusableSource;

/** A path in the container that would be made, as root, inside what is mounted above it, if it were not there. */
export interface NestedPath {
  /** For messages: `the target of -v /a:/b/c`. */
  readonly what: string;
  readonly path: string;
  /** Index in `Selection.binds` of the mount that it lies in. */
  readonly outer: number;
  /** The way from that mount's target to it. */
  readonly names: readonly string[];
  /** What has to be there; `as-source`: the type of the source that is mounted on it. */
  readonly type: 'directory' | 'file' | 'as-source';
  /** Index in `Selection.binds` of the mount whose target it is. */
  readonly inner: number | undefined;
}

export interface NestedFact {
  readonly nested: NestedPath;
  /** `link`: a symbolic link on the way, which leads somewhere else inside the container. */
  readonly state: 'directory' | 'file' | 'other' | 'link' | 'absent' | 'unreachable';
  /** Only root can change what the way leads to. */
  readonly stable: boolean;
}

/** Where links of the image lead paths, for those that do not simply lie where they say. */
export type Places = ReadonlyMap<string, readonly string[]>;

export interface MountFacts {
  /** One for each of `Selection.binds`. */
  readonly sources: readonly SourceFact[];
  /** Where the host part of a rule really lies, for every rule of the policy. */
  readonly ruleHosts: ReadonlyMap<MountRule, string>;
  readonly nested: readonly NestedFact[];
  readonly places: Places;
  /** The user's `-w`, else the image's; empty where there is neither. */
  readonly workingDirectory: string;
  /** Links of the image could be followed: the engine says where its files are. */
  readonly imageShown: boolean;
  /** Engine and kernel can make a mount read-only together with what is mounted below it. */
  readonly recursiveReadOnly: boolean;
}
