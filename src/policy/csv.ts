/**
 * One CSV record as Go's encoding/csv reads and writes it (RFC 4180, LazyQuotes off): docker's client takes `--mount`
 * apart with it, so a path with a comma or a quote has to be quoted, and a quote in the wrong place is an error.
 */
import { err, ok, type Result } from '../domain/result.ts';

/** A field: quoted with doubled quotes inside, or bare without any quote. The flag y keeps the matches adjacent. */
const field = /"((?:[^"]|"")*)"(?=,|$)|([^",]*)(?=,|$)/y;

/** @param text one line: the caller has refused line ends, which would start a second record that docker ignores. */
export function parseCsvRecord(text: string): Result<readonly string[]> {
  if (text === '') return err('it is empty');
  const fields: string[] = [];
  for (let at = 0; at <= text.length; ) {
    field.lastIndex = at;
    const match = field.exec(text);
    if (match === null) return err('a quotation mark stands in the wrong place');
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    at += match[0].length + 1;
  }
  return ok(fields);
}

export function renderCsvRecord(fields: readonly string[]): string {
  return fields.map(renderField).join(',');
}

function renderField(text: string): string {
  return /[",]|^\s/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
