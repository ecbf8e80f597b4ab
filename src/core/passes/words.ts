/** Numbers and plurals as sentences of findings spell them, the same in every pass. */

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const significant = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });
const scientific = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3, notation: 'scientific' });
const SMALLEST_WRITTEN_OUT = 1e-4;
const LARGEST_WRITTEN_OUT = 1e12;

export function count(value: number): string {
  return whole.format(value);
}

/** Three digits; below 0.0001 as “3.94e-19”, and from 10¹² on as “1.18e20”. */
export function amount(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  const isFar = value !== 0 && (size < SMALLEST_WRITTEN_OUT || size >= LARGEST_WRITTEN_OUT);
  return isFar ? scientific.format(value).replace('E', 'e') : significant.format(value);
}

/** A share as a percentage; never "0 %" for something that exists, nor "100 %" for something incomplete. */
export function percent(share: number): string {
  if (share > 0 && share < 0.001) return 'under 0.1 %';
  if (share < 0 && share > -0.001) return 'over −0.1 %';
  if (share < 1 && share > 0.999) return 'over 99.9 %';
  const digits = share < 0.0995 || share > 0.9905 ? 1 : 0;
  return `${(share * 100).toFixed(digits).replace(/\.0$/, '').replace('-', '−')} %`;
}

/** "14 of 64 channels"; "1 of 64 channels". */
export function ofUnits(some: number, all: number, unitWord: string): string {
  return `${count(some)} of ${count(all)} ${unitWord}`;
}

/** "channels" → "channel": the word for one unit. */
export function singular(word: string): string {
  return word.endsWith('s') ? word.slice(0, -1) : word;
}

/** Begins a sentence: "under 0.1 %" becomes "Under 0.1 %". */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Sentences about shares on a single input need a warning: 0 and 1 are the only shares that each unit can have. */
export function oneInputCaution(inputsSeen: number): string {
  return inputsSeen === 1 ? ' This rests on one input only.' : '';
}

const short = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });

/** 1,820,000,000 becomes "1.82 B"; below a thousand as it is. */
export function compact(value: number): string {
  return short
    .formatToParts(value)
    .map(({ type, value: part }) => (type === 'compact' ? `\u00a0${part}` : part))
    .join('');
}

const BYTE_UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'] as const;

/** 23,400,000 becomes "23.4 MB" (1 MB = 10⁶ bytes). */
export function bytesText(bytes: number): string {
  let unit = 0;
  let size = bytes;
  for (; size >= 999.5 && unit < BYTE_UNITS.length - 1; unit++) size /= 1000;
  return `${new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 }).format(size)}\u00a0${BYTE_UNITS[unit]}`;
}
