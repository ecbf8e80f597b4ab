import { problem } from '../errors.js';
import { elementCount } from '../tensor/tensor.js';
import { shapeText, typeText, type ModelInput } from './model-input.js';

/** Sizes that data gave to the model's named dimensions. */
export type Bound = Map<string, number>;

const BATCH_NAME = /^(n|b|bs|bsz|batch)$|batch/i;
const SEQUENCE_NAME = /seq|len|time|token|frame|step|point|node|word|^[tls]$|past/i;

export function isBatchName(dimension: number | string | undefined): boolean {
  return typeof dimension === 'string' && BATCH_NAME.test(dimension);
}

export function isSequenceName(dimension: number | string | undefined): boolean {
  return typeof dimension === 'string' && SEQUENCE_NAME.test(dimension) && !isBatchName(dimension);
}

export function withoutAxis<T>(shape: readonly T[], axis: number | undefined): T[] {
  return shape.filter((_, i) => i !== axis);
}

export function withAxis(shape: readonly number[], axis: number | undefined, size: number): number[] {
  return axis === undefined ? [...shape] : [...shape.slice(0, axis), size, ...shape.slice(axis)];
}

/** Remembers what `example` (no batch axis) says of the input's named dimensions. */
export function bind(bound: Bound, input: ModelInput, batchAxis: number | undefined, example: readonly number[]): void {
  const declared = withoutAxis(input.shape ?? [], batchAxis);
  if (declared.length !== example.length) return;
  declared.forEach((dimension, i) => {
    const size = example[i];
    if (typeof dimension === 'string' && dimension !== '?' && size !== undefined && !bound.has(dimension)) {
      bound.set(dimension, size);
    }
  });
}

/** A dimension's size where it is known: a number, a bound name, or a sum like "past_sequence_length + 1". */
export function knownSize(dimension: number | string, bound: Bound): number | undefined {
  if (typeof dimension === 'number') return dimension;
  const direct = bound.get(dimension);
  if (direct !== undefined) return direct;
  if (!dimension.includes('+')) return undefined;
  const parts = dimension.split('+').map((part) => {
    const name = part.trim();
    return /^\d{1,9}$/.test(name) ? Number(name) : bound.get(name);
  });
  return parts.every((part) => part !== undefined) ? parts.reduce((sum, part) => sum + part, 0) : undefined;
}

export interface Matched {
  /** Shape to feed, without the batch axis where `wholeInput` is false. */
  readonly shape: readonly number[];
  readonly wholeInput: boolean;
}

/**
 * How an example of shape `data` becomes an example of `input`: as it is, or with axes of size 1 added, dropped or
 * axes merged ([28, 28] → [1, 28, 28] → [784]), never with axes in another order.
 * @throws ProblemError `invalid-inputs` that names both shapes.
 */
export function matchExample(
  input: ModelInput,
  batchAxis: number | undefined,
  data: readonly number[],
  place: string,
): Matched {
  const declared = input.shape;
  if (declared === undefined) return { shape: data, wholeInput: false };
  const wanted = withoutAxis(declared, batchAxis);
  const shape = fitted(wanted, data);
  if (shape !== undefined) return { shape, wholeInput: false };
  // A fixed first axis can be part of the example instead of a batch.
  const isFixed = batchAxis !== undefined && typeof declared[batchAxis] === 'number';
  const whole = isFixed ? fitted(declared, data) : undefined;
  if (whole !== undefined) return { shape: whole, wholeInput: true };
  throw problem(
    'invalid-inputs',
    `One example in ${place} has the shape ${shapeText(data)}, but “${input.name}” takes ${shapeText(wanted)} per ` +
      `example (${typeText(input)}).`,
    { place, remedy: transposed(wanted, data) ? 'Put its axes in the input’s order.' : 'Choose data of that shape.' },
  );
}

function fitted(wanted: readonly (number | string)[], data: readonly number[]): number[] | undefined {
  if (wanted.length === data.length && wanted.every((size, i) => typeof size === 'string' || size === data[i])) {
    return [...data];
  }
  const count = elementCount(data);
  const open = wanted.filter((size) => typeof size === 'string').length;
  const fixed = wanted.reduce<number>((product, size) => product * (typeof size === 'number' ? size : 1), 1);
  if (open > 1 || (open === 0 && fixed !== count) || transposed(wanted, data)) return undefined;
  if (open === 1 && (fixed === 0 || count % fixed !== 0)) return undefined;
  return wanted.map((size) => (typeof size === 'number' ? size : count / fixed));
}

function transposed(wanted: readonly (number | string)[], data: readonly number[]): boolean {
  const sizes = (shape: readonly (number | string)[]): number[] =>
    shape.filter((size): size is number => typeof size === 'number' && size !== 1);
  const [a, b] = [sizes(wanted), sizes(data)];
  const sorted = (values: number[]): string => values.toSorted((x, y) => x - y).join();
  return sorted(a) === sorted(b) && a.join() !== b.join();
}
