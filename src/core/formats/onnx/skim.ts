/**
 * Skim: reads an ONNX file's structure without its weights. Walks the protobuf tags and lengths, copies everything
 * small into a skeleton, and writes an `external_data` reference to the file itself in place of each large tensor
 * payload, so that opening costs the graph and not the weights.
 *
 * Payloads move only where engines accept references: initializers (of the graph and its subgraphs) and tensors of
 * Constant nodes, which serialize.ts turns into initializers. Other attribute tensors, sparse tensors and function
 * bodies are copied: they are small in practice and bounded with everything else.
 */
import type { ByteSource } from '../../bytes/byte-source.js';
import { problem, throwIfCancelled, type ProblemError } from '../../errors.js';
import { notAModel } from '../not-a-model.js';
import {
  encodeTag,
  encodeVarint,
  WIRE_LENGTH_DELIMITED,
  WIRE_VARINT,
  wireReader,
  type WireError,
  type WireFailure,
  type WireField,
  type WireReader,
} from './wire.js';
import { planTensor } from './skim-tensor.js';
import { LARGE_PAYLOAD_BYTES, skeletonPlan, type Range, type SkeletonPlan } from './skeleton-plan.js';

/** Beyond any real graph (the largest known are some tens of MB), below what a JavaScript process can hold. */
const MAXIMUM_SKELETON_BYTES = 512 * 1024 * 1024;
/** The protobuf libraries' own limit. */
const MAXIMUM_DEPTH = 100;
/** A message that should occur once may come in pieces, which the format merges; no writer makes many. */
const MAXIMUM_MERGED_PIECES = 1000;

type MessageKind =
  'model' | 'training' | 'graph' | 'node' | 'constant-node' | 'attribute' | 'constant-attribute' | 'tensor';

interface Child {
  readonly kind: MessageKind;
  /** Fields that occur once are merged when they occur again. */
  readonly repeated: boolean;
}

/** The messages on the way to tensors, by field number (source: onnx.proto). All other fields are copied. */
const CHILDREN: Readonly<Record<MessageKind, Readonly<Record<number, Child>>>> = {
  model: { 7: { kind: 'graph', repeated: false }, 20: { kind: 'training', repeated: true } },
  training: { 1: { kind: 'graph', repeated: false }, 2: { kind: 'graph', repeated: false } },
  graph: { 1: { kind: 'node', repeated: true }, 5: { kind: 'tensor', repeated: true } },
  node: { 5: { kind: 'attribute', repeated: true } },
  'constant-node': { 5: { kind: 'constant-attribute', repeated: true } },
  attribute: { 6: { kind: 'graph', repeated: false }, 11: { kind: 'graph', repeated: true } },
  'constant-attribute': { 5: { kind: 'tensor', repeated: false } },
  tensor: {},
};

/** Wire types of ModelProto's own fields: what tells a model from another protobuf file. */
export const MODEL_WIRE_TYPES: Readonly<Record<number, number>> = {
  1: WIRE_VARINT,
  2: 2,
  3: 2,
  4: 2,
  5: WIRE_VARINT,
  6: 2,
  7: 2,
  8: 2,
  14: 2,
  20: 2,
  25: 2,
  26: 2,
};

/**
 * The model without its weights, as ModelProto bytes.
 * @throws ProblemError `empty-file`, `truncated-file`, `not-a-model` or `malformed-model`, with the byte offset.
 */
export async function skimOnnx(source: ByteSource, signal?: AbortSignal): Promise<Uint8Array> {
  if (source.size === 0) {
    throw problem('empty-file', `“${source.name}” is empty.`, {
      place: source.name,
      remedy: 'Export the model again.',
    });
  }
  const reader = wireReader(source, signal);
  await checkTopLevel(source, reader);
  const plan = await planMessage(source, reader, 'model', [{ start: 0, end: source.size }], 0);
  if (plan.size > MAXIMUM_SKELETON_BYTES) {
    throw problem('malformed-model', `The structure of “${source.name}” alone takes ${plan.size} bytes.`, {
      place: source.name,
      remedy: 'Store the weights as raw data, in initializers or external files.',
    });
  }
  throwIfCancelled(signal);
  return plan.write(reader);
}

/** Walks the outermost message only, to tell a model that was cut off from a file that never was one. */
async function checkTopLevel(source: ByteSource, reader: WireReader): Promise<void> {
  let hasIrVersion = false;
  let hasContent = false;
  let position = 0;
  while (position < source.size) {
    let failure: WireError | undefined;
    const field = await reader
      .field(position, source.size, (error) => {
        failure = error;
        throw cutOff(source, position);
      })
      .catch(async (error: unknown) => {
        // Only a file that began as a model can be a model that was cut off.
        throw failure === undefined || (failure === 'overrun' && hasIrVersion)
          ? error
          : await notAModel(source, position);
      });
    const expected = MODEL_WIRE_TYPES[field.number];
    if (expected !== undefined && expected !== field.wireType) throw await notAModel(source, position);
    hasIrVersion ||= field.number === 1;
    hasContent ||= (field.number === 7 || field.number === 25) && field.end > field.valueStart;
    position = field.end;
  }
  if (!hasIrVersion || !hasContent) throw await notAModel(source, position);
}

