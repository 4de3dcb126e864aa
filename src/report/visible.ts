/**
 * Text from users, images and files may hold what a terminal obeys (ESC sequences, C1), what turns the line around
 * (bidirectional overrides, CVE-2021-42574) or what nobody sees (zero-width characters). All of it is shown as an escape.
 */

/** Unicode's controls, format characters, lone surrogates, private use, line and paragraph separators. */
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

const shortEscapes: { readonly [character: string]: string } = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** `\n`, `\x1b`, `\u202e`, `\u{e0041}`. A backslash stays as it is: the result is to be read, not parsed. */
export function visible(text: string): string {
  return text.replace(
    invisible,
    (character) => shortEscapes[character] ?? escapeCodePoint(character.codePointAt(0) ?? 0),
  );
}

export function hasInvisible(text: string): boolean {
  return text.search(invisible) >= 0;
}

/** JSON leaves DEL, C1 and the characters that turn a line around as they are; `\u....` means the same to its readers. */
export function visibleJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function escapeCodePoint(code: number): string {
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}

/**
 * Breaks the lines of a text that has columns: what does not fit goes on below its column, or, where that lies far to the
 * right, below the beginning of the line. Text that is not for a terminal stays as it is.
 */
export function fitted(text: string, width: number | undefined): string {
  if (width === undefined) return text;
  const most = Math.min(200, Math.max(60, width));
  const fit = (line: string) => {
    if ([...line].length <= most) return line;
    const column = /^ *\S(?:.*?\S)? {2,}(?=\S)/.exec(line)?.[0].length ?? 0;
    const start = /^ */.exec(line)?.[0].length ?? 0;
    // A line that begins far to the right goes on from the one above.
    const below = start > 8 ? start : start + 4;
    const places = [column, below].filter((place) => place > 0 && place <= most / 2);
    return wrap(line, most, ' '.repeat(places[0] ?? 6));
  };
  return text.split('\n').map(fit).join('\n');
}

/**
 * Breaks a sentence into lines of at most `width` characters, at blanks only: a path or a flag stays in one piece, even
 * where it is too long. Every line but the first begins with `indent`.
 */
export function wrap(text: string, width: number | undefined, indent: string): string {
  if (width === undefined) return text;
  const [first = '', ...words] = text.split(' ');
  const lines: string[] = [];
  let line = first;
  for (const word of words) {
    if (line.trim() !== '' && [...line].length + 1 + [...word].length > width) {
      lines.push(line);
      line = indent + word;
    } else {
      line = `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}
