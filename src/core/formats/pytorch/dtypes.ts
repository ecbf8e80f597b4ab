/** Element types as PyTorch spells them, by dtype and by the older class of storage (torch/storage.py). */
import type { StoredType } from '../../tensor/stored-type.js';
import { TensorProto_DataType as DataType } from '../onnx/onnx_pb.js';

export interface TorchDtype {
  readonly name: string;
  readonly bytes: number;
  readonly type?: StoredType;
  /** The ONNX type that narrow floats are decoded as. */
  readonly narrow?: DataType;
  readonly unreadable?: string;
}

const COMPLEX = 'It holds complex numbers.';
const QUANTISED = 'It holds numbers that were quantised with a scale of their own.';

const DTYPES: readonly TorchDtype[] = [
  { name: 'float64', bytes: 8, type: 'float64' },
  { name: 'float32', bytes: 4, type: 'float32' },
  { name: 'float16', bytes: 2, type: 'float16' },
  { name: 'bfloat16', bytes: 2, type: 'bfloat16' },
  { name: 'int64', bytes: 8, type: 'int64' },
  { name: 'int32', bytes: 4, type: 'int32' },
  { name: 'int16', bytes: 2, type: 'int16' },
  { name: 'int8', bytes: 1, type: 'int8' },
  { name: 'uint64', bytes: 8, type: 'uint64' },
  { name: 'uint32', bytes: 4, type: 'uint32' },
  { name: 'uint16', bytes: 2, type: 'uint16' },
  { name: 'uint8', bytes: 1, type: 'uint8' },
  { name: 'bool', bytes: 1, type: 'bool' },
  { name: 'float8_e4m3fn', bytes: 1, narrow: DataType.FLOAT8E4M3FN, type: 'float32' },
  { name: 'float8_e4m3fnuz', bytes: 1, narrow: DataType.FLOAT8E4M3FNUZ, type: 'float32' },
  { name: 'float8_e5m2', bytes: 1, narrow: DataType.FLOAT8E5M2, type: 'float32' },
  { name: 'float8_e5m2fnuz', bytes: 1, narrow: DataType.FLOAT8E5M2FNUZ, type: 'float32' },
  { name: 'float8_e8m0fnu', bytes: 1, narrow: DataType.FLOAT8E8M0, type: 'float32' },
  { name: 'complex32', bytes: 4, unreadable: COMPLEX },
  { name: 'complex64', bytes: 8, unreadable: COMPLEX },
  { name: 'complex128', bytes: 16, unreadable: COMPLEX },
  { name: 'qint8', bytes: 1, unreadable: QUANTISED },
  { name: 'quint8', bytes: 1, unreadable: QUANTISED },
  { name: 'qint32', bytes: 4, unreadable: QUANTISED },
  { name: 'quint4x2', bytes: 1, unreadable: QUANTISED },
  { name: 'quint2x4', bytes: 1, unreadable: QUANTISED },
];

/** Storages without a type of their own count bytes. */
export const UNTYPED: TorchDtype = { name: 'bytes', bytes: 1, unreadable: 'Its bytes have no type.' };

const STORAGES: Readonly<Record<string, string>> = {
  DoubleStorage: 'float64',
  FloatStorage: 'float32',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  LongStorage: 'int64',
  IntStorage: 'int32',
  ShortStorage: 'int16',
  CharStorage: 'int8',
  ByteStorage: 'uint8',
  BoolStorage: 'bool',
  ComplexFloatStorage: 'complex64',
  ComplexDoubleStorage: 'complex128',
  QInt8Storage: 'qint8',
  QUInt8Storage: 'quint8',
  QInt32Storage: 'qint32',
  QUInt4x2Storage: 'quint4x2',
  QUInt2x4Storage: 'quint2x4',
};

const BY_NAME: ReadonlyMap<string, TorchDtype> = new Map(DTYPES.map((dtype) => [dtype.name, dtype]));

/** Other names of the same types. */
const ALIASES: Readonly<Record<string, string>> = {
  double: 'float64',
  float: 'float32',
  half: 'float16',
  long: 'int64',
  int: 'int32',
  short: 'int16',
  cfloat: 'complex64',
  cdouble: 'complex128',
};

/** "torch.float32" → its type; undefined for what names no dtype. */
export function dtypeOfGlobal(name: string): TorchDtype | undefined {
  const [, spelled] = /^torch\.([a-z]\w*)$/.exec(name) ?? [];
  if (spelled === undefined) return undefined;
  return BY_NAME.get(Object.hasOwn(ALIASES, spelled) ? (ALIASES[spelled] ?? '') : spelled);
}

/** "torch.FloatStorage", "torch.cuda.FloatStorage" → the type of its elements; undefined for what names no storage. */
export function dtypeOfStorage(name: string): TorchDtype | undefined {
  const [, spelled = ''] = /^torch\.(?:cuda\.|storage\.)?(\w+)$/.exec(name) ?? [];
  if (spelled === 'UntypedStorage' || spelled === '_UntypedStorage') return UNTYPED;
  return Object.hasOwn(STORAGES, spelled) ? BY_NAME.get(STORAGES[spelled] ?? '') : undefined;
}
