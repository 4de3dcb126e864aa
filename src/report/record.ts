/** One line in the audit log for each call, before anything is started. */
import type { ParsedCommand } from '../args/types.ts';
import type { Session } from '../commands/command.ts';
import type { Decision, ExecPlan } from '../domain/decision.ts';
import type { Failure, Reason } from '../domain/errors.ts';
import { userdockerVersion } from '../version.ts';
import { appendAudit } from './audit.ts';

/**
 * @param own userdocker does it itself: no program is started
 * @throws unavailable where the call must be recorded and can't be
 */
export function recordDecision(
  session: Session,
  request: ParsedCommand,
  decision: Decision,
  own = false,
): void {
  const allowed = decision.kind === 'allow';
  const plan = allowed && !own ? decision.plan : undefined;
  append(session, allowed ? [] : decision.reasons, plan, allowed, request.payload.length);
}

/** A call that ended before there was a decision: a word or an option that nobody knows. */
export function recordRefusal(session: Session, failure: Failure): void {
  append(session, reasonsOf(failure), undefined, false, 0);
}

function append(
  session: Session,
  reasons: readonly Reason[],
  plan: ExecPlan | undefined,
  allowed: boolean,
  payloadLength: number,
): void {
  const problem = appendAudit(
    {
      caller: session.caller,
      environment: session.environment,
      asked: session.argv,
      payloadLength,
      decision: allowed ? 'allow' : 'deny',
      reasons,
      plan,
      version: userdockerVersion,
      configFiles: session.loaded.files,
    },
    session.loaded.policy.audit,
  );
  if (problem !== undefined && session.caller.isRoot) session.note(problem);
}

function reasonsOf(failure: Failure): readonly Reason[] {
  if (failure.code === 'denied') return failure.reasons;
  return failure.code === 'config' ? [] : [{ rule: failure.code, message: failure.message }];
}
