/** `policy`: what the caller may do, in words. */
import { usage } from '../domain/errors.ts';
import type { Ending } from '../exec/replace.ts';
import { terminalWidth } from '../report/output.ts';
import { policyJson, policyText } from '../report/policy.ts';
import { fitted } from '../report/visible.ts';
import type { Session } from './command.ts';
import { takeFormat } from './own-format.ts';

export async function policy(session: Session): Promise<Ending> {
  const { format, rest } = takeFormat('policy', session.frame.args);
  if (rest[0] !== undefined) {
    throw usage(`policy takes no ${rest[0]}`, 'userdocker COMMAND --help tells of one command');
  }
  const { caller, loaded } = session;
  session.print(
    format === 'json'
      ? policyJson(loaded.policy, caller)
      : fitted(policyText(loaded.policy, caller), terminalWidth(1)),
  );
  return { kind: 'exited', status: 0 };
}
