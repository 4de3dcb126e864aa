/** `-n`: the command that would replace the process, quoted for a shell, on stdout; or every reason why not. */
import { commandWords, type Decision } from '../domain/decision.ts';
import { UserdockerError } from '../domain/errors.ts';
import type { Ending } from '../exec/replace.ts';
import { writeAll } from './output.ts';
import { shellCommand } from './shell.ts';
import { terminalOf } from './terminal.ts';

/**
 * @param own userdocker does it itself: there is no command
 * @throws denied
 */
export function showDryRun(decision: Decision, own: boolean): Ending {
  if (decision.kind === 'deny') throw new UserdockerError({ code: 'denied', reasons: decision.reasons });
  const { plan } = decision;
  if (own) {
    const [command] = commandWords(plan);
    return {
      kind: 'exited',
      status: writeAll(2, `userdocker: ${command} is done by userdocker itself, not by docker\n`) ? 0 : 74,
    };
  }
  const words = [plan.executable, ...commandWords(plan)];
  const line = shellCommand({ env: plan.env, words }, terminalOf(1) !== undefined ? 'escaped' : 'raw');
  return { kind: 'exited', status: writeAll(1, `${line}\n`) ? 0 : 74 };
}
