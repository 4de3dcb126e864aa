/**
 * What is offered, as the shell's script reads it: a line each, the word, a tab, a few words about it.
 *
 * Names of images, containers and directories are hostile text, and what is printed here ends up on a command line that
 * somebody is about to start, and on a terminal. So only words that mean themselves to every shell are offered, whatever
 * else there is: letters of any script, digits, and a few signs. A name that would need quotes has to be typed.
 */
export interface Candidate {
  readonly word: string;
  readonly about?: string;
}

const plainWord = /^[\p{L}\p{M}\p{N}_.:/@%+=,-]+$/u;
/** Behind the tab. All of it is our own, or a list of values from the policy. */
const plainText = /^[\p{L}\p{M}\p{N}_.:/@%+=,'() -]*$/u;
/** More nobody reads, and a shell takes seconds to show. */
const most = 500;
/** Characters. */
const longest = 1000;

/** Those that continue what was typed, in their order, each once. */
export function linesOf(candidates: readonly Candidate[], typed: string): string {
  const fitting = candidates.filter(
    ({ word }) => word.startsWith(typed) && word.length <= longest && plainWord.test(word),
  );
  const byWord = new Map(fitting.map((candidate) => [candidate.word, candidate] as const));
  return [...byWord.values()]
    .slice(0, most)
    .map(({ word, about = '' }) =>
      about !== '' && plainText.test(about) ? `${word}\t${about}\n` : `${word}\n`,
    )
    .join('');
}

export function words(list: readonly string[], lead = ''): readonly Candidate[] {
  return list.map((word) => ({ word: `${lead}${word}` }));
}
