/** The calls that an audit log holds. What users wrote stays text: nothing of it is believed. */
import { isObject, listAt, numberAt, textAt, textMapAt, textsAt } from '../../domain/json.ts';
import { mask } from '../../report/mask.ts';
import { linesOf } from '../log/lines.ts';
import { closeSource, type Source } from '../log/sources.ts';

/** One call as it was asked and decided then. */
export interface RecordedCall {
  readonly uid: number;
  readonly gid: number;
  readonly user: string;
  /** `undefined` in records of versions before 3.1, which did not keep them. */
  readonly groups: readonly number[] | undefined;
  readonly environment: { readonly [name: string]: string } | undefined;
  readonly argv: readonly string[];
  readonly decision: 'allow' | 'deny';
  /** Why it can't be judged again from its record; `undefined`: it can. */
  readonly problem: string | undefined;
}

/** Equal calls of the same user, decided the same. */
export interface RepeatedCall {
  readonly call: RecordedCall;
  readonly count: number;
  /** ISO 8601. */
  readonly first: string;
  readonly last: string;
}

export interface RecordedCalls {
  readonly calls: readonly RepeatedCall[];
  readonly records: number;
  /** Lines that are no record. */
  readonly unreadable: number;
}

/** Closes the sources. */
export async function readRecords(sources: readonly Source[]): Promise<RecordedCalls> {
  const known = new Map<string, RepeatedCall>();
  let records = 0;
  let unreadable = 0;
  for (const source of sources) {
    for await (const line of linesOf(source)) {
      if (line === '') continue;
      const record = line === undefined ? undefined : parseRecord(line);
      if (record === undefined) unreadable += 1;
      else {
        records += 1;
        count(known, record);
      }
    }
    closeSource(source);
  }
  return { calls: [...known.values()], records, unreadable };
}

function count(known: Map<string, RepeatedCall>, { call, time }: Recorded): void {
  const key = JSON.stringify(call);
  const before = known.get(key);
  const first = before === undefined || time < before.first ? time : before.first;
  const last = before === undefined || time > before.last ? time : before.last;
  known.set(key, { call, count: (before?.count ?? 0) + 1, first, last });
}

interface Recorded {
  readonly call: RecordedCall;
  readonly time: string;
}

/** @returns `undefined` for what is no record */
export function parseRecord(
  line: string,
): { readonly call: RecordedCall; readonly time: string } | undefined {
  const record = parseJson(line);
  const uid = numberAt(record, 'uid');
  const gid = numberAt(record, 'gid');
  const user = textAt(record, 'user');
  const decision = textAt(record, 'decision');
  const words = listAt(record, 'argv');
  const argv = textsAt(record, 'argv');
  const isWhole = isObject(record) && Array.isArray(record['argv']) && argv.length === words.length;
  if (!isWhole || uid === undefined || gid === undefined || user === undefined) return undefined;
  if (decision !== 'allow' && decision !== 'deny') return undefined;
  const groups = listAt(record, 'groups').filter((group) => typeof group === 'number');
  return {
    time: textAt(record, 'time') ?? '',
    call: {
      uid,
      gid,
      user,
      groups: 'groups' in record ? groups : undefined,
      environment: 'env' in record ? textMapAt(record, 'env') : undefined,
      argv,
      decision,
      problem: problemOf(argv, 'argv_cut' in record),
    },
  };
}

/** The values of variables decide nothing; what else is hidden or missing might. */
function problemOf(argv: readonly string[], isCut: boolean): string | undefined {
  if (isCut) return 'the record holds only the beginning of the command line';
  const isHarmless = (word: string) => /^(?:-[^=]*=?)?[A-Za-z_][A-Za-z0-9_.-]*=\*\*\*$/.test(word);
  const hidden = argv.some((word) => word.includes(mask) && !isHarmless(word));
  return hidden ? 'the record hides more of the command line than the value of a variable' : undefined;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
