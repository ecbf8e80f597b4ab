/**
 * All inputs through a network and a dictionary, token by token: a batch and a tile of features in memory. Where inputs have
 * no tokens, places are meant.
 */
import { rowsOfRun } from '../dataset/rows-of-run.js';
import { totalWidth, type Coder } from '../dictionary/coder.js';
import { createSweeps } from '../experiment/sweeps.js';
import type { ExperimentSubject } from '../experiment/subject.js';
import type { OpenAttached } from './attached.js';
import { isPadding, type Layout } from '../dictionary/attach/layout.js';

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
  /** All places up to the last that is no padding, before their tiles: padding between heads among them. */
  all?(input: number, x: Float32Array, features: Float32Array): void;
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
  { all, tile, endInput }: TokenWalk,
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
        const places = x.upToPadding(filled?.[row]);
        const [rows, targets] = [x.rows(row, places), wanted.rows(row, places)];
        await run(rows, async (features, written, first) => {
          const end = first + features.length / coder.features;
          all?.(input, rows.subarray(first * width, end * width), features);
          for (const [from, to] of stretches(first, end, layout, filled?.[row])) {
            const of = (values: Float32Array, wide: number, before = 0): Float32Array =>
              values.subarray((from - before) * wide, (to - before) * wide);
            await tile({
              input,
              position: from,
              positions,
              layout,
              x: of(rows, width),
              wanted: of(targets, outputWidth),
              features: of(features, coder.features, first),
              written: of(written, outputWidth, first),
            });
          }
        });
        await endInput?.();
      }
    },
  });
}

/** Places that follow one another without padding between them. */
function stretches(
  first: number,
  end: number,
  layout: Layout,
  filled: number | undefined,
): readonly (readonly [from: number, to: number])[] {
  const found: [number, number][] = [];
  for (let position = first; position < end; position++) {
    if (isPadding(position, layout, filled)) continue;
    const last = found.at(-1);
    if (last?.[1] === position) last[1]++;
    else found.push([position, position + 1]);
  }
  return found;
}
