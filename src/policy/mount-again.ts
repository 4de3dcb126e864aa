/**
 * The mounts of a container that exists, before it is started again. Docker mounts what it was told at the time, so
 * today's verdict can only say whether that is still right, and which pins have to be there first.
 */
import type { Reason } from '../domain/errors.ts';
import { cleanPath } from './mount-paths.ts';
import type { BindRequest } from './mount-syntax.ts';
import type { FinalBind, MountVerdict } from './mounts.ts';

/** A bind mount as it was made. */
export interface ExistingBind {
  /** What docker mounts: a path of the host, or a pin. */
  readonly shown: string;
  /** What the pin showed; `undefined` where there is none. Has to be kept where no image and no user can write. */
  readonly pinned: PinRecord | undefined;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface PinRecord {
  readonly number: number;
  readonly path: string;
}

/** What has to be remembered of a run's mounts, so that its container can be started again. */
export function pinRecords(mounts: MountVerdict['mounts']): readonly PinRecord[] {
  return mounts.flatMap((mount) =>
    mount.kind === 'bind' && mount.pin !== undefined
      ? [{ number: mount.pin, path: mount.source.realPath }]
      : [],
  );
}

/** Existing mounts as the user would ask for them today. To be planned without the default mounts. */
export function askAgain(existing: readonly ExistingBind[]): readonly BindRequest[] {
  return existing.flatMap(({ shown, pinned, target, readOnly }) => {
    const source = pinned?.path ?? shown;
    const clean = cleanPath(target);
    const text = `the mount ${source}:${target}`;
    return clean.ok
      ? [{ kind: 'bind', source, target: clean.value, access: readOnly ? 'ro' : 'rw', text }]
      : [];
  });
}

/** @param verdict on `askAgain(existing)` */
export function judgeAgain(
  existing: readonly ExistingBind[],
  { mounts, reasons }: MountVerdict,
): MountVerdict {
  if (reasons.length > 0) return { mounts, reasons };
  const today = mounts.filter((mount) => mount.kind === 'bind');
  const matched = existing.map((before) => matchBind(before, today));
  const added = today.filter(({ target }) => !existing.some((before) => before.target === target));
  return {
    mounts: matched.flatMap((match) => (match.kind === 'bind' ? [match] : [])),
    reasons: [
      ...matched.flatMap((match) => (match.kind === 'bind' ? [] : [match.reason])),
      ...added.map(({ target }) => refusal(`the policy enforces a mount at ${target} that it does not have`)),
    ],
  };
}

function matchBind(
  before: ExistingBind,
  today: readonly FinalBind[],
): FinalBind | { readonly kind: 'refused'; readonly reason: Reason } {
  const refuse = (message: string) => ({ kind: 'refused', reason: refusal(message) }) as const;
  const bind = today.find(({ target }) => target === before.target);
  if (bind === undefined) return refuse(`its mount at ${before.target} is not one that could be made today`);
  if (bind.readOnly && !before.readOnly)
    return refuse(`its mount at ${before.target} would have to be read-only`);
  // The pin's path is part of the container: it is needed also if the original's path has become safe.
  if (before.pinned !== undefined) return { ...bind, pin: before.pinned.number };
  if (bind.pin !== undefined) return refuse(`others than root can change where ${before.shown} leads by now`);
  return bind.source.realPath === before.shown
    ? bind
    : refuse(`${before.shown} leads to ${bind.source.realPath} by now`);
}

function refusal(message: string): Reason {
  return { rule: 'mounts.again', message, instead: 'remove the container and run it anew' };
}
