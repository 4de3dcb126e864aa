/**
 * The policy's regular expressions must match the whole string, whatever anchors they carry: `^[0-9]+` allows `80`
 * and not `80:22`. The group keeps an alternation (`a|b`) inside; without the m flag `^` and `$` are the text's ends.
 * The flags are those that the configuration is checked with: without u, `\p{L}` would stand for the letters p{L}.
 */
const flags = 'su';

/** @throws for what is no expression: whoever decides by it must deny */
export function fullMatch(pattern: string, text: string): boolean {
  // By itself first: `a)|(b` is no expression, but would become one inside the group, and leave it.
  new RegExp(pattern, flags);
  return new RegExp(`^(?:${pattern})$`, flags).test(text);
}

export function fullMatchAny(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => fullMatch(pattern, text));
}

/** A pattern as people are shown it: without anchors, which add nothing, and `?:`, which means nothing to them. */
export function readable(pattern: string): string {
  return pattern
    .replace(/^\^/, '')
    .replace(/(?<!\\)\$$/, '')
    .replaceAll('(?:', '(');
}
