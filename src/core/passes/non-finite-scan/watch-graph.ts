/** Every value of a graph watched for numbers that are none: two counts and one size each, in three outputs. */
import { TensorProto_DataType as DataType, type ModelProto } from '../../formats/onnx/onnx_pb.js';
import type { Graph, GraphNode } from '../../graph/graph.js';
import { layersOfEveryValue } from '../../graph/layer-detection.js';
import { graphWriter } from '../../rewrite/graph-writer.js';
import { prune } from '../../rewrite/prune.js';
import type { NamedTensors } from '../../tensor/tensor.js';

export interface WatchedNode {
  readonly value: string;
  readonly node: GraphNode;
}

/** What one run showed of each watched value. */
export interface Sighting {
  /** Entries that are NaN or +∞. */
  readonly broken: Float32Array;
  /** Entries that are −∞. */
  readonly negative: Float32Array;
  /** Largest |h| of the entries that are finite. */
  readonly largest: Float32Array;
}

export interface WatchGraph {
  readonly model: ModelProto;
  /** In an order in which they can be computed. */
  readonly watched: readonly WatchedNode[];
  read(outputs: NamedTensors): Sighting;
}

/** Nodes as they are written here exist from this operator set on. */
export const OLDEST_OPSET = 9;
const LARGEST_FLOAT32 = 3.4028234663852886e38;

export function watchGraph(graph: Graph): WatchGraph {
  const watched = layersOfEveryValue(graph).flatMap(({ value }): WatchedNode[] => {
    const node = graph.producerOf(value);
    return node === undefined ? [] : [{ value, node }];
  });
  const writer = graphWriter(graph.model);
  const flat = writer.ints([-1]);
  const one = writer.ints([1]);
  const zero = writer.node('Reshape', [writer.float(0), one]);
  const count = (test: string): string =>
    writer.node('Reshape', [writer.node('ReduceSum', [writer.castToFloat(test)], { keepdims: 0 }), one]);
  const columns = watched.map(({ value }) => {
    // A value may be empty (a cache at its start), and nothing has no largest entry.
    const entries = writer.node('Concat', [writer.node('Reshape', [writer.castToFloat(value), flat]), zero], {
      axis: 0,
    });
    const magnitudes = writer.node('Abs', [entries]);
    const isFinite = writer.node('Less', [magnitudes, writer.float(Infinity)]);
    return {
      // Of all numbers only NaN and +∞ are not below +∞.
      broken: count(writer.node('Not', [writer.node('Less', [entries, writer.float(Infinity)])])),
      negative: count(writer.node('Less', [entries, writer.float(-LARGEST_FLOAT32)])),
      largest: writer.node('Reshape', [
        writer.node('ReduceMax', [writer.node('Where', [isFinite, magnitudes, zero])], { keepdims: 0 }),
        one,
      ]),
    };
  });
  const joined = (of: (column: (typeof columns)[number]) => string): string =>
    writer.node('Concat', columns.map(of), { axis: 0 });
  const [broken, negative, largest] = [
    joined((column) => column.broken),
    joined((column) => column.negative),
    joined((column) => column.largest),
  ];
  const read = (outputs: NamedTensors, name: string): Float32Array => {
    const data = outputs[name]?.data;
    if (!(data instanceof Float32Array)) throw new Error(`The engine did not return “${name}” as float32.`);
    return data;
  };
  return {
    model: prune(writer.extend(graph.model), [broken, negative, largest]),
    watched,
    read: (outputs) => ({
      broken: read(outputs, broken),
      negative: read(outputs, negative),
      largest: read(outputs, largest),
    }),
  };
}

/** Operators that make −∞ by accident; others pass on, or write, that of a mask. */
const COMPUTING = new Set([
  'Log',
  'Div',
  'Reciprocal',
  'Pow',
  'MatMul',
  'Gemm',
  'Conv',
  'ConvTranspose',
  'ReduceSum',
  'ReduceMean',
  'BatchNormalization',
  'LayerNormalization',
  'Tan',
  'Atanh',
]);

/** Whether a value went wrong in a run: NaN or +∞ anywhere, −∞ where a computation and no mask made it. */
export function wentWrong({ broken, negative }: Sighting, watched: readonly WatchedNode[], at: number): boolean {
  if ((broken[at] as number) > 0) return true;
  const own = watched[at];
  if (own === undefined || (negative[at] as number) === 0 || !COMPUTING.has(own.node.opType)) return false;
  return !watched.some(({ value }, index) => (negative[index] as number) > 0 && own.node.inputs.includes(value));
}

/** float32 of a half or double, for reading a node's own inputs. */
export function floatCopies(
  graph: Graph,
  values: readonly string[],
): { model: ModelProto; outputs: readonly string[] } {
  const writer = graphWriter(graph.model);
  const outputs = values.map((value) => writer.node('Cast', [value], { to: DataType.FLOAT }));
  return { model: prune(writer.extend(graph.model), outputs), outputs };
}
