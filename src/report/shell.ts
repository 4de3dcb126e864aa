/** Words as a POSIX shell reads them back, for the dry run and the admin's log. POSIX 2.2, Quoting. */
import { hasInvisible } from './visible.ts';

export interface ShellCommand {
  readonly env: { readonly [name: string]: string };
  /** The program first. */
  readonly words: readonly string[];
}

/**
 * How characters that a terminal obeys are written. `raw`: as they are, inside quotes, which every POSIX shell reads
 * back byte for byte. `escaped`: as `$'\033'`, safe to look at (POSIX.1-2024; bash, zsh, ksh and busybox, not dash).
 */
export type ControlStyle = 'raw' | 'escaped';

/** `NV_GPU=0 /usr/bin/docker run '--name=a b'`. For a terminal choose `escaped`, for a pipe or a file `raw`. */
export function shellCommand({ env, words }: ShellCommand, style: ControlStyle = 'raw'): string {
  const assignments = Object.entries(env).map(
    ([name, value]) => `${variableName(name)}=${quote(value, style)}`,
  );
  return [
    ...assignments,
    ...words.map((word, index) => (index === 0 ? quoteFirst(word, style) : quote(word, style))),
  ].join(' ');
}

export function shellQuote(words: readonly string[], style: ControlStyle = 'raw'): string {
  return shellCommand({ env: {}, words }, style);
}

/** Unquoted only what means itself everywhere: `~` and `{` are not among these, and zsh expands a leading `=`. */
function quote(word: string, style: ControlStyle): string {
  if (/^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/.test(word)) return word;
  if (style === 'escaped' && hasInvisible(word)) return dollarQuote(word);
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** POSIX 2.4, and bash's and ksh's own. `{`, `!` and `[[` are quoted anyway. */
const reservedWords =
  /^(?:if|then|elif|else|fi|do|done|case|esac|while|until|for|in|function|select|time|coproc|repeat|foreach|end)$/;

/** The first word must not become an assignment (`A=b`) or a reserved word. */
function quoteFirst(word: string, style: ControlStyle): string {
  const quoted = quote(word, style);
  return quoted === word && (word.includes('=') || reservedWords.test(word)) ? `'${word}'` : quoted;
}

/** Three octal digits a byte: what follows can't be taken for one more digit, as it can behind `\x`. */
function dollarQuote(word: string): string {
  const octal = (text: string) =>
    [...Buffer.from(text)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  const characters = [...word].map((character) => {
    if (character === "'" || character === '\\') return `\\${character}`;
    return hasInvisible(character) ? octal(character) : character;
  });
  return `$'${characters.join('')}'`;
}

function variableName(name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw new Error(`no name of a variable: ${JSON.stringify(name)}`);
  return name;
}
