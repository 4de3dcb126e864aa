/** `pull`: fetches what the caller may run. */
import { grammarOf } from '../args/grammar.ts';
import { type EngineVersion, engineVersion } from '../docker/facts.ts';
import type { Reason } from '../domain/errors.ts';
import { judgePlatform, judgeRegistry, ownTree } from '../policy/images.ts';
import { familiar } from '../policy/reference.ts';
import { type Command, type Subject, singleValue, type Verdict } from './command.ts';
import { judgeNamedImage, type NamedImage, parseImage } from './image-reference.ts';

export const pull: Command<EngineVersion | undefined> = {
  grammar: grammarOf('pull'),
  gather: async (session, request) =>
    singleValue(request, '--platform') === undefined ? undefined : engineVersion(session.engine),
  judge: (subject, request, engine): Verdict => {
    const named = parseImage(request.operands[0] ?? '');
    return {
      reasons: [
        ...judgePull(subject, named),
        ...judgePlatform(singleValue(request, '--platform'), engine?.architecture ?? ''),
      ],
      parts: [],
      operands: named.ok ? [familiar(named.value)] : [],
      payload: [],
    };
  },
};

function judgePull(subject: Subject, named: NamedImage): readonly Reason[] {
  const { policy } = subject;
  const reasons = judgeNamedImage(subject, named);
  if (reasons.length > 0) return reasons;
  if (policy.images.pull === 'never') {
    return [
      {
        rule: 'images.pull',
        message: `${named.ok ? familiar(named.value) : 'it'} is not fetched: the policy allows local images only`,
        instead: 'userdocker images shows them',
      },
    ];
  }
  if (named.ok && ownTree(named.value, policy.images)) {
    const message = `${familiar(named.value)} comes from userdocker load, no registry has it`;
    return [{ rule: 'images.load_tags', message, instead: 'userdocker images shows whether it is there' }];
  }
  const place = named.ok ? judgeRegistry(named.value) : undefined;
  return place === undefined ? [] : [place];
}
