/** Numbers of one equation: with as many decimals each, so that a person can add them up. */
import { formatNumber } from '../format/numbers.js';

const SIGNIFICANT = 4;
const MOST_DECIMALS = 6;

export function formatTogether(values: readonly number[]): readonly string[] {
  const largest = Math.max(...values.map(Math.abs));
  if (!(largest >= 1e-3 && largest < 1e6)) return values.map((value) => withMinus(formatNumber(value)));
  const decimals = Math.min(MOST_DECIMALS, Math.max(0, SIGNIFICANT - 1 - Math.floor(Math.log10(largest))));
  const format = new Intl.NumberFormat('en', { minimumFractionDigits: 0, maximumFractionDigits: decimals });
  return values.map((value) => withMinus(format.format(value === 0 ? 0 : value)));
}

/** The sign of arithmetic, which is not taken for a dash. */
function withMinus(text: string): string {
  return text.replace(/^-(?!0$)/, '−').replace(/^-0$/, '0');
}
