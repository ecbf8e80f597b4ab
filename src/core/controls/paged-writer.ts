/** Writes tensors one after the other into a file that engines map page by page. */
import { create } from '@bufbuild/protobuf';
import { displayText } from '../display-text.js';
import { referencedBytes, type OpenLocation } from '../formats/onnx/external-data.js';
import { StringStringEntryProtoSchema, TensorProto_DataLocation, type TensorProto } from '../formats/onnx/onnx_pb.js';
import { tensorBytes, tensorReference } from '../formats/onnx/tensor-proto.js';
import { createPause, type Task } from '../weights/stream.js';

/** Where tensors too large for the graph go: one file, written from start to end. */
export interface WeightSink {
  /** How the graph names it. */
  readonly location: string;
  /** The caller may use the array again once this resolves. */
  append(bytes: Uint8Array): Promise<void>;
}

export const PAGE_BYTES = 4096;
/** Bytes copied at a time. */
const PIECE_BYTES = 2 ** 20;

export interface PagedWriter {
  readonly location: string;
  /** Goes on to the next page. @returns its offset. */
  begin(): Promise<number>;
  append(bytes: Uint8Array): Promise<void>;
}

export function pagedWriter(sink: WeightSink): PagedWriter {
  let size = 0;
  const append = async (bytes: Uint8Array): Promise<void> => {
    await sink.append(bytes);
    size += bytes.length;
  };
  return {
    location: sink.location,
    async begin() {
      const gap = (PAGE_BYTES - (size % PAGE_BYTES)) % PAGE_BYTES;
      if (gap > 0) await append(new Uint8Array(gap));
      return size;
    },
    append,
  };
}

/** The tensor as it is, in the new file. */
export async function copiedTensor(
  tensor: TensorProto,
  open: OpenLocation,
  writer: PagedWriter,
  task: Task,
): Promise<TensorProto> {
  const reference = tensorReference(tensor);
  if (reference === undefined) throw new Error(`${displayText(tensor.name)} lies in no file`);
  const source = await open(reference.location);
  const length = referencedBytes(tensor, reference.length);
  const offset = await writer.begin();
  const pause = createPause(task.signal);
  for (let start = 0; start < length; start += PIECE_BYTES) {
    await writer.append(await source.read(reference.offset + start, Math.min(PIECE_BYTES, length - start)));
    await pause();
  }
  task.onProgress?.(1);
  return atOffset(tensor, writer.location, offset);
}

/** The tensor, with its numbers at this offset of the file. */
export function atOffset(tensor: TensorProto, location: string, offset: number): TensorProto {
  const entries = { location, offset: String(offset), length: String(tensorBytes(tensor)) };
  const externalData = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
  return { ...tensor, dataLocation: TensorProto_DataLocation.EXTERNAL, externalData };
}
