/** What is odd about one tensor of weights, from its statistics: methods M4. */
import type { WeightTensor } from '../../formats/tensor-file.js';
import type { TensorStatistics } from '../../weights/statistics.js';
import type { Severity } from '../result.js';
import { amount, count, percent } from '../words.js';

export type SuspicionKind = 'not finite' | 'constant' | 'outliers' | 'denormals' | 'beyond float16';

export interface Suspicion {
  readonly kind: SuspicionKind;
  readonly severity: Severity;
  /** Orders suspicions of one severity: the share of the values concerned, or 1. */
  readonly weight: number;
  /** What it is, without the tensor's name: "3 of 4,096 values are NaN". */
  readonly text: string;
}

/** Below these, denormals and outliers are chance. */
const DENORMAL_SHARE = 0.01;
const OUTLIER_RATIO = 1e4;
const FEWEST_FOR_OUTLIERS = 64;

/** @param calculatedWith whether its values are factors: elsewhere (masks, bounds) infinity has its meaning. */
export function suspicionsOf(
  { dims, dtype }: Pick<WeightTensor, 'dims' | 'dtype'>,
  statistics: TensorStatistics,
  calculatedWith: boolean,
): readonly Suspicion[] {
  const { count: all, nan, positiveInfinity, negativeInfinity, constant, finite, denormals } = statistics;
  const found: Suspicion[] = [];
  const infinite = positiveInfinity + negativeInfinity;
  if (nan + infinite > 0) {
    const parts = [...(nan > 0 ? [`${count(nan)} NaN`] : []), ...(infinite > 0 ? [`${count(infinite)} infinite`] : [])];
    found.push({
      kind: 'not finite',
      severity: nan > 0 || calculatedWith ? 'error' : 'information',
      weight: (nan + infinite) / all,
      text: `${parts.join(' and ')} of ${count(all)} values`,
    });
  }
  if (constant && dims.length >= 2 && all > 1 && isFloat(dtype)) {
    found.push({
      kind: 'constant',
      severity: 'warning',
      weight: 1,
      text: `all ${count(all)} values are ${amount(statistics.minimum)}`,
    });
  }
  const largest = Math.max(Math.abs(statistics.minimum), Math.abs(statistics.maximum));
  const ratio = largest / statistics.medianNonZeroMagnitude;
  if (isFloat(dtype) && finite >= FEWEST_FOR_OUTLIERS && ratio > OUTLIER_RATIO) {
    found.push({
      kind: 'outliers',
      severity: 'warning',
      weight: Math.min(1, Math.log10(ratio) / 10),
      text: `the largest value (${amount(largest)}) is ${amount(ratio)} times the median size`,
    });
  }
  if (finite > 0 && denormals / finite > DENORMAL_SHARE) {
    found.push({
      kind: 'denormals',
      severity: 'warning',
      weight: denormals / finite,
      text: `${percent(denormals / finite)} of the values are denormal`,
    });
  }
  if (statistics.aboveHalf > 0 && isFloat(dtype)) {
    found.push({
      kind: 'beyond float16',
      severity: 'information',
      weight: statistics.aboveHalf / all,
      text: `${count(statistics.aboveHalf)} values are beyond the range of float16`,
    });
  }
  return found;
}

/** Names of floating-point types in all formats: "float16", "BF16", "F32", "double", "Q4_K". */
function isFloat(dtype: string): boolean {
  return /^(b?float|double|half|b?f\d|i?q\d|tq|mxfp)/i.test(dtype);
}

/** What a person may do about it. */
export const ADVICE: Readonly<Record<SuspicionKind, string>> = {
  'not finite':
    'Whatever is computed with them becomes NaN or infinite. Look at them in the tensor’s values; train or export again.',
  constant: 'A layer whose weights are all alike tells nothing apart: it was not trained, or was lost on the way.',
  outliers: 'A few values this large take the range away from all others when the tensor is quantised.',
  denormals:
    'Some processors are slow with such numbers, others take them for zero. Setting them to zero changes little.',
  'beyond float16': 'They become infinite when the model is converted to float16; bfloat16 holds them.',
};
