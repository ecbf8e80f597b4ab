/** The box that certificates hold in: from what is known of each input. */
import type { InputRange } from '../../dataset/input-ranges.js';
import { problem } from '../../errors.js';
import type { Box, Ends } from '../../rewrite/linearize/bounds/box.js';
import { elementCount } from '../../tensor/tensor.js';
import { amount, count } from '../words.js';

/**
 * One pair of ends for each element of the inputs.
 * @throws ProblemError `invalid-recipe` when a range has another number of ends than its input has elements.
 */
export function boxOf(
  inputs: readonly string[],
  ranges: Readonly<Record<string, InputRange>>,
  shapeOf: (value: string) => readonly number[],
): Box {
  return new Map(
    inputs.map((input): [string, Ends] => {
      const range = ranges[input];
      if (range === undefined) throw new Error(`The range of ${input} is not known.`);
      const shape = shapeOf(input);
      return [input, { lower: spread(input, range, 'lower', shape), upper: spread(input, range, 'upper', shape) }];
    }),
  );
}

function spread(input: string, range: InputRange, end: 'lower' | 'upper', shape: readonly number[]): Float64Array {
  const { axis } = range;
  const numbers = range[end];
  const elements = elementCount(shape);
  const inner = axis === undefined ? 1 : elementCount(shape.slice(axis + 1));
  const steps = axis === undefined ? elements : (shape[axis] ?? 1);
  const isExample = axis === undefined && numbers.length > 0 && elements % numbers.length === 0;
  if (numbers.length !== 1 && numbers.length !== steps && !isExample) {
    throw problem('invalid-recipe', `The range of “${input}” has ${count(numbers.length)} ends.`, {
      place: `box.inputs.${input}.${end}`,
      remedy: `Give one number, or one for each of its ${count(elements)} elements.`,
    });
  }
  return Float64Array.from({ length: elements }, (_, at) => {
    const step = axis === undefined ? at % numbers.length : Math.floor(at / inner) % steps;
    return numbers[numbers.length === 1 ? 0 : step] ?? NaN;
  });
}

/** The one value that an input always has. */
export function constantOf(range: InputRange | undefined): number | undefined {
  const [lower, ...more] = range?.lower ?? [];
  return more.length === 0 && lower === range?.upper[0] ? lower : undefined;
}

/**
 * "input from −0.5 to 0.68 (as the recipe states it)": stands beside every number that rests on the box.
 * @param fixed inputs that are no part of the box because they are always the same.
 */
export function boxText(box: Box, ranges: Readonly<Record<string, InputRange>>, fixed: readonly string[]): string {
  const moving = [...box].map(([input, { lower, upper }]) => {
    const least = lower.reduce((a, b) => Math.min(a, b), Infinity);
    const most = upper.reduce((a, b) => Math.max(a, b), -Infinity);
    const alike = lower.every((value) => value === lower[0]) && upper.every((value) => value === upper[0]);
    const each = alike ? '' : ', each element with ends of its own';
    return `“${input}” from ${amount(least)} to ${amount(most)}${each}, ${ranges[input]?.origin ?? ''}`;
  });
  return [...moving, ...fixed.map((input) => `“${input}” always ${amount(constantOf(ranges[input]) ?? NaN)}`)].join(
    '; ',
  );
}
