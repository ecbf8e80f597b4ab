/** A dictionary and the network that it is attached to, ready to run: what one holds, the other reads. */
import { totalWidth, type Coder, type Side } from '../dictionary/coder.js';
import { CODER_FEATURES, CODER_RECONSTRUCTION, coderModel } from '../dictionary/graphs/coder-model.js';
import { toRows } from '../dictionary/attach/rows.js';
import { widthAxis } from '../dictionary/attach/sites.js';
import { runTiles, tileNumbers } from '../dictionary/run-tiles.js';
import type { Session } from '../engine/engine.js';
import { problem } from '../errors.js';
import type { ExperimentSubject } from '../experiment/subject.js';
import type { ModelProto } from '../formats/onnx/onnx_pb.js';
import type { TensorFile } from '../formats/tensor-file.js';
import { prune } from '../rewrite/prune.js';
import { layoutOf, type Layout } from './layout.js';
import { elementCount, type NamedTensors } from '../tensor/tensor.js';

/**
 * A dictionary, and the places that it reads and is to write: float32 [examples, …positions, width], [examples · positions,
 * width], or pictures, [examples, width, height, width of the picture].
 */
export interface AttachedDictionary {
  readonly coder: Coder;
  /** The dictionary’s, which its tensors are of, and the absolute folder of it. */
  readonly file: TensorFile;
  readonly folder: string;
  /** A network that computes both values. */
  readonly model: ModelProto;
  readonly reads: string;
  readonly writes: string;
}

export interface OpenAttached {
  /** The network with what the dictionary reads and is to write as its outputs. */
  readonly network: Session;
  /** What the dictionary reads, and is to write, of what the network gave. */
  /** @param examples of the run, padding rows among them. */
  read(outputs: NamedTensors, examples: number): { readonly x: Rows; readonly wanted: Rows };
  /** Runs rows that it reads, [tokens, width], through the dictionary, as many at once as fit. */
  run(rows: Float32Array, see: See): Promise<void>;
  release(): Promise<void>;
}

/** @throws ProblemError as engines and reading do. */
export async function openAttached(
  { engine, threads, toRunnable }: Pick<ExperimentSubject, 'engine' | 'threads' | 'toRunnable'>,
  { coder, file, folder, model, reads, writes }: AttachedDictionary,
): Promise<OpenAttached> {
  const values = [...new Set([reads, writes])];
  const network = await engine.open(toRunnable(prune(model, values)), { threads });
  try {
    const dictionary = await engine.open(await coderModel(coder, file, folder), { threads });
    return {
      network,
      read: (outputs, examples) => ({
        x: rowsOf(outputs, reads, coder.reads, examples),
        wanted: rowsOf(outputs, writes, coder.writes, examples),
      }),
      run: (rows, see) =>
        runTiles(dictionary, coder, rows, (outputs, first) =>
          see(tileNumbers(outputs, CODER_FEATURES), tileNumbers(outputs, CODER_RECONSTRUCTION), first),
        ),
      async release() {
        await network.release();
        await dictionary.release();
      },
    };
  } catch (error) {
    await network.release();
    throw error;
  }
}

export type See = (features: Float32Array, written: Float32Array, firstRow: number) => void | Promise<void>;

export interface Rows {
  readonly positions: number;
  readonly layout: Layout;
  /** The first places of one example. */
  rows(example: number, tokens: number): Float32Array;
}

export function rowsOf(outputs: NamedTensors, value: string, side: Side, examples: number): Rows {
  const tensor = outputs[value];
  const width = totalWidth(side);
  if (!(tensor?.data instanceof Float32Array)) {
    throw problem('not-applicable', `“${value}” does not hold 32-bit floating-point numbers.`, {
      place: `value “${value}”`,
      remedy: 'Attach the dictionary to another value.',
    });
  }
  const { dims, data } = tensor;
  const axis = widthAxis(dims, width);
  if (axis === undefined) {
    throw problem(
      'unplaced-dictionary',
      `“${value}” is ${dims.join(' × ')}, but the dictionary has rows of ${width} numbers.`,
      {
        place: `value “${value}”`,
        remedy: 'Attach the dictionary to a value of its width, of the model that it was trained on.',
      },
    );
  }
  // The first axis may count examples, or examples times positions.
  const positions = elementCount(dims) / width / examples;
  if (!Number.isInteger(positions)) {
    throw problem(
      'not-applicable',
      `“${value}” is ${dims.join(' × ')}: it has no row for each place of ${examples} inputs.`,
      {
        place: `value “${value}”`,
        remedy: 'Attach the dictionary to a value that has a row for each place.',
      },
    );
  }
  const all = toRows(data, dims, width, axis);
  return {
    positions,
    layout: layoutOf(dims, axis, positions),
    rows: (example, tokens) => all.subarray(example * positions * width, (example * positions + tokens) * width),
  };
}
