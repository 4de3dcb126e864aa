/** What a command line that is refused says, from the program's own parsers, rules and renderer, with facts that are made up. */
import { grammars } from '../../src/args/grammar.ts';
import { parseCommand } from '../../src/args/parse.ts';
import { unknownCommand, unknownExecutor } from '../../src/commands/unknown.ts';
import { denied, type Failure, UserdockerError, usage } from '../../src/domain/errors.ts';
import { parseFrame } from '../../src/frame.ts';
import { extraFlags } from '../../src/policy/argument-rules.ts';
import { executorFor } from '../../src/policy/executor.ts';
import { parseGpuRequest } from '../../src/policy/gpu-request.ts';
import { alice, type Call, decisionOn, policyOf } from '../support/builders.ts';

/** @throws where the command line is allowed */
export function failureOn(line: string | readonly string[], call: Call = {}): Failure {
  return failureOf(() => refuse(typeof line === 'string' ? line.split(' ') : line, call));
}

export function failureOf(action: () => unknown): Failure {
  try {
    action();
  } catch (error) {
    if (error instanceof UserdockerError) return error.failure;
    throw error;
  }
  throw new Error('this is allowed');
}

/** As src/userdocker.ts and src/pipeline.ts go through it. @throws UserdockerError */
function refuse(words: readonly string[], call: Call): void {
  const frame = parseFrame(words);
  const policy = call.policy ?? policyOf(call.yaml, call.caller ?? alice);
  const name = frame.executor ?? policy.executor_default;
  if (executorFor(policy, name, frame.command) === undefined) throw unknownExecutor(name, policy);
  const { command = '', args } = frame;
  const grammar = grammars.find((each) => each.command === command);
  if (grammar === undefined) throw unknownCommand(command, args[0], policy);
  const rules = policy.args[command];
  const parsed = parseCommand(grammar, args, rules === undefined ? [] : extraFlags(grammar, rules));
  if (!parsed.ok) throw usage(parsed.error.message, parsed.error.hint);
  const gpus = parseGpuRequest({
    NV_GPU: call.environment?.['NV_GPU'],
    NVIDIA_VISIBLE_DEVICES: call.environment?.['NVIDIA_VISIBLE_DEVICES'],
    option: undefined,
  });
  if (!gpus.ok) throw usage(gpus.error, 'userdocker ps --gpu-free shows what can be named');
  const decision = decisionOn(words, call);
  if (decision.kind === 'deny') throw denied(...decision.reasons);
}
