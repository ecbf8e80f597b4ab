import { displayText } from '../display-text.js';
import type { InputLine } from './describe.js';

/** Inputs that a line names; a language model may have dozens of caches. */
const NAMED_INPUTS = 2;
const MOST_CHARACTERS = 80;

/** One line as a person reads it. */
export interface ToldLine {
  readonly text: string;
  readonly synthetic: boolean;
}

/**
 * What every input holds, under its name where the model has several: “attention_mask”: always 1 (…). Inputs of which the
 * same is told share a line, in the order of the first.
 */
export function toldLines(lines: readonly InputLine[]): readonly ToldLine[] {
  if (lines.length < 2) return lines;
  const groups = new Map<string, InputLine[]>();
  for (const line of lines) groups.set(line.text, [...(groups.get(line.text) ?? []), line]);
  return [...groups].map(([text, group]) => ({
    text: `${names(group)}: ${text}`,
    synthetic: group.some(({ synthetic }) => synthetic),
  }));
}

function names(group: readonly InputLine[]): string {
  const named = group.slice(0, NAMED_INPUTS).map(({ input }) => `“${displayText(input, MOST_CHARACTERS)}”`);
  const more = group.length - named.length;
  return more === 0 ? named.join(' and ') : `${named.join(', ')} and ${more} more`;
}
