/** Numbers as people read them. The interface is in English, so its numbers are too. */
import type { Quantity } from '../../src/core/passes/result.js';

const LOCALE = 'en';
const NO_BREAK_SPACE = '\u00a0';
const ABSENT = '–';

const count = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const percent = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 1 });
const smallPercent = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 2 });
const plain = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 4 });
const reading = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 6 });
const scientific = new Intl.NumberFormat(LOCALE, { notation: 'scientific', maximumSignificantDigits: 3 });
const compact = new Intl.NumberFormat(LOCALE, { notation: 'compact', maximumSignificantDigits: 3 });
const fullPrecision = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 7 });

export function formatCount(value: number): string {
  return Number.isFinite(value) ? count.format(value) : special(value);
}

/** 271,872 → "272 K". */
export function formatCompact(value: number): string {
  if (!Number.isFinite(value)) return special(value);
  return compact
    .formatToParts(value)
    .map((part) => (part.type === 'compact' ? NO_BREAK_SPACE + part.value : part.value))
    .join('');
}

/** 0.224 → "22.4 %". Never rounds something to nothing, nor almost everything to everything. */
export function formatShare(value: number): string {
  if (!Number.isFinite(value)) return special(value);
  if (value > 0 && value < 0.00001) return `< 0.001${NO_BREAK_SPACE}%`;
  if (value < 1 && value > 0.9995) return `> 99.9${NO_BREAK_SPACE}%`;
  const format = Math.abs(value) < 0.01 ? smallPercent : percent;
  return `${format.format(value * 100)}${NO_BREAK_SPACE}%`;
}

export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return special(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return scientific.format(value).replace('E', 'e');
  return plain.format(value === 0 ? 0 : value);
}

export function formatQuantity(format: Quantity['format'], value: number | undefined): string {
  if (value === undefined) return ABSENT;
  switch (format) {
    case 'share':
      return formatShare(value);
    case 'count':
      return formatCount(value);
    case 'number':
      return formatNumber(value);
    case 'bytes':
      return formatBytes(value);
  }
}

/** The same where there is room for a few characters only: 1,814,073,344 → "1.81 B". */
export function formatBrief(format: Quantity['format'], value: number | undefined): string {
  return format === 'count' && value !== undefined && Math.abs(value) >= 1e5
    ? formatCompact(value)
    : formatQuantity(format, value);
}

/** One value that a person points at: more digits than in a table. */
export function formatReading(format: Quantity['format'], value: number): string {
  if (!Number.isFinite(value) || format === 'count') return formatQuantity(format, value);
  if (format === 'share') return `${reading.format(value * 100)}${NO_BREAK_SPACE}%`;
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e9) ? formatNumber(value) : reading.format(value);
}

/** For tables that leave the page: as exact as the number is. */
export function formatExact(value: number): string {
  return Number.isFinite(value) ? fullPrecision.format(value).replaceAll(',', '') : String(value);
}

/** 1,104,385 → "1.1 MB" (1 MB = 10⁶ bytes). */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  const digits = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: unit === 0 || size >= 100 ? 0 : 1 });
  return `${digits.format(size)}${NO_BREAK_SPACE}${units[unit]}`;
}

export function formatSeconds(seconds: number): string {
  if (seconds < 1) return 'less than a second';
  if (seconds < 90) return `${count.format(seconds)}${NO_BREAK_SPACE}s`;
  if (seconds < 5400) return `${count.format(seconds / 60)}${NO_BREAK_SPACE}min`;
  return `${percent.format(seconds / 3600)}${NO_BREAK_SPACE}h`;
}

function special(value: number): string {
  if (Number.isNaN(value)) return ABSENT;
  return value > 0 ? '∞' : '−∞';
}
