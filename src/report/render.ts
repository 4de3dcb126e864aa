/** Failures as sentences on stderr: what was refused, which rule says so, what would be allowed. Pure. */
import type { ConfigProblem, Failure, Reason } from '../domain/errors.ts';
import type { Origin } from '../domain/policy.ts';
import { assertNever } from '../domain/result.ts';
import { type Painter, plain } from './painter.ts';
import { visible, wrap } from './visible.ts';

export interface RenderOptions {
  readonly paint?: Painter;
  /** Columns of the terminal; 60 to 200 are used. `undefined`: no terminal, lines are not wrapped. */
  readonly width?: number | undefined;
  /** Who speaks; `userdocker` if left out. */
  readonly program?: string;
  /** Root sees which file and line says so, and the contents of configuration errors. */
  readonly isRoot: boolean;
}

/** Ends with a newline. Nothing in it can move a terminal's cursor; no colour carries a meaning of its own. */
export function renderFailure(failure: Failure, options: RenderOptions): string {
  return `${linesOf(failure, options).join('\n')}\n`;
}

/** A line for the user that is no failure (`Session.note`). Ends with a newline. */
export function renderNote(message: string, options: Omit<RenderOptions, 'isRoot'>): string {
  return `${headline('', message, { ...options, isRoot: false })}\n`;
}

function linesOf(failure: Failure, options: RenderOptions): readonly string[] {
  switch (failure.code) {
    case 'usage':
    case 'unavailable':
      return [headline('', failure.message, options), ...detail('Hint', failure.hint, options)];
    case 'denied':
      return failure.reasons.length === 0
        ? [headline('denied:', 'no rule allows this', options)]
        : failure.reasons.flatMap((reason) => reasonLines(reason, options));
    case 'config':
      return options.isRoot
        ? failure.problems.flatMap((problem) => problemLines(problem, options))
        : filesToLookAt(failure.problems, options);
    default:
      return assertNever(failure);
  }
}

function reasonLines({ rule, message, instead, origin }: Reason, options: RenderOptions): readonly string[] {
  const where = options.isRoot && origin !== undefined ? ` (${originText(origin)})` : '';
  return [
    headline('denied:', message, options),
    ...detail('Rule', rule + where, options),
    ...detail('Instead', instead, options),
  ];
}

function originText({ file, line }: Origin): string {
  return `${file}:${line}`;
}

/** A user learns where to point an admin, and nothing of what is written there. */
function filesToLookAt(problems: readonly ConfigProblem[], options: RenderOptions): readonly string[] {
  const files = [...new Set(problems.map(({ file }) => file))];
  return [
    headline('', 'the configuration has an error: nothing can be run until an admin mends it', options),
    ...files.flatMap((file) => detail('File', file, options)),
  ];
}

function problemLines(problem: ConfigProblem, options: RenderOptions): readonly string[] {
  const { file, line, column, message } = problem;
  const position = [file, line, column].filter((part) => part !== undefined).join(':');
  return [headline(`${position}:`, message, options), ...excerpt(problem, paintOf(options))];
}

/** The line of the file, with a caret below the column. Of a long line the part around the column. */
function excerpt({ line, column, sourceLine }: ConfigProblem, paint: Painter): readonly string[] {
  if (line === undefined || sourceLine === undefined) return [];
  const at = Math.max(0, (column ?? 1) - 1);
  const start = at > 60 ? at - 50 : 0;
  const before = tidy(sourceLine.slice(start, at));
  const shown = before + tidy(sourceLine.slice(at, start + 120));
  const number = String(line).padStart(6);
  const blank = ' '.repeat(number.length);
  const caret =
    column === undefined ? [] : [`${blank} | ${' '.repeat([...before].length)}${paint.error('^')}`];
  return [`${number} | ${shown}`, ...caret];
}

/** A tab is one blank, so that the caret stands right whatever the terminal's tab stops are. */
function tidy(sourceLine: string): string {
  return visible(sourceLine.replaceAll('\t', ' '));
}

const detailIndent = '    ';

function headline(label: string, message: string, options: RenderOptions): string {
  const paint = paintOf(options);
  const program = options.program ?? 'userdocker';
  const start = label === '' ? `${program}:` : `${program}: ${visible(label)}`;
  const text = wrap(`${start} ${visible(message)}`, widthOf(options), detailIndent);
  return paint.error(text.slice(0, start.length)) + text.slice(start.length);
}

function detail(label: string, text: string | undefined, options: RenderOptions): readonly string[] {
  if (text === undefined) return [];
  const start = `  ${label}:`;
  const wrapped = wrap(`${start} ${visible(text)}`, widthOf(options), detailIndent);
  return [paintOf(options).label(start) + wrapped.slice(start.length)];
}

function paintOf({ paint }: RenderOptions): Painter {
  return paint ?? plain;
}

function widthOf({ width }: RenderOptions): number | undefined {
  return width === undefined ? undefined : Math.min(200, Math.max(60, width));
}
