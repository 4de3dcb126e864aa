/** `explain`: what a command would become, part by part, and which line of the configuration says so. */
import { denied, exitStatus, UserdockerError, usage } from '../domain/errors.ts';
import type { Ending } from '../exec/replace.ts';
import { type Explained, explainedDenial, explainedPlan, explainedText } from '../report/explain.ts';
import { terminalWidth } from '../report/output.ts';
import { fitted } from '../report/visible.ts';
import type { Session } from './command.ts';
import { takeFormat } from './own-format.ts';
import type { Consider } from './own-words.ts';

/** @throws denied, with every reason; as JSON that is an answer like any other, with the same exit status */
export async function explain(session: Session, consider: Consider): Promise<Ending> {
  const { format, rest } = takeFormat('explain', session.frame.args);
  if (rest.length === 0) throw usage('explain what?', 'for example: userdocker explain run -it debian');
  const print = (explained: Explained) =>
    session.print(
      format === 'json'
        ? `${JSON.stringify(explained, null, 2)}\n`
        : fitted(explainedText(explained), terminalWidth(1)),
    );
  try {
    return await consider(rest, (decision, own, { executor }) => {
      if (decision.kind === 'deny') throw denied(...decision.reasons);
      print(explainedPlan(decision.plan, executor.name, own, session.loaded));
      return { kind: 'exited', status: 0 };
    });
  } catch (error) {
    if (format !== 'json' || !(error instanceof UserdockerError) || error.failure.code !== 'denied')
      throw error;
    print(explainedDenial(error.failure.reasons, session.caller.isRoot));
    return { kind: 'exited', status: exitStatus.denied };
  }
}
