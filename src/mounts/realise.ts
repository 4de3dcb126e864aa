/** What has to be done on the host once mounts are allowed: directories that rules with `create` name, and pins. */
import { mkdirSync } from 'node:fs';
import { rightsOf, withCallerRights } from '../caller/as-user.ts';
import type { Caller } from '../domain/caller.ts';
import { type UserdockerError, unavailable } from '../domain/errors.ts';
import type { MissingSource } from '../policy/mount-facts.ts';
import type { FinalBind, FinalMount } from '../policy/mounts.ts';
import { errorCode, type Held, heldAs, holdDirectory, pathOf, release } from './descriptors.ts';
import { type EngineView, engineProblem, lookAgain } from './engine-view.ts';
import { readMountTable } from './mount-table.ts';
import { makePins, type PinRequest } from './pins.ts';

export interface Realisation {
  readonly caller: Caller;
  /** As the verdict allowed them, while the plan they come from is still open. */
  readonly mounts: readonly FinalMount[];
  /** The run's pin directory, `pinDirectory(...)`. */
  readonly directory: string;
  /** The plan's. */
  readonly view: EngineView;
}

/**
 * Under the caller's lock; not in a dry run. Costs nothing where no mount needs a pin.
 *
 * @throws UserdockerError
 */
export function realiseMounts({ caller, mounts, directory, view }: Realisation): void {
  const binds = mounts.filter(
    (mount): mount is FinalBind => mount.kind === 'bind' && mount.pin !== undefined,
  );
  if (binds.length === 0) return;
  const made: number[] = [];
  try {
    const pins = binds.map((bind) => pinFor(caller, bind, made));
    makePins(directory, pins);
    checkEngineSees(directory, pins, view);
  } finally {
    made.forEach(release);
  }
}

function pinFor(caller: Caller, { source, pin = 0 }: FinalBind, made: number[]): PinRequest {
  if (source.kind === 'found') {
    return { held: heldAs(source.descriptor), number: pin, recursive: source.hasSubmounts };
  }
  const held = withCallerRights(rightsOf(caller), () => makeDirectory(source));
  made.push(held.descriptor);
  return { held, number: pin, recursive: false };
}

/** Another process of the caller may have been faster; what is there then is what the caller put there. */
function makeDirectory({ parentDescriptor, names, realPath }: MissingSource): Held {
  let here = heldAs(parentDescriptor);
  for (const name of names) {
    const path = pathOf(here.descriptor, name);
    const next = makeAndHold(path, realPath);
    if (here.descriptor !== parentDescriptor) release(here.descriptor);
    here = next;
  }
  return here;
}

function makeAndHold(path: string, shown: string): Held {
  try {
    mkdirSync(path, 0o750);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw cannotMake(shown, error);
  }
  try {
    return holdDirectory(path);
  } catch (error) {
    throw cannotMake(shown, error);
  }
}

function cannotMake(path: string, error: unknown): UserdockerError {
  return unavailable(`${path} can't be made with your rights (${errorCode(error)})`);
}

/** A mount namespace of the engine's own may or may not get what is mounted in ours. */
function checkEngineSees(directory: string, pins: readonly PinRequest[], before: EngineView): void {
  if (before.kind === 'same') return;
  const view = lookAgain(before);
  const table = readMountTable();
  for (const { number, held } of pins) {
    const problem = engineProblem(view, table, `${directory}/${number}`, held.stat);
    if (problem !== undefined) throw unavailable(`a pinned source can't be mounted: ${problem}`);
  }
}
