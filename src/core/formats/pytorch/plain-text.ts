/** Plain values of a pickle as short texts. */
import { shortText } from '../../display-text.js';
import { decodeHalf } from '../../tensor/half.js';
import type { NumpyElement } from '../numpy/dtype.js';
import { isObject, type PickleObject, type PickleValue } from './pickle-values.js';

/** Items of a list that are shown; of longer lists, the first ones and how many there are. */
const SHOWN_ITEMS = 16;
const LONGEST_ITEM = 100;

/** The text of a value, at most `limit` characters, or undefined where it holds others that are worth a line each. */
export function plainText(value: PickleValue, limit: number): string | undefined {
  const text = isObject(value) ? textOfObject(value) : textOfScalar(value);
  return text === undefined ? undefined : shortText(text, limit);
}

function textOfScalar(value: null | boolean | number | bigint | string): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return String(value);
}

function textOfObject(value: PickleObject): string | undefined {
  switch (value.kind) {
    case 'long-text':
      return `${value.beginning}…`;
    case 'bytes':
      return `${'data' in value ? value.data.length : value.length} bytes`;
    case 'global':
      return value.name;
    case 'numpy-dtype':
      return value.code;
    case 'numpy-scalar':
      return textOfNumpyScalar(value.element, value.data);
    case 'list':
    case 'tuple':
    case 'set':
      return textOfItems(value.kind, value.items);
    case 'dict':
    case 'opaque':
    case 'tensor':
    case 'numpy-array':
    case 'storage':
      return undefined;
  }
}

/** Lists of plain values in one line. */
function textOfItems(kind: 'list' | 'tuple' | 'set', items: readonly PickleValue[]): string | undefined {
  const shown = items.slice(0, SHOWN_ITEMS);
  if (items.length === 0 || shown.some(isObject) || items.some(isObject)) return undefined;
  const texts = shown.map((item) => (isObject(item) ? '' : shortText(textOfScalar(item), LONGEST_ITEM)));
  if (items.length > shown.length) texts.push(`… ${items.length} in all`);
  const [open, close] = { list: ['[', ']'], tuple: ['(', ')'], set: ['{', '}'] }[kind];
  return `${open}${texts.join(', ')}${close}`;
}

function textOfNumpyScalar({ type, bigEndian, bytes }: NumpyElement, data: Uint8Array): string {
  if (type === undefined || bytes !== data.length) return `${data.length} bytes`;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const isLittle = !bigEndian;
  switch (type) {
    case 'float64':
      return String(view.getFloat64(0, isLittle));
    case 'float32':
      return String(view.getFloat32(0, isLittle));
    case 'float16':
      return String(decodeHalf(view.getUint16(0, isLittle)));
    case 'int64':
      return String(view.getBigInt64(0, isLittle));
    case 'uint64':
      return String(view.getBigUint64(0, isLittle));
    case 'int32':
      return String(view.getInt32(0, isLittle));
    case 'uint32':
      return String(view.getUint32(0, isLittle));
    case 'int16':
      return String(view.getInt16(0, isLittle));
    case 'uint16':
      return String(view.getUint16(0, isLittle));
    case 'int8':
      return String(view.getInt8(0));
    case 'uint8':
      return String(view.getUint8(0));
    case 'bool':
      return view.getUint8(0) === 0 ? 'False' : 'True';
  }
}
