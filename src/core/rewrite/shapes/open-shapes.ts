/** Shapes in terms of the open dimensions, from typing a graph under several choices of their sizes. */
import { breather } from '../../breathe.js';
import type { ValueType } from '../../graph/value-type.js';
import {
  constantDimension,
  dimensionText,
  evaluateDimension,
  parseDimension,
  type Dimension,
  type Sizes,
} from './dimension.js';
import { attempts, type Attempt } from './experiments.js';
import { fitDimension, type Experiment } from './fit-dimension.js';
import type { Level, TypedLevel } from './level.js';
import type { TensorType } from './typed-graph.js';

/** With more open dimensions, only the names that the engine itself passes on are told. */
const MOST_DIMENSIONS = 8;
/** Nodes typed in all experiments on a model together; large graphs get a few rounds all the same. */
const WORK_LIMIT = 200_000;
const LEAST_ROUNDS = 12;

/** The types of all values that the graph's nodes make or take, as far as they can be told. @throws CancelledError */
export async function openShapes(level: Level, signal: AbortSignal | undefined): Promise<Map<string, ValueType>> {
  const types = new Map<string, ValueType>(level.inputs);
  const { names, typing, scope } = level;
  const limit = typing.work + Math.max(WORK_LIMIT, LEAST_ROUNDS * scope.graph.nodes.length);
  if (names.length === 0) {
    learn(types, (await level.typed(new Map(), signal)).at.types);
    return types;
  }
  if (names.length <= MOST_DIMENSIONS) {
    for (const attempt of attempts(names)) {
      if (typing.work > limit) break;
      const base = await level.typed(attempt.sizes.base, signal);
      // What the engine refused in one attempt it may take in the next; where nothing new comes, the rest is not tried.
      const isNews = [...base.at.types].some(([value, type]) => isBetter(type, types.get(value)));
      const refused = isNews ? await conclude(level, attempt, base, types, signal) : base.failed > 0;
      if (!refused) break;
    }
  }
  const isOpen = ({ shape }: ValueType): boolean => shape === undefined || shape.includes('?');
  if (
    [...types.values()].some(isOpen) ||
    scope.graph.nodes.some((node) => node.outputs.some((value) => !types.has(value)))
  )
    learn(types, (await level.typed(undefined, signal)).at.types);
  return types;
}

/** @returns whether the engine refused a node for any of the sizes. */
async function conclude(
  level: Level,
  { free, sizes }: Attempt,
  base: TypedLevel,
  types: Map<string, ValueType>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const typedWith = async (choices: readonly Sizes[]): Promise<TypedLevel[]> => {
    const levels: TypedLevel[] = [];
    for (const choice of choices) levels.push(await level.typed(choice, signal));
    return levels;
  };
  const raised = await typedWith(sizes.raised);
  const [check] = await typedWith([sizes.check]);
  if (check === undefined) return false;
  const first = { base, raised, check };
  const fit = rememberingFit(free, sizes);
  const unsure = await fitAll(first, base.at.types.keys());
  // Sizes that are rounded show only in steps down.
  const lowered = sizes.lowered === undefined || unsure.length === 0 ? undefined : await typedWith(sizes.lowered);
  if (lowered !== undefined) await fitAll({ ...first, lowered }, unsure);
  return [base, ...raised, check, ...(lowered ?? [])].some(({ failed }) => failed > 0);

  /** @returns the values of which some size is known everywhere, and could not be expressed. */
  async function fitAll(levels: Experiment<TypedLevel>, values: Iterable<string>): Promise<readonly string[]> {
    const unsure: string[] = [];
    const pause = breather(signal);
    for (const value of values) {
      const observed = mapExperiment(levels, ({ at }) => at.types.get(value));
      const { type, shape, isUnsure } = fitShape(fit, observed);
      if (type !== undefined && isBetter({ type, shape }, types.get(value))) types.set(value, { type, shape });
      if (isUnsure) unsure.push(value);
      await pause();
    }
    return unsure;
  }
}

type Fit = (observed: Experiment<number>) => Dimension | undefined;

/** Most axes of a graph take one of a few sizes. */
function rememberingFit(names: readonly string[], sizes: Experiment<Sizes>): Fit {
  const known = new Map<string, Dimension | undefined>();
  return (observed) => {
    const points = experimentPoints(observed);
    const key = points.join();
    if (known.has(key)) return known.get(key);
    const isConstant = points.every((size) => size === observed.base);
    const dimension = isConstant ? constantDimension(observed.base) : fitDimension(names, sizes, observed);
    known.set(key, dimension);
    return dimension;
  };
}

interface FittedShape {
  readonly type: string | undefined;
  readonly shape: readonly (number | string)[] | undefined;
  readonly isUnsure: boolean;
}

function fitShape(fit: Fit, observed: Experiment<TensorType | 'no tensor' | undefined>): FittedShape {
  const { base } = observed;
  if (base === undefined || base === 'no tensor') return { type: undefined, shape: undefined, isUnsure: false };
  const { type } = base;
  const shapes = mapExperiment(observed, (each) =>
    each === undefined || each === 'no tensor' ? undefined : each.shape,
  );
  const rank = base.shape?.length;
  const all = experimentPoints(shapes);
  if (rank === undefined || all.some((shape) => shape !== undefined && shape.length !== rank)) {
    return { type, shape: undefined, isUnsure: false };
  }
  let isUnsure = false;
  const shape = Array.from({ length: rank }, (_, axis): number | string => {
    const observedSizes = mapExperiment(shapes, (each) => numberOf(each?.[axis]));
    const points = experimentPoints(observedSizes);
    if (points.some(Number.isNaN)) return '?';
    const dimension = fit(observedSizes);
    if (dimension === undefined) isUnsure = true;
    const text = dimension === undefined ? '?' : dimensionText(dimension);
    return /^\d+$/.test(text) ? Number(text) : text;
  });
  return { type, shape, isUnsure };
}

function numberOf(size: number | string | undefined): number {
  return typeof size === 'number' ? size : NaN;
}

function mapExperiment<From, To>(experiment: Experiment<From>, map: (choice: From) => To): Experiment<To> {
  const { base, raised, lowered, check } = experiment;
  return {
    base: map(base),
    raised: raised.map(map),
    ...(lowered === undefined ? {} : { lowered: lowered.map(map) }),
    check: map(check),
  };
}

function experimentPoints<Choice>({ base, raised, lowered = [], check }: Experiment<Choice>): readonly Choice[] {
  return [base, ...raised, ...lowered, check];
}

/** Takes over what is better than what is known. */
function learn(types: Map<string, ValueType>, found: ReadonlyMap<string, TensorType | 'no tensor'>): void {
  for (const [value, type] of found) {
    if (type !== 'no tensor' && isBetter(type, types.get(value))) types.set(value, type);
  }
}

/** Whether a type tells more sizes than another. */
function isBetter(found: TensorType | 'no tensor', known: ValueType | undefined): boolean {
  if (found === 'no tensor') return false;
  if (known === undefined || known.type === 'unknown') return true;
  return knownSizes(found.shape) > knownSizes(known.shape);
}

function knownSizes(shape: readonly (number | string)[] | undefined): number {
  return shape === undefined ? -1 : shape.filter((size) => size !== '?').length;
}

/** The size that a text of a shape stands for; undefined where it cannot be known. */
export function sizeOf(size: number | string, sizes: Sizes): number | undefined {
  return typeof size === 'number' ? size : size === '?' ? undefined : evaluateDimension(parseDimension(size), sizes);
}
