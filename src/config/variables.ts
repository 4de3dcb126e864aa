/**
 * Template variables: `${uid} ${gid} ${user} ${group} ${home}`. A setting is taken apart first and its pieces filled in
 * afterwards, so that no name of a user can add a colon, a comma or an alternative of a regular expression.
 */
import type { Caller } from '../domain/caller.ts';
import { hasControlCharacter } from '../domain/ids.ts';
import { err, ok, type Result } from '../domain/result.ts';

const names = ['uid', 'gid', 'user', 'group', 'home'] as const;
type VariableName = (typeof names)[number];
export type Variables = { readonly [name in VariableName]: string };

export function variablesOf(caller: Caller): Variables {
  const { uid, gid, user, group, home } = caller;
  return { uid: String(uid), gid: String(gid), user, group, home };
}

/** Stands in where a file is checked without a caller. */
export const sampleVariables: Variables = {
  uid: '1000',
  gid: '1000',
  user: 'user',
  group: 'users',
  home: '/home/user',
};

export function fillText(text: string, variables: Variables): Result<string> {
  return fill(text, variables, (_name, value) => ok(value));
}

/** In a path a name is one component at most: a user called `a/b` must not get into what belongs to `a`. */
export function fillPath(text: string, variables: Variables): Result<string> {
  return fill(text, variables, (name, value) =>
    name !== 'home' && (value === '' || value.includes('/'))
      ? err(`\${${name}} is ${JSON.stringify(value)}, which is no part of a path`)
      : ok(value),
  );
}

/** In a regular expression a variable stands for its literal text, as a unit: `${user}?` is all of the name or nothing. */
export function fillPattern(text: string, variables: Variables): Result<string> {
  return fill(text, variables, (_name, value, next) => {
    const literal = value.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
    return ok(/[*+?{]/.test(next) ? `(?:${literal})` : literal);
  });
}

/** The variables a text holds, known or not. */
export function variablesIn(text: string): readonly string[] {
  return [...text.matchAll(reference)].map((match) => match[1] ?? '');
}

const reference = /\$\{([^}]*)(\}?)/g;

function fill(
  text: string,
  variables: Variables,
  embed: (name: VariableName, value: string, next: string) => Result<string>,
): Result<string> {
  if (!text.includes('${')) return ok(text);
  let filled = '';
  let done = 0;
  for (const match of text.matchAll(reference)) {
    const name = names.find((known) => known === match[1]);
    if (name === undefined || match[2] !== '}') return err(unknownVariable(match[0]));
    const end = match.index + match[0].length;
    const value = variables[name];
    if (hasControlCharacter(value)) return err(`\${${name}} holds a control character`);
    const embedded = embed(name, value, text.charAt(end));
    if (!embedded.ok) return embedded;
    filled += text.slice(done, match.index) + embedded.value;
    done = end;
  }
  return ok(filled + text.slice(done));
}

function unknownVariable(written: string): string {
  return `${written} is no variable; there are ${names.map((name) => `\${${name}}`).join(' ')}`;
}
