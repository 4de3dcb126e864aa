/** `stats`: without names docker's own shows everybody's containers; here the caller's running ones are put in. */
import { grammarOf } from '../args/grammar.ts';
import type { Reason } from '../domain/errors.ts';
import { ownedContainers } from '../state/ownership.ts';
import type { Command, Session, Verdict } from './command.ts';
import { findContainers, foundIds, missingContainers, type NamedContainer } from './containers.ts';

interface StatsFacts {
  readonly named: readonly NamedContainer[];
  readonly own: readonly string[] | 'all';
}

export const stats: Command<StatsFacts> = {
  grammar: grammarOf('stats'),
  gather: async (session, request) => ({
    named: await findContainers(session, request.operands),
    own: request.operands.length > 0 || session.caller.isRoot ? 'all' : await runningIds(session),
  }),
  judge: (_subject, _request, { named, own }): Verdict => ({
    reasons: [...missingContainers(named), ...(own !== 'all' && own.length === 0 ? [nothingRuns] : [])],
    parts: [],
    operands: own === 'all' ? foundIds(named) : own,
    payload: [],
  }),
};

const nothingRuns: Reason = {
  rule: 'ownership',
  message: 'you have no running container',
  instead: 'userdocker ps -a shows yours',
};

async function runningIds(session: Session): Promise<readonly string[]> {
  const named = await findContainers(
    session,
    ownedContainers(session.caller.uid).map(({ id }) => id),
  );
  return named.flatMap(({ container }) => (container?.state === 'running' ? [container.id] : []));
}
