/** Types of tensors as ONNX numbers them. */
import { ELEMENT_TYPES } from '../formats/onnx/tensor-proto.js';
import type { TensorProto_DataType as DataType } from '../formats/onnx/onnx_pb.js';
import type { ElementType } from '../tensor/tensor.js';

const DATA_TYPES = new Map(Object.entries(ELEMENT_TYPES).map(([type, name]) => [name as string, Number(type)]));

/** Undefined for strings, which are no numbers. */
export function dataTypeOf(type: ElementType): DataType | undefined {
  return DATA_TYPES.get(type);
}
