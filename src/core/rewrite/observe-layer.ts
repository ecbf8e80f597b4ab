import { TensorProto_DataType as DataType } from '../formats/onnx/onnx_pb.js';
import type { ObservedLayer } from '../graph/layers.js';
import { elementCount, type NamedTensors } from '../tensor/tensor.js';
import type { GraphWriter, ReduceOperator } from './graph-writer.js';
import {
  knownDims,
  layoutOf,
  toRows,
  unfold,
  unfoldedAxes,
  unfoldedDims,
  withoutAxes,
  type Axes,
  type Layout,
} from './layout.js';
import type { ObservationKind, Observed } from './observation.js';
import { isSymmetric, reduceCopied, SATURATION } from './reduce-copied.js';
import { gridIndices, gridStep } from './sample-grid.js';

/** Reads one observation from the outputs of a run. */
export type Reader = (tensors: NamedTensors, examples: number) => Observed;

export interface LayerObservation {
  readonly readers: ReadonlyMap<ObservationKind, Reader>;
  readonly outputs: readonly string[];
}

/**
 * Copies the layer's value out as float32 and reduces it in JavaScript.
 * @param keep positions to sample per unit.
 */
export function observeByCopy(
  writer: GraphWriter,
  layer: ObservedLayer,
  kinds: ReadonlySet<ObservationKind>,
  keep: number,
): LayerObservation {
  const output = writer.castToFloat(layer.value);
  const axes = unfoldedAxes(layer);
  const reader =
    (kind: ObservationKind): Reader =>
    (tensors, examples) => {
      const { data, dims: engineDims } = floatOutput(tensors, output);
      const dims = unfoldedDims(layer, engineDims);
      const layout = layoutOf(dims, axes);
      if (kind === 'values') return allValues(data, layout, examples);
      if (kind === 'sample') return sampleCopied(data, dims, axes, keep, examples);
      if (kind === 'zero-count-by-site') {
        const isNonzero = toRows(data, dims, axes, examples).map((value) => (value === 0 ? 0 : 1));
        return zerosBySite(isNonzero, examples);
      }
      const rows = reduceCopied(kind, layer, data, layout, examples);
      const entries = kind === 'zero-count-by-position' ? layout.unitOffsets : layout.positionOffsets;
      return observed(rows, examples, entries.length);
    };
  return { readers: new Map([...kinds].map((kind) => [kind, reader(kind)])), outputs: [output] };
}

function allValues(data: Float32Array, layout: Layout, examples: number): Observed {
  const positions = layout.positionOffsets.length;
  return { data, examples, columns: layout.unitOffsets.length * positions, entries: positions, layout };
}

function sampleCopied(
  data: Float32Array,
  dims: readonly number[],
  axes: Axes,
  keep: number,
  examples: number,
): Observed {
  const sizes = axes.positions.map((axis) => dims[axis] ?? 0);
  const step = gridStep(sizes, keep);
  const all = toRows(data, dims, axes, examples);
  const chosen = gridPositions(sizes, step);
  const positions = elementCount(sizes);
  if (chosen.length === positions) return observed(all, examples, positions);
  const rows = new Float32Array((all.length / Math.max(1, positions)) * chosen.length);
  let place = 0;
  for (let start = 0; start < all.length; start += positions) {
    for (const position of chosen) rows[place++] = all[start + position] as number;
  }
  return observed(rows, examples, positions);
}

/** Flat indices of the grid over the position axes. */
function gridPositions(sizes: readonly number[], step: number): number[] {
  return sizes.reduce<number[]>(
    (flat, size) => flat.flatMap((start) => gridIndices(size, step).map((index) => start * size + index)),
    [0],
  );
}

/**
 * Writes the layer's observations as nodes, so that only small results leave the engine.
 * @param keep positions to sample per unit.
 * @param rows of every run: whether there is one alone, whether some may be padding.
 */
