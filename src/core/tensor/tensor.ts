/** Element types that an engine takes and gives, spelled as onnxruntime-common spells them. */
export type ElementType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'bool'
  | 'string';

export type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A dense, row-major tensor. `float16` holds its bits in a Uint16Array, `bool` holds 0/1 in a Uint8Array. */
export interface Tensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: NumberArray | readonly string[];
}

/** Named tensors: what goes into a run and what comes out. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

export function elementCount(dims: readonly number[]): number {
  // First of all, because the other dimensions of an empty tensor may be beyond any number.
  return dims.includes(0) ? 0 : dims.reduce((product, dim) => product * dim, 1);
}
