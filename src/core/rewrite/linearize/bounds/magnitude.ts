/**
 * |A| r, from how A v is written. A map is written once, as nodes; its magnitude is written by walking those nodes again
 * and taking every coefficient by its absolute value and every difference as a sum. What comes out is at least |A| r
 * (equal where the parts of A do not cancel), so that intervals stay sound whatever a rule is composed of.
 */
import type { LinearMap } from '../linear-map.js';
import type { Trace, WrittenNode } from './written.js';

export interface Magnitude {
  /** Name of |A| r. */
  readonly result: string;
  /** Whether every element of the result is an element of r, or 0: nothing was computed, nothing was rounded. */
  readonly moves: boolean;
}

/** One operand carries the value, all others are coefficients. */
const PRODUCTS: ReadonlySet<string> = new Set(['Mul', 'MatMul', 'Gemm', 'Conv', 'ConvTranspose', 'Einsum', 'Div']);
/** Elements are added up with weights that are not negative. */
const SUMS: ReadonlySet<string> = new Set(['Add', 'ReduceSum', 'ReduceMean', 'CumSum', 'ScatterElements', 'Cast']);
/** Elements are moved; the masked, padded and scattered become 0. */
const MOVES: ReadonlySet<string> = new Set(
  'Identity Reshape Transpose Expand Gather GatherElements Slice Squeeze Unsqueeze Concat Pad Where'.split(' '),
);

/** @param r magnitudes, [seeds, ...shape]. @returns undefined where a node is not known to be linear. */
export function writeMagnitude({ writer, nodes }: Trace, map: LinearMap, r: string): Magnitude | undefined {
  const first = nodes.length;
  const written = map.forward(r);
  const twins = new Map([[r, r]]);
  let moves = true;
  for (const node of nodes.slice(first)) {
    // Sizes of a value are no part of its map.
    if (node.opType === 'Shape' || !node.inputs.some((input) => twins.has(input))) continue;
    const twin = node.opaque ? undefined : twinOf(node);
    if (twin === undefined) return undefined;
    moves &&= MOVES.has(node.opType);
    twins.set(node.outputs[0] ?? '', twin);
  }
  const result = twins.get(written);
  return result === undefined ? undefined : { result, moves };

  function twinOf({ opType, inputs, attributes }: WrittenNode): string | undefined {
    const carried = inputs.map((input) => twins.get(input));
    const kept = inputs.map((input, at) => carried[at] ?? input);
    if (PRODUCTS.has(opType)) {
      const alone = carried.filter((each) => each !== undefined).length === 1;
      if (!alone || (opType === 'Div' && carried[0] === undefined)) return undefined;
      const factors = inputs.map((input, at) => carried[at] ?? writer.node('Abs', [input]));
      return writer.node(opType, factors, attributes);
    }
    if (opType === 'Neg') return carried[0];
    if (opType === 'Sub' || opType === 'Add') {
      return carried.every((each) => each !== undefined) ? writer.node('Add', kept) : undefined;
    }
    return SUMS.has(opType) || MOVES.has(opType) ? writer.node(opType, kept, attributes) : undefined;
  }
}
