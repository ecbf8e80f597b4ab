/** Memory that activations take: of each node, and the most that is alive at once. */
import type { Graph, GraphNode } from '../graph/graph.js';
import type { ConcreteShapes } from '../rewrite/infer-shapes.js';
import { elementCount } from '../tensor/tensor.js';

const BITS: Readonly<Record<string, number>> = {
  float64: 64,
  int64: 64,
  uint64: 64,
  float32: 32,
  int32: 32,
  uint32: 32,
  float16: 16,
  bfloat16: 16,
  int16: 16,
  uint16: 16,
  int8: 8,
  uint8: 8,
  bool: 8,
  int4: 4,
  uint4: 4,
};

/** Undefined where type or shape is not known. */
export function bytesOf(value: string, shapes: ConcreteShapes): number | undefined {
  const shape = shapes.shapeOf(value);
  const bits = BITS[shapes.typeOf(value) ?? ''];
  return shape === undefined || bits === undefined ? undefined : Math.ceil((elementCount(shape) * bits) / 8);
}

export interface PeakMemory {
  readonly bytes: number;
  /** The node at which it is reached. */
  readonly node: GraphNode | undefined;
}

/**
 * The most bytes of activations alive at once, when nodes run in topological order, each value lives from the node that
 * makes it to the last that reads it (the graph's outputs to the end), and none shares memory with another. Weights are
 * not counted, graph inputs are.
 */
export function peakMemory(graph: Graph, shapes: ConcreteShapes): PeakMemory {
  const position = new Map(graph.order.map((node, at) => [node, at]));
  const isWeight = (value: string): boolean => graph.initializer(value) !== undefined;
  const lastUse = (value: string): number =>
    graph.isOutput(value)
      ? Infinity
      : graph.consumersOf(value).reduce((last, reader) => Math.max(last, position.get(reader) ?? 0), -1);
  const endings = new Map<number, number>();
  let alive = 0;
  let peak: PeakMemory = { bytes: 0, node: undefined };
  const begin = (value: string, at: number): void => {
    if (value === '' || isWeight(value)) return;
    const bytes = bytesOf(value, shapes) ?? 0;
    alive += bytes;
    const end = Math.max(at, lastUse(value));
    if (Number.isFinite(end)) endings.set(end, (endings.get(end) ?? 0) + bytes);
  };
  for (const { name } of graph.inputs) begin(name, 0);
  graph.order.forEach((node, at) => {
    for (const output of node.outputs) begin(output, at);
    if (alive > peak.bytes) peak = { bytes: alive, node };
    alive -= endings.get(at) ?? 0;
  });
  return peak;
}
