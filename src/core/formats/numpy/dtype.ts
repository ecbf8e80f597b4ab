/** Element types as NumPy spells them: byte order, kind and bytes ("<f4"). Source: NumPy, "The array interface". */
import type { NumberType } from '../../tensor/typed-array.js';

export interface NumpyElement {
  readonly type?: NumberType;
  readonly bigEndian: boolean;
  /** Bytes of an element; absent where the spelling does not tell. */
  readonly bytes?: number;
  /** Why there are no numbers to read, one sentence. */
  readonly unreadable?: string;
}

const TYPES: Readonly<Record<string, NumberType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
};

/** What the other kinds hold. */
const UNREADABLE: Readonly<Record<string, string>> = {
  O: 'It holds Python objects, which are never unpickled.',
  U: 'It holds texts.',
  S: 'It holds texts.',
  a: 'It holds texts.',
  T: 'It holds texts.',
  c: 'It holds complex numbers.',
  M: 'It holds dates.',
  m: 'It holds time spans.',
  V: 'It holds bytes without a meaning of their own.',
  f: 'It holds floats of a length that differs from machine to machine.',
};

/** The type that a spelling means. */
export function elementOf(descr: string): NumpyElement {
  const [, order = '', kind = '', size = ''] = /^([<>|=]?)([a-zA-Z])(\d*)/.exec(descr) ?? [];
  const bigEndian = order === '>';
  const type = TYPES[kind + size];
  const isPlain = type !== undefined && descr === order + kind + size;
  const width = Number(size) * (kind === 'U' ? 4 : 1);
  const bytes = size === '' || !Number.isSafeInteger(width) ? undefined : width;
  if (isPlain) return { type, bigEndian, bytes };
  return { bigEndian, bytes, unreadable: UNREADABLE[kind] ?? 'Its type is not known.' };
}

/** How NumPy spells a type, little-endian. */
export function elementCode(type: NumberType): string {
  const code = Object.keys(TYPES).find((key) => TYPES[key] === type) ?? '';
  return `${code.endsWith('1') ? '|' : '<'}${code}`;
}