export function observeInGraph(
  writer: GraphWriter,
  layer: ObservedLayer,
  kinds: ReadonlySet<ObservationKind>,
  keep: number,
  { alone, padded }: { readonly alone: boolean; readonly padded: boolean },
): LayerObservation {
  const axes = unfoldedAxes(layer);
  const dims = knownDims(layer);
  const value = unfold(writer, layer, writer.castToFloat(layer.value));
  const shape = dims.some((dim, axis) => dim < 0 && axis !== axes.example) ? writer.node('Shape', [value]) : undefined;
  const outputs = new Set<string>(shape === undefined ? [] : [shape]);
  const readers = new Map<ObservationKind, Reader>();
  const sizeOf = (tensors: NamedTensors, over: readonly number[]): number => {
    const known = shape === undefined ? dims : [...(tensors[shape]?.data as BigInt64Array)].map(Number);
    return elementCount(over.map((axis) => known[axis] ?? 0));
  };

  const reduction = (name: string, reduced: readonly number[], counted = reduced): Reader => {
    outputs.add(name);
    const left = withoutAxes(axes, reduced);
    return (tensors, examples) => {
      const output = floatOutput(tensors, name);
      return observed(toRows(output.data, output.dims, left, examples), examples, sizeOf(tensors, counted));
    };
  };
  const summed = alone ? withLeadingExample(axes) : axes.positions;
  const overPositions = (operator: ReduceOperator, of: string): Reader =>
    reduction(writer.reduce(operator, of, summed), summed, axes.positions);
  const nonzero = once(() => writer.castToFloat(writer.node('Cast', [value], { to: DataType.BOOL })));
  const nonzeroCount = once(() => overPositions('ReduceSum', nonzero()));
  const sum = once(() => overPositions('ReduceSum', value));
  const squares = once(() => sumOfSquares(writer, value, axes, summed));

  for (const kind of kinds) readers.set(kind, write(kind));
  return { readers, outputs: [...outputs] };

  function write(kind: ObservationKind): Reader {
    switch (kind) {
      case 'sum':
        return sum();
      case 'absolute-sum':
        return (layer.range.lower ?? -1) >= 0 ? sum() : overPositions('ReduceSum', writer.node('Abs', [value]));
      case 'sum-of-squares':
        return reduction(squares(), summed, axes.positions);
      case 'minimum':
        return overPositions('ReduceMin', value);
      case 'maximum':
        return overPositions('ReduceMax', value);
      case 'zero-count':
        return complement(nonzeroCount());
      case 'zero-count-by-position':
        return complement(reduction(writer.reduce('ReduceSum', nonzero(), axes.units), axes.units));
      case 'zero-count-by-site':
        return bySite();
      case 'saturated-count':
        return overPositions('ReduceSum', writer.castToFloat(saturated(writer, layer, value)));
      case 'non-finite-count':
        return nonFinite();
      case 'first-nonzero-position':
        return firstNonzero();
      case 'values':
        outputs.add(value);
        return (tensors, examples) => {
          const output = floatOutput(tensors, value);
          return allValues(output.data, layoutOf(output.dims, axes), examples);
        };
      case 'sample':
        return sample();
    }
  }

  function nonFinite(): Reader {
    return reduction(nonFiniteCount(writer, value, squares(), summed), summed, axes.positions);
  }

  function firstNonzero(): Reader {
    const [axis = 0] = axes.positions;
    const first = reduction(
      writer.castToFloat(writer.node('ArgMax', [nonzero()], { axis, keepdims: 0 })),
      axes.positions,
    );
    const count = nonzeroCount();
    return (tensors, examples) => {
      const position = first(tensors, examples);
      const fired = count(tensors, examples).data;
      // Where nothing fires, ArgMax says 0: the number of positions stands for "never".
      return { ...position, data: position.data.map((at, index) => (fired[index] === 0 ? position.entries : at)) };
    };
  }

  function bySite(): Reader {
    const { example } = axes;
    if (example === undefined || alone || padded) {
      const name = nonzero();
      outputs.add(name);
      return (tensors, examples) => {
        const { data, dims: own } = floatOutput(tensors, name);
        return zerosBySite(toRows(data, own, axes, examples), examples);
      };
    }
    const rows = writer.node('Gather', [shape ?? writer.node('Shape', [value]), writer.int(example)], { axis: 0 });
    const zeros = writer.node('Sub', [writer.castToFloat(rows), writer.reduce('ReduceSum', nonzero(), [example])]);
    const left = withoutAxes(axes, [example]);
    outputs.add(zeros);
    return (tensors, examples) => {
      const { data, dims: own } = floatOutput(tensors, zeros);
      return observed(toRows(data, own, left, 1), 1, examples);
    };
  }

  function sample(): Reader {
    const grid = sampleGrid(writer, value, shape, dims, axes.positions, keep);
    outputs.add(grid);
    return (tensors, examples) => {
      const output = floatOutput(tensors, grid);
      return observed(toRows(output.data, output.dims, axes, examples), examples, sizeOf(tensors, axes.positions));
    };
  }
}

/** methods D1: |h| > 0.99 where the function is symmetric, h < 0.01 or h > 0.99 where it lies between 0 and 1. */
function saturated(writer: GraphWriter, layer: ObservedLayer, value: string): string {
  const { symmetric, low, high } = SATURATION;
  if (isSymmetric(layer)) return writer.node('Greater', [writer.node('Abs', [value]), writer.float(symmetric)]);
  return writer.node('Or', [
    writer.node('Less', [value, writer.float(low)]),
    writer.node('Greater', [value, writer.float(high)]),
  ]);
}

/**
 * ReduceSumSquare has no vectorised kernel, so values are multiplied and summed. Pictures are flattened first: a
 * product that stays a picture would be pulled into the engine's own blocked layout and copied back out of it.
 */
