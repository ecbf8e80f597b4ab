/** Answers about linear systems, computed from dense matrices. Rows take a moment, so that questions meet. */
import { CancelledError } from '../../../src/core/errors.js';
import type { LinearQuestions, SystemRequest, Vote } from '../../../src/protocol/linear.js';
import { CUTS, fakeSystem, type DenseSystem } from './linear-systems.js';
import type { FakeNetwork } from './network.js';

const ROW_MS = 40;
const STEP_MS = 25;
const STEPS = 24;

/** Steps of reading a system take so many times longer. */
export const slow = { value: 1 };

/** How many rows were asked for at once, at most. */
export const rowsUnderWay = { now: 0, most: 0 };

export function fakeLinearQuestions(network: FakeNetwork): LinearQuestions {
  const open = (request: SystemRequest): DenseSystem => fakeSystem(network, request);
  return {
    linearCuts: async () => CUTS,
    async linearSystem(request, signal, onProgress) {
      await steps(4 * slow.value, signal, onProgress);
      return open(request).description;
    },
    linearVotes: async ({ system, outputs }) => outputs.map((output) => voteOf(open(system), output)),
    async linearRow({ system, output }, signal) {
      rowsUnderWay.now++;
      rowsUnderWay.most = Math.max(rowsUnderWay.most, rowsUnderWay.now);
      try {
        await pause(ROW_MS, signal);
      } finally {
        rowsUnderWay.now--;
      }
      const { matrix } = open(system);
      const weights = typeof output === 'number' ? matrix.map((_, index) => Number(index === output)) : output;
      return { values: Float32Array.from(backwards(matrix, weights)) };
    },
    async linearColumn({ system, input }, signal) {
      await pause(ROW_MS, signal);
      const { matrix } = open(system);
      const values = matrix.map((row) => (typeof input === 'number' ? (row[input] ?? 0) : product(row, input)));
      return { values: Float32Array.from(values) };
    },
    async linearSingular({ system, count }, signal, onProgress) {
      await steps(STEPS, signal, onProgress);
      const { matrix } = open(system);
      const found: { gain: number; input: Float64Array; output: Float64Array }[] = [];
      for (let k = 0; k < count; k++) {
        let input: Float64Array = Float64Array.from(
          { length: matrix[0]?.length ?? 0 },
          (_, index) => Math.cos(index * (k + 1)) + 0.1,
        );
        for (let step = 0; step < 300; step++) {
          input = unit(without(input, found));
          const output = matrix.map((row) => product(row, input));
          input = unit(without(backwards(matrix, output), found));
        }
        const output = Float64Array.from(matrix, (row) => product(row, input));
        const gain = Math.hypot(...output);
        found.push({ gain, input, output: output.map((value) => (gain === 0 ? 0 : value / gain)) });
      }
      return found.map(({ gain, input, output }, index) => ({
        gain,
        input: Float32Array.from(input),
        output: Float32Array.from(output),
        isSettled: index !== count - 1,
        steps: index === count - 1 ? 200 : 31,
      }));
    },
    async linearFold({ outputs, inputs, ...cut }, signal, onProgress) {
      await steps(STEPS, signal, onProgress);
      const failed = inputs > 3 ? [{ example: 3, reason: 'Its activations are not finite.' }] : [];
      const examples = Array.from({ length: inputs }, (_, example) => example).filter(
        (example) => !failed.some((each) => each.example === example),
      );
      const systems = examples.map((example) => open({ ...cut, example }));
      return {
        inputs: examples.length,
        failed,
        layers: systems[0]?.description.layers ?? [],
        outputs: outputs.map((output) => {
          const votes = systems.map((system) => voteOf(system, output));
          const mean = (of: (vote: Vote) => ArrayLike<number>): Float64Array =>
            Float64Array.from(
              { length: of(votes[0] as Vote).length },
              (_, at) => votes.reduce((sum, vote) => sum + (of(vote)[at] ?? 0), 0) / votes.length,
            );
          return {
            output,
            meanVotes: Float32Array.from(mean((vote) => vote.votes)),
            meanLedger: mean((vote) => vote.ledger),
            values: Float64Array.from(votes, ({ value }) => value),
            voteSums: Float64Array.from(votes, ({ voteSum }) => voteSum),
            biasShares: Float64Array.from(votes, ({ biasShare }) => biasShare),
          };
        }),
      };
    },
  };
}

function voteOf({ description: { from, to }, matrix, ledger }: DenseSystem, output: number): Vote {
  const row = matrix[output] ?? new Float64Array();
  const single = row.map((weight, index) => weight * (from.values[index] ?? 0));
  const { layout } = from;
  const positions =
    layout.kind === 'image'
      ? layout.height * layout.width
      : layout.kind === 'sequence'
        ? layout.positions
        : layout.size;
  const votes = new Float32Array(positions);
  single.forEach((vote, index) => {
    const position = layout.kind === 'sequence' ? Math.floor(index / layout.width) : index % positions;
    votes[position] = (votes[position] ?? 0) + vote;
  });
  const biases = Float64Array.from(ledger, (layer) => layer[output] ?? 0);
  const sizeOf = (values: ArrayLike<number>): number => Array.from(values, Math.abs).reduce((a, b) => a + b, 0);
  const biasSize = sizeOf(biases);
  return {
    output,
    value: to.values[output] ?? NaN,
    votes,
    voteSum: single.reduce((a, b) => a + b, 0),
    voteMagnitude: sizeOf(single),
    ledger: biases,
    biasSum: biases.reduce((a, b) => a + b, 0),
    biasShare: biasSize / (biasSize + sizeOf(votes)),
  };
}

function backwards(matrix: readonly Float64Array[], weights: ArrayLike<number>): Float64Array {
  const sum = new Float64Array(matrix[0]?.length ?? 0);
  matrix.forEach((row, output) =>
    row.forEach((value, input) => (sum[input] = (sum[input] ?? 0) + value * (weights[output] ?? 0))),
  );
  return sum;
}

function product(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += (a[index] ?? 0) * (b[index] ?? 0);
  return sum;
}

function without(values: Float64Array, known: readonly { readonly input: Float64Array }[]): Float64Array {
  let rest = values;
  for (const { input } of known) {
    const share = product(input, rest);
    rest = rest.map((value, index) => value - share * (input[index] ?? 0));
  }
  return rest;
}

function unit(values: Float64Array): Float64Array {
  const length = Math.hypot(...values);
  return length < 1e-9 ? values.map(() => 0) : values.map((value) => value / length);
}

async function steps(count: number, signal?: AbortSignal, onProgress?: (share: number) => void): Promise<void> {
  for (let step = 0; step < count; step++) {
    await pause(STEP_MS, signal);
    onProgress?.((step + 1) / count);
  }
}

async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  if (signal?.aborted) throw new CancelledError();
}
