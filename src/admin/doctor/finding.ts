/** What `userdocker-admin doctor` finds, as data. Pure. */
import { isObject, textAt } from '../../domain/json.ts';
import { shellQuote } from '../../report/shell.ts';

/**
 * `fault`: users can become root, or nothing works; mend it now. `warning`: weaker than it should be. `note`: good to know, and
 * nothing that monitoring should ring for.
 */
export const severities = ['fault', 'warning', 'note'] as const;
export type Severity = (typeof severities)[number];

/** One kind of findings each, looked at by a process of its own. */
export const parts = [
  'configuration',
  'files',
  'sudo',
  'accounts',
  'engine',
  'nvidia',
  'audit',
  'disk',
  'kernel',
] as const;
export type Part = (typeof parts)[number];

export interface Finding {
  /** Stable, for monitoring: `sudo-setenv`. */
  readonly id: string;
  readonly severity: Severity;
  /** What is wrong, and why that matters. */
  readonly message: string;
  /** A command or a setting. */
  readonly fix: string;
}

export type Found = Finding & { readonly part: Part };

export function fault(id: string, message: string, fix: string): Finding {
  return { id, severity: 'fault', message, fix };
}

export function warning(id: string, message: string, fix: string): Finding {
  return { id, severity: 'warning', message, fix };
}

export function note(id: string, message: string, fix: string): Finding {
  return { id, severity: 'note', message, fix };
}

/** Of what a process said on its standard output; `undefined`: that was no list of findings. */
export function readFindings(text: string): readonly Finding[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const found = value.map(readFinding);
  return found.every((finding) => finding !== undefined) ? found : undefined;
}

function readFinding(value: unknown): Finding | undefined {
  if (!isObject(value)) return undefined;
  const [id, message, fix] = [textAt(value, 'id'), textAt(value, 'message'), textAt(value, 'fix')];
  const severity = severities.find((known) => known === value['severity']);
  if (id === undefined || message === undefined || fix === undefined || severity === undefined)
    return undefined;
  return { id, severity, message, fix };
}

/** A word of a command in a fix: root pastes it into a shell, and names on the way to a file may be anybody's. */
export function word(text: string): string {
  return shellQuote(['x', text], 'escaped').slice(2);
}

/** `a`, `a and b`, `a, b, c and 4 more`: a message stays readable on a machine with thousands of users. */
export function few(words: readonly string[], most = 5): string {
  if (words.length > most)
    return `${words.slice(0, most - 1).join(', ')} and ${words.length - most + 1} more`;
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}
