/** Element types of the format (huggingface/safetensors, tensor.rs, "Dtype"), and how their numbers are read. */
import type { StoredType } from '../../tensor/stored-type.js';
import { TensorProto_DataType as DataType } from '../onnx/onnx_pb.js';

export interface SafetensorsDtype {
  readonly bits: number;
  /** Type of what is read; absent where there are no numbers. */
  readonly type?: StoredType;
  /** The ONNX type that narrow values are decoded as. */
  readonly narrow?: DataType;
  /** Why there are no numbers, one sentence. */
  readonly unreadable?: string;
}

const SIX_BITS = 'No order of the bits is defined for 6-bit floats.';

const DTYPES: Readonly<Record<string, SafetensorsDtype>> = {
  BOOL: { bits: 8, type: 'bool' },
  F4: { bits: 4, type: 'float32', narrow: DataType.FLOAT4E2M1 },
  F6_E2M3: { bits: 6, unreadable: SIX_BITS },
  F6_E3M2: { bits: 6, unreadable: SIX_BITS },
  U8: { bits: 8, type: 'uint8' },
  I8: { bits: 8, type: 'int8' },
  F8_E5M2: { bits: 8, type: 'float32', narrow: DataType.FLOAT8E5M2 },
  F8_E4M3: { bits: 8, type: 'float32', narrow: DataType.FLOAT8E4M3FN },
  F8_E8M0: { bits: 8, type: 'float32', narrow: DataType.FLOAT8E8M0 },
  F8_E4M3FNUZ: { bits: 8, type: 'float32', narrow: DataType.FLOAT8E4M3FNUZ },
  F8_E5M2FNUZ: { bits: 8, type: 'float32', narrow: DataType.FLOAT8E5M2FNUZ },
  I16: { bits: 16, type: 'int16' },
  U16: { bits: 16, type: 'uint16' },
  F16: { bits: 16, type: 'float16' },
  BF16: { bits: 16, type: 'bfloat16' },
  I32: { bits: 32, type: 'int32' },
  U32: { bits: 32, type: 'uint32' },
  F32: { bits: 32, type: 'float32' },
  C64: { bits: 64, unreadable: 'It holds complex numbers.' },
  F64: { bits: 64, type: 'float64' },
  I64: { bits: 64, type: 'int64' },
  U64: { bits: 64, type: 'uint64' },
};

/** undefined where the format has no such type, as far as is known. */
export function safetensorsDtype(name: string): SafetensorsDtype | undefined {
  return Object.hasOwn(DTYPES, name) ? DTYPES[name] : undefined;
}
