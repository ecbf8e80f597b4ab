/** Weights of a dictionary in a graph: by reference where they lie in the file as they are, else with their bytes. */
import { create } from '@bufbuild/protobuf';
import { displayText } from '../../display-text.js';
import { problem } from '../../errors.js';
import {
  TensorProto_DataLocation,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
} from '../../formats/onnx/onnx_pb.js';
import type { TensorFile, WeightTensor } from '../../formats/tensor-file.js';
import type { GraphWriter } from '../../rewrite/graph-writer.js';
import { bytesPerStored, type StoredType } from '../../tensor/stored-type.js';
import { elementCount } from '../../tensor/tensor.js';
import { bytesOfValues } from '../../tensor/typed-array.js';

/** A protobuf message ends at 2 GiB; the rest of the graph takes little. */
const LARGEST_COPIED_BYTES = 2 ** 31 - 2 ** 20;

/** Below this a reference is not worth it: engines fold what they have at hand. */
const SMALL_BYTES = 1024;

const TYPES: Readonly<Record<StoredType, DataType>> = {
  float32: DataType.FLOAT,
  float64: DataType.DOUBLE,
  float16: DataType.FLOAT16,
  bfloat16: DataType.BFLOAT16,
  int8: DataType.INT8,
  uint8: DataType.UINT8,
  int16: DataType.INT16,
  uint16: DataType.UINT16,
  int32: DataType.INT32,
  uint32: DataType.UINT32,
  int64: DataType.INT64,
  uint64: DataType.UINT64,
  bool: DataType.BOOL,
};

export interface GraphWeights {
  /**
   * The tensor as a float32 value of the graph.
   * @param dims how its numbers lie, row-major: as many as it has.
   * @throws ProblemError as reading does; `out-of-memory` where the copies exceed what a graph can hold.
   */
  value(tensor: WeightTensor, dims: readonly number[]): Promise<string>;
  /** Files that the values so far lie in, relative to the dictionary's folder. */
  readonly files: ReadonlySet<string>;
}

export function graphWeights(writer: GraphWriter, file: TensorFile): GraphWeights {
  const files = new Set<string>();
  const known = new Map<string, string>();
  let copied = 0;

  const initializer = async (tensor: WeightTensor, dims: readonly number[]): Promise<string> => {
    const { values, name } = tensor;
    if (values === undefined) throw new Error(`“${name}” has no values.`);
    const elements = elementCount(tensor.dims);
    const described = { dataType: TYPES[values.type], dims: dims.map(BigInt) };
    const place = tensor.bytes < SMALL_BYTES ? undefined : await values.locate?.();
    const location = tensor.file ?? file.files[0];
    if (place !== undefined && location !== undefined) {
      files.add(location);
      const externalData = [
        { key: 'location', value: location },
        { key: 'offset', value: String(place.offset) },
        { key: 'length', value: String(elements * bytesPerStored(values.type)) },
      ];
      const dataLocation = TensorProto_DataLocation.EXTERNAL;
      return writer.initializer((unused) =>
        create(TensorProtoSchema, { name: unused, ...described, externalData, dataLocation }),
      );
    }
    copied += elements * bytesPerStored(values.type);
    if (copied > LARGEST_COPIED_BYTES) {
      throw problem(
        'out-of-memory',
        `The dictionary’s tensor “${displayText(name, 100)}” is too large to be unpacked.`,
        {
          remedy: 'Save the dictionary as safetensors: then it is read from the file as it lies there.',
        },
      );
    }
    const rawData = bytesOfValues(await values.read(0, elements));
    return writer.initializer((unused) => create(TensorProtoSchema, { name: unused, ...described, rawData }));
  };

  return {
    files,
    async value(tensor, dims) {
      const key = JSON.stringify([tensor.file, tensor.name, dims]);
      const existing = known.get(key);
      if (existing !== undefined) return existing;
      const stored = await initializer(tensor, dims);
      const value = tensor.values?.type === 'float32' ? stored : writer.castToFloat(stored);
      known.set(key, value);
      return value;
    },
  };
}
