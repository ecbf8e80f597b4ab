/** Words that somebody may have meant. */

const MAXIMUM_DISTANCE = 2;
/** Characters that two words must have in common at their beginning to be alike. */
const LEAST_BEGINNING = 3;

/** At most three of `words`, the most similar first: those that begin alike, and those a slip or two away. */
export function nearestWords(text: string, words: readonly string[]): readonly string[] {
  const wanted = text.toLowerCase().slice(0, 40);
  const distanceOf = (word: string): number =>
    Math.min(wanted.length, word.length) >= LEAST_BEGINNING && (word.startsWith(wanted) || wanted.startsWith(word))
      ? 1
      : editDistance(wanted, word);
  return words
    .map((word) => ({ word, distance: distanceOf(word.toLowerCase()) }))
    .filter(({ distance }) => distance <= MAXIMUM_DISTANCE && distance < wanted.length)
    .sort((a, b) => a.distance - b.distance || (a.word < b.word ? -1 : 1))
    .slice(0, 3)
    .map(({ word }) => word);
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let [before, row]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next[j] = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + (same ? 0 : 1),
        isSwap ? (before[j - 2] ?? 0) + 1 : Infinity,
      );
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? 0;
}
