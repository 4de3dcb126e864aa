import { connectEngine } from '../../../docker/engine.ts';
import { UserdockerError } from '../../../domain/errors.ts';

/** Milliseconds. `/info` counts everything there is. */
export const patience = 10_000;

/** What the engine says of itself; `undefined`: it does not answer, which the part on the engine tells. */
export async function infoOf(dockerHost: string): Promise<unknown> {
  try {
    return await connectEngine(dockerHost, patience).get('/info');
  } catch (error) {
    if (error instanceof UserdockerError) return undefined;
    throw error;
  }
}
