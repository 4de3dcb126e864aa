/**
 * The audit log: one JSON object a line, appended before docker is started.
 *
 * 1. The file is a plain one, root's, in a directory of root's; links are not followed.
 * 2. A record is one write(2) with O_APPEND: records of simultaneous calls don't mix. It is of bounded size.
 * 3. A record that was not written whole (disk full, file size limit) counts as not written.
 * 4. Values of -e are masked. What a terminal would obey is escaped: `cat` of the log is safe.
 */
import { readlinkSync } from 'node:fs';
import process from 'node:process';
import type { Caller } from '../domain/caller.ts';
import type { ExecPlan, Part } from '../domain/decision.ts';
import { type Reason, unavailable } from '../domain/errors.ts';
import type { Policy } from '../domain/policy.ts';
import { appendLine } from './audit-file.ts';
import { type Masked, maskEnvironment, maskText } from './mask.ts';
import { toSyslog } from './syslog.ts';
import { terminalOf } from './terminal.ts';
import { visibleJson } from './visible.ts';

export interface AuditRecord {
  readonly caller: Pick<Caller, 'uid' | 'gid' | 'user' | 'groups'>;
  /** The caller's; only what userdocker itself looks at is kept. */
  readonly environment: { readonly [name: string]: string | undefined };
  /** What was asked, after the program's name. */
  readonly asked: readonly string[];
  /** How many words at the end of `asked`, and of the plan, are the container's command line; 0 where not known. */
  readonly payloadLength: number;
  readonly decision: 'allow' | 'deny';
  readonly reasons: readonly Reason[];
  /** `undefined` where nothing is executed: denied, or done by userdocker itself. */
  readonly plan: ExecPlan | undefined;
  readonly version: string;
  readonly configFiles: readonly string[];
}

/** A line of the log. Fields are only ever added. */
export interface AuditLine {
  /** ISO 8601, UTC, milliseconds. */
  readonly time: string;
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly user: string;
  /** All of the caller's, ascending; of very many the first ones. */
  readonly groups: readonly number[];
  /** `NV_GPU` and `NVIDIA_VISIBLE_DEVICES` where they were set. */
  readonly env: { readonly [name: string]: string };
  readonly tty: string | null;
  readonly cwd: string | null;
  readonly argv: readonly string[];
  /** Only where `argv` was cut. */
  readonly argv_cut?: Cut;
  readonly decision: 'allow' | 'deny';
  readonly reasons: readonly { readonly rule: string; readonly message: string; readonly origin?: string }[];
  /** The program first; null: none was started. */
  readonly exec: readonly string[] | null;
  readonly exec_cut?: Cut;
  readonly version: string;
  readonly config: readonly string[];
}

/** Of the words with their masks on, joined by NUL: a secret can't be guessed from it, the same call has the same. */
export interface Cut {
  readonly words: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** How much of each command line is kept, in bytes of UTF-8. */
const keptInFile = 8192;
/** syslog daemons cut at 8 KiB (rsyslog's default), which would leave half a JSON object. */
const keptInSyslog = 1536;

/**
 * @returns what went wrong where the policy does not require a record, for root's eyes; `undefined`: recorded
 * @throws UserdockerError (`unavailable`) where it does (`audit.required`)
 */
export function appendAudit(record: AuditRecord, settings: Policy['audit']): string | undefined {
  const now = new Date();
  const problem = appendLine(settings.file, auditLine(record, now, keptInFile));
  if (settings.syslog) toSyslog(auditLine(record, now, keptInSyslog));
  if (problem === undefined) return undefined;
  const message = `this call can not be recorded in ${settings.file}: ${problem}`;
  if (settings.required)
    throw unavailable(message, 'no call is allowed without a record (audit.required): tell an admin');
  return message;
}

/** The record as one line of JSON, without the newline. */
export function auditLine(record: AuditRecord, now: Date, keep = keptInFile): string {
  const { caller, payloadLength, plan } = record;
  const asked = maskEnvironment(record.asked, payloadLength);
  const exec = plan === undefined ? undefined : [plan.executable, ...maskedWords(plan.parts, payloadLength)];
  const argv = cutWords(asked.words, keep);
  const final = exec === undefined ? undefined : cutWords(exec, keep);
  const line: AuditLine = {
    time: now.toISOString(),
    pid: process.pid,
    uid: caller.uid,
    gid: caller.gid,
    user: caller.user,
    groups: caller.groups.slice(0, keep === keptInFile ? 256 : 16).map(({ gid }) => gid),
    env: wishes(record.environment),
    tty: terminal() ?? null,
    cwd: link('/proc/self/cwd') ?? null,
    argv: argv.words,
    ...(argv.cut === undefined ? {} : { argv_cut: argv.cut }),
    decision: record.decision,
    reasons: record.reasons.slice(0, 20).map((reason) => reasonOf(reason, asked)),
    exec: final?.words ?? null,
    ...(final?.cut === undefined ? {} : { exec_cut: final.cut }),
    version: record.version,
    config: record.configFiles.slice(0, 50),
  };
  return visibleJson(line);
}

/** What of the environment decides: without it the call could not be judged again. */
function wishes(environment: AuditRecord['environment']): AuditLine['env'] {
  const names = ['NV_GPU', 'NVIDIA_VISIBLE_DEVICES'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, cutText(value, 256)] as const];
    }),
  );
}

/** The user's own variables are masked; what the policy sets is in its files, and says who got which GPU. */
function maskedWords(parts: readonly Part[], payloadLength: number): readonly string[] {
  const words = parts.flatMap((part) => part.words.map((word) => ({ word, mine: part.source === 'you' })));
  const options = words.length - payloadLength;
  const masked = maskEnvironment(
    words.map(({ word, mine }) => (mine ? word : '')),
    payloadLength,
  ).words;
  return words.map(({ word, mine }, index) => (mine && index < options ? (masked[index] ?? word) : word));
}

function reasonOf({ rule, message, origin }: Reason, asked: Masked): AuditLine['reasons'][number] {
  const text = cutText(maskText(message, asked), 1000);
  return {
    rule,
    message: text,
    ...(origin === undefined ? {} : { origin: `${origin.file}:${origin.line}` }),
  };
}

function cutWords(
  words: readonly string[],
  keep: number,
): { words: readonly string[]; cut: Cut | undefined } {
  const bytes = words.reduce((sum, word) => sum + Buffer.byteLength(word) + 1, 0);
  if (bytes <= keep) return { words, cut: undefined };
  const kept: string[] = [];
  let left = keep;
  for (const word of words) {
    const text = cutText(word, left);
    kept.push(text);
    left -= Buffer.byteLength(text) + 1;
    if (text !== word || left <= 0) break;
  }
  // Loaded here: few calls have a line to cut, and it takes 2 ms.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const sha256 = createHash('sha256').update(words.join('\0')).digest('hex');
  return { words: kept, cut: { words: words.length, bytes, sha256 } };
}

/** At most that many bytes, whole characters. */
function cutText(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  return `${encoded
    .subarray(0, Math.max(0, bytes))
    .toString('utf8')
    .replace(/\ufffd+$/u, '')}…`;
}

/** Where the caller sits. Under sudo's use_pty this is the terminal that sudo made. */
function terminal(): string | undefined {
  return [0, 1, 2].map(terminalOf).find((path) => path !== undefined);
}

/** A directory that is gone reads `/path (deleted)`. */
function link(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
