/** Runs the graph of a coder over rows, as many at a time as leave room for their features. */
import { breathe } from '../breathe.js';
import { problem } from '../errors.js';
import type { Session } from '../engine/engine.js';
import type { NamedTensors } from '../tensor/tensor.js';
import { totalWidth, type Coder } from './coder.js';
import { CODER_INPUT } from './graphs/coder-model.js';

/** Numbers of features that are held at once. */
const TILE_NUMBERS = 8 * 2 ** 20;

/**
 * @param session of a graph of coder-model.ts. @param rows row-major [tokens, width of what is read].
 * @param see told of every tile in the order of the rows, with the number of its first row.
 * @throws ProblemError as running does.
 */
export async function runTiles(
  session: Session,
  { reads, features }: Pick<Coder, 'reads' | 'features'>,
  rows: Float32Array,
  see: (outputs: NamedTensors, firstRow: number) => void | Promise<void>,
): Promise<void> {
  const width = totalWidth(reads);
  const most = Math.max(1, Math.floor(TILE_NUMBERS / features));
  const count = rows.length / width;
  for (let first = 0; first < count; first += most) {
    const some = Math.min(most, count - first);
    const data = rows.slice(first * width, (first + some) * width);
    await see(await session.run({ [CODER_INPUT]: { type: 'float32', dims: [some, width], data } }), first);
    if (first + some < count) await breathe();
  }
}

/** One output of a tile. @throws ProblemError `engine-failed` where it holds no float32. */
export function tileNumbers(outputs: NamedTensors, name: string): Float32Array {
  const data = outputs[name]?.data;
  if (data instanceof Float32Array) return data;
  throw problem('engine-failed', 'The engine gave no numbers of the dictionary.');
}
