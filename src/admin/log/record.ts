/** A line of the audit log, and which of them are asked for. Pure. */
import { isObject, listAt, numberAt, textAt, textsAt } from '../../domain/json.ts';

/** What the table and the counts need of src/report/audit.ts's AuditLine; fields that are not known yet go with `raw`. */
export interface LogRecord {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly user: string;
  readonly uid: number;
  readonly decision: 'allow' | 'deny';
  /** Each once, in the order of the reasons. */
  readonly rules: readonly string[];
  readonly argv: readonly string[];
  readonly cut: boolean;
  readonly raw: unknown;
}

/** `undefined`: that is no record. */
export function parseRecord(line: string): LogRecord | undefined {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isObject(raw)) return undefined;
  const time = Date.parse(textAt(raw, 'time') ?? '');
  const [user, uid, decision] = [textAt(raw, 'user'), numberAt(raw, 'uid'), textAt(raw, 'decision')];
  if (Number.isNaN(time) || user === undefined || uid === undefined) return undefined;
  if (decision !== 'allow' && decision !== 'deny') return undefined;
  const rules = listAt(raw, 'reasons').flatMap((reason) => textAt(reason, 'rule') ?? []);
  return {
    time,
    user,
    uid,
    decision,
    rules: [...new Set(rules)],
    argv: textsAt(raw, 'argv'),
    cut: isObject(raw['argv_cut']),
    raw,
  };
}

export interface Wanted {
  /** A name or a uid. */
  readonly user: string | undefined;
  /** Milliseconds since the epoch, both included. */
  readonly since: number | undefined;
  readonly until: number | undefined;
  readonly decision: 'allow' | 'deny' | undefined;
}

export function isWanted({ time, user, uid, decision }: LogRecord, wanted: Wanted): boolean {
  return (
    (wanted.user === undefined || wanted.user === user || wanted.user === String(uid)) &&
    (wanted.since === undefined || time >= wanted.since) &&
    (wanted.until === undefined || time <= wanted.until) &&
    (wanted.decision === undefined || decision === wanted.decision)
  );
}
