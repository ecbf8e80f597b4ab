/**
 * The local replacement model (formats 3.5): on one input, with the outputs of all MLPs cut and attention patterns,
 * normalisations and gates held as they were, everything between the residual stream's writers and readers is linear. Its
 * rows come from the `frozen` reading of the rule table, one graph per reader.
 */
import { throwIfCancelled } from '../errors.js';
import type { Session } from '../engine/engine.js';
import { usedFeeds } from '../engine/used-feeds.js';
import { floatsOf, floatTensor, isFloatType } from '../tensor/floats.js';
import { weightBytes } from '../graph/weight-bytes.js';
import type { SystemModel } from '../linear/system-graphs.js';
import { valueShapes } from '../linear/value-shapes.js';
import { linearize } from '../rewrite/linearize/linearize.js';
import { prune } from '../rewrite/prune.js';
import { elementCount, type NamedTensors, type Tensor } from '../tensor/tensor.js';

/** Values of the graph, each [..., positions, width] with all sizes before the positions 1. */
export interface ReplacementSites {
  /** What tokens write first: the embedding of each. */
  readonly embedding: string;
  /** By layer, in the order of the graph: what its transcoder reads, and the MLP's output that it stands for. */
  readonly layers: readonly { readonly reads: string; readonly writes: string }[];
  readonly logits: string;
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
  { embedding, layers, logits }: ReplacementSites,
  feeds: NamedTensors,
  signal?: AbortSignal,
): Promise<ReplacementModel> {
  const { engine, threads, toRunnable, prepared } = model;
  const shapes = await valueShapes({ engine, threads, toRunnable, graph: prepared, feeds, signal });
  throwIfCancelled(signal);
  const names = [...new Set([embedding, ...layers.flatMap(({ reads, writes }) => [reads, writes]), logits])];
  const values = await runOnce(model, names, feeds);
  const widthOf = (name: string): number => valueOf(values, name).dims.at(-1) ?? 1;
  const writers = [embedding, ...layers.map(({ writes }) => writes)];
  const positions = elementCount(valueOf(values, embedding).dims) / widthOf(embedding);

  const open = async (reader: string): Promise<ReaderSession> => {
    const linearization = linearize({ graph: prepared, shapes, from: writers, to: [reader], reading: 'frozen' });
    const written = linearization.write(['transpose']);
    const session = await engine.open(toRunnable(written.model), { threads });
    return { reader, session, written };
  };
  const total = weightBytes(prepared).bytes.reduce((sum, bytes) => sum + bytes, 0);
  /** The one used last at the end. */
  let opened: ReaderSession[] = [];
  const mostOpen = Math.max(1, Math.floor(KEPT_BYTES / Math.max(1, total)));
  const sessionOf = async (reader: string): Promise<ReaderSession> => {
    const known = opened.find((each) => each.reader === reader);
    opened = opened.filter((each) => each !== known);
    for (const oldest of opened.splice(0, Math.max(0, opened.length + 1 - mostOpen))) await oldest.session.release();
    const found = known ?? (await open(reader));
    opened.push(found);
    return found;
  };

  return {
    positions,
    value: (name) => floatsOf(valueOf(values, name)),
    width: widthOf,
    async pull(reader, directions) {
      const { session, written } = await sessionOf(reader);
      const { type, dims } = valueOf(values, reader);
      if (!isFloatType(type)) throw new Error(`“${reader}” has no floating-point type.`);
      const seeds = floatTensor(type, [directions.length / elementCount(dims), ...dims], directions);
      const results = await session.run(usedFeeds(session, { ...feeds, [written.seeds.get(reader) ?? '']: seeds }));
      const rows = new Map<string, Float32Array>();
      for (const [writer, name] of written.transpose) rows.set(writer, floatsOf(valueOf(results, name)));
      const ledger = written.ledger === undefined ? new Float32Array() : floatsOf(valueOf(results, written.ledger));
      return { rows, biases: sumRows(ledger, seeds.dims[0] ?? 1) };
    },
    async release() {
      for (const { session } of opened.splice(0)) await session.release();
    },
  };
}

interface ReaderSession {
  readonly reader: string;
  readonly session: Session;
  readonly written: ReturnType<ReturnType<typeof linearize>['write']>;
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
