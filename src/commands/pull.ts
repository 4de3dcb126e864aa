/** `pull`: fetches what the caller may run. */
import { grammarOf } from '../args/grammar.ts';
import type { ParsedCommand } from '../args/types.ts';
import { type EngineVersion, engineVersion } from '../docker/facts.ts';
import type { Reason } from '../domain/errors.ts';
import { hasControlCharacter } from '../domain/ids.ts';
import { ownName } from '../load/tags.ts';
import { judgeDigest, judgeImage, judgePlatform, judgeRegistry, ownTree } from '../policy/images.ts';
import { familiar } from '../policy/reference.ts';
import { type Command, type Subject, singleValue, type Verdict } from './command.ts';
import { isPrivate, judgeNamedImage, type NamedImage, parseImage } from './image-reference.ts';

interface PullFacts {
  /** `undefined` where no platform is named. */
  readonly engine: EngineVersion | undefined;
  /** Somebody has fetched from this repository with an own account. */
  readonly isPrivate: boolean;
}

export const pull: Command<PullFacts> = {
  grammar: grammarOf('pull'),
  gather: async (session, request) => {
    const named = parseImage(request.operands[0] ?? '');
    const hasPlatform = singleValue(request, '--platform') !== undefined;
    return {
      engine: hasPlatform ? await engineVersion(session.engine) : undefined,
      isPrivate: named.ok && isPrivate(session, named.value),
    };
  },
  own: {
    applies: (request) => loginOf(request) !== undefined,
    perform: async (session, request) => (await import('./pull-login.ts')).pullWithLogin(session, request),
  },
  judge: (subject, request, facts): Verdict => {
    const named = parseImage(request.operands[0] ?? '');
    return {
      reasons: [
        ...judgePull(subject, named, facts),
        ...judgeLogin(subject, request, named),
        ...judgePlatform(singleValue(request, '--platform'), facts.engine?.architecture ?? ''),
      ],
      parts: [],
      operands: named.ok ? [familiar(named.value)] : [],
      payload: [],
    };
  },
};

function loginOf(request: ParsedCommand): string | undefined {
  return singleValue(request, '--login');
}

/** What is fetched so is the caller's alone, and so it must be one that the caller may run under a name of the own tree. */
function judgeLogin(
  { policy, caller }: Subject,
  request: ParsedCommand,
  named: NamedImage,
): readonly Reason[] {
  const user = loginOf(request);
  if (user === undefined || !named.ok) return [];
  const refuse = (message: string, instead: string) => [{ rule: 'images.load_tags', message, instead }];
  if (user === '' || user.length > 255 || hasControlCharacter(user) || user.includes(':'))
    return refuse(
      '--login needs the name of a user at the registry',
      '--login NAME; the password is asked for',
    );
  if (singleValue(request, '--platform') !== undefined)
    return refuse('--login and --platform do not go together', 'leave --platform out');
  const own = ownName(policy.images.load_tags, named.value);
  if (!own.ok) return refuse(own.error, 'a name with a tag, such as registry.example/x:1');
  const judgement = judgeImage({ reference: own.value, policy: policy.images, isRoot: caller.isRoot });
  return judgement.kind === 'denied' ? judgement.reasons : [];
}

function judgePull(subject: Subject, named: NamedImage, facts: PullFacts): readonly Reason[] {
  const reasons = judgeNamedImage(subject, named);
  if (!named.ok || reasons.length > 0) return reasons;
  const { images } = subject.policy;
  const name = familiar(named.value);
  if (images.pull === 'never') {
    const message = `${name} is not fetched: the policy allows local images only`;
    return [{ rule: 'images.pull', message, instead: 'userdocker images shows them' }];
  }
  if (ownTree(named.value, images)) {
    const message = `${name} comes from userdocker load, no registry has it`;
    return [{ rule: 'images.load_tags', message, instead: 'userdocker images shows whether it is there' }];
  }
  const place = judgeRegistry(named.value);
  return place === undefined ? judgeDigest(named.value, facts.isPrivate) : [place];
}
