/**
 * Intervals through attention and normalisations against another implementation in numpy
 * (test/fixtures/bounds/make_transformer.py): ours hold its bounds, and are wider by no more than their rounding.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import { loadNativeEngine } from '../../../src/node/native-engine.js';
import { boundModel, ends } from './bounds-run.js';

interface Recorded {
  readonly length: number;
  readonly box: string;
  readonly every: number;
  readonly lower: readonly number[];
  readonly upper: readonly number[];
  readonly intervals: Readonly<
    Record<
      string,
      {
        readonly sumLower: number;
        readonly sumUpper: number;
        readonly lower: readonly number[];
        readonly upper: readonly number[];
      }
    >
  >;
}

const RECORDED = JSON.parse(
  readFileSync(new URL('../../fixtures/bounds/transformer.json', import.meta.url), 'utf8'),
) as Recorded;
/** Share of an interval, and of the largest number of a value, that rounding in single precision may widen by. */
const WIDER = 2e-3;

test('the sample language model, over all embeddings between the least and the largest', async () => {
  const sample = new URL('../../../media/samples/grammar-gpt/grammar-gpt.onnx', import.meta.url);
  const { length, box, every, lower, upper, intervals } = RECORDED;
  const repeated = (row: readonly number[]): number[] => Array.from({ length }, () => row).flat();
  const ids = { type: 'int64', dims: [1, length], data: new BigInt64Array(length).fill(7n) } as const;
  const { targets, bounds } = await boundModel(
    await loadNativeEngine(),
    decodeOnnx(readFileSync(sample)),
    { input_ids: ids },
    new Map([[box, ends(repeated(lower), repeated(upper))]]),
    { to: Object.keys(intervals), crownBudget: 0 },
  );
  expect(bounds.cutNodes).toEqual([]);
  expect(Object.keys(intervals)).toHaveLength(17);
  for (const [value, want] of Object.entries(intervals)) {
    const got = targets.get(value);
    if (got === undefined) throw new Error(`${value} has no bounds.`);
    const size = Math.max(...want.lower.map(Math.abs), ...want.upper.map(Math.abs));
    want.lower.forEach((low, at) => {
      const high = want.upper[at] ?? NaN;
      const [ours, theirs] = [got.lower[at * every] ?? NaN, got.upper[at * every] ?? NaN];
      const digits = 1e-8 * Math.max(Math.abs(low), Math.abs(high));
      const room = WIDER * (high - low + size);
      const about = `${value} element ${at * every}`;
      expect(ours, about).toBeLessThanOrEqual(low + digits);
      expect(theirs, about).toBeGreaterThanOrEqual(high - digits);
      expect(ours, about).toBeGreaterThanOrEqual(low - room);
      expect(theirs, about).toBeLessThanOrEqual(high + room);
    });
    const sum = (numbers: Float64Array): number => numbers.reduce((all, each) => all + each, 0);
    const room = WIDER * (want.sumUpper - want.sumLower + size);
    expect(Math.abs(sum(got.lower) - want.sumLower), value).toBeLessThanOrEqual(room);
    expect(Math.abs(sum(got.upper) - want.sumUpper), value).toBeLessThanOrEqual(room);
  }
});
