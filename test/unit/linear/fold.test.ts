import { describe, expect, test } from 'vitest';
import { CancelledError, problem } from '../../../src/core/errors.js';
import { foldSystems } from '../../../src/core/linear/fold.js';
import type { LinearSystem } from '../../../src/core/linear/system.js';

/** A system whose vote for every output is known. */
function systemWith(votes: readonly number[], ledger: readonly number[], bias = 0.5): LinearSystem {
  const unused = async (): Promise<never> => {
    throw new Error('Folding needs votes only.');
  };
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
  return {
    layers: ledger.map((_, at) => ({ label: `layer ${at}`, item: `#${at}` })),
    layout: { kind: 'vector', size: votes.length },
    describe: unused,
    row: unused,
    column: unused,
    singular: unused,
    votes: async (outputs) =>
      outputs.map((output) => ({
        output,
        value: sum(votes) + sum(ledger) + output,
        votes: Float32Array.from(votes, (each) => each * (output + 1)),
        voteSum: sum(votes),
        voteMagnitude: sum(votes),
        ledger: Float64Array.from(ledger),
        biasSum: sum(ledger),
        biasShare: bias,
      })),
  };
}

describe('systems of many inputs', () => {
  test('become means by place and by layer, and one number per input', async () => {
    const systems = [systemWith([1, 2], [4], 0.25), systemWith([3, 6], [8], 0.75)];
    const shares: number[] = [];
    const folded = await foldSystems(async (example) => systems[example] as LinearSystem, {
      outputs: [0, 2],
      inputs: 2,
      onProgress: (share) => shares.push(share),
    });
    expect(folded).toMatchObject({ inputs: 2, failed: [], layers: [{ label: 'layer 0', item: '#0' }] });
    expect(folded.outputs.map(({ output, meanVotes }) => [output, [...meanVotes]])).toEqual([
      [0, [2, 4]],
      [2, [6, 12]],
    ]);
    const [first] = folded.outputs;
    expect(
      [first?.meanLedger, first?.values, first?.voteSums, first?.biasShares].map((each) => [...(each ?? [])]),
    ).toEqual([[6], [7, 17], [3, 9], [0.25, 0.75]]);
    expect(shares).toEqual([0, 0.5, 1]);
  });

  test('say which inputs gave none, and why; the mean is over the others', async () => {
    const systems = [
      systemWith([1, 2], [4]),
      undefined,
      systemWith([1, 2, 3], [4]),
      systemWith([1, 2], [4, 5]),
      systemWith([NaN, 2], [4]),
      systemWith([3, 4], [4]),
    ];
    const folded = await foldSystems(
      async (example) => {
        const system = systems[example];
        if (system === undefined) throw problem('invalid-inputs', 'It cannot be decoded.');
        return system;
      },
      { outputs: [0], inputs: 6 },
    );
    expect(folded.inputs).toBe(2);
    expect(folded.failed).toEqual([
      { example: 1, reason: 'It cannot be decoded.' },
      { example: 2, reason: 'The start of its system has another size than for input 1: they cannot be averaged.' },
      { example: 3, reason: 'Biases are added at other nodes than for input 1: they cannot be averaged.' },
      { example: 4, reason: 'Its linear system has numbers that are not finite.' },
    ]);
    expect([...(folded.outputs[0]?.meanVotes ?? [])]).toEqual([2, 3]);
  });

  test('are a problem where none gave a system, stop when cancelled, and hide no defect', async () => {
    const failing = async (): Promise<never> => {
      throw problem('not-applicable', 'No way through.');
    };
    await expect(foldSystems(failing, { outputs: [0], inputs: 3 })).rejects.toThrow('No way through.');
    const controller = new AbortController();
    controller.abort();
    const cancelled = foldSystems(failing, { outputs: [0], inputs: 3, signal: controller.signal });
    await expect(cancelled).rejects.toThrow(CancelledError);
    const defect = foldSystems(() => Promise.reject(new TypeError('defect')), { outputs: [0], inputs: 3 });
    await expect(defect).rejects.toThrow(TypeError);
  });
});
