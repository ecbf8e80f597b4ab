import { describe, expect, it } from 'vitest';
import { magnitudes as valuesOf } from '../../../src/core/passes/magnitudes.js';
import { exactMedian } from '../../../src/core/summary/exact-median.js';
import { massiveActivations } from '../../../src/core/passes/massive-activations/pass.js';
import type { PassResult } from '../../../src/core/passes/result.js';
import { layer, NO_GRAPH, observedBatch, type Activations } from './observed-batch.js';

/** One or more inputs of 4 tokens × 1,000 dimensions. */
function magnitudes(activations: Activations, tokens?: readonly (readonly string[])[]): PassResult {
  const points = [
    layer({
      value: 'h',
      units: activations[0]?.length ?? 0,
      unitAxes: [2],
      positionAxes: [1],
      shape: [activations[0]?.[0]?.length ?? 0, activations[0]?.length ?? 0],
      positionWord: 'tokens',
    }),
  ];
  const state = massiveActivations.start([], points);
  massiveActivations.fold(state, { ...observedBatch([], { h: activations }), ...(tokens && { tokens }) });
  return massiveActivations.finish(state, {
    graph: NO_GRAPH,
    layers: [],
    inputsSeen: activations.length,
    onInputs: `on ${activations.length} texts`,
    synthetic: false,
    brokenWeights: [],
  });
}

function input(background: number, at: { unit: number; position: number; value: number }, factor = 1) {
  return Array.from({ length: 1000 }, (_, unit) =>
    Array.from(
      { length: 4 },
      (__, position) => factor * (unit === at.unit && position === at.position ? at.value : background),
    ),
  );
}

const row = (result: PassResult) => result.tables?.[0]?.rows[0]?.cells ?? [];

describe('massive activations (methods E)', () => {
  const at = { unit: 7, position: 2 };

  it('are entries above 100 and at least 1,000 times the median: 150 among 0.05', () => {
    const result = magnitudes([input(0.05, { ...at, value: 150 })]);
    const [, , largest, second, , median, ratio, peak, massive, dimension, position] = row(result);
    expect([largest, peak]).toEqual([150, 150]);
    expect(second).toBeCloseTo(0.05, 7);
    expect(median).toBeCloseTo(0.05, 7);
    expect(ratio).toBeCloseTo(3000, 3);
    expect([massive, dimension, position]).toEqual(['1 of 1', '7 (1 of 1)', '3rd token (1 of 1)']);
    expect(result.findings[0]?.sentence).toContain('in dimension 7, most often at the 3rd token (1 of 1 input)');
    expect(result.tables?.[1]?.rows.map(({ cells }) => cells)).toEqual([[7, 1, 1, 'h', 'h', 150]]);
  });

  it('are not exactly 100, however far above the median: the bar is strict', () => {
    // 0.0625 is a number of floats, so that the ratio is 1,600 exactly.
    const result = magnitudes([input(0.0625, { ...at, value: 100 })]);
    expect(row(result)[6]).toBe(1600);
    expect(row(result)[8]).toBe('0 of 1');
    expect(result.findings).toEqual([]);
    expect(row(magnitudes([input(0.0625, { ...at, value: 100.001 })]))[8]).toBe('1 of 1');
  });

  it('keep their ratio when all values are halved, and miss the absolute bar', () => {
    const result = magnitudes([input(0.05, { ...at, value: 150 }, 0.5)]);
    expect(row(result)[6]).toBeCloseTo(3000, 3);
    expect(row(result)[8]).toBe('0 of 1');
    expect(result.answer).toContain('No entry of the residual stream is massive');
    expect(result.answer).toContain('3,000 times the median');
  });

  it('are averaged over inputs, and located where most of them have them', () => {
    const result = magnitudes([
      input(0.05, { ...at, value: 150 }),
      input(0.05, { ...at, value: -250 }),
      input(0.05, { unit: 9, position: 0, value: 50 }),
    ]);
    const [, , largest, , , , ratio, peak, massive, dimension, position] = row(result);
    expect(largest).toBeCloseTo(150, 4);
    expect(ratio).toBeCloseTo(3000, 3);
    expect([peak, massive, dimension, position]).toEqual([250, '2 of 3', '7 (2 of 3)', '3rd token (2 of 3)']);
  });

  it('are told by the text of their token: the most frequent one, and the most frequent position', () => {
    const result = magnitudes(
      [
        input(0.05, { ...at, value: 150 }),
        input(0.05, { unit: 7, position: 0, value: 150 }),
        input(0.05, { unit: 7, position: 0, value: 150 }),
        // The text of this one does not fit its positions: nothing is said of its token.
        input(0.05, { unit: 7, position: 0, value: 150 }),
      ],
      [['A', 'b', '.\n', 'c'], ['.\n', 'b', 'c', 'd'], ['E', 'b', 'c', 'd'], ['E']],
    );
    expect(row(result).slice(-2)).toEqual(['1st token (3 of 4)', '“.⏎” (2 of 4)']);
    expect(result.tables?.[0]?.columns.at(-1)?.label).toBe('Token of the largest');
    expect(result.findings[0]?.sentence).toContain(
      'most often at the token “.⏎” (2 of 4 inputs) and at the 1st token (3 of 4)',
    );
  });

  it('leave entries out that are not finite, and say so; half precision is watched', () => {
    const broken = magnitudes([input(0.05, { ...at, value: Infinity })]);
    expect(row(broken)[7]).toBeCloseTo(0.05, 7);
    expect(broken.findings.map(({ severity }) => severity)).toEqual(['error']);
    const large = magnitudes([input(0.05, { ...at, value: 70_000 })]);
    expect(large.findings.map(({ sentence }) => sentence).join()).toContain(
      'half precision ends at 65,504 and overflows',
    );
    const near = magnitudes([input(0.05, { ...at, value: 17_000 })]);
    expect(near.findings.map(({ sentence }) => sentence).join()).toContain('less than four times that');
  });
});

