import type { ObservedLayer } from '../graph/layers.js';
import { TensorProto_DataType as DataType } from '../formats/onnx/onnx_pb.js';
import type { NamedTensors } from '../tensor/tensor.js';
import type { GraphWriter } from './graph-writer.js';
import { knownDims, unfold, unfoldedAxes } from './layout.js';

/** Leaves the padding of a run out of what is observed. */
export interface FilledPositions {
  /** The layer over the filled positions only; the layer itself where none of its axes counts the positions of examples. */
  of(layer: ObservedLayer): ObservedLayer;
  /** What a run needs whose examples hold tokens at their first `filled` positions. */
  feeds(filled: number): NamedTensors;
}

/**
 * Every axis of positions that is as long as an example is cut to the positions that hold tokens (both sides of an
 * attention pattern), before anything is counted or reduced. The examples of one run are filled alike.
 * @param length positions of an example, padding included.
 */
export function filledPositions(writer: GraphWriter, length: number): FilledPositions {
  const positions = writer.input('filled_positions', DataType.INT64, ['inspect_filled']);
  return {
    of(layer) {
      const { example, units, positions: all } = unfoldedAxes(layer);
      const dims = knownDims(layer);
      const cut = all.filter((axis) => dims[axis] === length);
      if (cut.length === 0) return layer;
      const whole = unfold(writer, layer, writer.castToFloat(layer.value));
      return {
        ...layer,
        value: cut.reduce((from, axis) => writer.node('Gather', [from, positions], { axis }), whole),
        shape: dims.flatMap((size, axis) => (axis === example ? [] : [cut.includes(axis) ? -1 : size])),
        exampleAxis: example,
        foldedPositions: undefined,
        unitAxes: units,
        positionAxes: all,
      };
    },
    feeds: (filled) => ({
      [positions]: {
        type: 'int64',
        dims: [filled],
        data: BigInt64Array.from({ length: filled }, (_, position) => BigInt(position)),
      },
    }),
  };
}
