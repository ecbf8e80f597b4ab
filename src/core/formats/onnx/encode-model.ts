/**
 * An ONNX model as files again, made piece by piece: weights that lie in files are copied in ranges, others come from whoever
 * changed them; the whole is never held.
 */
import { create, toBinary } from '@bufbuild/protobuf';
import { encodeOnnx } from './decode.js';
import { referencedBytes, type OpenLocation } from './external-data.js';
import { hoistReferences } from './hoist-references.js';
import {
  GraphProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProtoSchema,
  type GraphProto,
  type ModelProto,
  type TensorProto,
} from './onnx_pb.js';
import { tensorReference } from './tensor-proto.js';
import { LARGE_PAYLOAD_BYTES } from './skeleton-plan.js';
import { encodeTag, encodeVarint, WIRE_LENGTH_DELIMITED } from './wire.js';

/** The numbers of a tensor in the layout of raw data. */
export interface Payload {
  readonly bytes: number;
  /** @throws as reading does. */
  parts(): AsyncIterable<Uint8Array>;
}

export interface EncodedFile {
  readonly bytes: number;
  parts(): AsyncIterable<Uint8Array>;
}

export interface EncodedModel {
  readonly main: EncodedFile;
  /** Weights that lie beside the model, under the name that was given. */
  readonly external?: EncodedFile;
}

export interface EncodeOptions {
  /** Of tensors whose numbers are not those of the file. */
  readonly payloads: ReadonlyMap<TensorProto, Payload>;
  readonly open: OpenLocation;
  /** Name of a file for weights, where they are to lie beside the model. */
  readonly externalName?: string;
}

/** What a protobuf message can be at most. */
export const LARGEST_MESSAGE_BYTES = 2 ** 31 - 1;

/** Room that the structure of a model with this many bytes of weights may take until they must lie beside it. */
const STRUCTURE_BYTES = 64 * 2 ** 20;

const PIECE_BYTES = 4 * 2 ** 20;
/** Engines map weights into memory page by page. */
const PAGE_BYTES = 4096;

const GRAPH_FIELD = 7;
const INITIALIZER_FIELD = 5;
const RAW_DATA_FIELD = 9;

/** Bytes of weights that would go into the model itself. */
export function mustBeExternal(model: ModelProto, payloads: EncodeOptions['payloads']): boolean {
  const weights = (model.graph?.initializer ?? []).reduce(
    (sum, tensor) => sum + (payloads.get(tensor)?.bytes ?? referenceBytes(tensor)),
    0,
  );
  return weights > LARGEST_MESSAGE_BYTES - STRUCTURE_BYTES;
}

function referenceBytes(tensor: TensorProto): number {
  const reference = tensorReference(tensor);
  return reference === undefined ? 0 : referencedBytes(tensor, reference.length);
}

/**
 * Every tensor that lies in a file becomes an initializer of the main graph, where engines take large weights.
 * @throws ProblemError `malformed-model` where a reference is impossible.
 */
export function encodeModel(model: ModelProto, options: EncodeOptions): EncodedModel {
  const graph = hoistReferences(model.graph ?? create(GraphProtoSchema));
  return options.externalName === undefined
    ? { main: oneFile(model, graph, (tensor) => payloadOf(tensor, options)) }
    : twoFiles(model, graph, options.externalName, options);
}

/** Where the numbers of a tensor come from when they are not in the message itself. */
function payloadOf(tensor: TensorProto, { payloads, open }: EncodeOptions): Payload | undefined {
  const given = payloads.get(tensor);
  if (given !== undefined) return given;
  const reference = tensorReference(tensor);
  if (reference === undefined) return undefined;
  const bytes = referencedBytes(tensor, reference.length);
  return {
    bytes,
    async *parts() {
      const source = await open(reference.location);
      for (let at = 0; at < bytes; at += PIECE_BYTES) {
        yield await source.read(reference.offset + at, Math.min(PIECE_BYTES, bytes - at));
      }
    },
  };
}

/** The message of a tensor up to its numbers. */
function headOf(tensor: TensorProto): TensorProto {
  const { name, dims, dataType, docString, metadataProps } = tensor;
  return create(TensorProtoSchema, { name, dims, dataType, docString, metadataProps });
}

function field(number: number, length: number): Uint8Array {
  return Uint8Array.from([...encodeTag(number, WIRE_LENGTH_DELIMITED), ...encodeVarint(length)]);
}

/** Fields of a message may come in any order: structure first, then one initializer after the other. */
function oneFile(
  model: ModelProto,
  graph: GraphProto,
  payloadFor: (tensor: TensorProto) => Payload | undefined,
): EncodedFile {
  const before = encodeOnnx({ ...model, graph: undefined });
  const structure = toBinary(GraphProtoSchema, { ...graph, initializer: [] });
  const tensors = graph.initializer.map((tensor) => {
    const payload = payloadFor(tensor);
    const head = toBinary(TensorProtoSchema, payload === undefined ? tensor : headOf(tensor));
    const raw = payload === undefined ? new Uint8Array(0) : field(RAW_DATA_FIELD, payload.bytes);
    const length = head.length + raw.length + (payload?.bytes ?? 0);
    return { start: field(INITIALIZER_FIELD, length), head, raw, payload, length };
  });
  const graphBytes = tensors.reduce((sum, { start, length }) => sum + start.length + length, structure.length);
  const graphStart = field(GRAPH_FIELD, graphBytes);
  return {
    bytes: before.length + graphStart.length + graphBytes,
    async *parts() {
      yield before;
      yield graphStart;
      yield structure;
      for (const { start, head, raw, payload } of tensors) {
        yield start;
        yield head;
        yield raw;
        if (payload !== undefined) yield* payload.parts();
      }
    },
  };
}

function twoFiles(model: ModelProto, graph: GraphProto, location: string, options: EncodeOptions): EncodedModel {
  const placed: { readonly payload: Payload; readonly padding: number }[] = [];
  let offset = 0;
  const small = new Map<TensorProto, Payload>();
  const initializer = graph.initializer.map((tensor) => {
    const payload = payloadOf(tensor, options);
    if (payload === undefined) return tensor;
    const head = headOf(tensor);
    if (payload.bytes < LARGE_PAYLOAD_BYTES) {
      small.set(head, payload);
      return head;
    }
    const padding = (PAGE_BYTES - (offset % PAGE_BYTES)) % PAGE_BYTES;
    placed.push({ payload, padding });
    const start = offset + padding;
    offset = start + payload.bytes;
    head.dataLocation = DataLocation.EXTERNAL;
    head.externalData = Object.entries({ location, offset: String(start), length: String(payload.bytes) }).map(
      ([key, value]) => create(StringStringEntryProtoSchema, { key, value }),
    );
    return head;
  });
  // References to the new file are part of its structure: nothing is copied in their place.
  const main = oneFile(model, { ...graph, initializer }, (tensor) => small.get(tensor));
  return {
    main,
    external: {
      bytes: offset,
      async *parts() {
        for (const { payload, padding } of placed) {
          yield new Uint8Array(padding);
          yield* payload.parts();
        }
      },
    },
  };
}
