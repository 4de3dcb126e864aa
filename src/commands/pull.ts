/** `pull`: fetches what the caller may run. */
import { grammarOf } from '../args/grammar.ts';
import type { Reason } from '../domain/errors.ts';
import { ownTree } from '../policy/images.ts';
import { familiar } from '../policy/reference.ts';
import type { Command, Subject, Verdict } from './command.ts';
import { judgeNamedImage, type NamedImage, parseImage } from './image-reference.ts';

export const pull: Command<undefined> = {
  grammar: grammarOf('pull'),
  gather: async () => undefined,
  judge: (subject, request): Verdict => {
    const named = parseImage(request.operands[0] ?? '');
    return {
      reasons: [...judgeNamedImage(subject, named), ...judgePull(subject, named)],
      parts: [],
      operands: named.ok ? [familiar(named.value)] : [],
      payload: [],
    };
  },
};

function judgePull({ policy }: Subject, named: NamedImage): readonly Reason[] {
  if (policy.images.pull === 'never') {
    return [
      {
        rule: 'images.pull',
        message: 'the policy allows local images only',
        instead: 'userdocker images shows them',
      },
    ];
  }
  if (named.ok && ownTree(named.value, policy.images)) {
    const message = `${familiar(named.value)} comes from userdocker load, no registry has it`;
    return [{ rule: 'images.load_tags', message }];
  }
  return [];
}
