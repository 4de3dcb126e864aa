/**
 * Starts whose client has died: the engine goes on with them. Its list shows the container as `created` (or `exited`, for `start`)
 * until it runs, and that can take as long as a user likes: a bind on a slow file server, an image that takes time to open.
 */
import { countsAsRunning } from '../policy/limits.ts';

/** Milliseconds that the engine gets to tell the state of an orphan. */
const patience = 500;

/** The engine's `inspect`. `undefined`: the container is gone. */
export type StateOf = (id: string) => Promise<string | undefined>;

/**
 * If it runs by now, this call has not seen it, and its claim stands in for it. No answer means that the engine is still
 * starting it (moby holds the container's lock through all of containerStart, and `inspect` waits for that lock): then what it was
 * granted is not free, and nobody waits for it any longer.
 */
export async function mayRun(id: string, stateOf: StateOf): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<'silent'>((resolve) => {
    timer = setTimeout(() => resolve('silent'), patience);
  });
  const state = await Promise.race([stateOf(id).catch(() => 'silent'), silence]);
  clearTimeout(timer);
  return state !== undefined && (state === 'silent' || countsAsRunning(state));
}
