import { expect, it } from 'vitest';
import { kthLargest, kthLargestBits } from '../../../src/core/summary/select-bits.js';

it('selects what sorting finds, whatever the numbers are', () => {
  for (let round = 0; round < 120; round++) {
    const values = Float32Array.from({ length: 1 + round }, (_, at) => {
      const wave = Math.sin(at * 12.9898 + round * 3.7) * 10 ** (round % 7);
      if (at % 17 === 5) return at % 2 === 0 ? -Infinity : NaN;
      return round % 3 === 0 ? Math.round(wave) : at % 5 === 0 ? -0 : wave;
    });
    // Sorting puts NaN last.
    const sorted = values.map(Math.abs).sort().reverse();
    for (const k of [1, 1 + (round >> 1), 1 + round]) {
      const wanted = sorted[k - 1] as number;
      expect(kthLargest(values, k)).toBe(wanted);
      if (Number.isNaN(wanted)) continue;
      const { ties, equal } = kthLargestBits(new Int32Array(values.buffer), values.length, k);
      expect(equal).toBe(sorted.filter((each) => each === wanted).length);
      expect(ties).toBe(sorted.subarray(0, k).filter((each) => each === wanted).length);
    }
  }
});
