/**
 * The local replacement model (formats 3.5): on one input, with the outputs of all MLPs cut and attention patterns,
 * normalisations and gates held as they were, everything between the residual stream's writers and readers is linear. Its
 * rows come from the `frozen` reading of the rule table, one graph per reader.
 */
import { throwIfCancelled } from '../errors.js';
import { usedFeeds } from '../engine/used-feeds.js';
import { floatsOf, floatTensor, isFloatType } from '../tensor/floats.js';
import { weightBytes } from '../graph/weight-bytes.js';
import type { SystemModel } from '../linear/system-graphs.js';
import { valueShapes } from '../linear/value-shapes.js';
import type { KnownShapes } from '../rewrite/linearize/plan.js';
import { prune } from '../rewrite/prune.js';
import { elementCount, type NamedTensors, type Tensor } from '../tensor/tensor.js';
import { keepReaders, openLinearReader } from './linear-reader.js';

/** Values of the graph, each [..., positions, width] with all sizes before the positions 1. */
export interface ReplacementSites {
  /** What tokens write first: the embedding of each. */
  readonly embedding: string;
  /** By layer, in the order of the graph: what its transcoder reads, and the MLP's output that it stands for. */
  readonly layers: readonly { readonly reads: string; readonly writes: string }[];
  readonly logits: string;
}

/** The embedding, and what the MLP of each layer writes. */
export function writersOf({ embedding, layers }: ReplacementSites): readonly string[] {
  return [embedding, ...layers.map(({ writes }) => writes)];
}

/** What one reader gets from each writer, for some directions at the reader. */
export interface Pulled {
  /** By writer: [directions, positions, width]; writers that the reader does not depend on have none. */
  readonly rows: ReadonlyMap<string, Float32Array>;
  /** What all biases on the way add to each direction's product with the reader. */
  readonly biases: Float64Array;
}

export interface ReplacementModel {
  readonly positions: number;
  /** Of all values of the graph, at this input. */
  readonly shapes: KnownShapes;
  /** What the model computed there, [positions, width] each: of the embedding, all readers and writers, and the logits. */
  value(name: string): Float32Array;
  width(name: string): number;
  /**
   * A reader's rows: how ⟨direction, reader⟩ is made up. Of a large model sessions of other readers are closed: ask reader
   * by reader.
   * @param directions [n, positions, width of the reader].
   */
  pull(reader: string, directions: Float32Array): Promise<Pulled>;
  release(): Promise<void>;
}

/** Weights of sessions that stay open, each of which holds all of the model's. */
const KEPT_BYTES = 512 * 2 ** 20;

/**
 * Runs the model once.
 * @throws ProblemError `not-applicable` where a reader does not depend on the writers; as runs do; CancelledError.
 */
export async function openReplacementModel(
  model: SystemModel,
  sites: ReplacementSites,
  feeds: NamedTensors,
  signal?: AbortSignal,
): Promise<ReplacementModel> {
  const { embedding, layers, logits } = sites;
  const { engine, threads, toRunnable, prepared } = model;
  const shapes = await valueShapes({ engine, threads, toRunnable, graph: prepared, feeds, signal });
  throwIfCancelled(signal);
  const names = [...new Set([embedding, ...layers.flatMap(({ reads, writes }) => [reads, writes]), logits])];
  const values = await runOnce(model, names, feeds);
  const widthOf = (name: string): number => valueOf(values, name).dims.at(-1) ?? 1;
  const writers = writersOf(sites);
  const positions = elementCount(valueOf(values, embedding).dims) / widthOf(embedding);

  const total = weightBytes(prepared).bytes.reduce((sum, bytes) => sum + bytes, 0);
  const readers = keepReaders(Math.max(1, Math.floor(KEPT_BYTES / Math.max(1, total))), (reader) =>
    openLinearReader(model, shapes, writers, reader, 'transpose'),
  );

  return {
    positions,
    shapes,
    value: (name) => floatsOf(valueOf(values, name)),
    width: widthOf,
    async pull(reader, directions) {
      const { session, written } = await readers.of(reader);
      const { type, dims } = valueOf(values, reader);
      if (!isFloatType(type)) throw new Error(`“${reader}” has no floating-point type.`);
      const seeds = floatTensor(type, [directions.length / elementCount(dims), ...dims], directions);
      const results = await session.run(usedFeeds(session, { ...feeds, [written.seeds.get(reader) ?? '']: seeds }));
      const rows = new Map<string, Float32Array>();
      for (const [writer, name] of written.transpose) rows.set(writer, floatsOf(valueOf(results, name)));
      const ledger = written.ledger === undefined ? new Float32Array() : floatsOf(valueOf(results, written.ledger));
      return { rows, biases: sumRows(ledger, seeds.dims[0] ?? 1) };
    },
    release: () => readers.release(),
  };
}

async function runOnce(
  { engine, threads, toRunnable, prepared }: SystemModel,
  names: readonly string[],
  feeds: NamedTensors,
): Promise<NamedTensors> {
  const session = await engine.open(toRunnable(prune(prepared.model, names)), { threads });
  try {
    return await session.run(usedFeeds(session, feeds));
  } finally {
    await session.release();
  }
}

function valueOf(values: NamedTensors, name: string): Tensor {
  const tensor = values[name];
  if (tensor === undefined) throw new Error(`The engine did not give “${name}”.`);
  return tensor;
}

/** @param values [rows, anything]. */
function sumRows(values: Float32Array, rows: number): Float64Array {
  const columns = values.length / rows;
  return Float64Array.from({ length: rows }, (_, row) =>
    values.subarray(row * columns, (row + 1) * columns).reduce((sum, value) => sum + value, 0),
  );
}
