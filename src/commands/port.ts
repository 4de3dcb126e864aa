/** `port CONTAINER [PRIVATE_PORT[/PROTO]]`. */
import { grammarOf } from '../args/grammar.ts';
import type { Command, Verdict } from './command.ts';
import { findContainers, foundIds, missingContainers, type NamedContainer } from './containers.ts';

export const port: Command<readonly NamedContainer[]> = {
  grammar: grammarOf('port'),
  gather: (session, request) => findContainers(session, request.operands.slice(0, 1)),
  judge: (_subject, request, named): Verdict => {
    const ports = request.operands.slice(1);
    const wrong = ports.filter((word) => !/^[0-9]{1,5}(?:\/(?:tcp|udp|sctp))?$/.test(word));
    return {
      reasons: [
        ...missingContainers(named),
        ...wrong.map((word) => ({
          rule: 'port',
          message: `${word} is no port`,
          instead: 'write 80 or 80/tcp',
        })),
      ],
      parts: [],
      operands: [...foundIds(named), ...ports],
      payload: [],
    };
  },
};
