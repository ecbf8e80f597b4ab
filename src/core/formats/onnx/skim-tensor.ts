/** One tensor of the skeleton: its payload becomes a reference where it is large. Field numbers are TensorProto's. */
import { TensorProto_DataLocation as DataLocation, TensorProto_DataType as DataType } from './onnx_pb.js';
import { LARGE_PAYLOAD_BYTES, skeletonPlan, type Range, type SkeletonPlan } from './skeleton-plan.js';
import {
  encodeTag,
  encodeVarint,
  WIRE_LENGTH_DELIMITED,
  WIRE_VARINT,
  type WireFailure,
  type WireField,
  type WireReader,
} from './wire.js';

const DATA_TYPE = 2;
const FLOAT_DATA = 4;
const RAW_DATA = 9;
const DOUBLE_DATA = 10;
const EXTERNAL_DATA = 13;
const DATA_LOCATION = 14;

/** Fields whose packed form has the very bytes of raw data, for these types of tensor. */
const PACKED_AS_RAW: Readonly<Record<number, readonly DataType[]>> = {
  [FLOAT_DATA]: [DataType.FLOAT, DataType.COMPLEX64],
  [DOUBLE_DATA]: [DataType.DOUBLE, DataType.COMPLEX128],
};

/**
 * Plans one tensor, given in one piece or in several that merge. Its values become a reference to `fileName` when they
 * lie in one large piece in the layout of raw data; a tensor whose values are external already keeps its reference.
 */
export async function planTensor(
  fileName: string,
  reader: WireReader,
  ranges: readonly Range[],
  fail: WireFailure,
): Promise<SkeletonPlan> {
  let dataType = 0;
  let external = false;
  let raw: WireField | undefined;
  const packed = new Map<number, { readonly first: WireField; count: number }>();
  await eachField(reader, ranges, fail, async (field) => {
    if (field.number === DATA_TYPE) dataType = await smallNumber(reader, field);
    else if (field.number === DATA_LOCATION) external = (await smallNumber(reader, field)) === DataLocation.EXTERNAL;
    else if (field.number === RAW_DATA) raw = field;
    else if (field.number in PACKED_AS_RAW) {
      const known = packed.get(field.number);
      if (known === undefined) packed.set(field.number, { first: field, count: 1 });
      else known.count++;
    }
  });

  const payload = external ? undefined : payloadOf(dataType, raw, packed);
  const plan = skeletonPlan();
  await eachField(reader, ranges, fail, (field) => {
    // Where values are said to lie elsewhere, raw data does not count; it is never carried along.
    const dropped =
      payload === undefined
        ? external && field.number === RAW_DATA
        : field.number === payload.number || [RAW_DATA, EXTERNAL_DATA, DATA_LOCATION].includes(field.number);
    if (!dropped) plan.copy(field.start, field.end);
  });
  if (payload !== undefined) {
    plan.bytes(externalEntry('location', fileName));
    plan.bytes(externalEntry('offset', String(payload.valueStart)));
    plan.bytes(externalEntry('length', String(payload.end - payload.valueStart)));
    plan.bytes(Uint8Array.from([...encodeTag(DATA_LOCATION, WIRE_VARINT), DataLocation.EXTERNAL]));
  }
  return plan;
}

/** The field that holds all of the tensor's values in the layout of raw data, if it is large. */
function payloadOf(
  dataType: number,
  raw: WireField | undefined,
  packed: ReadonlyMap<number, { readonly first: WireField; readonly count: number }>,
): WireField | undefined {
  const large = (field: WireField): WireField | undefined =>
    field.wireType === WIRE_LENGTH_DELIMITED && field.end - field.valueStart >= LARGE_PAYLOAD_BYTES ? field : undefined;
  if (dataType === DataType.STRING) return undefined;
  if (raw !== undefined && raw.end > raw.valueStart) return large(raw);
  for (const [number, { first, count }] of packed) {
    if (count === 1 && PACKED_AS_RAW[number]?.includes(dataType)) return large(first);
  }
  return undefined;
}

async function eachField(
  reader: WireReader,
  ranges: readonly Range[],
  fail: WireFailure,
  visit: (field: WireField) => Promise<void> | void,
): Promise<void> {
  for (const range of ranges) {
    for (let position = range.start; position < range.end;) {
      const field = await reader.field(position, range.end, fail);
      await visit(field);
      position = field.end;
    }
  }
}

/** Value of a one-byte number field; every data type and location is one byte long. */
async function smallNumber(reader: WireReader, field: WireField): Promise<number> {
  if (field.wireType !== WIRE_VARINT || field.end - field.valueStart !== 1) return 0;
  const value = new Uint8Array(1);
  await reader.copy(field.valueStart, field.end, value, 0);
  return value[0] ?? 0;
}

/** A StringStringEntryProto in the field `external_data`. */
function externalEntry(key: string, value: string): Uint8Array {
  const text = (field: number, bytes: Uint8Array): number[] => [
    ...encodeTag(field, WIRE_LENGTH_DELIMITED),
    ...encodeVarint(bytes.length),
    ...bytes,
  ];
  const encoder = new TextEncoder();
  const entry = [...text(1, encoder.encode(key)), ...text(2, encoder.encode(value))];
  return Uint8Array.from([...encodeTag(EXTERNAL_DATA, WIRE_LENGTH_DELIMITED), ...encodeVarint(entry.length), ...entry]);
}
