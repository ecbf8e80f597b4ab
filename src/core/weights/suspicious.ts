/** What looks wrong with the values of one tensor, from its statistics alone. Source: methods M4. */
import type { StoredType } from '../tensor/stored-type.js';
import type { TensorStatistics } from './statistics.js';
import { HALF_OVERFLOW } from './statistics/summary.js';

export type SuspicionKind =
  /** Values that are no number. */
  | 'nan'
  /** Infinite values; a mask of 0 and −∞ is told apart by its severity. */
  | 'infinity'
  /** Two values or more, and all are 0. */
  | 'all-zero'
  /** Two values or more, and all are one finite number that is not 0. */
  | 'all-equal'
  /** More than 1 % of the finite values are denormal in the type that they are stored in. */
  | 'denormals'
  /** max |x| is more than 10⁴ times the median of |x| over the values that are not 0. Floating-point types only. */
  | 'huge-range'
  /** Values of a wider type that become infinite as float16: |x| ≥ 65,520. */
  | 'above-float16'
  /** More than 1 % of the finite values of a wider type are not 0, but below 2⁻²⁴, the smallest float16. */
  | 'below-float16'
  /** At least 1,024 finite values, but so few different ones that a quarter of the bits they are stored in tells them apart. */
  | 'few-values';

export interface Suspicion {
  readonly kind: SuspicionKind;
  readonly severity: 'error' | 'warning' | 'information';
  /** What was found, with its numbers: one sentence without the tensor's name. */
  readonly text: string;
  /** How many values are concerned; for `huge-range` the ratio, for `few-values` how many different values there are, for `all-equal` the value. */
  readonly value: number;
}

/** What is known of a tensor beside the statistics of its values. */
export interface StoredAs {
  /** Type that its values are read as. */
  readonly type: StoredType;
  /** Bytes that it takes in the file: packed types take less than the type that they are read as. */
  readonly bytes: number;
}

const NOTABLE_SHARE = 0.01;
const HUGE_RATIO = 1e4;
/** Fewer values cannot show that there are few different ones. */
const FEWEST_VALUES = 1024;

const numbers = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });
const counts = new Intl.NumberFormat('en-US');

/** Worst first; empty where nothing is wrong, as for a tensor without values. */
export function suspicions(statistics: TensorStatistics, stored: StoredAs): Suspicion[] {
  const all = [
    ...brokenValues(statistics),
    ...constantValues(statistics),
    ...floatingPoint(statistics, stored.type),
    ...fewValues(statistics, stored),
  ];
  return all.sort((a, b) => RANK[a.severity] - RANK[b.severity]);
}

const RANK: Readonly<Record<Suspicion['severity'], number>> = { error: 0, warning: 1, information: 2 };

function brokenValues(statistics: TensorStatistics): Suspicion[] {
  const { count, finite, zeros, nan, positiveInfinity, negativeInfinity } = statistics;
  const found: Suspicion[] = [];
  if (nan > 0) found.push({ kind: 'nan', severity: 'error', text: `${ofAll(nan, count)} NaN.`, value: nan });
  const infinite = positiveInfinity + negativeInfinity;
  if (infinite === 0) return found;
  // Attention adds such a mask before its softmax: kept in files as a constant, it is as it should be.
  const isMask = nan === 0 && positiveInfinity === 0 && finite > 0 && zeros === finite;
  found.push({
    kind: 'infinity',
    severity: isMask ? 'information' : 'error',
    text: isMask
      ? `${ofAll(infinite, count)} −∞ and all others 0, as in a mask of attention.`
      : `${ofAll(infinite, count)} infinite.`,
    value: infinite,
  });
  return found;
}

function constantValues({ constant, count, zeros, maximum }: TensorStatistics): Suspicion[] {
  if (!constant || count < 2) return [];
  const all = `All ${counts.format(count)} values are`;
  return zeros === count
    ? [{ kind: 'all-zero', severity: 'warning', text: `${all} 0.`, value: count }]
    : [{ kind: 'all-equal', severity: 'information', text: `${all} ${numbers.format(maximum)}.`, value: maximum }];
}

function floatingPoint(statistics: TensorStatistics, type: StoredType): Suspicion[] {
  if (!type.includes('float')) return [];
  const { count, finite, denormals, minimum, maximum, medianNonZeroMagnitude, aboveHalf, belowHalf } = statistics;
  const found: Suspicion[] = [];
  if (denormals > NOTABLE_SHARE * finite) {
    found.push({
      kind: 'denormals',
      severity: 'warning',
      text: `${ofAll(denormals, count)} denormal in ${type}: slow on many processors, and 0 on others.`,
      value: denormals,
    });
  }
  const ratio = Math.max(maximum, -minimum) / medianNonZeroMagnitude;
  if (ratio > HUGE_RATIO) {
    found.push({
      kind: 'huge-range',
      severity: 'warning',
      text: `The largest magnitude is ${numbers.format(ratio)} times the median of those that are not 0.`,
      value: ratio,
    });
  }
  if (type === 'float16') return found;
  if (aboveHalf > 0) {
    found.push({
      kind: 'above-float16',
      severity: 'warning',
      text: `${ofAll(aboveHalf, count)} beyond float16, where magnitudes from ${counts.format(HALF_OVERFLOW)} up become infinite.`,
      value: aboveHalf,
    });
  }
  if (belowHalf > NOTABLE_SHARE * finite) {
    found.push({
      kind: 'below-float16',
      severity: 'information',
      text: `${ofAll(belowHalf, count)} smaller than the smallest float16, 2⁻²⁴.`,
      value: belowHalf,
    });
  }
  return found;
}

function fewValues(statistics: TensorStatistics, { type, bytes }: StoredAs): Suspicion[] {
  const { count, finite, distinct } = statistics;
  if (type === 'bool' || distinct === undefined || distinct < 2 || finite < FEWEST_VALUES) return [];
  const bits = (8 * bytes) / count;
  if (Math.log2(distinct) > bits / 4) return [];
  return [
    {
      kind: 'few-values',
      severity: 'information',
      text: `Its ${counts.format(finite)} values are only ${counts.format(distinct)} different ones: fewer bits would hold them.`,
      value: distinct,
    },
  ];
}

/** "1 of 4,096 values is", "12 of 4,096 values are". */
function ofAll(some: number, all: number): string {
  return `${counts.format(some)} of ${counts.format(all)} values ${some === 1 ? 'is' : 'are'}`;
}
