import type { Payload } from '../../formats/onnx/encode-model.js';
import type { OpenLocation } from '../../formats/onnx/external-data.js';
import type { TensorProto } from '../../formats/onnx/onnx_pb.js';
import { elementBytes } from '../../formats/onnx/tensor-proto.js';
import { elementCount } from '../../tensor/tensor.js';
import { editedBytes, editedDims, type EditedTensor } from './cut-tensor.js';

/** The numbers of changed tensors, as they are written. */
export function editedPayloads(
  edited: ReadonlyMap<TensorProto, EditedTensor>,
  open: OpenLocation,
): ReadonlyMap<TensorProto, Payload> {
  return new Map(
    [...edited].map(([tensor, edit]): [TensorProto, Payload] => [
      tensor,
      {
        bytes: elementCount(editedDims(edit)) * (elementBytes(edit.source.dataType) ?? 0),
        parts: () => editedBytes(edit, open),
      },
    ]),
  );
}
