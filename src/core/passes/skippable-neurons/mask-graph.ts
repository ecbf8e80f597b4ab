/** Networks whose small neurons are skipped, with thresholds as inputs: one session serves every step of a search. */
import { TensorProto_DataType as DataType, type ModelProto } from '../../formats/onnx/onnx_pb.js';
import type { MlpBlock } from '../../graph/roles/roles.js';
import { graphWriter, type GraphWriter } from '../../rewrite/graph-writer.js';
import { makeNode, makeValueInfo } from '../../rewrite/nodes.js';
import { spliceNodes } from '../../rewrite/splice-nodes.js';
import type { NamedTensors } from '../../tensor/tensor.js';
import { LEAST_POSITIVE } from './cett.js';
import type { MaskedLayer, Place } from './masked-layers.js';

/**
 * What a neuron is skipped for:
 * output: |n_i| = |a_i| · |W[:,i]| below its layer's threshold (CETT);
 * activation: |s_i|, the output of the activation function, below it (FAT-ε, FATReLU; CATS with ≤);
 * top: |s_i| below that of the k-th largest at its token;
 * shift: nothing is below anything: max(s_i − b, 0) takes the place of s_i (shifted ReLU), and skips what it makes 0;
 * rectified: FATReLU takes the place of a smooth function: what goes into it, z_i, where z_i > T, and else 0 (methods C4).
 */
export type Criterion = 'output' | 'activation' | 'top' | 'shift' | 'rectified';

/** One number per layer: thresholds, shifts; for `top`, how many neurons are kept. */
const LEVELS = 'levels of skipping';

export interface MaskGraph {
  readonly model: ModelProto;
  /** float32 [1, neurons] by layer: how often each neuron was kept, over the sites that count. */
  readonly kept: readonly string[];
  feeds(levels: ArrayLike<number>): NamedTensors;
}

/** Name of the input that says which sites of a run count: float32 [1, rows · sites], 1 or 0. */
export function countedSites(sites: number): string {
  return `counted sites of ${sites}`;
}

/** @param model at an operator set of 18 or later. */
export function maskGraph(model: ModelProto, layers: readonly MaskedLayer[], criterion: Criterion): MaskGraph {
  const placeOf = (layer: MaskedLayer): Place => (criterion === 'output' ? layer.output : layer.activation);
  const byValue = new Map(layers.map((layer, index) => [placeOf(layer).value, { layer, index }]));
  const kept: string[] = [];
  const spliced = spliceNodes(model, [...byValue.keys()], (writer, computed, value) => {
    const found = byValue.get(value);
    if (found === undefined) return computed;
    const { layer, index } = found;
    const place = placeOf(layer);
    const level = levelOf(writer, index, criterion);
    const from = criterion === 'rectified' ? (layer.before ?? computed) : computed;
    const mask =
      criterion === 'shift' || criterion === 'rectified'
        ? writer.node('Greater', [writer.castToFloat(from), level])
        : keptMask(writer, computed, { layer, place, level, criterion });
    const keeps = writer.castToFloat(mask);
    kept[index] = countKept(writer, keeps, place, layer);
    const rest = criterion === 'shift' ? writer.node('Sub', [from, writer.node('CastLike', [level, from])]) : from;
    // What is skipped is finite, so that a product with 0 is 0; NaN and infinity are kept. Faster than Where.
    return writer.node('Mul', [rest, writer.node('CastLike', [keeps, computed])]);
  });
  const type = criterion === 'top' ? DataType.INT64 : DataType.FLOAT;
  const inputs = [makeValueInfo(LEVELS, type, [layers.length]), ...siteInputs(layers)];
  return {
    model: withInputs(spliced, inputs),
    kept,
    feeds: (levels) => ({
      [LEVELS]:
        criterion === 'top'
          ? { type: 'int64', dims: [layers.length], data: BigInt64Array.from(Array.from(levels), BigInt) }
          : { type: 'float32', dims: [layers.length], data: Float32Array.from(levels) },
    }),
  };
}

/** Inputs that say which sites count, one for each number of sites that layers have. */
function siteInputs(layers: readonly MaskedLayer[]): ReturnType<typeof makeValueInfo>[] {
  const sizes = new Set(layers.map(({ sites }) => sites));
  return [...sizes].map((sites) =>
    makeValueInfo(countedSites(sites), DataType.FLOAT, [1, `${countedSites(sites)} of a run`]),
  );
}

function withInputs(model: ModelProto, inputs: ReturnType<typeof makeValueInfo>[]): ModelProto {
  const { graph } = model;
  return graph === undefined ? model : { ...model, graph: { ...graph, input: [...graph.input, ...inputs] } };
}

