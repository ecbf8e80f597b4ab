/** Why a node made NaN or infinity, from the numbers that went into it. */
import type { GraphNode } from '../../graph/graph.js';
import { amount, count } from '../words.js';

/** One input of the node: its numbers, and whether a weight or an input of the model gave them. */
export interface CauseInput {
  readonly data: Float32Array;
  readonly from: 'weights' | 'model input' | 'node';
}

/** ln of the largest float32 and float16. */
const LARGEST_EXPONENT = 88.72283905206835;

const some = (data: Float32Array, test: (value: number) => boolean): number =>
  data.reduce((n, x) => n + (test(x) ? 1 : 0), 0);
const isBroken = (value: number): boolean => !(value < Infinity);
const largest = (data: Float32Array): number => data.reduce((most, x) => (Math.abs(x) > most ? Math.abs(x) : most), 0);
const lowest = (data: Float32Array): number => data.reduce((least, x) => (x < least ? x : least), Infinity);

function entries(number: number): string {
  return number === 1 ? '1 entry that is' : `${count(number)} entries that are`;
}

/** A sentence without its end, or undefined where the numbers do not tell. */
export function causeOf(node: GraphNode, inputs: readonly CauseInput[]): string {
  for (const { data, from } of inputs) {
    const broken = some(data, isBroken);
    if (broken === 0) continue;
    if (from === 'weights') return `its weights hold ${entries(broken)} NaN or infinite`;
    if (from === 'model input') return `the input itself holds ${entries(broken)} NaN or infinite`;
    return `its input already holds ${entries(broken)} NaN or infinite`;
  }
  const [first = new Float32Array(), second] = inputs.map(({ data }) => data);
  switch (node.opType) {
    case 'Exp': {
      const most = first.reduce((high, x) => (x > high ? x : high), -Infinity);
      if (most > LARGEST_EXPONENT) return `overflow: exp(${amount(most)}) is beyond float32, which ends at exp(88.7)`;
      return `overflow of exp(${amount(most)}) in the type that it computes in`;
    }
    case 'Div':
      return zeros(second, 'division by zero: %n of its divisors are 0') ?? overflow(inputs);
    case 'Reciprocal':
      return zeros(first, 'division by zero: %n of its entries are 0') ?? overflow(inputs);
    case 'Sqrt':
      return negatives(first, 'square root of a negative number: %n entries, the lowest %x') ?? overflow(inputs);
    case 'Log':
      return (
        negatives(first, 'logarithm of a negative number: %n entries, the lowest %x') ??
        zeros(first, 'logarithm of zero: %n of its entries are 0') ??
        overflow(inputs)
      );
    case 'Pow':
      return (
        negatives(first, 'power of a negative number: %n entries, the lowest %x') ??
        zeros(first, 'negative power of zero: %n of its entries are 0') ??
        overflow(inputs)
      );
    case 'Softmax':
    case 'LogSoftmax':
      return some(first, (x) => x === -Infinity) > 0
        ? 'a softmax over a row that is masked everywhere (all of it −∞)'
        : overflow(inputs);
    case 'Asin':
    case 'Acos':
    case 'Atanh':
      return `${node.opType} of numbers beyond ±1 (largest |x| ${amount(largest(first))})`;
    case 'BatchNormalization':
      return (
        negatives(inputs[4]?.data, 'square root of a negative variance: %n channels, the lowest %x') ?? overflow(inputs)
      );
    default:
      return inputs.some(({ data }) => some(data, (x) => x === -Infinity) > 0)
        ? 'an operation on −∞ that has no value (0 · ∞ or ∞ − ∞)'
        : overflow(inputs);
  }
}

function zeros(data: Float32Array | undefined, text: string): string | undefined {
  const found = data === undefined ? 0 : some(data, (x) => x === 0);
  return found === 0 ? undefined : text.replace('%n', count(found));
}

function negatives(data: Float32Array | undefined, text: string): string | undefined {
  const found = data === undefined ? 0 : some(data, (x) => x < 0);
  return data === undefined || found === 0
    ? undefined
    : text
        .replace(/%n (\w+?)(ies|s)\b/, (_, stem: string, end: string) => counted(found, stem, end))
        .replace('%x', amount(lowest(data)));
}

/** "1 entry", "2 entries", "1 channel". */
function counted(number: number, stem: string, end: string): string {
  return `${count(number)} ${stem}${number !== 1 ? end : end === 'ies' ? 'y' : ''}`;
}

function overflow(inputs: readonly CauseInput[]): string {
  const sizes = inputs.map(({ data }) => amount(largest(data)));
  return `overflow: its inputs are finite (largest |x| ${sizes.join(' and ')}), its result is not`;
}
