/** Mounts against each other: no two at one target, and none that hides a part of an enforced one. */
import type { Reason } from '../domain/errors.ts';
import type { Places, Selection, WantedBind } from './mount-facts.ts';
import { isAtOrAbove } from './mount-paths.ts';
import { placesOf } from './mount-places.ts';
import type { TmpfsRequest } from './mount-syntax.ts';
import type { JudgedBind } from './mounts.ts';

/** Duplicates, and whatever would hide a part of an enforced mount. */
export function judgeOverlaps(
  selection: Selection,
  binds: readonly JudgedBind[],
  places: Places,
): readonly Reason[] {
  const { binds: wantedBinds, tmpfs } = selection;
  const own = [...wantedBinds.filter(({ from }) => from === 'you'), ...tmpfs];
  const enforced = wantedBinds.filter(({ from }) => from === 'enforced');
  const twice = own.filter((mount, index) => own.findIndex(({ target }) => target === mount.target) < index);
  return [
    ...twice.map(
      ({ text, target }): Reason => ({ rule: 'mounts', message: `${text}: ${target} is mounted twice` }),
    ),
    ...own.flatMap((mount) =>
      enforced
        .filter(({ target }) => touch(placesOf(places, target), placesOf(places, mount.target)))
        .filter((always) => !isSaidAgain(mount, always, binds))
        .map(
          (always): Reason => ({
            rule: 'volume_mounts.always',
            message: `${mount.text}: ${mount.target} would hide a part of ${always.text}`,
            instead: 'a target of its own',
            ...(always.rule === undefined ? {} : { origin: always.rule.origin }),
          }),
        ),
    ),
  ];
}

function touch(some: readonly string[], others: readonly string[]): boolean {
  return some.some((one) => others.some((other) => isAtOrAbove(one, other) || isAtOrAbove(other, one)));
}

/** The user asks for exactly what is enforced anyway. */
function isSaidAgain(
  mount: WantedBind | TmpfsRequest,
  always: WantedBind,
  binds: readonly JudgedBind[],
): boolean {
  if (mount.kind !== 'bind' || mount.target !== always.target) return false;
  const place = (wanted: WantedBind) => binds.find((bind) => bind.wanted === wanted)?.source.realPath;
  const here = place(mount);
  // A source that was refused has its own reason already.
  return here === undefined || here === place(always);
}

/** One mount a target: the user's, which may have added ro, counted as enforced where it repeats an enforced one. */
export function withoutSaidAgain(binds: readonly JudgedBind[]): readonly JudgedBind[] {
  return binds.flatMap((bind) => {
    const others = binds.filter((other) => other !== bind && other.wanted.target === bind.wanted.target);
    if (bind.wanted.from === 'you' && others.some(({ wanted }) => wanted.from === 'enforced')) return [];
    const readOnly =
      bind.readOnly || (bind.wanted.from === 'enforced' && others.some((other) => other.readOnly));
    return [{ ...bind, readOnly }];
  });
}
