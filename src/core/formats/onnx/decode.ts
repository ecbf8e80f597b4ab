import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { problem } from '../../errors.js';
import { ModelProtoSchema, TensorProtoSchema, type ModelProto, type TensorProto } from './onnx_pb.js';

const REMEDY = 'Download or export the file again.';

/** @throws ProblemError `malformed-model` when the bytes are no ModelProto or nest too deeply. */
export function decodeOnnx(skeleton: Uint8Array): ModelProto {
  return decoding('model', () => fromBinary(ModelProtoSchema, skeleton));
}

/** A tensor on its own: the `.pb` files of ONNX test data. @throws ProblemError `malformed-model`. */
export function decodeTensorProto(bytes: Uint8Array): TensorProto {
  return decoding('tensor', () => fromBinary(TensorProtoSchema, bytes));
}

export function encodeOnnx(model: ModelProto): Uint8Array {
  return toBinary(ModelProtoSchema, model);
}

function decoding<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw problem('malformed-model', `The ${what} cannot be decoded: ${reason}.`, { remedy: REMEDY });
  }
}
