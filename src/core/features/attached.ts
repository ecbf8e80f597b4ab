/** A dictionary and the network that it is attached to, ready to run: what one holds, the other reads. */
import { totalWidth, type Coder, type Side } from '../dictionary/coder.js';
import { CODER_FEATURES, CODER_RECONSTRUCTION, coderModel } from '../dictionary/graphs/coder-model.js';
import { rowsOf as attachedRows } from '../dictionary/attach/rows.js';
import { layoutOf, placesUpToPadding, widthAxis, type Layout, type PlacesTold } from '../dictionary/attach/layout.js';
import type { Variant } from '../dictionary/attach/sites.js';
import { toldPlaces } from '../dictionary/attach/told-places.js';
import { runTiles, tileNumbers } from '../dictionary/run-tiles.js';
import type { Session } from '../engine/engine.js';
import { problem } from '../errors.js';
import type { ExperimentSubject } from '../experiment/subject.js';
import type { ModelProto } from '../formats/onnx/onnx_pb.js';
import type { TensorFile } from '../formats/tensor-file.js';
import type { Graph } from '../graph/graph.js';
import { gainsApart } from '../rewrite/gains-apart.js';
import { prune } from '../rewrite/prune.js';
import { isFloatType } from '../tensor/floats.js';
import { elementCount, type NamedTensors } from '../tensor/tensor.js';

/**
 * A dictionary, and the places that it reads and is to write: float32 [examples, …positions, width], [examples · positions,
 * width], or pictures, [examples, width, height, width of the picture]; of heads of an attention [examples, heads, tokens,
 * width] or [examples, tokens, heads, width].
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
  /** What is taken less its mean over the width, row by row: what is read, or what is to be written as well. */
  readonly centred?: 'reads' | 'both';
  /** What the graph tells of the places of both values; absent: nothing. */
  readonly told?: { readonly reads: PlacesTold; readonly writes: PlacesTold };
}

/**
 * Where a dictionary is attached to read a value in one of its variants; what it is to write is taken in the same one where
 * it is the same value. @throws ProblemError `not-applicable` where no normalisation of one node gives the value.
 */
export function attachedAt(
  graph: Graph,
  { reads, writes, variant }: { readonly reads: string; readonly writes: string; readonly variant: Variant },
): Pick<AttachedDictionary, 'model' | 'reads' | 'writes' | 'centred' | 'told'> {
  const told = { reads: toldPlaces(graph, reads), writes: toldPlaces(graph, writes) };
  switch (variant) {
    case 'as it is':
      return { model: graph.model, reads, writes, told };
    case 'centred':
      return { model: graph.model, reads, writes, told, centred: writes === reads ? 'both' : 'reads' };
    case 'before the gain': {
      const { model, beforeGain } = gainsApart(graph, [reads]);
      const value = beforeGain.get(reads);
      if (value === undefined)
        throw problem('not-applicable', `“${reads}” is not given by a normalisation with a gain.`, {
          place: `value “${reads}”`,
          remedy: 'Measure where the dictionary fits again: “Dictionary fit”.',
        });
      return { model, reads: value, writes: writes === reads ? value : writes, told };
    }
  }
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
  attached: AttachedDictionary,
): Promise<OpenAttached> {
  const { coder, file, folder, model } = attached;
  const network = await engine.open(toRunnable(prune(model, valuesRead(attached))), { threads });
  try {
    const dictionary = await engine.open(await coderModel(coder, file, folder), { threads });
    return {
      network,
      read: (outputs, examples) => rowsOf(outputs, attached, examples),
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

/** Values of the network that {@link rowsOf} needs. */
export function valuesRead({ reads, writes, told }: Pick<AttachedDictionary, 'reads' | 'writes' | 'told'>): string[] {
  const grids = [told?.reads, told?.writes].flatMap((each) => each?.patches?.grid ?? []);
  return [...new Set([reads, writes, ...grids])];
}

export type See = (features: Float32Array, written: Float32Array, firstRow: number) => void | Promise<void>;

export interface Rows {
  readonly positions: number;
  readonly layout: Layout;
  /** The first places of one example. */
  rows(example: number, places: number): Float32Array;
  /** How many places of an example there are up to the last that is no padding. @param filled tokens before the padding. */
  upToPadding(filled: number | undefined): number;
}

/**
 * Rows of what the dictionary reads, and of what it is to write, of what the network gave.
 * @throws ProblemError `not-applicable` where the values are not as wide, or have no row for each place of the examples.
 */
export function rowsOf(
  outputs: NamedTensors,
  { coder, reads, writes, centred, told }: Pick<AttachedDictionary, 'coder' | 'reads' | 'writes' | 'centred' | 'told'>,
  examples: number,
): { readonly x: Rows; readonly wanted: Rows } {
  return {
    x: rowsOfValue(outputs, reads, coder.reads, examples, centred !== undefined, told?.reads ?? {}),
    wanted: rowsOfValue(outputs, writes, coder.writes, examples, centred === 'both', told?.writes ?? {}),
  };
}

function rowsOfValue(
  outputs: NamedTensors,
  value: string,
  side: Side,
  examples: number,
  isCentred: boolean,
  told: PlacesTold,
): Rows {
  const tensor = outputs[value];
  const width = totalWidth(side);
  if (tensor === undefined || !isFloatType(tensor.type)) {
    throw problem('not-applicable', `“${value}” does not hold floating-point numbers.`, {
      place: `value “${value}”`,
      remedy: 'Attach the dictionary to another value.',
    });
  }
  const { dims } = tensor;
  const axis = widthAxis(dims, width, told);
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
  const { values: all } = attachedRows(tensor, width, { axis, variant: isCentred ? 'centred' : 'as it is' });
  const layout = layoutOf({ dims, axis, examples, positions, grid: outputs[told.patches?.grid ?? '']?.dims }, told);
  return {
    positions,
    layout,
    rows: (example, places) => all.subarray(example * positions * width, (example * positions + places) * width),
    upToPadding: (filled) => placesUpToPadding(positions, layout, filled),
  };
}
