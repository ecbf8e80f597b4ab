/** Texts with "*" for any characters. Matching takes time linear in the text, whatever the pattern. */
export interface TextPattern {
  /** Lower-cased parts between the stars. */
  readonly pieces: readonly string[];
  /** The whole text must match, not a part of it. */
  readonly whole: boolean;
}

export function textPattern(text: string, whole: boolean): TextPattern {
  return { pieces: text.toLowerCase().split('*'), whole };
}

/** @param text lower-cased. */
export function matchesText({ pieces, whole }: TextPattern, text: string): boolean {
  const first = pieces[0] ?? '';
  if (!whole) return foundInOrder(text, pieces, 0, pieces.length, 0, text.length);
  const last = pieces[pieces.length - 1] ?? '';
  if (pieces.length < 2) return text === first;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  return foundInOrder(text, pieces, 1, pieces.length - 1, first.length, text.length - last.length);
}

/** Whether the pieces [start, end) stand one after the other in the characters [from, to). */
function foundInOrder(
  text: string,
  pieces: readonly string[],
  start: number,
  end: number,
  from: number,
  to: number,
): boolean {
  let at = from;
  for (let index = start; index < end; index++) {
    const piece = pieces[index] ?? '';
    const found = text.indexOf(piece, at);
    if (found < 0 || found + piece.length > to) return false;
    at = found + piece.length;
  }
  return true;
}
