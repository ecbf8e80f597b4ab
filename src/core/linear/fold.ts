/** Linear systems of many inputs, one after the other, folded into means and distributions. */
import { breathe } from '../breathe.js';
import { asProblem, CancelledError, problem, ProblemError, throwIfCancelled } from '../errors.js';
import type { SystemLayer } from './description.js';
import { positionsOf } from './layout.js';
import type { LinearSystem } from './system.js';
import type { Vote } from './vote.js';
import { inputNumber } from '../told-numbers.js';

export interface FoldedOutput {
  readonly output: number;
  /** By position of the start: mean over the inputs. */
  readonly meanVotes: Float32Array;
  readonly meanLedger: Float64Array;
  /** One number per input that gave a system, in their order. */
  readonly values: Float64Array;
  readonly voteSums: Float64Array;
  readonly biasShares: Float64Array;
}

/** Systems of many inputs, one after the other, folded. */
export interface FoldedSystems {
  /** That gave a system. */
  readonly inputs: number;
  /** Inputs that gave no system, with the reason. */
  readonly failed: readonly { readonly example: number; readonly reason: string }[];
  /** By output asked for. */
  readonly outputs: readonly FoldedOutput[];
  readonly layers: readonly SystemLayer[];
}

export interface FoldOptions {
  readonly outputs: readonly number[];
  readonly inputs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((share: number) => void) | undefined;
}

/**
 * @param systemOf the system at an input.
 * @throws ProblemError of the first input when none gave a system; CancelledError.
 */
export async function foldSystems(
  systemOf: (example: number) => Promise<LinearSystem>,
  { outputs, inputs, signal, onProgress }: FoldOptions,
): Promise<FoldedSystems> {
  const sums = outputs.map(outputSums);
  const failed: { readonly example: number; readonly reason: string }[] = [];
  let first: { readonly system: LinearSystem; readonly example: number } | undefined;
  let refused: ProblemError | undefined;
  for (let example = 0; example < inputs; example++) {
    await breathe();
    throwIfCancelled(signal);
    onProgress?.(example / inputs);
    try {
      const system = await systemOf(example);
      if (first !== undefined) checkSame(first.system, first.example, system);
      const votes = await system.votes(outputs, signal);
      if (!votes.every(isFinite)) throw problem('not-applicable', 'Its linear system has numbers that are not finite.');
      first ??= { system, example };
      votes.forEach((vote, at) => sums[at]?.add(vote));
    } catch (error) {
      if (!(error instanceof ProblemError) || error instanceof CancelledError) throw error;
      refused ??= error;
      failed.push({ example, reason: asProblem(error).message });
    }
  }
  if (first === undefined) throw refused ?? problem('not-applicable', 'There are no inputs to fold.');
  onProgress?.(1);
  return {
    inputs: inputs - failed.length,
    failed,
    outputs: sums.map((sum) => sum.finish()),
    layers: first.system.layers,
  };
}

function isFinite({ voteSum, biasSum }: Vote): boolean {
  return Number.isFinite(voteSum + biasSum);
}

/** Votes are added up place by place, biases layer by layer. */
function checkSame(first: LinearSystem, example: number, other: LinearSystem): void {
  const isSameStart = positionsOf(first.layout) === positionsOf(other.layout);
  const layers = [first, other].map((system) => system.layers.map(({ item }) => item).join());
  if (isSameStart && layers[0] === layers[1]) return;
  const what = isSameStart ? 'Biases are added at other nodes' : 'The start of its system has another size';
  throw problem('not-applicable', `${what} than for input ${inputNumber(example)}: they cannot be averaged.`);
}

interface OutputSums {
  add(vote: Vote): void;
  finish(): FoldedOutput;
}

function outputSums(output: number): OutputSums {
  let votes = new Float64Array();
  let ledger = new Float64Array();
  const [values, voteSums, biasShares]: [number[], number[], number[]] = [[], [], []];
  return {
    add(vote) {
      if (values.length === 0)
        [votes, ledger] = [new Float64Array(vote.votes.length), new Float64Array(vote.ledger.length)];
      vote.votes.forEach((each, at) => (votes[at] = (votes[at] ?? 0) + each));
      vote.ledger.forEach((each, at) => (ledger[at] = (ledger[at] ?? 0) + each));
      values.push(vote.value);
      voteSums.push(vote.voteSum);
      biasShares.push(vote.biasShare);
    },
    finish: () => ({
      output,
      meanVotes: Float32Array.from(votes, (each) => each / values.length),
      meanLedger: ledger.map((each) => each / values.length),
      values: Float64Array.from(values),
      voteSums: Float64Array.from(voteSums),
      biasShares: Float64Array.from(biasShares),
    }),
  };
}
