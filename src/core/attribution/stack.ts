/** Several examples side by side in one run. */
import { elementCount, type NamedTensors, type Tensor } from '../tensor/tensor.js';
import { ARRAYS } from '../tensor/typed-array.js';

/** By input: the axis that counts examples; undefined for one that serves the whole run. */
export type ExampleAxes = ReadonlyMap<string, number | undefined>;

/**
 * Axes of inputs that count examples, from the inputs of one example and of two.
 * @returns undefined where an input grows in another way: then every example is a run of its own.
 */
export function exampleAxes(one: NamedTensors, two: NamedTensors): ExampleAxes | undefined {
  const axes = new Map<string, number | undefined>();
  for (const [name, tensor] of Object.entries(one)) {
    const axis = grownAxis(tensor.dims, two[name]?.dims ?? []);
    if (axis === 'other') return undefined;
    axes.set(name, axis);
  }
  return [...axes.values()].every((axis) => axis === undefined) ? undefined : axes;
}

/** The axis that is 1 for one example and 2 for two; undefined where nothing changes. */
export function grownAxis(one: readonly number[], two: readonly number[]): number | undefined | 'other' {
  if (one.length !== two.length) return 'other';
  const changed = one.flatMap((size, axis) => (two[axis] === size ? [] : [axis]));
  const [axis] = changed;
  if (axis === undefined) return undefined;
  return changed.length === 1 && one[axis] === 1 && two[axis] === 2 ? axis : 'other';
}

/** Feeds of one example each as those of one run. */
export function stackFeeds(examples: readonly NamedTensors[], axes: ExampleAxes): NamedTensors {
  const [first = {}] = examples;
  return Object.fromEntries(
    Object.entries(first).map(([name, tensor]): [string, Tensor] => {
      const axis = axes.get(name);
      const rows = examples.map((feeds) => feeds[name] ?? tensor);
      return [name, axis === undefined ? tensor : stackTensors(rows, axis)];
    }),
  );
}

/** Tensors with 1 along an axis, one behind the other along it. */
function stackTensors(rows: readonly Tensor[], axis: number): Tensor {
  const [first] = rows;
  if (first === undefined || first.type === 'string') throw new Error('Nothing to put side by side.');
  const dims = first.dims.map((size, each) => (each === axis ? rows.length : size));
  const behind = elementCount(first.dims.slice(axis + 1));
  const before = elementCount(first.dims.slice(0, axis));
  const data = new ARRAYS[first.type](elementCount(dims));
  rows.forEach((row, example) => {
    for (let block = 0; block < before; block++) {
      const part = row.data.slice(block * behind, (block + 1) * behind) as never;
      data.set(part, (block * rows.length + example) * behind);
    }
  });
  return { type: first.type, dims, data };
}
