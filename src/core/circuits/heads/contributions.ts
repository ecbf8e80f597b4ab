/** What heads hand over, token by token: the values that patterns weigh, times what a direction reads of them. */
import type { KnownShapes } from '../../rewrite/linearize/plan.js';
import { floatsOf, floatTensor, isFloatType } from '../../tensor/floats.js';
import { elementCount, type NamedTensors, type Tensor } from '../../tensor/tensor.js';
import type { Reading } from '../intervention.js';
import type { CutHeads } from './cut-heads.js';

export interface HeadContribution {
  /** L of “blocks.L”. */
  readonly layer: number;
  /** Of the heads that have values of their own. */
  readonly head: number;
  /** The token whose value is weighed. */
  readonly source: number;
  readonly contribution: number;
  /** pattern[dst, src]; absent where the pattern is no value of the graph, or several heads share the value. */
  readonly attention?: number;
}

/** One direction at one position, zero elsewhere: [1, ...shape of the value]. */
export function seedAt(shapes: KnownShapes, { value, position, direction }: Reading): Tensor {
  const type = shapes.typeOf(value);
  const dims = shapes.shapeOf(value) ?? [];
  if (!isFloatType(type)) throw new Error(`“${value}” holds no floating-point numbers.`);
  const seed = new Float32Array(elementCount(dims));
  seed.set(direction, position * direction.length);
  return floatTensor(type, [1, ...dims], seed);
}

/**
 * What each head hands over of each token along a direction.
 * @param row of the map from the values to the direction, as the values are laid out. @param results with these values, and
 *   the pattern where there is one.
 */
export function contributionsOf(
  { layer, value, pattern, heads, depth, sharing, at }: CutHeads,
  row: Float32Array,
  results: NamedTensors,
  position: number,
  positions: number,
): HeadContribution[] {
  const weighed = floatsOf(given(results, value));
  const weights = pattern === undefined || sharing > 1 ? undefined : floatsOf(given(results, pattern));
  const found: HeadContribution[] = [];
  for (let head = 0; head < heads; head++) {
    for (let source = 0; source < positions; source++) {
      const first = at(head, source);
      let contribution = 0;
      for (let k = first; k < first + depth; k++) contribution += (row[k] as number) * (weighed[k] as number);
      // A later token has no way to an earlier one: nothing, and no line in a table.
      if (contribution === 0) continue;
      const attention = weights?.[(head * positions + position) * positions + source];
      found.push({ layer, head, source, contribution, ...(attention === undefined ? {} : { attention }) });
    }
  }
  return found;
}

export function given(tensors: NamedTensors, name: string): Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`The engine did not give “${name}”.`);
  return tensor;
}
