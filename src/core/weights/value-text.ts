/** One stored value as text: the shortest decimal that reads back as the same value of its own type. */
import { encodeHalf } from '../tensor/half.js';
import { decodeBfloat16, encodeBfloat16, sixteenBitTable, type StoredType } from '../tensor/stored-type.js';
import type { NumberArray } from '../tensor/tensor.js';

/** Decimals of so few digits come back unchanged through the type's normal numbers; so many tell all its values apart. */
const DIGITS = {
  float32: { kept: 6, enough: 9, smallestNormal: 2 ** -126 },
  float16: { kept: 3, enough: 5, smallestNormal: 2 ** -14 },
  bfloat16: { kept: 2, enough: 4, smallestNormal: 2 ** -126 },
} as const;

/** The element at `index` of what a tensor's `read` gave. */
export function valueText(type: StoredType, data: NumberArray, index: number): string {
  const stored = data[index] as number | bigint;
  switch (type) {
    case 'float16':
    case 'bfloat16':
      return shortest(type, sixteenBitTable(type)[Number(stored)] as number);
    case 'float32':
      return shortest(type, Number(stored));
    case 'bool':
      return stored === 0 ? 'false' : 'true';
    default:
      return Object.is(stored, -0) ? '-0' : String(stored);
  }
}

function shortest(type: keyof typeof DIGITS, value: number): string {
  if (!Number.isFinite(value) || value === 0) return Object.is(value, -0) ? '-0' : String(value);
  const { kept, enough, smallestNormal } = DIGITS[type];
  for (let digits: number = Math.abs(value) < smallestNormal ? 1 : kept; digits < enough; digits++) {
    const decimal = Number(value.toPrecision(digits));
    if (isSame(type, decimal, value)) return String(decimal);
  }
  return String(Number(value.toPrecision(enough)));
}

/** Whether a decimal becomes the value when it is rounded to the type, ties to even. */
function isSame(type: keyof typeof DIGITS, decimal: number, value: number): boolean {
  switch (type) {
    case 'float32':
      return Math.fround(decimal) === value;
    case 'float16':
      return sixteenBitTable(type)[encodeHalf(decimal)] === value;
    case 'bfloat16':
      return decodeBfloat16(encodeBfloat16(decimal)) === value;
  }
}
