import { TensorProto_DataType as DataType } from '../../formats/onnx/onnx_pb.js';
import type { AttributeValue } from '../nodes.js';
import type { GraphWriter } from '../graph-writer.js';

/** Floating-point types that coefficients are computed in, as shapes and runs name them. */
export const FLOAT_TYPES: Readonly<Record<string, DataType>> = {
  float32: DataType.FLOAT,
  float64: DataType.DOUBLE,
  float16: DataType.FLOAT16,
  bfloat16: DataType.BFLOAT16,
};

type Operand = string | number;

/** Writes arithmetic in one floating-point type; a number among the operands becomes a constant of that type. */
export interface Calculator {
  readonly writer: GraphWriter;
  readonly type: DataType;
  op(opType: string, ...operands: readonly Operand[]): string;
  number(value: number): string;
  /** To the calculator's type. */
  cast(value: string): string;
  /** @param dims with one −1 at most. */
  reshape(value: string, dims: readonly number[]): string;
  /** Reduces over axes; nothing is reduced where there are none. */
  reduce(opType: string, value: string, axes: readonly number[], keep: boolean): string;
  with(opType: string, inputs: readonly string[], attributes: Readonly<Record<string, AttributeValue>>): string;
}

export function calculator(writer: GraphWriter, type: DataType): Calculator {
  const calculate: Calculator = {
    writer,
    type,
    op: (opType, ...operands) =>
      writer.node(
        opType,
        operands.map((each) => (typeof each === 'number' ? calculate.number(each) : each)),
      ),
    number: (value) => (type === DataType.FLOAT ? writer.float(value) : calculate.cast(writer.float(value))),
    cast: (value) => writer.node('Cast', [value], { to: type }),
    reshape: (value, dims) => writer.node('Reshape', [value, writer.ints(dims)]),
    reduce: (opType, value, axes, keep) =>
      axes.length === 0 ? value : writer.node(opType, [value, writer.ints(axes)], { keepdims: keep ? 1 : 0 }),
    with: (opType, inputs, attributes) => writer.node(opType, inputs, attributes),
  };
  return calculate;
}
