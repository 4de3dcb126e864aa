/**
 * The one decision. No I/O, no change: facts come in as plain data, a decision goes out. Everything that was not
 * allowed by then is denied by the last line, an exception on the way included.
 */
import { findFlag } from './args/grammar.ts';
import type { ParsedCommand } from './args/types.ts';
import type { Command, Subject, Verdict } from './commands/command.ts';
import type { Allow, Decision, ExecPlan, Part, Source } from './domain/decision.ts';
import type { Reason } from './domain/errors.ts';
import { type ArgumentsVerdict, judgeArguments } from './policy/arguments.ts';
import { managedFlags } from './policy/managed.ts';

export function decide<Facts>(
  command: Command<Facts>,
  subject: Subject,
  request: ParsedCommand,
  facts: Facts,
): Decision {
  const reasons: Reason[] = [];
  try {
    reasons.push(...judgeSubcommand(subject, request.command));
    const list = judgeLists(command, subject, request);
    const verdict = command.judge(subject, request, facts, [...list.defaults, ...list.user, ...list.always]);
    reasons.push(...list.reasons, ...judgeMisplaced(command, list), ...verdict.reasons);
    if (reasons.length === 0) return mint(plan(command, subject, request, list, verdict));
  } catch (error) {
    const what = error instanceof Error ? error.message : 'unknown error';
    reasons.push({ rule: 'internal', message: `the rules could not be applied: ${what}` });
  }
  return { kind: 'deny', reasons };
}

/** Also asked before the facts are gathered: nothing has to be found out for a command that is not allowed. */
export function judgeSubcommand({ policy }: Subject, command: string): readonly Reason[] {
  if (policy.allowed_subcommands.includes(command)) return [];
  const instead = `you may use: ${policy.allowed_subcommands.join(', ')}`;
  return [
    { rule: 'allowed_subcommands', message: `the policy does not give you the command ${command}`, instead },
  ];
}

function judgeLists<Facts>(
  command: Command<Facts>,
  subject: Subject,
  request: ParsedCommand,
): ArgumentsVerdict {
  return judgeArguments({
    grammar: command.grammar,
    rules: subject.policy.args[request.command] ?? { always: [], default: [], available: [] },
    options: request.options,
    noDefaults: subject.noDefaultArgs,
    managed: managedFlags[request.command] ?? new Set(),
  });
}

/** What a command's own rules render once (a container's name) the lists can't put in a second time: docker takes the last. */
function judgeMisplaced<Facts>(command: Command<Facts>, list: ArgumentsVerdict): readonly Reason[] {
  const { flags } = command.grammar;
  return [...list.defaults, ...list.always]
    .filter(({ flag }) => command.rendered?.has(flag) === true && findFlag(flags, flag)?.repeatable !== true)
    .map(({ flag, rule, origin }) => ({
      rule,
      message: `an admin must mend this entry: ${flag} can be in args.${command.grammar.command}.available only`,
      ...(origin === undefined ? {} : { origin }),
    }));
}

/**
 * The final command line: the subcommand, then options, what the rules enforce behind what the user says, so that
 * docker's last-one-wins is on our side; `--`, and only then names, references and the payload.
 *
 * @throws where a command's rules have left out what must be there
 */
function plan<Facts>(
  command: Command<Facts>,
  { policy, executor }: Subject,
  request: ParsedCommand,
  list: ArgumentsVerdict,
  verdict: Verdict,
): ExecPlan {
  const grammatical = (...words: string[]): Part => ({ words, source: 'you', rule: 'docker' });
  const user = list.user.filter(
    ({ flag, hidden }) => hidden !== true && command.rendered?.has(flag) !== true,
  );
  const rest = [...verdict.operands, ...verdict.payload];
  // nvidia-docker 1.x takes no "--"; an operand is an id or a reference there, which never begins with "-".
  const separator = rest.length > 0 && executor.gpus !== 'nv_gpu' ? [grammatical('--')] : [];
  // Otherwise docker would take a word of the payload for the image, or for an option.
  if (verdict.operands.length < command.grammar.operands.min) throw new Error('an operand is missing');
  if (separator.length === 0 && rest[0]?.startsWith('-')) throw new Error('an operand looks like an option');
  return {
    executable: executor.path,
    parts: [
      grammatical(request.command),
      ...enforcedLast([...list.defaults, ...user, ...list.always, ...verdict.parts]),
      ...separator,
      ...verdict.operands.map((word) => grammatical(word)),
      ...verdict.payload.map((word) => grammatical(word)),
    ],
    env: { DOCKER_HOST: policy.docker_host, DOCKER_CONFIG: policy.docker_config, ...verdict.env },
    files: verdict.files ?? [],
  };
}

function enforcedLast(options: readonly Part[]): readonly Part[] {
  const order: readonly Source[] = ['default', 'you', 'enforced'];
  return order.flatMap((source) => options.filter((option) => option.source === source));
}

/** The only place where an Allow is made. */
function mint(granted: ExecPlan): Allow {
  return { kind: 'allow', plan: granted } as Allow;
}
