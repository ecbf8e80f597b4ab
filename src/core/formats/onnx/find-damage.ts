import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf';
import type { ByteSource } from '../../bytes/byte-source.js';
import { ModelProtoSchema } from './onnx_pb.js';
import { WIRE_32_BIT, WIRE_64_BIT, WIRE_LENGTH_DELIMITED, WIRE_VARINT, wireReader, type WireReader } from './wire.js';

/** The protobuf libraries' own limit. */
const MAXIMUM_DEPTH = 100;

/**
 * The offset of the first field of a model that is no field of its message: what the decoder, which does not say where
 * it stopped, could not decode. Undefined where every field could be one.
 */
export async function findDamage(source: ByteSource): Promise<number | undefined> {
  return damageIn(wireReader(source), ModelProtoSchema, 0, source.size, 0);
}

async function damageIn(
  reader: WireReader,
  message: DescMessage,
  start: number,
  end: number,
  depth: number,
): Promise<number | undefined> {
  if (depth > MAXIMUM_DEPTH) return start;
  for (let position = start; position < end;) {
    let isField = true;
    const field = await reader
      .field(position, end, () => {
        isField = false;
        throw new Error('It is no field.');
      })
      .catch((error: unknown) => {
        if (isField) throw error;
        return undefined;
      });
    if (field === undefined) return position;
    const described = message.fields.find(({ number }) => number === field.number);
    if (described !== undefined && !wireTypesOf(described).includes(field.wireType)) return position;
    const inner = described?.message;
    if (inner !== undefined) {
      const damage = await damageIn(reader, inner, field.valueStart, field.end, depth + 1);
      if (damage !== undefined) return damage;
    }
    position = field.end;
  }
  return undefined;
}

/** How a field may be written; lists of numbers also packed. */
function wireTypesOf({ fieldKind, scalar, enum: enumeration }: DescField): readonly number[] {
  if (scalar === undefined && enumeration === undefined) return [WIRE_LENGTH_DELIMITED];
  const single = scalar === undefined ? WIRE_VARINT : wireTypeOf(scalar);
  return fieldKind === 'list' ? [single, WIRE_LENGTH_DELIMITED] : [single];
}

function wireTypeOf(scalar: ScalarType): number {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WIRE_LENGTH_DELIMITED;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WIRE_64_BIT;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WIRE_32_BIT;
    default:
      return WIRE_VARINT;
  }
}
