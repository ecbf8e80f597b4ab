/** What patching is measured by: one element of the end, or the difference of two. */
import { TensorProto_DataType as DataType, type ModelProto } from '../formats/onnx/onnx_pb.js';
import { floatTensor, type FloatType } from '../tensor/floats.js';
import { graphWriter } from '../rewrite/graph-writer.js';
import { makeValueInfo } from '../rewrite/nodes.js';
import { elementCount, type NamedTensors, type Tensor } from '../tensor/tensor.js';
import { numbersOf } from './subject.js';

export interface Metric {
  /** Flat position in the end of one example. */
  readonly output: number;
  /** Of the element that is taken off it. */
  readonly minus?: number;
}

export interface MetricGraph {
  readonly model: ModelProto;
  readonly output: string;
  /** What says which elements are read, for examples side by side in a run. */
  feeds(examples: number): NamedTensors;
  /** By example. */
  read(outputs: NamedTensors, examples: number): Float64Array;
}

const PLACES = 'places of the metric';

/** Only what the metric is made of leaves the engine: an end may be large. @param dims of one example. */
export function measure(
  model: ModelProto,
  end: { readonly value: string; readonly dims: readonly number[]; readonly exampleAxis: number | undefined },
  metric: Metric,
): MetricGraph {
  const writer = graphWriter(model);
  const output = writer.node('Gather', [writer.node('Reshape', [end.value, writer.ints([-1])]), PLACES], { axis: 0 });
  const elements = metric.minus === undefined ? [metric.output] : [metric.output, metric.minus];
  const extended = writer.extend(model);
  const { graph } = extended;
  const places = makeValueInfo(PLACES, DataType.INT64, [PLACES]);
  return {
    model: graph === undefined ? extended : { ...extended, graph: { ...graph, input: [...graph.input, places] } },
    output,
    feeds(examples) {
      const each = Array.from({ length: examples }, (_, example) =>
        elements.map((element) => placeOf(end.dims, element, end.exampleAxis, example, examples)),
      ).flat();
      return { [PLACES]: { type: 'int64', dims: [each.length], data: BigInt64Array.from(each, BigInt) } };
    },
    read(outputs, examples) {
      const numbers = numbersOf(outputs, output);
      const size = elements.length;
      return Float64Array.from({ length: examples }, (_, example) => {
        const value = numbers[example * size] ?? NaN;
        return size === 1 ? value : value - (numbers[example * size + 1] ?? NaN);
      });
    },
  };
}

/** The flat place of an element of one example in a value that holds several. */
function placeOf(
  dims: readonly number[],
  element: number,
  exampleAxis: number | undefined,
  example: number,
  examples: number,
): number {
  if (exampleAxis === undefined) return element;
  const behind = elementCount(dims.slice(exampleAxis + 1));
  return Math.floor(element / behind) * examples * behind + example * behind + (element % behind);
}

/** The derivative of the metric by the end, [1, ...dims]. */
export function metricSeed(
  { type, dims }: { readonly type: FloatType; readonly dims: readonly number[] },
  { output, minus }: Metric,
): Tensor {
  const values = new Float32Array(elementCount(dims));
  values[output] = 1;
  if (minus !== undefined) values[minus] = (values[minus] ?? 0) - 1;
  return floatTensor(type, [1, ...dims], values);
}
