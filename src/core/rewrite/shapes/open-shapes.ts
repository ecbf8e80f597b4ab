/** Shapes in terms of the open dimensions, from typing a graph under several choices of their sizes. */
import { breather } from '../../breathe.js';
import type { ValueType } from '../../graph/value-type.js';
import { evaluateDimension, parseDimension, type Dimension, type Sizes } from './dimension.js';
import { attempts, MOST_DIMENSIONS, type Attempt } from './experiments.js';
import type { Experiment } from './fit-dimension.js';
import { experimentPoints, hasSmallSizes, mapExperiment, shapeFitter, type Observation } from './fit-shape.js';
import type { Level, TypedLevel } from './level.js';
import type { KnownType } from './typed-graph.js';

export interface OpenShapes {
  readonly types: ReadonlyMap<string, ValueType>;
  /** The size that a size in a shape stands for; undefined where it cannot be known. */
  sizeOf(size: number | string, sizes: Sizes): number | undefined;
}

/** Nodes typed in all experiments on a model together; large graphs get a few rounds all the same. */
const WORK_LIMIT = 200_000;
const LEAST_ROUNDS = 12;
/** Choices of sizes, beyond those planned, that tell strides apart: each halves what is possible. */
const MOST_FURTHER_CHOICES = 32;
/** Unsure values that are looked at for such a choice: most have their strides in common. */
const MOST_ASKED_ABOUT = 100;

interface Findings {
  readonly types: Map<string, ValueType>;
  readonly dimensions: Map<string, Dimension>;
  /** Every choice so far that the engine took for the whole graph. */
  readonly seen: { readonly sizes: Sizes; readonly level: TypedLevel }[];
  /** The typing's work at which no further experiment begins. */
  readonly workLimit: number;
}

/** The types of all values that the graph's nodes make or take, as far as they can be told. @throws CancelledError */
export async function openShapes(level: Level, signal: AbortSignal | undefined): Promise<OpenShapes> {
  const { names, typing, scope } = level;
  const workLimit = typing.work + Math.max(WORK_LIMIT, LEAST_ROUNDS * scope.graph.nodes.length);
  const found: Findings = { types: new Map(level.inputs), dimensions: new Map(), seen: [], workLimit };
  const { types, dimensions } = found;
  if (names.length === 0) learn(types, (await level.typed(new Map(), signal)).at.types);
  else {
    if (names.length <= MOST_DIMENSIONS) await experiment(level, found, signal);
    const isOpen = (value: string): boolean => value !== '' && !isWhole(types.get(value));
    if (scope.graph.nodes.some(({ outputs }) => outputs.some(isOpen))) {
      learn(types, (await level.typed(undefined, signal)).at.types);
    }
  }
  return {
    types,
    sizeOf(size, sizes) {
      if (typeof size === 'number') return size;
      return size === '?' ? undefined : evaluateDimension(dimensions.get(size) ?? parseDimension(size), sizes);
    },
  };
}

async function experiment(level: Level, found: Findings, signal: AbortSignal | undefined): Promise<void> {
  for (const attempt of attempts(level.names)) {
    if (level.typing.work > found.workLimit) return;
    const base = await level.typed(attempt.sizes.base, signal);
    // What the engine refused in one attempt it may take in the next; where nothing new comes, the rest is not tried.
    const isNews = [...base.at.types].some(([value, type]) => isBetter(type, found.types.get(value)));
    const refused = isNews ? await conclude(level, attempt, found, signal) : base.failed > 0;
    if (!refused) return;
  }
}

