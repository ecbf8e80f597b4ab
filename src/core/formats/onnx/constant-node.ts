import { create } from '@bufbuild/protobuf';
import { TensorProto_DataType as DataType, TensorProtoSchema, type NodeProto, type TensorProto } from './onnx_pb.js';

/**
 * The tensor that a Constant node makes: its `value`, or one built from `value_float(s)`, `value_int(s)`,
 * `value_string(s)` (ONNX operator Constant, opset 12). Undefined for `sparse_value` and where nothing is given.
 */
export function constantTensor(node: NodeProto): TensorProto | undefined {
  for (const attribute of node.attribute) {
    if (attribute.refAttrName !== '') continue;
    const name = node.output[0] ?? '';
    switch (attribute.name) {
      case 'value':
        return attribute.t;
      case 'value_float':
        return create(TensorProtoSchema, { name, dataType: DataType.FLOAT, floatData: [attribute.f] });
      case 'value_floats':
        return create(TensorProtoSchema, {
          name,
          dataType: DataType.FLOAT,
          dims: [BigInt(attribute.floats.length)],
          floatData: attribute.floats,
        });
      case 'value_int':
        return create(TensorProtoSchema, { name, dataType: DataType.INT64, int64Data: [attribute.i] });
      case 'value_ints':
        return create(TensorProtoSchema, {
          name,
          dataType: DataType.INT64,
          dims: [BigInt(attribute.ints.length)],
          int64Data: attribute.ints,
        });
      case 'value_string':
        return create(TensorProtoSchema, { name, dataType: DataType.STRING, stringData: [attribute.s] });
      case 'value_strings':
        return create(TensorProtoSchema, {
          name,
          dataType: DataType.STRING,
          dims: [BigInt(attribute.strings.length)],
          stringData: attribute.strings,
        });
    }
  }
  return undefined;
}