/** The level of one layer: without axes, or, as TopK takes it, with one. */
function levelOf(writer: GraphWriter, index: number, criterion: Criterion): string {
  const at = criterion === 'top' ? writer.ints([index]) : writer.int(index);
  return writer.node('Gather', [LEVELS, at], { axis: 0 });
}

/** bool: true where a neuron is kept; NaN is kept, and goes on as it was. */
function keptMask(
  writer: GraphWriter,
  computed: string,
  { layer, place, level, criterion }: { layer: MaskedLayer; place: Place; level: string; criterion: Criterion },
): string {
  const size = writer.node('Abs', [writer.castToFloat(computed)]);
  if (criterion === 'top') {
    const [largest = ''] = writer.copy(makeNode('TopK', [], [], { axis: place.unitAxis }), [size, level], 2);
    const least = writer.node('ReduceMin', [largest, writer.ints([place.unitAxis])], { keepdims: 1 });
    // Where fewer than k fire, what is exactly 0 is skipped all the same.
    const atLeast = writer.node('Max', [least, writer.float(LEAST_POSITIVE)]);
    return writer.node('Not', [writer.node('Less', [size, atLeast])]);
  }
  const norms = criterion === 'output' ? outgoingNorms(writer, layer) : undefined;
  const compared = norms === undefined ? size : writer.node('Mul', [size, norms]);
  return writer.node('Not', [writer.node('Less', [compared, level])]);
}

/** |W[:,i]|² of what goes out of each neuron; the weights as float32, and their axes but that of the neurons. */
export function outgoingSquares(
  writer: GraphWriter,
  { weight, inputAxis }: MlpBlock['down'],
): { readonly values: string; readonly others: readonly number[]; readonly squares: string } {
  const values = writer.castToFloat(weight.value);
  const others = weight.dims.flatMap((_, axis) => (axis === inputAxis ? [] : [axis]));
  return { values, others, squares: writer.reduce('ReduceSum', writer.node('Mul', [values, values]), others) };
}

/** |W[:,i]| of what goes out of each neuron, in a shape that spreads over the value; undefined where weights count nothing. */
function outgoingNorms(writer: GraphWriter, { block, output, neurons }: MaskedLayer): string | undefined {
  if (block === undefined) return undefined;
  const { squares } = outgoingSquares(writer, block.down);
  const behind = Array.from({ length: output.rank - 1 - output.unitAxis }, () => 1);
  return writer.node('Reshape', [writer.node('Sqrt', [squares]), writer.ints([neurons, ...behind])]);
}

/** [rows · sites, neurons]: sites of one example after those of the example before. */
export function siteRows(writer: GraphWriter, value: string, { rank, unitAxis }: Place, neurons: number): string {
  const others = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== unitAxis);
  const last = unitAxis === rank - 1 ? value : writer.node('Transpose', [value], { perm: [...others, unitAxis] });
  return writer.node('Reshape', [last, writer.ints([-1, neurons])]);
}

function countKept(writer: GraphWriter, keeps: string, place: Place, { sites, neurons }: MaskedLayer): string {
  const rows = siteRows(writer, keeps, place, neurons);
  return writer.node('MatMul', [countedSites(sites), rows]);
}

/** Name of the input that says which sites of a run are copied out: int64 [sampled]. */
export function sampledSites(sites: number): string {
  return `sampled sites of ${sites}`;
}

export interface SampleGraph {
  readonly model: ModelProto;
  /** float32 [sampled, neurons] by layer: what goes into the outgoing weights, and what the activation function gave. */
  readonly outputs: readonly string[];
  readonly activations: readonly string[];
}

/** The network as it is, with the neurons of some sites as outputs. */
export function sampleGraph(model: ModelProto, layers: readonly MaskedLayer[]): SampleGraph {
  const writer = graphWriter(model);
  const sampled = ({ neurons, sites }: MaskedLayer, place: Place): string =>
    writer.castToFloat(
      writer.node('Gather', [siteRows(writer, place.value, place, neurons), sampledSites(sites)], { axis: 0 }),
    );
  const outputs = layers.map((layer) => sampled(layer, layer.output));
  const activations = layers.map((layer, index) =>
    layer.activation.value === layer.output.value ? (outputs[index] as string) : sampled(layer, layer.activation),
  );
  const sizes = new Set(layers.map(({ sites }) => sites));
  const inputs = [...sizes].map((sites) => makeValueInfo(sampledSites(sites), DataType.INT64, [sampledSites(sites)]));
  return { model: withInputs(writer.extend(model), inputs), outputs, activations };
}
