/** "Did you mean": the candidate that fewest typing mistakes away from what was written. */

/** `undefined` where none is near: a third of the letters may be wrong, and at least one. Case does not count. */
export function nearest(written: string, candidates: Iterable<string>): string | undefined {
  const bare = written.toLowerCase();
  let best: string | undefined;
  let fewest = Math.max(1, Math.floor(bare.replace(/^-+/, '').length / 3)) + 1;
  for (const candidate of candidates) {
    // The edit distance is quadratic, and what was written may be very long.
    if (Math.abs(candidate.length - bare.length) >= fewest) continue;
    const mistakes = editDistance(bare, candidate.toLowerCase());
    if (mistakes < fewest) {
      best = candidate;
      fewest = mistakes;
    }
  }
  return best;
}

/** Damerau-Levenshtein (optimal string alignment): inserted, left out, wrong and swapped letters. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      const swapped =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current.push(
        Math.min(
          at(last, column) + 1,
          at(current, column - 1) + 1,
          at(last, column - 1) + (same ? 0 : 1),
          swapped ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    beforeLast = last;
    last = current;
  }
  return at(last, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
