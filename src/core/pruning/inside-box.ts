/** Inputs of a model and the box that its proofs hold in: whether given ones lie inside, and random ones that do. */
import type { InputRange } from '../dataset/input-ranges.js';
import { numbers } from '../dataset/rows.js';
import { randomStream } from '../dataset/random.js';
import { boxOf, constantOf } from '../passes/certificates/box.js';
import type { Ends } from '../rewrite/linearize/bounds/box.js';
import { floatTensor, isFloatType } from '../tensor/floats.js';
import type { NamedTensors, NumberArray, Tensor } from '../tensor/tensor.js';

type Ranges = Readonly<Record<string, InputRange>>;

/** An input was rounded to its type when it was made; the bounds are widened by more than that. */
const ROUNDING: Readonly<Record<string, number>> = { float64: 2 ** -50, float32: 2 ** -22, float16: 2 ** -10 };

/**
 * Tokens are always inside: the box holds every row of their table. Inputs without a range count as inside.
 * @throws ProblemError `invalid-recipe` when a range has another number of ends than an input has elements.
 */
export function isInside(feeds: NamedTensors, ranges: Ranges): boolean {
  return Object.entries(feeds).every(([name, tensor]) => {
    const range = ranges[name];
    if (range === undefined || tensor.type === 'string') return true;
    if (!isFloatType(tensor.type)) {
      const only = constantOf(range);
      return only === undefined || valuesOf(tensor).every((value) => value === only);
    }
    const { lower, upper } = endsOf(name, tensor, ranges);
    const rounding = ROUNDING[tensor.type] as number;
    return valuesOf(tensor).every((value, at) => {
      const [low, high] = [lower[at] as number, upper[at] as number];
      const slack = rounding * Math.max(Math.abs(low), Math.abs(high));
      return value >= low - slack && value <= high + slack;
    });
  });
}

/** The inputs, those with a range drawn anew: uniformly in it. Whole numbers that are always the same are that. */
export function drawnInside(feeds: NamedTensors, ranges: Ranges, seed: number, example: number): NamedTensors {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, tensor]): [string, Tensor] => {
      const range = ranges[name];
      const { type, dims, data } = tensor;
      if (range === undefined || type === 'string') return [name, tensor];
      if (!isFloatType(type)) {
        const only = constantOf(range);
        if (only === undefined) return [name, tensor];
        const filled = (data as NumberArray).slice();
        if (filled instanceof BigInt64Array || filled instanceof BigUint64Array) filled.fill(BigInt(only));
        else filled.fill(only);
        return [name, { type, dims, data: filled }];
      }
      const { lower, upper } = endsOf(name, tensor, ranges);
      const next = randomStream(seed, name, example);
      return [
        name,
        floatTensor(
          type,
          dims,
          lower.map((low, at) => low + next() * ((upper[at] ?? low) - low)),
        ),
      ];
    }),
  );
}

function endsOf(name: string, { dims }: Tensor, ranges: Ranges): Ends {
  return boxOf([name], ranges, () => dims).get(name) as Ends;
}

function valuesOf({ type, data }: Tensor): Float64Array {
  return numbers({ type, data: data as NumberArray });
}
