import type { ByteSource } from '../../bytes/byte-source.js';
import { MODEL_WIRE_TYPES } from './skim.js';
import { wireReader, type WireError } from './wire.js';

const IR_VERSION = 1;
const GRAPH = 7;
const FUNCTIONS = 25;
/** A model has some ten fields of its own, and one for each of its functions. */
const FIELDS_LOOKED_AT = 200;

/** ONNX has no signature: whether the fields of the outermost message are those of a model, possibly of one cut off. */
export async function looksLikeOnnx(source: ByteSource): Promise<boolean> {
  const reader = wireReader(source);
  const seen = new Set<number>();
  let failure: WireError | undefined;
  let position = 0;
  for (let count = 0; count < FIELDS_LOOKED_AT && position < source.size; count++) {
    try {
      const { number, wireType, end } = await reader.field(position, source.size, (error) => {
        failure = error;
        throw new Error(error);
      });
      if ((MODEL_WIRE_TYPES[number] ?? wireType) !== wireType) return false;
      seen.add(number);
      position = end;
    } catch (error) {
      if (failure === undefined) throw error;
      // What was cut off ends inside its graph, most of all.
      return failure === 'overrun' && seen.has(IR_VERSION);
    }
  }
  return seen.has(IR_VERSION) && (seen.has(GRAPH) || seen.has(FUNCTIONS));
}
