/** One output explained: what every place of the start and every bias adds to it (methods, section A). */
import { placeInValue, positionOf, positionsOf, type Laid } from './layout.js';

/** value = Σ votes + Σ ledger. */
export interface Vote {
  /** Place of the element in the end's values. */
  readonly output: number;
  readonly value: number;
  /** By position of the start (pixel, token, feature): the sum over its channels of row × input. */
  readonly votes: Float32Array;
  readonly voteSum: number;
  /** Σ|votes| over single elements, before channels are added: how much of the votes cancels out. */
  readonly voteMagnitude: number;
  /** By layer of the description. */
  readonly ledger: Float64Array;
  readonly biasSum: number;
  /** Σ|ledger| / (Σ|ledger| + Σ|votes by position|), methods A. */
  readonly biasShare: number;
}

export interface ExplainedRow {
  readonly output: number;
  readonly value: number;
  /** Aᵀ u of several u, one after the other; this row begins at `offset`. */
  readonly rows: Float32Array;
  readonly offset: number;
  readonly start: Float32Array;
  readonly laid: Laid;
  readonly ledger: Float64Array;
}

export function voteOf({ output, value, rows, offset, start, laid, ledger }: ExplainedRow): Vote {
  const sums = new Float64Array(positionsOf(laid.layout));
  let [voteSum, voteMagnitude] = [0, 0];
  for (let index = 0; index < laid.size; index++) {
    const place = placeInValue(laid, index);
    const vote = (rows[offset + place] ?? NaN) * (start[place] ?? NaN);
    const position = positionOf(laid.layout, index);
    sums[position] = (sums[position] ?? 0) + vote;
    voteSum += vote;
    voteMagnitude += Math.abs(vote);
  }
  const ofBiases = absoluteSum(ledger);
  const ofVotes = absoluteSum(sums);
  return {
    output,
    value,
    votes: Float32Array.from(sums),
    voteSum,
    voteMagnitude,
    ledger,
    biasSum: ledger.reduce((sum, each) => sum + each, 0),
    // Of an output that nothing adds to, no share is the biases'.
    biasShare: ofBiases === 0 ? 0 : ofBiases / (ofBiases + ofVotes),
  };
}

export function absoluteSum(numbers: Float32Array | Float64Array): number {
  let sum = 0;
  for (const each of numbers) sum += Math.abs(each);
  return sum;
}
