/**
 * Flags that have rules of their own beside the argument lists. An entry for one of them in `args` would have no effect, and is
 * refused: an admin would believe it holds.
 */
export const managedFlags: { readonly [command: string]: ReadonlySet<string> } = {
  run: new Set([
    '--user',
    '--group-add',
    '--cap-drop',
    '--cap-add',
    '--security-opt',
    '--pids-limit',
    '--volume',
    '--mount',
    '--publish',
    '--gpus',
  ]),
  exec: new Set(['--user']),
};
