/** Which sizes of the open dimensions to try, so that what an inner size depends on shows. */
import { evaluateDimension, type Dimension, type Sizes } from './dimension.js';
import type { Experiment } from './fit-dimension.js';

/** Sizes to try for the names that are free; the other names follow from these. */
export interface Attempt {
  readonly free: readonly string[];
  readonly sizes: Experiment<Sizes>;
  /**
   * Far smaller sizes, which show what is cut off at the larger ones. They may be too small: what should be nothing
   * engines infer as 0 or 1. Absent where the sizes are small themselves.
   */
  readonly control?: Sizes;
  /** The base with another size of one name. */
  readonly varied: (name: string, size: number) => Sizes;
}

/** With more open dimensions there are too many choices: only the names that the engine itself passes on are told. */
export const MOST_DIMENSIONS = 8;
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
  /** Sizes by the position of the name: no two alike. They grow, so that of two names the second is the larger. */
  readonly base: (position: number) => number;
  readonly step: number;
  /** Primes that fall, so that the smaller of two sizes is another one here. */
  readonly check: readonly number[];
  readonly isControlled: boolean;
}

const SMALL_CHECKS = [37, 31, 29, 23, 19, 17, 13, 11];

const PLANS = {
  large: {
    base: (position) => 4096 * (2 * position + 1),
    step: 1,
    check: [10_079, 10_069, 10_067, 10_061, 10_039, 10_037, 10_009, 10_007],
    isControlled: true,
  },
  medium: {
    base: (position) => 64 * (2 * position + 1),
    step: 1,
    // Below 512, which is all that many texts may have.
    check: [443, 439, 433, 431, 421, 419, 409, 401],
    isControlled: true,
  },
  small: { base: (position) => 4 + 2 * position, step: 1, check: SMALL_CHECKS, isControlled: false },
  multiples: {
    base: (position) => 64 * (2 * position + 1),
    step: 64,
    check: SMALL_CHECKS.map((size) => 64 * size),
    isControlled: false,
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
  const listed = (list: readonly number[]): Sizes => complete((position) => list[position] ?? 1);
  return {
    free,
    sizes: { base: complete(plan.base), raised: moved(plan.step), ...lowered, check: listed(plan.check) },
    ...(plan.isControlled ? { control: listed(SMALL_CHECKS) } : {}),
    varied: (name, size) => complete((position) => (free[position] === name ? size : plan.base(position))),
  };
}