async function planMessage(
  source: ByteSource,
  reader: WireReader,
  kind: MessageKind,
  ranges: readonly Range[],
  depth: number,
): Promise<SkeletonPlan> {
  const fail = insideFailure(source);
  if (depth > MAXIMUM_DEPTH) {
    throw malformed(source, ranges[0]?.start ?? 0, `nests messages more than ${MAXIMUM_DEPTH} deep`);
  }
  if (kind === 'tensor') return planTensor(source.name, reader, ranges, fail);
  const children = CHILDREN[kind];
  const plan = skeletonPlan();
  const single = new Map<number, { readonly child: Child; readonly pieces: WireField[] }>();
  for (const range of ranges) {
    for (let position = range.start; position < range.end;) {
      const field = await reader.field(position, range.end, fail);
      position = field.end;
      const child = children[field.number];
      if (child === undefined) {
        plan.copy(field.start, field.end);
        continue;
      }
      if (field.wireType !== WIRE_LENGTH_DELIMITED) {
        throw malformed(source, field.start, `has the wrong wire type ${field.wireType} in field ${field.number}`);
      }
      if (!child.repeated) {
        const known = single.get(field.number);
        if (known === undefined) single.set(field.number, { child, pieces: [field] });
        else known.pieces.push(field);
        if ((known?.pieces.length ?? 0) > MAXIMUM_MERGED_PIECES) {
          throw malformed(source, field.start, `repeats field ${field.number}, which occurs once`);
        }
      } else {
        await planChild(source, reader, plan, field.number, child, [field], depth);
      }
    }
  }
  for (const [number, { child, pieces }] of single) {
    await planChild(source, reader, plan, number, child, pieces, depth);
  }
  return plan;
}

/** A child message, given in one piece or in several that are merged by being read one after the other. */
async function planChild(
  source: ByteSource,
  reader: WireReader,
  plan: SkeletonPlan,
  number: number,
  child: Child,
  pieces: readonly WireField[],
  depth: number,
): Promise<void> {
  const size = pieces.reduce((sum, piece) => sum + piece.end - piece.valueStart, 0);
  // What is smaller than a large payload holds none: most nodes are copied without a look inside.
  if (size < LARGE_PAYLOAD_BYTES) {
    for (const piece of pieces) plan.copy(piece.start, piece.end);
    return;
  }
  const ranges = pieces.map((piece) => ({ start: piece.valueStart, end: piece.end }));
  const kind = await refine(source, reader, child.kind, ranges);
  const nested = await planMessage(source, reader, kind, ranges, depth + 1);
  plan.bytes(encodeTag(number, WIRE_LENGTH_DELIMITED));
  plan.bytes(encodeVarint(nested.size));
  plan.append(nested);
}

/** Tells Constant nodes, and their `value`, from other nodes and attributes. */
async function refine(
  source: ByteSource,
  reader: WireReader,
  kind: MessageKind,
  ranges: readonly Range[],
): Promise<MessageKind> {
  if (kind === 'node') {
    const [opType, domain] = await shortTexts(source, reader, ranges, [4, 7]);
    return opType === 'Constant' && (domain === '' || domain === 'ai.onnx') ? 'constant-node' : 'node';
  }
  if (kind === 'constant-attribute') {
    const [name] = await shortTexts(source, reader, ranges, [1]);
    return name === 'value' ? 'constant-attribute' : 'attribute';
  }
  return kind;
}

/** Values of string fields, "" where absent; the last one counts. Texts too long to be a known word read as "…". */
async function shortTexts(
  source: ByteSource,
  reader: WireReader,
  ranges: readonly Range[],
  numbers: readonly number[],
): Promise<string[]> {
  const texts = numbers.map(() => '');
  for (const range of ranges) {
    for (let position = range.start; position < range.end;) {
      const field = await reader.field(position, range.end, insideFailure(source));
      position = field.end;
      const index = numbers.indexOf(field.number);
      if (index < 0 || field.wireType !== WIRE_LENGTH_DELIMITED) continue;
      const bytes = new Uint8Array(Math.min(field.end - field.valueStart, 32));
      await reader.copy(field.valueStart, field.valueStart + bytes.length, bytes, 0);
      texts[index] = field.end - field.valueStart > bytes.length ? '…' : new TextDecoder().decode(bytes);
    }
  }
  return texts;
}

function cutOff(source: ByteSource, at: number): ProblemError {
  return problem('truncated-file', `“${source.name}” is cut off: what begins at byte ${at} does not end in it.`, {
    place: `byte ${at} of ${source.name}`,
    remedy: 'Download or export the model again.',
  });
}

function malformed(source: ByteSource, at: number, what: string): ProblemError {
  return problem('malformed-model', `“${source.name}” ${what} at byte ${at}.`, {
    place: `byte ${at} of ${source.name}`,
    remedy: 'Download or export the model again.',
  });
}

const WIRE_ERRORS: Readonly<Record<WireError, string>> = {
  overrun: 'has a part that is longer than what surrounds it',
  varint: 'has a number without end',
  tag: 'has an impossible field',
};

function insideFailure(source: ByteSource): WireFailure {
  return (error, at) => {
    throw malformed(source, at, WIRE_ERRORS[error]);
  };
}
