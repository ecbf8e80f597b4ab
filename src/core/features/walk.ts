/** All inputs through a network and a dictionary, token by token: a batch and a tile of features in memory. */
import { rowsOfRun } from '../dictionary/attach/rows.js';
import { totalWidth, type Coder } from '../dictionary/coder.js';
import { createSweeps } from '../experiment/sweeps.js';
import type { ExperimentSubject } from '../experiment/subject.js';
import type { OpenAttached } from './attached.js';
import type { Layout } from './layout.js';

/** Tokens that follow one another in one input. All row-major, a row for each of them. */
export interface TokenTile {
  readonly input: number;
  /** Position of the first one in the input. */
  readonly position: number;
  /** Positions of an input, padding among them. */
  readonly positions: number;
  readonly layout: Layout;
  readonly x: Float32Array;
  readonly features: Float32Array;
  readonly wanted: Float32Array;
  readonly written: Float32Array;
}

export interface TokenWalk {
  tile(tile: TokenTile): void | Promise<void>;
  /** After the last tile of each input. */
  endInput?(): void | Promise<void>;
}

/**
 * Every token of every input once, padding left out. @param phase what is being done, for people.
 * @throws CancelledError; ProblemError `unplaced-dictionary` where the values are not as wide as what the dictionary reads and
 *   writes, and as engines and reading do.
 */
export async function walkTokens(
  subject: ExperimentSubject,
  coder: Coder,
  { network, read, run }: OpenAttached,
  phase: string,
  { tile, endInput }: TokenWalk,
): Promise<void> {
  const { dataset } = subject;
  const [width, outputWidth] = [totalWidth(coder.reads), totalWidth(coder.writes)];
  const sweeps = createSweeps(subject, 1);
  sweeps.phase(phase);
  await sweeps.run({
    session: network,
    async fold(batch, outputs) {
      const { indices, filled } = batch;
      const { x, wanted } = read(outputs, rowsOfRun(dataset, batch));
      const { positions, layout } = x;
      for (const [row, input] of indices.entries()) {
        const tokens = Math.min(filled?.[row] ?? positions, positions);
        const [rows, targets] = [x.rows(row, tokens), wanted.rows(row, tokens)];
        await run(rows, async (features, written, position) => {
          const count = features.length / coder.features;
          const of = (all: Float32Array, wide: number): Float32Array =>
            all.subarray(position * wide, (position + count) * wide);
          const own = { x: of(rows, width), wanted: of(targets, outputWidth) };
          await tile({ input, position, positions, layout, features, written, ...own });
        });
        await endInput?.();
      }
    },
  });
}