/** @returns whether other sizes may tell more: the engine refused a node, or what seemed to be a size was none. */
async function conclude(
  level: Level,
  { free, sizes: planned, control, varied }: Attempt,
  { types, dimensions, seen, workLimit }: Findings,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { lowered, ...first } = planned;
  const controlled = control && (await level.typed(control, signal)).at.types;
  const open = hasSmallSizes(free, planned.base) ? (await level.typed(undefined, signal)).at.types : undefined;
  let isContradicted = false;
  const known = new Map<Sizes, TypedLevel>();
  let sizes: Experiment<Sizes> = first;
  let levels = await typed(sizes);
  let unsure = await fitAll([...levels.base.at.types.keys()].filter((value) => !isWhole(types.get(value))));
  if (unsure.length > 0 && lowered !== undefined) {
    // Sizes that are rounded show only in steps down.
    sizes = { ...sizes, lowered };
    levels = await typed(sizes);
    unsure = await fitAll(unsure);
  }
  for (let count = 0; count < MOST_FURTHER_CHOICES && level.typing.work <= workLimit; count++) {
    const further = furtherChoice();
    if (further === undefined) break;
    sizes = { ...sizes, further: [...(sizes.further ?? []), further] };
    levels = await typed(sizes);
    unsure = await fitAll(unsure);
  }
  for (const [choice, typedLevel] of known) {
    if (typedLevel.failed === 0) seen.push({ sizes: choice, level: typedLevel });
  }
  return isContradicted || [...known.values()].some(({ failed }) => failed > 0);

  async function typed(choices: Experiment<Sizes>): Promise<Experiment<TypedLevel>> {
    for (const choice of experimentPoints(choices)) {
      if (!known.has(choice)) known.set(choice, await level.typed(choice, signal));
    }
    return mapExperiment(choices, (choice) => known.get(choice) as TypedLevel);
  }

  /** @returns the values of which some size is known under every choice, and could not be expressed. */
  async function fitAll(values: Iterable<string>): Promise<readonly string[]> {
    const fitter = shapeFitter(free, sizes, dimensions);
    const pause = breather(signal);
    const left: string[] = [];
    for (const value of values) {
      const observed = mapExperiment(levels, ({ at }) => at.types.get(value));
      const fit = fitter.fit(observed, otherObservations(value), open?.get(value));
      const { type, shape } = fit;
      if (type !== undefined && isBetter({ type, shape }, types.get(value))) types.set(value, { type, shape });
      if (fit.isUnsure) left.push(value);
      if (fit.isContradicted) isContradicted = true;
      await pause();
    }
    return left;
  }

  function otherObservations(value: string): readonly Observation[] {
    const others = seen.map((each): Observation => {
      const isSmall = hasSmallSizes(free, each.sizes);
      return { sizes: each.sizes, known: each.level.at.types.get(value), mayBeTooSmall: isSmall };
    });
    if (control === undefined) return others;
    return [...others, { sizes: control, known: controlled?.get(value), mayBeTooSmall: true }];
  }

  /** A choice that tells more of the first unsure value of which more can be told; each is made once. */
  function furtherChoice(): Sizes | undefined {
    const fitter = shapeFitter(free, sizes, dimensions);
    for (const value of unsure.slice(0, MOST_ASKED_ABOUT)) {
      const telling = fitter.telling(mapExperiment(levels, ({ at }) => at.types.get(value)));
      if (telling === undefined) continue;
      const { name, size } = telling;
      const isNew = sizes.further?.every((choice) => choice.get(name) !== size) ?? true;
      if (isNew) return varied(name, size);
    }
    return undefined;
  }
}

/** Takes over what is better than what is known. */
function learn(types: Map<string, ValueType>, found: ReadonlyMap<string, KnownType>): void {
  for (const [value, type] of found) {
    if (type !== 'no tensor' && isBetter(type, types.get(value))) types.set(value, type);
  }
}

/** Whether a type tells more sizes than another. */
function isBetter(found: KnownType, known: ValueType | undefined): boolean {
  if (found === 'no tensor') return false;
  if (known === undefined || known.type === 'unknown') return true;
  return knownSizes(found.shape) > knownSizes(known.shape);
}

function isWhole(type: ValueType | undefined): boolean {
  return type?.shape !== undefined && !type.shape.includes('?');
}

function knownSizes(shape: readonly (number | string)[] | undefined): number {
  return shape === undefined ? -1 : shape.filter((size) => size !== '?').length;
}
