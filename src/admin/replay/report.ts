/** What `userdocker-admin replay` says. Pure. */
import type { Reason } from '../../domain/errors.ts';
import { shellQuote } from '../../report/shell.ts';
import { visible } from '../../report/visible.ts';
import type { Change, Unjudged } from './compare.ts';
import type { RepeatedCall } from './records.ts';

export interface Replay {
  readonly changes: readonly Change[];
  readonly unjudged: readonly Unjudged[];
  /** Calls, each as often as it was made. */
  readonly judged: number;
  readonly records: number;
  readonly unreadable: number;
  /** Users whose groups are others today than in some record. */
  readonly regrouped: readonly string[];
}

const headings = {
  'allow-to-deny': 'Would be refused:',
  'deny-to-allow': 'Would be allowed:',
  command: 'Would become another command:',
} as const;
const kinds = ['allow-to-deny', 'deny-to-allow', 'command'] as const;

/** Ends with a newline. */
export function replayText(replay: Replay): string {
  const { changes, unjudged, judged, records, unreadable, regrouped } = replay;
  const sections = kinds.flatMap((kind) => {
    const some = changes.filter((change) => change.kind === kind);
    return some.length === 0 ? [] : [headings[kind], ...some.flatMap(changeLines), ''];
  });
  const notJudged = unjudged.flatMap(({ repeated, why }) => [callLine(repeated), `      ${visible(why)}`]);
  const count = unjudged.reduce((sum, { repeated }) => sum + repeated.count, 0);
  const changed = changes.reduce((sum, { repeated }) => sum + repeated.count, 0);
  return [
    ...sections,
    ...(notJudged.length === 0 ? [] : ['Could not be judged:', ...notJudged, '']),
    ...(regrouped.length === 0
      ? []
      : [`Judged with the groups of today, which were others then: ${visible(regrouped.join(', '))}`]),
    ...(unreadable === 0 ? [] : [`${unreadable} lines are no records`]),
    `${records} records: ${judged} judged, ${changed} of them would change, ${count} could not be judged`,
    '',
  ].join('\n');
}

function changeLines({ repeated, reasons, removed, added }: Change): readonly string[] {
  return [
    callLine(repeated),
    ...reasons.map((reason) => `      ${visible(reasonText(reason))}`),
    ...removed.map((word) => `      - ${shellQuote([word], 'escaped')}`),
    ...added.map((word) => `      + ${shellQuote([word], 'escaped')}`),
  ];
}

function callLine({ call, count, last }: RepeatedCall): string {
  const times = count === 1 ? '' : ` ${count} times,`;
  return `  ${visible(call.user)},${times} last ${visible(last)}: ${shellQuote(['userdocker', ...call.argv], 'escaped')}`;
}

function reasonText({ rule, message, origin }: Reason): string {
  const where = origin === undefined ? '' : ` (${origin.file}:${origin.line})`;
  return `${rule}: ${message}${where}`;
}

/** Ends with a newline. */
export function replayJson({ changes, unjudged, ...rest }: Replay): string {
  const document = {
    ...rest,
    changes: changes.map(({ kind, repeated, reasons, removed, added }) => ({
      kind,
      ...callJson(repeated),
      reasons,
      removed,
      added,
    })),
    unjudged: unjudged.map(({ repeated, why }) => ({ ...callJson(repeated), why })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function callJson({ call, count, first, last }: RepeatedCall): object {
  const { user, uid, argv, decision } = call;
  return { user, uid, argv, recorded: decision, count, first, last };
}