describe('the exact median', () => {
  it('is that of the sorted magnitudes, whatever they are', () => {
    let seed = 7;
    const next = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
    for (let length = 1; length < 60; length++) {
      const values = Float32Array.from({ length }, () =>
        Math.fround(10 ** (next() * 60 - 30) * (next() < 0.2 ? 0 : 1)),
      );
      const sorted = [...values].sort((a, b) => a - b);
      const half = length >> 1;
      const expected =
        length % 2 === 1 ? (sorted[half] as number) : ((sorted[half - 1] as number) + (sorted[half] as number)) / 2;
      expect(exactMedian(new Int32Array(values.buffer), length)).toBe(expected);
    }
  });

  it('is none of nothing', () => {
    expect(exactMedian(new Int32Array(), 0)).toBe(NaN);
  });
});

describe('magnitudes of an example', () => {
  const layout = {
    examples: 2,
    exampleStride: 24,
    // Positions before units, then units before positions.
    tokens: { unitOffsets: Int32Array.of(0, 1, 2, 3), positionOffsets: Int32Array.of(0, 4, 8, 12, 16, 20) },
    channels: { unitOffsets: Int32Array.of(0, 6, 12, 18), positionOffsets: Int32Array.of(0, 1, 2, 3, 4, 5) },
  };
  it.each(['tokens', 'channels'] as const)('are what sorting finds, with %s first', (order) => {
    for (let round = 0; round < 50; round++) {
      const data = Float32Array.from({ length: 48 }, (_, at) => {
        const wave = Math.sin(at * 12.9898 + round * 7.1) * 9;
        if (round % 5 === 4) return [NaN, -Infinity, 0][at % 3] as number;
        if (at % 11 === round % 11) return [NaN, Infinity, -Infinity][at % 3] as number;
        return round % 2 === 0 ? Math.round(wave) : wave;
      });
      const { unitOffsets, positionOffsets } = layout[order];
      const rows = valuesOf(data, { ...layout, unitOffsets, positionOffsets }, 2);
      for (const example of [0, 1]) {
        const all = [...unitOffsets.keys()].flatMap((unit) =>
          [...positionOffsets.keys()].map((position) => ({
            size: Math.abs(
              data[24 * example + (unitOffsets[unit] as number) + (positionOffsets[position] as number)] as number,
            ),
            unit,
            position,
          })),
        );
        const finite = all.filter(({ size }) => size < Infinity);
        const sorted = finite.map(({ size }) => size).sort((a, b) => a - b);
        const half = sorted.length >> 1;
        const median =
          sorted.length % 2 === 1 ? sorted[half] : ((sorted[half - 1] as number) + (sorted[half] as number)) / 2;
        const largest = [...finite].sort((a, b) => b.size - a.size).slice(0, 3);
        expect([...rows.subarray(example * 15, example * 15 + 15)]).toEqual([
          24 - finite.length,
          sorted.length === 0 ? NaN : Math.fround(median as number),
          ...[0, 1, 2].flatMap((rank) => {
            const found = largest[rank];
            return found === undefined ? [0, -1, -1] : [found.size, found.unit, found.position];
          }),
          ...[...unitOffsets.keys()].map((unit) =>
            Math.max(0, ...finite.filter((each) => each.unit === unit).map(({ size }) => size)),
          ),
        ]);
      }
    }
  });
});
