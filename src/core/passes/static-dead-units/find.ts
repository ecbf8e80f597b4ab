/** Which units are dead, constant or useless whatever the input, by their weights alone: methods D1, static part. */
import { onlyActivation } from '../../graph/activations/only-activation.js';
import { attributeFloat } from '../../graph/attributes.js';
import type { GraphNode } from '../../graph/graph.js';
import { storedNumbers } from '../../tensor/stored-type.js';
import { elementCount } from '../../tensor/tensor.js';
import type { FileSubject, NetworkSubject } from '../pass.js';
import { zeroLines } from '../zero-lines.js';
import { readUnits } from '../unit-weights.js';
import { onward, unitLayer, type UnitLayer } from './unit-layer.js';

export interface StaticUnits extends UnitLayer {
  /** All incoming weights are zero and an activation function makes 0 of what is left. */
  readonly dead: readonly number[];
  /** All incoming weights are zero, and something else than 0 is left: the same for every input. */
  readonly constant: readonly number[];
  /** Alive as far as their own weights tell, but every weight that reads them is zero. */
  readonly useless: readonly number[];
  /** The activation layer that they are units of, if an activation function alone reads them. */
  readonly activation?: string;
}

/** What is read of the file. */
type Weights = Pick<FileSubject, 'tensors' | 'statistics' | 'signal'>;
type Network = Pick<NetworkSubject, 'graph' | 'tensorOf'>;

/** Layers in the order of the graph, those without anything to say included. @throws as reading does; CancelledError. */
export async function findStaticUnits(subject: Weights, network: Network): Promise<StaticUnits[]> {
  const layers = network.graph.order.flatMap((node) => unitLayer(network.graph, node) ?? []);
  const zeros = zeroReader(subject, network);
  const found: StaticUnits[] = [];
  for (const layer of layers) {
    const emptied = await zeros(layer, 'outputAxis');
    const rows = indicesOf(emptied);
    const { output, left } = await leftOver(subject, network, layer, rows);
    const activation = onlyActivation(network.graph, output);
    const isDead = (unit: number): boolean => activation?.makesZero(left.get(unit) ?? NaN) === true;
    const unread = await unreadUnits(network, layer, zeros);
    found.push({
      ...layer,
      dead: rows.filter(isDead),
      constant: rows.filter((unit) => !isDead(unit)),
      useless: unread.filter((unit) => emptied?.[unit] !== 1),
      ...(activation === undefined ? {} : { activation: activation.value }),
    });
  }
  return found;
}

type ZeroReader = (layer: UnitLayer, axis: 'outputAxis' | 'inputAxis') => Promise<Uint8Array | undefined>;

function zeroReader({ tensors, statistics, signal }: Weights, { tensorOf }: Network): ZeroReader {
  return async (layer, which) => {
    const axis = layer[which];
    const index = tensorOf(layer.weights);
    const tensor = index === undefined ? undefined : tensors[index];
    if (axis === undefined || index === undefined || tensor === undefined) return undefined;
    const found = await statistics(index);
    return found && (await zeroLines(tensor, found, signal))[axis];
  };
}

/** What units without weights have for a value when it comes to their activation function, and the value's name. */
async function leftOver(
  subject: Weights,
  network: Network,
  layer: UnitLayer,
  units: readonly number[],
): Promise<{ readonly output: string; readonly left: ReadonlyMap<number, number> }> {
  const { graph } = network;
  const constant = (value: string | undefined): Promise<Float32Array | Float64Array> =>
    readConstant(subject, network, value ?? '');
  let output = layer.node.outputs[0] ?? '';
  const bias = layer.bias === undefined || units.length === 0 ? undefined : await constant(layer.bias);
  const scale = layer.node.opType === 'Gemm' ? (attributeFloat(layer.node, 'beta') ?? 1) : 1;
  const left = new Map(units.map((unit) => [unit, bias === undefined ? 0 : scale * at(bias, unit)]));
  const passed = new Set<GraphNode>();
  for (;;) {
    const next = onward(graph, output, layer);
    if (next === undefined || passed.has(next.node)) return { output, left };
    passed.add(next.node);
    output = next.node.outputs[0] ?? '';
    if (units.length === 0) continue;
    if (next.kind === 'addition') {
      const added = await constant(next.constant);
      for (const unit of units) left.set(unit, (left.get(unit) ?? 0) + at(added, unit));
      continue;
    }
    const { scale: gamma, shift: beta, mean, variance, epsilon } = next;
    const [scales, shifts, means, variances] = await Promise.all([gamma, beta, mean, variance].map(constant));
    if (scales === undefined || shifts === undefined || means === undefined || variances === undefined) continue;
    for (const unit of units) {
      const centred = (left.get(unit) ?? 0) - at(means, unit);
      left.set(unit, (centred * at(scales, unit)) / Math.sqrt(at(variances, unit) + epsilon) + at(shifts, unit));
    }
  }
}

/** A list of one number for each unit, or one for all of them. NaN where there is none. */
function at(list: Float32Array | Float64Array, unit: number): number {
  return list[list.length === 1 ? 0 : unit] ?? NaN;
}

async function readConstant(
  { tensors }: Weights,
  { tensorOf }: Network,
  value: string,
): Promise<Float32Array | Float64Array> {
  const tensor = tensors[tensorOf(value) ?? -1];
  if (tensor?.values === undefined) return new Float64Array(0);
  return storedNumbers(tensor.values.type, await tensor.values.read(0, elementCount(tensor.dims)));
}

/** Units that every layer behind them multiplies by zero; none where something else reads them. */
async function unreadUnits({ graph }: Network, layer: UnitLayer, zeros: ZeroReader): Promise<number[]> {
  const readers = readUnits(graph, layer.node.outputs[0] ?? '', layer)?.readers ?? [];
  let unread: Uint8Array | undefined;
  for (const reader of readers) {
    const columns = await zeros(reader, 'inputAxis');
    if (columns === undefined) return [];
    unread = unread === undefined ? columns.slice() : unread.map((all, unit) => all & (columns[unit] ?? 0));
  }
  return indicesOf(unread);
}

function indicesOf(mask: Uint8Array | undefined): number[] {
  return Array.from(mask ?? []).flatMap((flag, index) => (flag === 1 ? [index] : []));
}
