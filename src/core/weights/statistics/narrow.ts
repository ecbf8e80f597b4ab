/**
 * Statistics of types with at most 65,536 different values: one pass counts how often each bit pattern occurs, and
 * everything else follows exactly from the counts.
 */
import type { TensorValues } from '../../formats/tensor-file.js';
import { bytesPerStored, sixteenBitTable, type StoredType } from '../../tensor/stored-type.js';
import { bytesOfValues } from '../../tensor/typed-array.js';
import { chunksOf, type Task } from '../stream.js';
import { summaryOfCounts, type CountedValues } from './counted.js';
import { patternCounts } from './pattern-counts.js';
import type { ValueSummary } from './summary.js';

export type NarrowType = 'float16' | 'bfloat16' | 'int8' | 'uint8' | 'int16' | 'uint16' | 'bool';

export function isNarrow(type: StoredType): type is NarrowType {
  return Object.hasOwn(SMALLEST_NORMAL, type);
}

/** Magnitudes below it are denormal. */
const SMALLEST_NORMAL: Readonly<Record<NarrowType, number>> = {
  float16: 2 ** -14,
  bfloat16: 2 ** -126,
  int8: 0,
  uint8: 0,
  int16: 0,
  uint16: 0,
  bool: 0,
};

/**
 * How often each bit pattern occurs among the first `count` values: 256 or 65,536 numbers.
 * @throws CancelledError, and what reading throws.
 */
export type CountPatterns = (values: TensorValues, count: number, task: Task) => Promise<Float64Array>;

/** In the thread that asks. */
export async function countPatterns(values: TensorValues, count: number, task: Task): Promise<Float64Array> {
  const patterns = patternCounts(bytesPerStored(values.type));
  for await (const { data } of chunksOf(values, count, task)) patterns.add(bytesOfValues(data));
  return patterns.finish();
}

/** The number that each bit pattern means. */
function patternNumbers(type: NarrowType): Float64Array | Float32Array {
  switch (type) {
    case 'float16':
    case 'bfloat16':
      return sixteenBitTable(type);
    case 'int8':
      return Float64Array.from({ length: 256 }, (_, pattern) => (pattern << 24) >> 24);
    case 'int16':
      return Float64Array.from({ length: 65536 }, (_, pattern) => (pattern << 16) >> 16);
    case 'uint8':
    case 'uint16':
    case 'bool':
      return Float64Array.from({ length: 65536 }, (_, pattern) => pattern);
  }
}

function countedValues(type: NarrowType, patterns: Float64Array): CountedValues {
  const numbers = patternNumbers(type);
  const found = new Map<number, number>();
  let [nan, positiveInfinity, negativeInfinity] = [0, 0, 0];
  for (let pattern = 0; pattern < patterns.length; pattern++) {
    const occurs = patterns[pattern] as number;
    if (occurs === 0) continue;
    // Any value but zero has one pattern; a map takes −0 for 0.
    const value = numbers[pattern] as number;
    if (Number.isNaN(value)) nan += occurs;
    else if (value === Infinity) positiveInfinity += occurs;
    else if (value === -Infinity) negativeInfinity += occurs;
    else found.set(value, (found.get(value) ?? 0) + occurs);
  }
  const values = Float64Array.from(found.keys()).sort();
  const counts = values.map((value) => found.get(value) ?? 0);
  return { values, counts, nan, positiveInfinity, negativeInfinity };
}

/** One reading of all values. @throws CancelledError, and what reading throws. */
export async function summarizeNarrow(
  type: NarrowType,
  values: TensorValues,
  count: number,
  task: Task,
  patternCounter: CountPatterns,
): Promise<ValueSummary> {
  const counted = countedValues(type, await patternCounter(values, count, task));
  return { ...summaryOfCounts(count, counted, SMALLEST_NORMAL[type]), distinct: counted.values.length };
}
