/** A network in which entries of one point of the residual stream can be replaced, run by run. */
import { TensorProto_DataType as DataType, type ModelProto } from '../../formats/onnx/onnx_pb.js';
import type { ObservedLayer } from '../../graph/layers.js';
import { asComputed } from '../../rewrite/splice.js';
import { spliceNodes } from '../../rewrite/splice-nodes.js';
import type { NamedTensors, Tensor } from '../../tensor/tensor.js';

export interface ReplacingGraph {
  readonly model: ModelProto;
  /**
   * @param given feeds of the model as it was.
   * @param mask bool, spreads to the value's shape: 1 where an entry is replaced.
   * @param replacements by unit: what stands there instead.
   */
  feeds(given: NamedTensors, mask: Tensor, replacements: Float64Array): NamedTensors;
}

/** @param model at an operator set of 18 or later. @param point with one axis of units. */
export function replacingGraph(model: ModelProto, point: ObservedLayer): ReplacingGraph {
  let [mask, replacement] = ['', ''];
  const spliced = spliceNodes(model, [point.value], (writer, computed) => {
    const open = (what: string): string[] => unitShape(point, 1).map((_, axis) => `${what} axis ${axis}`);
    mask = writer.input('replaced_entries', DataType.BOOL, open('replaced entries'));
    replacement = writer.input('replacements', DataType.FLOAT, unitShape(point, point.units));
    return writer.node('Where', [mask, writer.node('CastLike', [replacement, computed]), computed]);
  });
  return {
    model: spliced,
    feeds: (given, where, replacements) => ({
      // Where the stream starts at an input of the model, that has another name.
      ...(given[point.value] === undefined ? {} : { [asComputed(point.value)]: given[point.value] as Tensor }),
      [mask]: where,
      [replacement]: {
        type: 'float32',
        dims: unitShape(point, point.units),
        data: Float32Array.from(replacements),
      },
    }),
  };
}

/** Everywhere in these units. */
export function unitMask(point: ObservedLayer, units: readonly number[]): Tensor {
  const data = new Uint8Array(point.units);
  for (const unit of units) data[unit] = 1;
  return { type: 'bool', dims: unitShape(point, point.units), data };
}

/** One size for every axis of the value: that of the units, and 1 for all others. */
function unitShape({ shape, exampleAxis, unitAxes }: ObservedLayer, units: number): number[] {
  const rank = shape.length + (exampleAxis === undefined ? 0 : 1);
  return Array.from({ length: rank }, (_, axis) => (axis === unitAxes[0] ? units : 1));
}
