/** Which expression of the open dimensions a size is, from the sizes that it had under several choices of them. */
import { evaluateDimension, type Dimension, type Sizes } from './dimension.js';

/**
 * Choices of sizes for the open dimensions. `base` is compared with choices that differ from it in one name only, so
 * that the influence of each shows by itself; `check` differs in all of them and is not used to find an expression.
 */
export interface Experiment<Choice> {
  readonly base: Choice;
  /** By the position of the name: this one larger than in `base`. */
  readonly raised: readonly Choice[];
  /** By the position of the name: this one smaller. Needed only for sizes that are rounded. */
  readonly lowered?: readonly Choice[];
  readonly check: Choice;
  /** Chosen to tell apart what the others leave possible. */
  readonly further?: readonly Choice[];
}

/** Strides beyond this are not looked for. */
const LARGEST_DIVISOR = 1024;
/** Nor multiples of a quotient beyond this one. */
const LARGEST_MULTIPLE = 64;
/** A size that grows with the fourth power of an input's is none that a network has. */
const MAXIMUM_FACTORS = 4;
/** Sizes far from the usual: the smaller one for models that do not take the larger. */
const FAR_SIZES = [500_009, 20_011];

/**
 * The expression that gives every observed size, those of `check` included; undefined where there is none or where
 * several would do.
 * @param names names of the open dimensions.
 * @param sizes sizes of the names in each choice.
 * @param values the size in question in each choice; NaN in one of `further`: not known there.
 */
export function fitDimension(
  names: readonly string[],
  sizes: Experiment<Sizes>,
  values: Experiment<number>,
): Dimension | undefined {
  const points = pointsOf(sizes, values);
  const { factors, rest } = takeFactors(names, points);
  const found = fitSum(names, rest) ?? fitQuotient(names, rest);
  if (found === undefined) return undefined;
  const dimension = simplified({ ...found, factors });
  const fits = points.every(({ at, value }) => evaluateDimension(dimension, at) === value);
  return fits ? dimension : undefined;
}

/**
 * A size of one name, the others as in `base`, that would tell apart the quotients that are possible so far; undefined
 * where none is, or one only.
 */
export function tellingSize(
  names: readonly string[],
  sizes: Experiment<Sizes>,
  values: Experiment<number>,
): { readonly name: string; readonly size: number } | undefined {
  const { rest } = takeFactors(names, pointsOf(sizes, values));
  const { quotients } = possibleQuotients(names, rest);
  const [first, second] = quotients;
  if (first === undefined) return undefined;
  const { name, divisor, least, most } = first;
  const base = sizes.base.get(name) ?? NaN;
  if (second !== undefined) {
    // Far away, a quotient tells its divisor, and one that does not depend on the name stays what it was.
    const far = FAR_SIZES.find((size) => sizes.further?.every((choice) => choice.get(name) !== size) ?? true);
    if (far !== undefined) return { name, size: far };
  }
  if (least === most) return undefined;
  // ⌊(x + c) / k⌋ steps up where x + c is a multiple of k: at this x, half of the offsets have stepped.
  const middle = Math.ceil((least + most) / 2);
  return { name, size: base + modulo(-(base + middle), divisor) };
}

interface Point {
  readonly at: Sizes;
  readonly value: number;
  /** Position of the only name that differs from the base by the experiment's plan. */
  readonly moved?: number;
}

function pointsOf(sizes: Experiment<Sizes>, values: Experiment<number>): Point[] {
  const moved = (at: readonly Sizes[], observed: readonly number[]): Point[] =>
    at.map((each, index) => ({ at: each, value: observed[index] ?? NaN, moved: index }));
  return [
    { at: sizes.base, value: values.base },
    ...moved(sizes.raised, values.raised),
    // Tried only where the others do not tell.
    ...(values.lowered === undefined ? [] : moved(sizes.lowered ?? [], values.lowered)),
    { at: sizes.check, value: values.check },
    ...(values.further ?? []).flatMap((value, index): Point[] => {
      const at = sizes.further?.[index];
      return at === undefined || Number.isNaN(value) ? [] : [{ at, value }];
    }),
  ];
}

