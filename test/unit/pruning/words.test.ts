/** What a person reads before and after units are removed. */
import { describe, expect, it } from 'vitest';
import type { ChangedNumber, Comparison } from '../../../src/core/pruning/proof.js';
import { comparisonText, failureText, proofText, provenText } from '../../../src/core/pruning/words.js';

const BOX = '“image” from -2 to 2, pixels 0 to 255 as they are prepared';

describe('for which inputs nothing changes', () => {
  it.each([
    [{ units: 5, onDataOnly: 0, inBoxOnly: 0 }, 'All are proven to change no output, whatever the input.'],
    [{ units: 1, onDataOnly: 0, inBoxOnly: 0 }, 'It is proven to change no output, whatever the input.'],
    [
      { units: 5, onDataOnly: 0, inBoxOnly: 1 },
      `4 are proven to change no output, whatever the input. 1 is proven dead inside this box of inputs only: ${BOX}. Outside it nothing is proven.`,
    ],
    [
      { units: 5, onDataOnly: 2, inBoxOnly: 3 },
      `3 are proven dead inside this box of inputs only: ${BOX}. Outside it nothing is proven. 2 are 0 on every input that was run, which proves nothing of other inputs.`,
    ],
    [{ units: 0, onDataOnly: 0, inBoxOnly: 0 }, ''],
  ])('%j', (counts, text) => {
    expect(provenText(counts, BOX)).toBe(text);
  });
});

const change = (difference: number, allowed: number): ChangedNumber => ({
  output: 'y',
  type: 'float32',
  difference,
  sum: 1,
  allowed,
});

function compared(over: Partial<Comparison>): Comparison {
  return {
    inputs: 16,
    data: '16 random inputs drawn inside the box',
    largest: 0,
    largestChange: undefined,
    worst: undefined,
    different: [],
    unequal: { inside: 0, outside: 0 },
    equal: true,
    ...over,
  };
}

describe('what runs changed', () => {
  const largest = change(0.01, 0.4);
  it.each([
    [
      'nothing',
      compared({}),
      'On 16 random inputs drawn inside the box no output changed: the largest difference is 0',
    ],
    [
      'the largest change is not the one that is closest to its limit',
      compared({ largest: 0.01, largestChange: largest, worst: change(1e-5, 2e-5) }),
      'On 16 random inputs drawn inside the box outputs changed by at most 0.010, where rounding of float32 may change them by 0.40; no number changed by more than 50 % of what it may',
    ],
    [
      'hardly anything of what it may',
      compared({ largest: 0.01, largestChange: largest, worst: change(1e-9, 2e-5) }),
      'On 16 random inputs drawn inside the box outputs changed by at most 0.010, where rounding of float32 may change them by 0.40; no number changed by more than 0.1 % of what it may',
    ],
    [
      'data outside the box',
      compared({ data: '9 inputs (x.npy)', inputs: 9, outsideBox: 2, largestChange: largest, worst: largest }),
      'On 9 inputs (x.npy), 2 of them outside the box, where nothing is proven, outputs changed by at most 0.010, where rounding of float32 may change them by 0.40',
    ],
    [
      'too much, on both sides',
      compared({
        data: '9 inputs (x.npy)',
        inputs: 9,
        outsideBox: 2,
        worst: change(3, 1e-5),
        unequal: { inside: 1, outside: 2 },
        equal: false,
      }),
      'On 9 inputs (x.npy), 2 of them outside the box, where nothing is proven, outputs differ on 3 of 9 inputs (2 outside the box) by up to 3.0, where rounding of float32 may make 0.000010',
    ],
    [
      'whole numbers',
      compared({ different: ['class'], unequal: { inside: 4, outside: 0 }, equal: false }),
      'On 16 random inputs drawn inside the box outputs differ on 4 of 16 inputs, in “class”',
    ],
    [
      'no input',
      compared({ inputs: 0, equal: false }),
      'On 16 random inputs drawn inside the box nothing could be run',
    ],
  ])('%s', (_name, comparison, text) => {
    expect(comparisonText(comparison)).toBe(text);
  });

  it('stands beside the tolerance of the type', () => {
    const found = proofText([compared({ largestChange: largest, worst: largest })], { onDataOnly: 0 });
    expect(found).toContain(' Rounding: float32: 0.00001 + 0.0001 × the sum of the sizes of the terms added up.');
  });
});

describe('why nothing was written', () => {
  it('says what to do, by what failed', () => {
    const inside = compared({ worst: change(3, 1e-5), unequal: { inside: 1, outside: 0 }, equal: false });
    const outside = compared({ worst: change(3, 1e-5), unequal: { inside: 0, outside: 1 }, equal: false });
    expect(failureText(outside, [outside], { onDataOnly: 0 }).remedy).toContain('State Input Range…');
    expect(failureText(inside, [inside], { onDataOnly: 0 }).remedy).toContain('defect of Model Inspector');
    expect(failureText(inside, [inside], { onDataOnly: 1 }).remedy).toBe('Leave out what is dead on the data only.');
    const none = failureText(undefined, [inside], { onDataOnly: 1 });
    expect(none.message).toContain('could not be shown on the inputs of the model, so no file was written.');
    expect(none.remedy).toContain('Choose inputs that can be run');
  });
});
