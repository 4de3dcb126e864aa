/**
 * Values of `-e NAME=value` are secrets more often than not: the audit log keeps the names alone. This reads raw command
 * lines, also such as could not be parsed, so it masks too much rather than too little.
 */

export const mask = '***';

export interface Masked {
  readonly words: readonly string[];
  /** What was masked, `NAME=value` and values alone, to find it again in messages. */
  readonly secrets: readonly { readonly text: string; readonly replacement: string }[];
}

/**
 * @param payloadLength how many words at the end are the container's own command line: there `-e` is not docker's.
 *   0 where that is not known.
 */
export function maskEnvironment(words: readonly string[], payloadLength = 0): Masked {
  const secrets: { text: string; replacement: string }[] = [];
  const options = words.slice(0, Math.max(0, words.length - payloadLength));
  const masked: string[] = [];
  let next: Next = 'other';
  for (const word of options) {
    const start = environmentOption(word);
    const isAssignment = next === 'assignment' || (next === 'perhaps' && /^[^-].*=/s.test(word));
    if (start !== undefined || isAssignment) {
      const assignment = word.slice(start?.length ?? 0);
      const hidden = maskAssignment(assignment);
      secrets.push(...secretsOf(assignment, hidden));
      masked.push((start ?? '') + hidden);
    } else {
      masked.push(word);
    }
    next = start === undefined ? 'other' : nextAfter(start, word);
  }
  return { words: [...masked, ...words.slice(options.length)], secrets };
}

/** `perhaps`: somebody who guessed wrote `-env NAME=value`. */
type Next = 'assignment' | 'perhaps' | 'other';

function nextAfter(start: string, word: string): Next {
  if (word === start) return start.endsWith('=') ? 'other' : 'assignment';
  return word.includes('=') ? 'other' : 'perhaps';
}

/** Hides in a message what was masked on the command line. Short values alone would hit half of every sentence. */
export function maskText(text: string, { secrets }: Masked): string {
  return secrets
    .filter((secret) => secret.text.includes('=') || secret.text.length >= 4)
    .reduce((result, secret) => result.replaceAll(secret.text, secret.replacement), text);
}

/**
 * The part of a word in front of the assignment: `--env=`, `-e`, `-ite`, `-ite=`; for `--env` and `-e` the whole word.
 * `undefined`: the word sets no variable. Any cluster of letters with an e counts, and any long option that begins
 * like --env, except the one that names a file.
 */
function environmentOption(word: string): string | undefined {
  const long = /^--(?!env-file(?:=|$))(?:e|en|env[^=]*)(?:=|$)/is.exec(word)?.[0];
  return long ?? /^-[A-Za-df-z]*?[eE]=?/.exec(word)?.[0];
}

/** A name alone holds no secret; what is no name might be a value somebody put in the wrong place. */
function maskAssignment(text: string): string {
  const equals = text.indexOf('=');
  if (equals >= 0) return `${text.slice(0, equals)}=${mask}`;
  return /^[A-Za-z0-9_.-]*$/.test(text) ? text : mask;
}

function secretsOf(assignment: string, hidden: string): Masked['secrets'] {
  const value = assignment.slice(assignment.indexOf('=') + 1);
  if (assignment === hidden || value === '') return [];
  return [
    { text: assignment, replacement: hidden },
    { text: value, replacement: mask },
  ];
}
