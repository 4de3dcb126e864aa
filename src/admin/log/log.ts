/** `userdocker-admin log`: who ran what, and what was refused to whom by which rule. */
import { visibleJson } from '../../report/visible.ts';
import { linesOf } from './lines.ts';
import { isWanted, type LogRecord, parseRecord, type Wanted } from './record.ts';
import { closeSource, type Source } from './sources.ts';
import { headLine, recordLine, tallyTable } from './table.ts';
import { Tallies } from './tally.ts';

export interface LogQuery extends Wanted {
  readonly by: 'user' | 'rule' | undefined;
  readonly json: boolean;
  /** Columns of the terminal; `undefined`: none. */
  readonly width: number | undefined;
}

export interface LogOutcome {
  /** Sentences for standard error. */
  readonly remarks: readonly string[];
  /** The reader of the output wants no more, or can't take it. */
  readonly stopped: boolean;
}

/** @param write as `writeAll`: `false` ends it. Closes the sources. */
export async function readLog(
  sources: readonly Source[],
  query: LogQuery,
  write: (text: string) => boolean,
): Promise<LogOutcome> {
  const remarks: string[] = [];
  const output = new Output(write);
  const tallies = query.by === undefined ? undefined : new Tallies(query.by);
  if (tallies === undefined && !query.json) output.add(headLine(query.width));
  try {
    for (const source of sources) {
      // Nobody writes into a rotated file any more: its last change is its last record's.
      if (query.since !== undefined && source.changed < query.since && source.descriptor > 2) continue;
      await readSource(source, query, tallies, output, remarks);
      if (output.stopped) break;
    }
  } finally {
    for (const source of sources) closeSource(source);
  }
  if (tallies !== undefined) output.add(tallyText(tallies, query));
  output.flush();
  return { remarks, stopped: output.stopped };
}

async function readSource(
  source: Source,
  query: LogQuery,
  tallies: Tallies | undefined,
  output: Output,
  remarks: string[],
): Promise<void> {
  let number = 0;
  let broken = 0;
  let first = 0;
  try {
    for await (const line of linesOf(source)) {
      number += 1;
      if (line === '') continue;
      const record = line === undefined ? undefined : parseRecord(line);
      if (record === undefined) {
        broken += 1;
        if (broken === 1) first = number;
      } else if (isWanted(record, query)) {
        if (tallies === undefined) output.add(recordText(record, query));
        else tallies.add(record);
      }
      if (output.stopped) return;
    }
  } catch (error) {
    remarks.push(
      `${source.path}: ${error instanceof Error ? error.message : String(error)}, after line ${number}`,
    );
  }
  if (broken > 0) {
    const lines = broken === 1 ? 'a line that is' : `${broken} lines that are`;
    remarks.push(`${source.path} has ${lines} no record, the first at line ${first}`);
  }
}

function recordText(record: LogRecord, { json, width }: LogQuery): string {
  return json ? `${visibleJson(record.raw)}\n` : recordLine(record, width);
}

function tallyText(tallies: Tallies, { by = 'user', json, width }: LogQuery): string {
  if (!json) return tallyTable(by, tallies.all, width);
  const lines = tallies.all.map(({ key, allowed, denied, users, last }) => {
    const time = new Date(last).toISOString();
    return by === 'user'
      ? { user: key, allowed, denied, last: time }
      : { rule: key, denied, users, last: time };
  });
  return lines.map((line) => `${visibleJson(line)}\n`).join('');
}

/** Few system calls for many lines, and none after the reader has gone. */
class Output {
  readonly #write: (text: string) => boolean;
  #held = '';
  stopped = false;

  constructor(write: (text: string) => boolean) {
    this.#write = write;
  }

  add(text: string): void {
    this.#held += text;
    if (this.#held.length > 64 * 1024) this.flush();
  }

  flush(): void {
    if (this.#held !== '' && !this.stopped) this.stopped = !this.#write(this.#held);
    this.#held = '';
  }
}
