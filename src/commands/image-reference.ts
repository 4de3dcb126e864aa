/** What every command that names an image does with the name. */
import type { Reason } from '../domain/errors.ts';
import type { Result } from '../domain/result.ts';
import { judgeImage } from '../policy/images.ts';
import { type ImageReference, parseReference, type ReferenceProblem } from '../policy/reference.ts';
import { isMarked } from '../state/private-repositories.ts';
import type { Session, Subject } from './command.ts';

/** A name that an image of the engine may have, or the sentence that says why it can't be one. */
export type NamedImage = Result<ImageReference, ReferenceProblem>;

export function parseImage(text: string): NamedImage {
  return parseReference(text);
}

/** The policy's word on an image; `missing` also for what must look as if it did not exist. */
export function judgeNamedImage({ policy, caller }: Subject, named: NamedImage): readonly Reason[] {
  if (!named.ok) return [problemReason(named.error)];
  const judgement = judgeImage({ reference: named.value, policy: policy.images, isRoot: caller.isRoot });
  if (judgement.kind === 'allowed') return [];
  return judgement.kind === 'denied'
    ? judgement.reasons
    : [{ rule: 'images', message: judgement.message, instead: 'userdocker images shows the local ones' }];
}

/** Whether the image is of a repository that somebody has fetched from with an own account. Root may have all. */
export function isPrivate({ caller }: Session, reference: ImageReference): boolean {
  return !caller.isRoot && reference.digest !== undefined && isMarked(reference);
}

export function problemReason({ message, instead }: ReferenceProblem): Reason {
  return { rule: 'images', message, ...(instead === undefined ? {} : { instead }) };
}
