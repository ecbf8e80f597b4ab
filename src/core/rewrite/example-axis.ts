/** How the examples of a run lie in one value, learned from the shapes that the value takes. */
export interface ExampleAxis {
  /** Undefined: the value holds one example and says nowhere which. */
  readonly exampleAxis: number | undefined;
  /** Positions per example when the example axis counts them, too. */
  readonly foldedPositions: number | undefined;
  /** Sizes without the example axis; −1 where they change from input to input. */
  readonly shape: readonly number[];
}

export type ExampleAxisFailure =
  /** The value does not depend on how many examples there are. */
  | 'shared'
  /** Its size follows the contents of the inputs, not their number. */
  | 'irregular'
  /** The number of axes changes. */
  | 'rank-changes';

/** Shapes that one value took: on one example, on another one, and on both together or in a batch of fixed size. */
export interface SeenShapes {
  readonly one: readonly number[];
  readonly other?: readonly number[];
  readonly two?: readonly number[];
  /** Rows of every run, where the graph fixes them at more than one. */
  readonly fixedRows?: number;
  /** The axis that the graph itself says counts examples: LSTM and its kin. */
  readonly hint?: number;
}

/** Finds the axis that grows with the number of examples. */
export function findExampleAxis(seen: SeenShapes): ExampleAxis | ExampleAxisFailure {
  const { one, other, two, fixedRows, hint } = seen;
  if ([other, two].some((dims) => dims !== undefined && dims.length !== one.length)) return 'rank-changes';
  const varies = (axis: number): boolean => other !== undefined && other[axis] !== one[axis];
  const result = (axis: number | undefined, folded: number | undefined): ExampleAxis => ({
    exampleAxis: axis,
    foldedPositions: folded,
    shape: one.flatMap((size, place) => {
      if (place === axis) return [];
      const padded = two !== undefined && two[place] !== size;
      return [varies(place) || padded ? -1 : size];
    }),
  });
  const prefer = (axes: readonly number[]): number | undefined =>
    hint !== undefined && axes.includes(hint) ? hint : axes[0];
  const axesWhere = (test: (size: number, axis: number) => boolean): number[] =>
    one.flatMap((size, axis) => (test(size, axis) ? [axis] : []));

  if (two !== undefined) {
    const exact = prefer(axesWhere((size, axis) => size === 1 && two[axis] === 2 && !varies(axis)));
    if (exact !== undefined) return result(exact, undefined);
    const folded = prefer(axesWhere((size, axis) => size > 1 && two[axis] === 2 * size && !varies(axis)));
    if (folded !== undefined) return result(folded, one[folded]);
    return two.every((size, axis) => size === one[axis]) ? 'shared' : 'irregular';
  }
  const rows = fixedRows ?? 1;
  const axis = prefer(axesWhere((size, place) => size === rows && (place === 0 || place === hint)));
  if (axis !== undefined) return result(axis, undefined);
  if (rows === 1) return result(undefined, undefined);
  const first = one[0] ?? 0;
  return first > 0 && first % rows === 0 ? result(0, first / rows) : 'shared';
}
