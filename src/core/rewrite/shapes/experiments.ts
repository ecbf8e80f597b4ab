/** Which sizes of the open dimensions to try, so that what an inner size depends on shows. */
import { evaluateDimension, type Dimension, type Sizes } from './dimension.js';
import type { Experiment } from './fit-dimension.js';

/** Sizes to try for the names that are free; the other names follow from these. */
export interface Attempt {
  readonly free: readonly string[];
  readonly sizes: Experiment<Sizes>;
  /** The base with another size of one name. */
  readonly varied: (name: string, size: number) => Sizes;
}

/** With more names, the tries that tie one to another would be too many. */
const MOST_TIED_NAMES = 4;

/**
 * Tries in the order of their worth; a later one is for what the engine refused in those before it.
 * - Multiples of 4096 and their neighbours, which tell ⌈x/2⌉ from ⌊x/2⌋ and are larger than any window that slides over
 *   them (where one is not, engines infer nonsense), and primes as a check.
 * - The same with multiples of 64, and with small sizes, for models with few positions.
 * - Steps of 64, for models that take multiples only.
 * - One name as the sum of two others, as the length of an attention mask is.
 * - One name fixed to 1: models with a batch of one written into them.
 */
export function attempts(names: readonly string[]): readonly Attempt[] {
  const plans = [PLANS.large, PLANS.medium, PLANS.small, PLANS.multiples];
  const all = (plan: Plan): Attempt => attempt(names, new Map(), plan);
  const tied = names.length > MOST_TIED_NAMES ? [] : names;
  const without = (name: string): string[] => names.filter((other) => other !== name);
  const bound = (name: string, dimension: Dimension): Attempt[] =>
    [PLANS.large, PLANS.small].map((plan) => attempt(without(name), new Map([[name, dimension]]), plan));
  const sums = sumTriples(tied).flatMap(([sum, a, b]) => bound(sum, sumOf(a, b)));
  const pinned = tied.flatMap((name) => bound(name, one));
  return [...plans.map(all), ...sums, ...pinned];
}

interface Plan {
  /** Sizes by the position of the name: no two alike. */
  readonly base: (position: number) => number;
  readonly step: number;
  readonly check: (position: number) => number;
}

const LARGE_CHECKS = [10_007, 10_009, 10_037, 10_039, 10_061, 10_067, 10_069, 10_079];
/** Below 512, which is all that many texts may have. */
const MEDIUM_CHECKS = [401, 409, 419, 421, 431, 433, 439, 443];
const SMALL_CHECKS = [13, 17, 11, 19, 23, 29, 31, 37];

const PLANS = {
  large: {
    base: (position) => 4096 * (2 * position + 1),
    step: 1,
    check: (position) => LARGE_CHECKS[position] ?? 10_091 + 2 * position,
  },
  medium: {
    base: (position) => 64 * (2 * position + 1),
    step: 1,
    check: (position) => MEDIUM_CHECKS[position] ?? 449 + 2 * position,
  },
  small: {
    base: (position) => 4 + 2 * position,
    step: 1,
    check: (position) => SMALL_CHECKS[position] ?? 41 + position,
  },
  multiples: {
    base: (position) => 64 * (2 * position + 1),
    step: 64,
    check: (position) => 64 * (SMALL_CHECKS[position] ?? 41 + position),
  },
} satisfies Readonly<Record<string, Plan>>;

const one: Dimension = { coefficient: 1, factors: [], terms: [], constant: 1, divisor: 1 };

function sumOf(a: string, b: string): Dimension {
  const terms = [[a, 1] as const, [b, 1] as const];
  return { coefficient: 1, factors: [], terms, constant: 0, divisor: 1 };
}

/** A name and two others that it may be the sum of; names that say so first. */
function sumTriples(names: readonly string[]): (readonly [sum: string, a: string, b: string])[] {
  const triples = names.flatMap((sum) =>
    names.flatMap((a, position) =>
      names.slice(position + 1).flatMap((b) => (a === sum || b === sum ? [] : [[sum, a, b] as const])),
    ),
  );
  const saysSo = ([sum]: readonly [string, string, string]): number => (/total|full|all|kv/i.test(sum) ? 0 : 1);
  return triples.sort((x, y) => saysSo(x) - saysSo(y));
}

function attempt(free: readonly string[], bound: ReadonlyMap<string, Dimension>, plan: Plan): Attempt {
  const complete = (sizeOf: (position: number) => number): Sizes => {
    const sizes = new Map(free.map((name, position) => [name, sizeOf(position)]));
    for (const [name, dimension] of bound) {
      const size = evaluateDimension(dimension, sizes);
      if (size !== undefined) sizes.set(name, size);
    }
    return sizes;
  };
  const moved = (by: number): Sizes[] =>
    free.map((_, index) => complete((position) => plan.base(position) + (position === index ? by : 0)));
  const lowered = plan.step === 1 ? { lowered: moved(-1) } : {};
  return {
    free,
    sizes: { base: complete(plan.base), raised: moved(plan.step), ...lowered, check: complete(plan.check) },
    varied: (name, size) => complete((position) => (free[position] === name ? size : plan.base(position))),
  };
}