/** Divides by every name that the size is a multiple of in all choices, until the quotient no longer depends on it. */
function takeFactors(
  names: readonly string[],
  points: readonly Point[],
): { readonly factors: readonly string[]; readonly rest: readonly Point[] } {
  const factors: string[] = [];
  let rest = points;
  names.forEach((name, position) => {
    let divided = rest;
    for (let power = 1; factors.length + power <= MAXIMUM_FACTORS && dependsOn(rest, position); power++) {
      divided = divided.map((point) => ({ ...point, value: point.value / (point.at.get(name) ?? NaN) }));
      if (!divided.every(({ value }) => Number.isInteger(value))) return;
      if (dependsOn(divided, position)) continue;
      for (let count = 0; count < power; count++) factors.push(name);
      rest = divided;
    }
  });
  return { factors, rest };
}

function dependsOn(points: readonly Point[], position: number): boolean {
  const base = points[0]?.value;
  return points.some(({ moved, value }) => moved === position && value !== base);
}

/** A sum of multiples of the names: the slopes are what a step of each name adds. */
function fitSum(names: readonly string[], points: readonly Point[]): Dimension | undefined {
  const [base] = points;
  if (base === undefined) return undefined;
  let constant = base.value;
  const terms: [string, number][] = [];
  for (const [position, name] of names.entries()) {
    const point = points.find(({ moved }) => moved === position);
    if (point === undefined) return undefined;
    const from = base.at.get(name) ?? NaN;
    const slope = (point.value - base.value) / ((point.at.get(name) ?? NaN) - from);
    if (!Number.isInteger(slope)) return undefined;
    if (slope === 0) continue;
    terms.push([name, slope]);
    constant -= slope * from;
  }
  const sum: Dimension = { coefficient: 1, factors: [], terms, constant, divisor: 1 };
  return points.every(({ at, value }) => evaluateDimension(sum, at) === value) ? sum : undefined;
}

/** A multiple of a rounded quotient of one name: strided windows, and what undoes them. */
function fitQuotient(names: readonly string[], points: readonly Point[]): Dimension | undefined {
  const { coefficient, quotients } = possibleQuotients(names, points);
  const [only, other] = quotients;
  // The offset must be pinned down by the choices, or it would be a guess.
  if (only === undefined || other !== undefined || only.least !== only.most) return undefined;
  return { coefficient, factors: [], terms: [[only.name, 1]], constant: only.least, divisor: only.divisor };
}

/** ⌊(name + c) / divisor⌋ for every c from `least` to `most`. */
interface Quotients {
  readonly name: string;
  readonly divisor: number;
  readonly least: number;
  readonly most: number;
}

/** Quotients that give all values, times the smallest coefficient for which there are any; no more than two ranges. */
function possibleQuotients(
  names: readonly string[],
  points: readonly Point[],
): { readonly coefficient: number; readonly quotients: readonly Quotients[] } {
  for (const coefficient of divisorsOf(points.map(({ value }) => value))) {
    const divided = points.map((point) => ({ ...point, value: point.value / coefficient }));
    const quotients = names.flatMap((name) => quotientsOf(name, divided));
    if (quotients.length > 0) return { coefficient, quotients };
  }
  return { coefficient: 1, quotients: [] };
}

function quotientsOf(name: string, points: readonly Point[]): Quotients[] {
  const found: Quotients[] = [];
  for (let divisor = 2; divisor <= LARGEST_DIVISOR && found.length < 2; divisor++) {
    // From ⌊(x + c) / k⌋ = v follows v·k − x ≤ c < (v + 1)·k − x.
    let least = -Infinity;
    let most = Infinity;
    for (const { at, value } of points) {
      const low = value * divisor - (at.get(name) ?? NaN);
      least = Math.max(least, low);
      most = Math.min(most, low + divisor - 1);
    }
    if (least <= most) found.push({ name, divisor, least, most });
  }
  return found;
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}

/** Small numbers that divide all of them, 1 first. */
function divisorsOf(values: readonly number[]): number[] {
  const divisors: number[] = [];
  for (let divisor = 1; divisor <= LARGEST_MULTIPLE; divisor++) {
    if (values.every((value) => value % divisor === 0)) divisors.push(divisor);
  }
  return divisors;
}

/** 3 · 1 becomes a coefficient of 3, and a factor that is alone becomes a name. */
function simplified(dimension: Dimension): Dimension {
  const { factors, terms, constant, divisor } = dimension;
  if (terms.length > 0 || divisor !== 1 || factors.length === 0) return dimension;
  return { coefficient: constant, factors, terms: [], constant: 1, divisor: 1 };
}
