/**
 * `__complete WORD...`: what the scripts of `completion` ask. The last word is the one with the cursor in it, up to the cursor.
 *
 * 1. It starts nothing, changes nothing and leaves no audit record: a key that was pressed is no request for a container, and
 *    what is offered the caller could list by `ps`, `images` and `policy` as well, which leave none either or one of no interest.
 * 2. It says nothing but candidates: an error is no candidate.
 * 3. It ends after `deadline`, whoever does not answer.
 */
import { type Candidate, linesOf } from '../completion/candidate.ts';
import { candidatesAt, patience } from '../completion/candidates.ts';
import { positionOf } from '../completion/place.ts';
import { connectEngine } from '../docker/engine.ts';
import type { Ending } from '../exec/replace.ts';
import { executorFor } from '../policy/executor.ts';
import type { Session } from './command.ts';

/** Milliseconds. */
const deadline = 2000;

export async function complete(session: Session): Promise<Ending> {
  const { args } = session.frame;
  const typed = args.at(-1) ?? '';
  const late = new Promise<readonly Candidate[]>((resolve) => {
    setTimeout(() => resolve([]), deadline);
  });
  const found = await Promise.race([find(args.slice(0, -1), typed, session).catch(() => []), late]);
  session.print(linesOf(found, typed));
  return { kind: 'exited', status: 0 };
}

async function find(before: readonly string[], typed: string, outer: Session): Promise<readonly Candidate[]> {
  const { policy } = outer.loaded;
  const { place, executor: name } = positionOf({ before, typed }, policy.args);
  const engine = connectEngine(policy.docker_host, patience);
  const executor = name === undefined ? outer.executor : executorFor(policy, name, 'run');
  return executor === undefined ? [] : candidatesAt(place, typed, { ...outer, engine, executor });
}
