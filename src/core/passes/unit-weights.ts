/** What the weights around activation layers say of their units: who reads them, and how strongly. */
import type { Graph } from '../graph/graph.js';
import type { WeightTensor } from '../formats/tensor-file.js';
import { elementCount } from '../tensor/tensor.js';
import { magnitudeSums } from '../weights/magnitude-sums.js';
import type { Task } from '../weights/stream.js';
import { handedOn, unitLayer, type UnitLayer, type Units } from './static-dead-units/unit-layer.js';

export interface UnitWeights {
  /** By layer: units that no input can wake, by their incoming weights and biases (methods D1, static dead). */
  readonly dead: ReadonlyMap<string, readonly number[]>;
  /** By layer: the weights that read its units. Absent where something else reads them, too. */
  readonly outgoing: ReadonlyMap<string, OutgoingWeights>;
}

export interface OutgoingWeights {
  /** The value that they multiply: the layer's own, or its product with a gate. */
  readonly of: string;
  /** Σ |w| over the weights that each unit is multiplied by. */
  readonly sums: Float64Array;
  /** How many weights those are, for each unit. */
  readonly count: number;
}

/** Where the units of a layer meet the next weights. */
export interface ReadUnits {
  /** The value that is multiplied: the layer's own, or its product with a gate. */
  readonly value: string;
  readonly gated: boolean;
  readonly readers: readonly UnitLayer[];
}

/**
 * Follows units to the weights that multiply them, unit by unit, also through the product with a gate (the second half of
 * a gated block) or with the other half. Undefined where anything but weights reads them.
 */
export function readUnits(graph: Graph, layer: string, units: Units): ReadUnits | undefined {
  const own = readersOf(graph, layer, units);
  if (own !== undefined) return { value: layer, gated: false, readers: own };
  const at = handedOn(graph, layer, units);
  const [product, ...others] = at === undefined ? [] : graph.consumersOf(at);
  if (product?.opType !== 'Mul' || product.domain !== '' || others.length > 0) return undefined;
  if (product.inputs.some((input) => graph.initializer(input) !== undefined)) return undefined;
  const value = product.outputs[0] ?? '';
  const readers = readersOf(graph, value, units);
  return readers && { value, gated: true, readers };
}

function readersOf(graph: Graph, value: string, units: Units): UnitLayer[] | undefined {
  const at = handedOn(graph, value, units);
  const consumers = at === undefined ? [] : graph.consumersOf(at);
  const readers = consumers.flatMap((node) => {
    const reader = unitLayer(graph, node);
    const fits =
      reader?.inputs === units.units && reader.inputAxis !== undefined && node.inputs.indexOf(at ?? '') === 0;
    return fits ? [reader] : [];
  });
  return readers.length > 0 && readers.length === consumers.length ? readers : undefined;
}

/**
 * @param tensorOf the weights that a value of the graph is.
 * @returns undefined where their numbers cannot be read. @throws as reading does; CancelledError.
 */
export async function outgoingWeights(
  { value, readers }: ReadUnits,
  tensorOf: (value: string) => WeightTensor | undefined,
  task: Task,
): Promise<OutgoingWeights | undefined> {
  let sums: Float64Array | undefined;
  let count = 0;
  for (const { weights, inputAxis = 0, inputs } of readers) {
    const tensor = tensorOf(weights);
    if (tensor?.values === undefined) return undefined;
    const own = await magnitudeSums(tensor, inputAxis, task);
    sums = sums === undefined ? own : sums.map((sum, unit) => sum + (own[unit] as number));
    count += elementCount(tensor.dims) / inputs;
  }
  return sums && { of: value, sums, count };
}
