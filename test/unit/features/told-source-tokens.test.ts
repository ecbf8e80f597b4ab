/** What is told of source tokens: two heads and three tokens, by hand. */
import { describe, expect, it } from 'vitest';
import { sourceTokenLines } from '../../../src/cli/source-tokens.js';
import { distanceText, headSums, headText, tokenSums } from '../../../src/core/features/told-source-tokens.js';

// Head 0: 1, −0.5, 0.25; head 1: −2, 0.5, 0.
const found = { heads: 2, byHead: Float32Array.of(1, -0.5, 0.25, -2, 0.5, 0) };

describe('sums', () => {
  it('by token over heads, and by head over tokens with the largest of each, by size', () => {
    expect([...tokenSums(found)]).toEqual([-1, 0, 0.25]);
    expect(headSums(found)).toEqual([
      { head: 1, total: -1.5, strongest: 0 },
      { head: 0, total: 0.75, strongest: 0 },
    ]);
  });
});

describe('words', () => {
  it('say how far a token is away, and which heads share values', () => {
    expect([0, 2, 3, 4, 5].map((source) => distanceText(source, 3))).toEqual([
      '3 tokens earlier',
      '1 token earlier',
      'the token itself',
      '1 token later',
      '2 tokens later',
    ]);
    expect([headText(2, 1), headText(1, 2), headText(1, 4)]).toEqual(['head 2', 'heads 2 and 3', 'heads 4 to 7']);
  });

  it('of the command line name the strongest, the heads and the sum', () => {
    const lines = sourceTokenLines({
      ...found,
      feature: 7,
      tokens: ['\n', ' dog', ' runs'],
      name: 'row 3',
      synthetic: false,
      position: 2,
      sharing: 1,
      padding: 0,
      constants: 0.5,
      preActivation: -0.25,
      residual: 2e-8,
    });
    expect(lines).toEqual([
      '  At “ runs”, position 2 of row 3: -0.25 before the activation function',
      '    From: “⏎” -1 (2 tokens earlier), “ runs” 0.25 (the token itself)',
      '    Through: head 1 -1.5, head 0 0.75',
      '    All tokens -0.75 + biases 0.5: together that value, but for 2e-8 of the parts’ sizes',
    ]);
  });
});
