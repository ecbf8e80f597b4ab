import { describe, expect, it } from 'vitest';
import { placeText } from '../../../src/core/dictionary/attach/layout.js';
import { indexOfInput, inputNumber, positionOfToken, tokenNumber } from '../../../src/core/told-numbers.js';
import { partName } from '../../../webview/attribution/part-names.js';
import { positionName } from '../../../webview/linear/ends.js';

/** The first token is token 1 wherever a place is told in words. */
describe('the first token of a text is token 1', () => {
  it('and the way back gives its position', () => {
    expect(tokenNumber(0)).toBe(1);
    expect(positionOfToken(tokenNumber(41))).toBe(41);
  });
  it('on examples of features, of one head, and in sequences that are no text', () => {
    expect(placeText(0, { kind: 'sequence' }, 'token')).toBe('token 1');
    expect(placeText(0, { kind: 'heads', heads: 2, tokens: 3, within: 2 })).toBe('head 0, token 1');
    expect(placeText(0, { kind: 'sequence' })).toBe('place 1');
  });
  it('in linear systems', () => {
    const layout = { kind: 'sequence', positions: 2, width: 1 } as const;
    expect(positionName({ ...layout, tokens: ['A', 'B'] }, 0)).toBe('“A” (token 1)');
    expect(positionName(layout, 0)).toBe('position 1');
  });
  it('where inputs are patched', () => {
    const site = { parts: { kind: 'positions', size: 4, starts: Int32Array.of(0, 2) }, count: 2 } as never;
    const tokens = { clean: ['A', 'B', 'C', 'D'], corrupt: ['A', 'B', 'C', 'D'] };
    expect(partName(site, 0, tokens)).toBe('tokens 1 to 2 “AB”');
    expect(partName(site, 1, tokens)).toBe('tokens 3 to 4 “CD”');
  });
});

it('inputs count from 1, too', () => {
  expect([inputNumber(0), indexOfInput(inputNumber(7))]).toEqual([1, 7]);
});
