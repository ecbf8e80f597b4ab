/**
 * What every format becomes beside an ONNX graph (where there is one): named tensors whose numbers stay in the file
 * until somebody asks for some of them.
 */
import type { DiskPlace } from '../bytes/byte-source.js';
import type { Problem } from '../errors.js';
import type { NumberArray } from '../tensor/tensor.js';
import type { StoredType } from '../tensor/stored-type.js';

export type ModelFormat = 'onnx' | 'safetensors' | 'gguf' | 'numpy' | 'hdf5' | 'pytorch';

/** The numbers of one tensor, wherever they lie and however they are packed. */
export interface TensorValues {
  /** Type of what `read` gives: narrower types of the file are decoded to the nearest that holds them exactly. */
  readonly type: StoredType;
  /**
   * The elements `[start, start + count)` in row-major order. Block-quantised and narrow types are decoded on the way,
   * in blocks, never the whole tensor. The array is the caller's own.
   * @throws ProblemError as reading the file does, and `malformed-model` when what is stored is not what was described.
   */
  read(start: number, count: number): Promise<NumberArray>;
  /**
   * The same into an array of the caller's own, as many elements as it has room for, where that saves one. Its kind is
   * the one that `read` gives.
   * @throws as `read` does; the array then holds no matter what.
   */
  readInto?(start: number, target: NumberArray): Promise<void>;
  /**
   * Where all elements lie on disk just as `read` gives them, one after the other and little-endian, for threads that read
   * for themselves; absent or undefined: nowhere.
   * @throws as `read` does.
   */
  locate?(): Promise<DiskPlace | undefined>;
}

export interface WeightTensor {
  /** As the file has it, unique within the model. Not yet fit to be shown: see displayText. */
  readonly name: string;
  /** Row-major, outermost first; their product is a safe integer. */
  readonly dims: readonly number[];
  /** Element type as the format spells it: "BF16", "Q4_K", "float8e4m3fn". */
  readonly dtype: string;
  /** Bytes that it takes where it is stored. */
  readonly bytes: number;
  /** Where a model is a set of files: the one that holds it, relative to the folder of the file that was opened. */
  readonly file?: string;
  /** Absent where there are no numbers to show. */
  readonly values?: TensorValues;
  /** Why there are none (texts, complex numbers, an unknown type), one sentence. */
  readonly unreadable?: string;
}

export interface MetadataEntry {
  readonly key: string;
  readonly value: string;
}

/** A file, or a set of files, of named tensors. */
export interface TensorFile {
  readonly format: ModelFormat;
  /** As shown: "safetensors", "GGUF version 3", "PyTorch checkpoint (zip)". */
  readonly formatName: string;
  /** In the file's order. */
  readonly tensors: readonly WeightTensor[];
  readonly metadata: readonly MetadataEntry[];
  /** Every file that the tensors lie in, relative to the folder of the file that was opened (the first). */
  readonly files: readonly string[];
  /** Bytes of the file that was opened, and of all others. */
  readonly fileBytes: number;
  readonly externalBytes: number;
  /** What could not be read although the rest could: a missing shard, a skipped object. */
  readonly problems: readonly Problem[];
  close(): Promise<void>;
}
