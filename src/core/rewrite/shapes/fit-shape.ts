/** The shape of a value in terms of the open dimensions, from what it was under several choices of their sizes. */
import { constantDimension, dimensionText, evaluateDimension, type Dimension, type Sizes } from './dimension.js';
import { fitDimension, tellingSize, type Experiment } from './fit-dimension.js';
import type { KnownType } from './typed-graph.js';

/** One more choice of sizes, and what a value was under it: what contradicts that is no answer. */
export interface Observation {
  readonly sizes: Sizes;
  readonly known: KnownType | undefined;
  /** The sizes may be too small for the graph: expressions that give nothing there are not contradicted. */
  readonly mayBeTooSmall: boolean;
}

export interface FittedShape {
  /** Undefined where the value is no tensor, or not known at all. */
  readonly type: string | undefined;
  readonly shape: readonly (number | string)[] | undefined;
  /** Whether some size is known under all choices and could not be expressed. */
  readonly isUnsure: boolean;
  /** Whether an expression was found that does not hold under other choices. */
  readonly isContradicted: boolean;
}

export interface ShapeFitter {
  /** @param open what the engine says where no size is chosen; needed where the sizes are small. */
  fit(
    observed: Experiment<KnownType | undefined>,
    others: readonly Observation[],
    open: KnownType | undefined,
  ): FittedShape;
  /** A choice that would tell more of an unsure shape; undefined where none would. */
  telling(observed: Experiment<KnownType | undefined>): { readonly name: string; readonly size: number } | undefined;
}

const NOTHING = { shape: undefined, isUnsure: false, isContradicted: false };

/**
 * @param dimensions takes in, by its text, every expression that is told.
 */
export function shapeFitter(
  names: readonly string[],
  sizes: Experiment<Sizes>,
  dimensions: Map<string, Dimension>,
): ShapeFitter {
  const isTight = hasSmallSizes(names, sizes.base);
  const fitAxis = remembering((observed) => fitDimension(names, sizes, observed));
  return {
    fit(observed, others, open) {
      const { base } = observed;
      if (base === undefined || base === 'no tensor') return { type: undefined, ...NOTHING };
      const { type } = base;
      const shapes = mapExperiment(observed, shapeOf);
      const rank = base.shape?.length;
      const agree = experimentPoints(shapes).every((shape) => shape === undefined || shape.length === rank);
      if (rank === undefined || !agree) return { type, ...NOTHING };
      let isUnsure = false;
      let isContradicted = false;
      const shape = Array.from({ length: rank }, (_, axis): number | string => {
        const values = mapExperiment(shapes, (each) => numberOf(each?.[axis]));
        if (plannedPoints(values).some(Number.isNaN)) return '?';
        const isConstant = experimentPoints(values).every((size) => size === values.base || Number.isNaN(size));
        const dimension = isConstant ? constantDimension(values.base) : fitAxis(values);
        if (dimension === undefined) {
          isUnsure = true;
          return '?';
        }
        // Where a window is larger than what it slides over, engines infer 0 or 1.
        if (isConstant && isTight && values.base <= 1 && shapeOf(open)?.[axis] !== values.base) return '?';
        if (!agreesWith(dimension, axis, others)) {
          isContradicted = true;
          return '?';
        }
        if (isConstant) return values.base;
        const text = dimensionText(dimension);
        dimensions.set(text, dimension);
        return text;
      });
      return { type, shape, isUnsure, isContradicted };
    },
    telling(observed) {
      const shapes = mapExperiment(observed, shapeOf);
      for (const axis of shapes.base?.keys() ?? []) {
        const values = mapExperiment(shapes, (each) => numberOf(each?.[axis]));
        if (plannedPoints(values).some(Number.isNaN) || fitAxis(values) !== undefined) continue;
        const telling = tellingSize(names, sizes, values);
        if (telling !== undefined) return telling;
      }
      return undefined;
    },
  };
}

/** Most axes of a graph take one of a few sizes. */
function remembering(
  fit: (observed: Experiment<number>) => Dimension | undefined,
): (observed: Experiment<number>) => Dimension | undefined {
  const known = new Map<string, Dimension | undefined>();
  return (observed) => {
    const key = experimentPoints(observed).join();
    if (known.has(key)) return known.get(key);
    const dimension = fit(observed);
    known.set(key, dimension);
    return dimension;
  };
}

function agreesWith(dimension: Dimension, axis: number, others: readonly Observation[]): boolean {
  return others.every(({ sizes, known, mayBeTooSmall }) => {
    const size = shapeOf(known)?.[axis];
    if (typeof size !== 'number') return true;
    const expected = evaluateDimension(dimension, sizes);
    return expected === size || (mayBeTooSmall && (expected ?? 0) === 0);
  });
}

/** Sizes below the windows that slide over them tell less. */
export function hasSmallSizes(names: readonly string[], sizes: Sizes): boolean {
  return names.some((name) => (sizes.get(name) ?? 0) < SMALLEST_TELLING_SIZE);
}

const SMALLEST_TELLING_SIZE = 64;

function shapeOf(known: KnownType | undefined): readonly (number | string)[] | undefined {
  return known === undefined || known === 'no tensor' ? undefined : known.shape;
}

function numberOf(size: number | string | undefined): number {
  return typeof size === 'number' ? size : NaN;
}

export function mapExperiment<From, To>(experiment: Experiment<From>, map: (choice: From) => To): Experiment<To> {
  const { base, raised, lowered, check, further } = experiment;
  return {
    base: map(base),
    raised: raised.map(map),
    ...(lowered === undefined ? {} : { lowered: lowered.map(map) }),
    check: map(check),
    ...(further === undefined ? {} : { further: further.map(map) }),
  };
}

/** Without those that were chosen later: the engine may refuse any of them. */
function plannedPoints<Choice>({ base, raised, lowered = [], check }: Experiment<Choice>): readonly Choice[] {
  return [base, ...raised, ...lowered, check];
}

export function experimentPoints<Choice>(experiment: Experiment<Choice>): readonly Choice[] {
  return [...plannedPoints(experiment), ...(experiment.further ?? [])];
}
