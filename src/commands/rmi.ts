/** `rmi`: removes tags that the caller's own `load` made, and nothing else. */
import { grammarOf } from '../args/grammar.ts';
import { judgeRemoval } from '../policy/images.ts';
import { familiar } from '../policy/reference.ts';
import type { Command, Verdict } from './command.ts';
import { parseImage, problemReason } from './image-reference.ts';

export const rmi: Command<undefined> = {
  grammar: grammarOf('rmi'),
  gather: async () => undefined,
  judge: ({ policy, caller }, request): Verdict => {
    const named = request.operands.map(parseImage);
    return {
      reasons: named.flatMap((image) =>
        image.ok
          ? judgeRemoval({ reference: image.value, policy: policy.images, isRoot: caller.isRoot })
          : [problemReason(image.error)],
      ),
      parts: [],
      operands: named.flatMap((image) => (image.ok ? [familiar(image.value)] : [])),
      payload: [],
    };
  },
};
