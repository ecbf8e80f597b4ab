/** Numbers as the report shows them. */
import type { Quantity } from '../../core/passes/result.js';

export const number = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4 });
export const percentage = new Intl.NumberFormat('en-US', { style: 'percent', maximumFractionDigits: 1 });

export function show(value: number, format: Quantity['format'] = 'number'): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : String(value);
  if (format === 'count' || format === 'bytes') return Math.round(value).toLocaleString('en-US');
  return format === 'share' ? percentage.format(value) : number.format(value);
}