function sumOfSquares(writer: GraphWriter, value: string, axes: Axes, summed: readonly number[]): string {
  const { example, units, positions } = axes;
  const picture = example === 0 && units.length === 1 && units[0] === 1 && positions.length >= 2;
  const factor = picture ? writer.node('Reshape', [value, writer.ints([0, 0, -1])]) : value;
  return writer.reduce('ReduceSum', writer.node('Mul', [factor, factor]), picture ? [2] : summed);
}

/**
 * Values can only be infinite or NaN where their sum of squares is, so the exact count is computed only then (squares
 * that overflow make it compute a count of zero). Otherwise it is zeros of the same shape: engines that know both
 * branches' shapes refuse different ones.
 */
function nonFiniteCount(writer: GraphWriter, value: string, squares: string, axes: readonly number[]): string {
  const total = writer.node('ReduceSum', [squares], { keepdims: 0 });
  return writer.node('If', [writer.node('Less', [total, writer.float(Infinity)])], {
    then_branch: { graph: writer.body((body) => body.node('Sub', [squares, squares])) },
    else_branch: {
      graph: writer.body((body) => {
        // x − x is 0 for finite x and NaN for all others, and NaN is not less than 1.
        const isFinite = body.node('Less', [body.node('Sub', [value, value]), body.float(1)]);
        return body.reduce('ReduceSum', body.castToFloat(body.node('Not', [isFinite])), axes);
      }),
    },
  });
}

/**
 * Where positions come before units, engines sum many times faster over all leading axes than past a leading axis of
 * size one; with one example per run its axis can be summed away, too.
 */
function withLeadingExample({ example, positions, units }: Axes): readonly number[] {
  const first = Math.min(...positions);
  const beforeUnits = units.some((axis) => axis > first);
  return example !== undefined && example < first && beforeUnits ? [example, ...positions] : positions;
}

/** Picks the grid's positions along each position axis. */
function sampleGrid(
  writer: GraphWriter,
  value: string,
  shape: string | undefined,
  dims: readonly number[],
  positions: readonly number[],
  keep: number,
): string {
  const sizes = positions.map((axis) => dims[axis] ?? 0);
  if (shape !== undefined && sizes.includes(-1)) {
    const steps = openGridIndices(writer, shape, positions, keep);
    return positions.reduce((from, axis, index) => writer.node('Gather', [from, steps[index] ?? ''], { axis }), value);
  }
  const step = gridStep(sizes, keep);
  if (step === 1) return value;
  return positions.reduce(
    (from, axis, index) => writer.node('Gather', [from, writer.ints(gridIndices(sizes[index] ?? 0, step))], { axis }),
    value,
  );
}

/** The grid of sample-grid.ts, computed in the graph from the sizes that an input happens to have. */
function openGridIndices(writer: GraphWriter, shape: string, positions: readonly number[], keep: number): string[] {
  const sizes = positions.map((axis) => writer.node('Gather', [shape, writer.int(axis)], { axis: 0 }));
  const count = sizes.reduce((product, size) => writer.node('Mul', [product, size]));
  const share = writer.node('Div', [writer.castToFloat(count), writer.float(keep)]);
  const root = positions.length === 1 ? share : writer.node('Pow', [share, writer.float(1 / positions.length)]);
  const step = writer.node('Cast', [writer.node('Ceil', [root])], { to: DataType.INT64 });
  return sizes.map((size) => {
    const width = writer.node('Max', [writer.node('Min', [step, size]), writer.int(1)]);
    return writer.node('Range', [writer.node('Div', [width, writer.int(2)]), size, width]);
  });
}

/** Turns a count of non-zeros into a count of zeros. */
function complement(reader: Reader): Reader {
  return (tensors, examples) => {
    const nonzeros = reader(tensors, examples);
    return { ...nonzeros, data: nonzeros.data.map((count) => nonzeros.entries - count) };
  };
}

/** @param nonzeros row-major [examples, units, positions]: 1 where a value is not 0. */
function zerosBySite(nonzeros: Float32Array, examples: number): Observed {
  const sites = nonzeros.length / examples;
  const zeros = new Float32Array(sites).fill(examples);
  for (let at = 0, row = 0; row < examples; row++) {
    for (let site = 0; site < sites; site++, at++) zeros[site] = (zeros[site] as number) - (nonzeros[at] as number);
  }
  return observed(zeros, 1, examples);
}

function floatOutput(tensors: NamedTensors, name: string): { data: Float32Array; dims: readonly number[] } {
  const tensor = tensors[name];
  if (!(tensor?.data instanceof Float32Array)) throw new Error(`The engine did not return “${name}” as float32.`);
  return { data: tensor.data, dims: tensor.dims };
}

function observed(data: Float32Array, examples: number, entries: number): Observed {
  return { data, examples, columns: examples > 0 ? data.length / examples : 0, entries };
}

/** Makes something the first time that it is asked for. */
function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}
