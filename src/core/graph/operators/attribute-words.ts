/** Attributes' values in words. */
import { dataTypeName } from '../../formats/onnx/tensor-proto.js';
import type { DefaultValue } from './facts.js';

/** A default in a line, as attributes' values are written: "0.9", "[1, 1]", "NOTSET". */
export function defaultText(value: DefaultValue): string {
  if (typeof value === 'object') return `[${value.join(', ')}]`;
  return value === '' ? 'an empty text' : String(value);
}

/** Integer attributes that name an element type. */
const ELEMENT_TYPES = new Set(['to', 'dtype', 'output_dtype', 'output_datatype', 'stash_type', 'softmax_precision']);

/** An attribute's value with what its number stands for: "1 (float32)" of Cast's `to`. */
export function attributeWords(name: string, value: string): string {
  return ELEMENT_TYPES.has(name) && /^[1-9]\d?$/.test(value) ? `${value} (${dataTypeName(Number(value))})` : value;
}
