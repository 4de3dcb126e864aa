import type { Reason } from '../domain/errors.ts';

/** `run` and `load` put files of the user's choice, setuid ones too, below the data root. */
export function judgeDataRoot(dataRoot: {
  readonly path: string;
  readonly traversable: boolean;
}): readonly Reason[] {
  if (!dataRoot.traversable) return [];
  return [
    {
      rule: 'data-root',
      message:
        "the docker engine's data directory can be entered by everybody: the setuid programs of images would work on this machine",
      instead: `an admin must close it: chmod o-x ${dataRoot.path}`,
    },
  ];
}
