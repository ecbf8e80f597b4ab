/** Words of the field that appear in sentences, each in one plain sentence. Exact definitions come with each metric. */
const GLOSSARY: Readonly<Record<string, string>> = {
  'zero share': 'How much of a layer’s output is exactly 0: work whose result cannot matter to what follows.',
  dead: 'A unit that gave exactly 0 on every input and at every position that was seen.',
  'never fired': 'Gave exactly 0 on every input and at every position that was seen.',
  dormant: 'A unit that fires so rarely, or so weakly beside its neighbours, that it hardly takes part.',
  'always on': 'A unit that was never 0 on anything that was seen, so its non-linearity did nothing.',
  'always-on': 'A unit that was never 0 on anything that was seen, so its non-linearity did nothing.',
  saturated: 'Pressed against the end of its activation function’s range, where changes of the input hardly show.',
};

const PATTERN = new RegExp(`\\b(${Object.keys(GLOSSARY).join('|')})\\b`, 'gi');

export interface TextPiece {
  readonly text: string;
  readonly explanation?: string;
}

/** Cuts a sentence so that each known word (its first mention) carries its explanation. */
export function explainWords(sentence: string): readonly TextPiece[] {
  const pieces: TextPiece[] = [];
  const explained = new Set<string>();
  let end = 0;
  for (const match of sentence.matchAll(PATTERN)) {
    const word = match[0].toLowerCase();
    if (explained.has(word)) continue;
    explained.add(word);
    if (match.index > end) pieces.push({ text: sentence.slice(end, match.index) });
    pieces.push({ text: match[0], explanation: GLOSSARY[word] });
    end = match.index + match[0].length;
  }
  if (end < sentence.length) pieces.push({ text: sentence.slice(end) });
  return pieces;
}
