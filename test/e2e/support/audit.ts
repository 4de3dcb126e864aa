import { existsSync, readFileSync } from 'node:fs';

const file = '/var/log/userdocker/audit.jsonl';

export type AuditRecord = { readonly [key: string]: unknown };

/** All records so far, oldest first. A line that is not one JSON object is an error. */
export function auditRecords(): readonly AuditRecord[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  if (!text.endsWith('\n')) throw new Error('the last audit record has no end');
  return text.slice(0, -1).split('\n').map(parseRecord);
}

export function lastAuditRecord(): AuditRecord {
  const last = auditRecords().at(-1);
  if (last === undefined) throw new Error('the audit log is empty');
  return last;
}

function parseRecord(line: string): AuditRecord {
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`no record: ${line}`);
  return Object.fromEntries(Object.entries(value));
}
