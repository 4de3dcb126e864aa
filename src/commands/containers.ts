/**
 * Commands that name containers. A name or id prefix is resolved once, to a full id, and the id is what docker is given: between
 * the check and docker's own look-up a name could otherwise pass on to somebody else's container.
 */
import type { CommandGrammar } from '../args/types.ts';
import { type InspectedContainer, inspectContainer } from '../docker/facts.ts';
import type { Reason } from '../domain/errors.ts';
import type { Uid } from '../domain/ids.ts';
import { objectAt, textAt } from '../domain/json.ts';
import { cidfilePath, isNonce, nonceLabel, ownsContainer } from '../state/ownership.ts';
import type { Command, Session, Verdict } from './command.ts';

/** A container as the user named it, and what that turned out to be. */
export interface NamedContainer {
  readonly asked: string;
  /** `undefined`: there is none, or it is another's. The rules can't tell the two apart, nor can the user. */
  readonly container: InspectedContainer | undefined;
}

/** Looks up each name; the caller's own containers only, for root all. */
export async function findContainers(
  session: Session,
  names: readonly string[],
): Promise<readonly NamedContainer[]> {
  return Promise.all(
    names.map(async (asked) => {
      const found = await inspectContainer(session.engine, asked);
      const visible =
        found !== undefined &&
        (session.caller.isRoot ||
          ownsContainer(session.caller.uid, found.id, found.labels) ||
          madeByInterruptedRun(session.caller.uid, found));
      return { asked, container: visible ? found : undefined };
    }),
  );
}

/**
 * A container whose HostConfig names our file as its --cidfile was made by a run of this user's that was ended before docker's
 * client wrote that file. Images and their labels have no say in HostConfig.
 */
export function madeByInterruptedRun(uid: Uid, { labels, raw }: InspectedContainer): boolean {
  const nonce = labels[nonceLabel] ?? '';
  return isNonce(nonce) && textAt(objectAt(raw, 'HostConfig'), 'ContainerIDFile') === cidfilePath(uid, nonce);
}

/** One answer for what does not exist and for what is another's. */
export function missingContainers(named: readonly NamedContainer[]): readonly Reason[] {
  return named
    .filter(({ container }) => container === undefined)
    .map(({ asked }) => ({
      rule: 'ownership',
      message: `you have no container ${asked}`,
      instead: 'userdocker ps -a shows yours',
    }));
}

export function foundIds(named: readonly NamedContainer[]): readonly string[] {
  return named.flatMap(({ container }) => (container === undefined ? [] : [container.id]));
}

/** A command that takes containers and does nothing to them that ownership does not allow. */
export function containerCommand(grammar: CommandGrammar): Command<readonly NamedContainer[]> {
  return {
    grammar,
    gather: (session, request) => findContainers(session, request.operands),
    judge: (_subject, request, named): Verdict => ({
      reasons: missingContainers(named),
      parts: [],
      operands: foundIds(named),
      payload: request.payload,
    }),
  };
}
