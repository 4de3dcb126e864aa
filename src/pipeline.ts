/** The spine: caller -> policy -> request -> facts -> decision -> audit -> exec. */
import { parseCommand } from './args/parse.ts';
import type { CommandGrammar, ParsedCommand } from './args/types.ts';
import type { Command, Session, Subject } from './commands/command.ts';
import { decide, judgeSubcommand } from './decide.ts';
import { commandWords, type Decision } from './domain/decision.ts';
import { UserdockerError, usage } from './domain/errors.ts';
import { becomeDocker } from './exec/exec.ts';
import type { Ending } from './exec/replace.ts';
import { extraFlags } from './policy/argument-rules.ts';
import { showDryRun } from './report/dry-run.ts';
import { recordDecision, recordRefusal } from './report/record.ts';
import { shellQuote } from './report/shell.ts';

/** A subcommand bound to the spine. */
export type Runner = (session: Session, show?: Show) => Promise<Ending>;
/** What a dry run does with the decision. */
export type Show = (decision: Decision, own: boolean, session: Session) => Ending;

export function runner<Facts>(command: Command<Facts>): Runner {
  return async (session, show = showDryRun) => {
    const parsed = parseRequest(command.grammar, session);
    if (!session.frame.dryRun) refuseForbidden(session, parsed);
    const request = await complete(session, parsed);
    const facts = await command.gather(session, request);
    const judge = (known: Facts) => decide(command, subjectOf(session), request, known);
    if (session.frame.dryRun) {
      const decision = judge(facts);
      command.release?.(facts);
      return show(decision, command.own?.applies(request) === true, session);
    }
    const decision = await (command.hold?.(session, request, facts, judge) ?? judge(facts));
    return carryOut(command, session, request, facts, decision);
  };
}

/**
 * Nothing is asked of the engine for a command that the policy does not allow. (`explain` wants every reason.)
 * @throws denied
 */
function refuseForbidden(session: Session, request: ParsedCommand): void {
  const reasons = judgeSubcommand(subjectOf(session), request.command);
  if (reasons.length === 0) return;
  recordDecision(session, request, { kind: 'deny', reasons });
  throw new UserdockerError({ code: 'denied', reasons });
}

/** With what the files say that the user named. @throws usage for a file that can't be read */
async function complete(session: Session, request: ParsedCommand): Promise<ParsedCommand> {
  if (!request.options.some(({ flag }) => flag === '--env-file' || flag === '--label-file')) return request;
  try {
    return await (await import('./commands/value-files.ts')).withFiles(session, request);
  } catch (error) {
    if (error instanceof UserdockerError && !session.frame.dryRun) recordRefusal(session, error.failure);
    throw error;
  }
}

async function carryOut<Facts>(
  command: Command<Facts>,
  session: Session,
  request: ParsedCommand,
  facts: Facts,
  decision: Decision,
): Promise<Ending> {
  const isOwn = command.own?.applies(request) === true;
  recordDecision(session, request, decision, isOwn);
  if (decision.kind === 'deny') throw new UserdockerError({ code: 'denied', reasons: decision.reasons });
  if (command.own !== undefined && isOwn) {
    return { kind: 'exited', status: await command.own.perform(session, request, facts) };
  }
  session.debug(
    `becomes: ${shellQuote([decision.plan.executable, ...commandWords(decision.plan)], 'escaped')}`,
  );
  return becomeDocker(decision, session.loaded.policy, session.caller);
}

/** @throws usage, with the nearest option that there is */
export function parseRequest(grammar: CommandGrammar, session: Session): ParsedCommand {
  const rules = session.loaded.policy.args[grammar.command];
  const parsed = parseCommand(
    grammar,
    session.frame.args,
    rules === undefined ? [] : extraFlags(grammar, rules),
  );
  if (parsed.ok) return parsed.value;
  if (parsed.error.kind === 'help') throw new HelpWanted(grammar.command);
  const problem = usage(parsed.error.message, parsed.error.hint);
  if (!session.frame.dryRun) recordRefusal(session, problem.failure);
  throw problem;
}

/** `--help` or `-h` among a command's options: not an error, but the end of the call. */
export class HelpWanted extends Error {
  readonly command: string;
  constructor(command: string) {
    super('help');
    this.command = command;
  }
}

export function subjectOf(session: Session): Subject {
  return {
    caller: session.caller,
    policy: session.loaded.policy,
    executor: session.executor,
    noDefaultArgs: session.frame.noDefaultArgs,
  };
}
