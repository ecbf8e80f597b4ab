import { fromBinary, toBinary } from '@bufbuild/protobuf';
import type { ByteSource } from '../../bytes/byte-source.js';
import { problem, ProblemError } from '../../errors.js';
import { findDamage } from './find-damage.js';
import { ModelProtoSchema, TensorProtoSchema, type ModelProto, type TensorProto } from './onnx_pb.js';

const REMEDY = 'Download or export the file again.';

/** @throws ProblemError `malformed-model` when the bytes are no ModelProto or nest too deeply. */
export function decodeOnnx(skeleton: Uint8Array): ModelProto {
  return decoding('model', () => fromBinary(ModelProtoSchema, skeleton));
}

/** The same, with the byte of the file where it goes wrong. @param skeleton what was skimmed of the file. */
export async function decodeFile(source: ByteSource, skeleton: Uint8Array): Promise<ModelProto> {
  try {
    return decodeOnnx(skeleton);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const at = await findDamage(source);
    const place = at === undefined ? source.name : `byte ${at} of ${source.name}`;
    throw new ProblemError({ ...error.problem, place });
  }
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
