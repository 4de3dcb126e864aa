/** Reads as much of an mdoc(7) page as the tests ask about: sections, list items, flags. */
import { readFileSync } from 'node:fs';

/** The lines of a page, comments left out. */
export function readPage(name: string): readonly string[] {
  const text = readFileSync(new URL(`../../man/${name}`, import.meta.url), 'utf8');
  return text.split('\n').filter((line) => !line.startsWith('.\\"'));
}

/** The lines below `.Sh title`, or below `.Ss title` with the macro `Ss`, up to the next heading of that rank or above. */
export function section(
  page: readonly string[],
  title: string,
  macro: 'Sh' | 'Ss' = 'Sh',
): readonly string[] {
  const start = page.indexOf(`.${macro} ${title}`);
  if (start < 0) throw new Error(`no .${macro} ${title}`);
  const rest = page.slice(start + 1);
  const end = rest.findIndex((line) => line.startsWith('.Sh ') || line.startsWith(`.${macro} `));
  return end < 0 ? rest : rest.slice(0, end);
}

export function titles(lines: readonly string[], macro: 'Sh' | 'Ss'): readonly string[] {
  return lines.flatMap((line) => (line.startsWith(`.${macro} `) ? [line.slice(4)] : []));
}

/** What stands behind `.It`. */
export function items(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => (line.startsWith('.It ') ? [line.slice(4)] : []));
}

/** `-t` and `--tty` of `.It Fl t , Fl -tty`; of any line. */
export function flags(line: string): readonly string[] {
  const words = line.replace(/^\./, '').split(/\s+/);
  return words.flatMap((word, index) => {
    const next = words[index + 1] ?? '';
    return word === 'Fl' && !/^[,.;:|()]?$/.test(next) ? [`-${plain(next)}`] : [];
  });
}

/** The text of roff's escapes. */
export function plain(text: string): string {
  const characters: { readonly [sequence: string]: string } = {
    '\\(aq': "'",
    '\\(ha': '^',
    '\\(ti': '~',
    '\\e': '\\',
    '\\-': '-',
    '\\&': '',
  };
  return text.replace(/\\(?:\((?:aq|ha|ti)|[e&-])/g, (sequence) => characters[sequence] ?? sequence);
}

/** The texts between `.Bd -literal` and `.Ed`. */
export function literals(lines: readonly string[]): readonly string[] {
  const blocks: string[][] = [];
  let inside = false;
  for (const line of lines) {
    if (line.startsWith('.Bd -literal')) {
      inside = true;
      blocks.push([]);
    } else if (line === '.Ed') inside = false;
    else if (inside) blocks.at(-1)?.push(plain(line));
  }
  return blocks.map((block) => `${block.join('\n')}\n`);
}
