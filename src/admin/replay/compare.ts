/** What a candidate configuration would change for recorded calls. Pure, but for the outcomes it is handed. */
import type { Reason } from '../../domain/errors.ts';
import type { Outcome } from './decide-again.ts';
import type { RecordedCall, RepeatedCall } from './records.ts';

export interface Change {
  readonly kind: 'allow-to-deny' | 'deny-to-allow' | 'command';
  readonly repeated: RepeatedCall;
  /** Under the candidate; empty unless it denies. */
  readonly reasons: readonly Reason[];
  /** Words of the final command that only the present configuration has, and only the candidate. */
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

export interface Unjudged {
  readonly repeated: RepeatedCall;
  readonly why: string;
}

export type Comparison =
  | { readonly kind: 'same' }
  | { readonly kind: 'change'; readonly change: Change }
  | { readonly kind: 'unjudged'; readonly unjudged: Unjudged };

/**
 * Both configurations are asked today, so what differs is the candidate's doing. Where today's present configuration does not decide
 * as the record says, the facts of that time are gone (a container, an image, a limit that was reached), or the configuration has
 * changed since: then only a difference between the two says something.
 * @param now under the present configuration
 * @param candidate under the candidate
 */
export function compare(repeated: RepeatedCall, now: Outcome, candidate: Outcome): Comparison {
  const unjudged = (why: string): Comparison => ({ kind: 'unjudged', unjudged: { repeated, why } });
  if (now.kind === 'unknown') return unjudged(now.why);
  if (candidate.kind === 'unknown') return unjudged(candidate.why);
  const change = (kind: Change['kind'], rest: Partial<Change>): Comparison => ({
    kind: 'change',
    change: { kind, repeated, reasons: [], removed: [], added: [], ...rest },
  });
  if (now.kind === 'allow' && candidate.kind === 'deny')
    return change('allow-to-deny', { reasons: candidate.reasons });
  if (now.kind === 'deny' && candidate.kind === 'allow') return change('deny-to-allow', {});
  if (now.kind !== repeated.call.decision) return unjudged(otherwise(repeated.call, now));
  if (now.kind === 'deny' || candidate.kind === 'deny') return { kind: 'same' };
  const removed = without(now.words, candidate.words);
  const added = without(candidate.words, now.words);
  return removed.length + added.length === 0 ? { kind: 'same' } : change('command', { removed, added });
}

function otherwise({ decision }: RecordedCall, now: Outcome): string {
  if (now.kind === 'deny') {
    const [first] = now.reasons;
    return `it was allowed then, and is refused today under the present configuration too: ${first?.message ?? ''}`;
  }
  return decision === 'deny'
    ? 'it was refused then, and is allowed today under the present configuration too'
    : '';
}

/** Each word as often as it stands more often in the one than in the other. */
function without(words: readonly string[], others: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const word of others) counts.set(word, (counts.get(word) ?? 0) + 1);
  return words.filter((word) => {
    const count = counts.get(word) ?? 0;
    if (count > 0) counts.set(word, count - 1);
    return count === 0;
  });
}
