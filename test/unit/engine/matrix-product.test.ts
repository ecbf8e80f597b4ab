/** The engine's products are those of a direct sum, and singular values do not depend on who multiplies. */
import { describe, expect, it } from 'vitest';
import { openProduct } from '../../../src/core/engine/matrix-product.js';
import { singularValues } from '../../../src/core/weights/singular-values.js';
import { inMemory } from '../weights/in-memory.js';
import { ENGINES } from './engines.js';

describe.each(ENGINES)('products of matrices by the $name engine', ({ load }) => {
  it('are those of a worked example, of any size, in float64', async () => {
    const product = await openProduct(await load(), 1);
    // 1 + 2⁻⁴⁰ is no float32.
    const left = Float64Array.of(1, 2, 3, 4, 5, 6);
    const right = Float64Array.of(1, 0, 1, 1 + 2 ** -40, 1, 0);
    const found = await product.multiply(left, right, { rows: 2, columns: 2, inner: 3 });
    expect(Array.from(found)).toEqual([4, 3 + 2 ** -40, 10, 9 + 4 * 2 ** -40]);
    expect(Array.from(await product.multiply(left, left, { rows: 1, columns: 1, inner: 6 }))).toEqual([91]);
    await product.release();
  });

  it('give the singular values that our own products give', async () => {
    const tensor = inMemory(
      'float32',
      [280, 330],
      Float32Array.from({ length: 280 * 330 }, (_, at) => Math.sin(at * at * 12.9898)),
    );
    const { multiply, release } = await openProduct(await load(), 1);
    const own = await singularValues(tensor);
    const engine = await singularValues(tensor, undefined, { multiply });
    await release();
    expect(own.values.at(-1)).toBeGreaterThan(1e3 * own.resolution);
    own.values.forEach((value, index) => expect(engine.values[index]).toBeCloseTo(value, 10));
    expect(engine.effectiveRank).toBeCloseTo(own.effectiveRank, 8);
  });
});
