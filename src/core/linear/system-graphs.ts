/**
 * The graphs of one cut for inputs of some sizes, and the sessions that run them. What does not depend on seeds (the
 * forward pass with its coefficients) is one graph, run once per input; what does is one graph per part, which takes
 * the coefficients of an input and runs in about the time of a forward pass.
 */
import { problem, ProblemError, throwIfCancelled } from '../errors.js';
import type { Engine, Session, SessionOptions } from '../engine/engine.js';
import { usedFeeds } from '../engine/used-feeds.js';
import type { ModelProto } from '../formats/onnx/onnx_pb.js';
import type { RunnableModel } from '../formats/onnx/runnable-model.js';
import type { Graph } from '../graph/graph.js';
import { weightBytes } from '../graph/weight-bytes.js';
import type { LinearGraph, Linearization, LinearPart } from '../rewrite/linearize/linearize.js';
import type { KnownShapes } from '../rewrite/linearize/plan.js';
import { unrollRecurrent } from '../rewrite/linearize/unroll-recurrent.js';
import { writeOutBodies } from '../rewrite/linearize/write-out-bodies.js';
import { splitModel } from '../rewrite/split.js';
import { elementCount, type NamedTensors, type Tensor } from '../tensor/tensor.js';
import { chooseEnds, type SystemCut } from './choose-ends.js';
import { floatTensor, isFloatType, type FloatType } from '../tensor/floats.js';
import { dataTypeOf } from './data-types.js';
import { valueShapes } from './value-shapes.js';

/** A model ready to be linearised, and what runs it. */
export interface SystemModel {
  /** As `prepareForLinearize` makes it. */
  readonly prepared: Graph;
  readonly engine: Engine;
  /** 0 = all cores. */
  readonly threads: number;
  /** Encodes a rewritten graph for the engine, weights by reference. */
  readonly toRunnable: (model: ModelProto) => RunnableModel;
}

/** A start or an end as the graphs take and give it. */
export interface GraphEnd {
  readonly value: string;
  readonly type: FloatType;
  readonly dims: readonly number[];
}

/** What the graphs need of one input. */
export interface Coefficients {
  readonly handed: NamedTensors;
  /** The start and the end at this input. */
  readonly start: Tensor;
  readonly end: Tensor;
}

export interface SystemGraphs {
  /** That is linearised: its control flow and recurrent operators written out. */
  readonly graph: Graph;
  readonly shapes: KnownShapes;
  readonly linearization: Linearization;
  readonly from: GraphEnd;
  readonly to: GraphEnd;
  readonly notes: readonly string[];
  /** Seeds that one run may take, for memory's sake. */
  readonly seedsPerRun: number;
  /** Whether the graphs hold for this input: it has the sizes that they were written for. */
  fit(feeds: NamedTensors): boolean;
  /** One forward pass. */
  coefficients(feeds: NamedTensors): Promise<Coefficients>;
  /** A x₀ + r. */
  affine(at: Coefficients): Promise<Tensor>;
  /** A v of several v, one after the other: [seeds, ...dims of the end]. @param v as `to` and `from` have their numbers. */
  forward(at: Coefficients, v: Float32Array): Promise<Tensor>;
  /** Aᵀ u of several u, and what each bias adds to ⟨u, f⟩: [seeds, biases]; undefined where nothing is booked. */
  transpose(at: Coefficients, u: Float32Array): Promise<{ readonly rows: Tensor; readonly ledger: Tensor | undefined }>;
  release(): Promise<void>;
}

/** Numbers that all seeds of a run have in one value together, at most: what a run holds is a few of these. */
const MOST_NUMBERS = 2 ** 25;
const MOST_SEEDS = 16;
/** Every session has weights of its own: of a large model, no more are open than a question needs in turn. */
const HEAVY_BYTES = 2 ** 27;
const HEAVY_SESSIONS = 2;
const ALL_SESSIONS = 4;

/** Steps that are written out are thousands of small nodes: to fuse them and plan their memory takes longer than it saves. */
export const FOR_STEPS: Partial<SessionOptions> = { optimization: 'folding', sharesMemory: false };

/**
 * @throws ProblemError `not-applicable` when there is no such system, and as engines do when one cannot run the model or
 *   the rewritten graphs; CancelledError.
 */
export async function openGraphs(
  model: SystemModel,
  cut: SystemCut,
  feeds: NamedTensors,
  signal: AbortSignal | undefined,
): Promise<SystemGraphs> {
  const { engine, threads, toRunnable, prepared } = model;
  const asked = { engine, threads, toRunnable, feeds, signal };
  const bodies = await writeOutBodies(prepared, async (deciding) => {
    throwIfCancelled(signal);
    const session = await engine.open(toRunnable(deciding), { threads });
    try {
      return await session.run(usedFeeds(session, feeds));
    } finally {
      await session.release();
    }
  });
  const first = await valueShapes({ ...asked, graph: bodies.graph });
  const graph = unrollRecurrent(bodies.graph, first);
  const shapes = graph === bodies.graph ? first : await valueShapes({ ...asked, graph });
  const chosen = chooseEnds(graph, shapes, cut, bodies.unread);
  const { linearization, notes } = chosen;
  const [from, to] = [graphEnd(shapes, chosen.from), graphEnd(shapes, chosen.to)];
  const isInput = (value: string): boolean => graph.inputs.some(({ name }) => name === value);
  const ends = [from.value, to.value].filter((value) => !isInput(value));
  const written = linearization.write(['affine', 'forward', 'transpose'], ends);
  const outputs = outputsOf(written);
  const split = splitModel(
    written.model,
    new Set([...written.directions.values(), ...written.seeds.values()]),
    Object.values(outputs).flat(),
  );
  throwIfCancelled(signal);
  const once = split.once(ends);
  const options: SessionOptions = { threads, ...(graph === prepared ? {} : FOR_STEPS) };
  const sessions = lazySessions(isHeavy(graph) ? HEAVY_SESSIONS : ALL_SESSIONS);

  const partSession = (part: LinearPart, { handed }: Coefficients): Promise<Session> =>
    sessions.open(part, async () => {
      const rest = split.rest(outputs[part], (value) => {
        const tensor = handed[value];
        const type = tensor && dataTypeOf(tensor.type);
        if (tensor === undefined || type === undefined) throw new Error(`“${value}” cannot be handed over.`);
        return { type, dims: tensor.dims };
      });
      try {
        return await engine.open(toRunnable(rest), options);
      } catch (error) {
        throw cannotOpen(error);
      }
    });
  const run = async (part: LinearPart, at: Coefficients, name: string, seeds: Tensor): Promise<NamedTensors> => {
    const session = await partSession(part, at);
    return session.run(usedFeeds(session, { ...at.handed, [name]: seeds }));
  };
  const direction = written.directions.get(from.value) ?? '';
  const seed = written.seeds.get(to.value) ?? '';

  return {
    graph,
    shapes,
    linearization,
    from,
    to,
    notes,
    seedsPerRun: seedsPerRun(graph, shapes),
    fit: (others) => !bodies.isOfThisInput && !shapes.areOfThisInput && haveSameSizes(feeds, others),
    async coefficients(present) {
      const fed = Object.fromEntries(split.fed.map((name) => [name, given(present, name)]));
      let made: NamedTensors = {};
      if (once.graph?.output.length !== 0) {
        const session = await sessions.open('once', () => engine.open(toRunnable(once), options));
        made = await session.run(usedFeeds(session, present));
      }
      const endAt = (value: string): Tensor => given(isInput(value) ? present : made, value);
      const handed = Object.fromEntries(split.computed.map((name) => [name, given(made, name)]));
      return { handed: { ...fed, ...handed }, start: endAt(from.value), end: endAt(to.value) };
    },
    async affine(at) {
      const results = await run('affine', at, direction, { ...at.start, dims: [1, ...from.dims] });
      return given(results, written.affine.get(to.value) ?? '');
    },
    async forward(at, v) {
      return given(await run('forward', at, direction, seedsOf(from, v)), written.forward.get(to.value) ?? '');
    },
    async transpose(at, u) {
      const results = await run('transpose', at, seed, seedsOf(to, u));
      const rows = given(results, written.transpose.get(from.value) ?? '');
      return { rows, ledger: written.ledger === undefined ? undefined : given(results, written.ledger) };
    },
    release: sessions.release,
  };
}

/** Names of a part's results in the written graph. */
function outputsOf({ affine, forward, transpose, ledger }: LinearGraph): Readonly<Record<LinearPart, string[]>> {
  return {
    affine: [...affine.values()],
    forward: [...forward.values()],
    transpose: [...transpose.values(), ...(ledger === undefined ? [] : [ledger])],
  };
}

function graphEnd(shapes: KnownShapes, value: string): GraphEnd {
  const type = shapes.typeOf(value);
  if (!isFloatType(type)) throw new Error(`“${value}” has no floating-point type.`);
  return { value, type, dims: shapes.shapeOf(value) ?? [] };
}

function seedsOf({ type, dims }: GraphEnd, values: Float32Array): Tensor {
  return floatTensor(type, [values.length / elementCount(dims), ...dims], values);
}

function given(tensors: NamedTensors, name: string): Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`The engine did not give “${name}”.`);
  return tensor;
}

function seedsPerRun(graph: Graph, shapes: KnownShapes): number {
  let largest = 1;
  for (const { outputs } of graph.nodes) {
    for (const value of outputs) {
      if (isFloatType(shapes.typeOf(value))) largest = Math.max(largest, elementCount(shapes.shapeOf(value) ?? []));
    }
  }
  return Math.max(1, Math.min(MOST_SEEDS, Math.floor(MOST_NUMBERS / largest)));
}

function haveSameSizes(one: NamedTensors, other: NamedTensors): boolean {
  const entries = Object.entries(one);
  return (
    entries.length === Object.keys(other).length &&
    entries.every(([name, { type, dims }]) => {
      const same = other[name];
      return same?.type === type && same.dims.length === dims.length && dims.every((size, i) => size === same.dims[i]);
    })
  );
}

/** The model itself runs by now: what the engine refuses is what was written for the system. */
function cannotOpen(error: unknown): unknown {
  if (!(error instanceof ProblemError)) return error;
  const { kind, message, place } = error.problem;
  if (kind !== 'engine-failed' && kind !== 'unsupported-operator') return error;
  return problem(kind, `The engine does not take the graph of this linear system: ${message}`, {
    ...(place === undefined ? {} : { place }),
    remedy: 'Choose other ends or the other reading, or the other engine in the settings.',
  });
}

function isHeavy(graph: Graph): boolean {
  return weightBytes(graph).bytes.reduce((sum, each) => sum + each, 0) > HEAVY_BYTES;
}

interface LazySessions {
  /** Opens where it is not open; a failure is told to who asked, and the next question tries again. */
  open(key: string, make: () => Promise<Session>): Promise<Session>;
  release(): Promise<void>;
}

/** Questions come one at a time: what is closed to make room is in nobody's use. @param most that are open at a time. */
function lazySessions(most: number): LazySessions {
  /** The one used last at the end. */
  const opened = new Map<string, Session>();
  return {
    async open(key, make) {
      const known = opened.get(key);
      if (known === undefined) {
        for (const [oldest, session] of [...opened].slice(0, Math.max(0, opened.size - most + 1))) {
          opened.delete(oldest);
          await session.release();
        }
      }
      const session = known ?? (await make());
      opened.delete(key);
      opened.set(key, session);
      return session;
    },
    async release() {
      const all = [...opened.values()];
      opened.clear();
      for (const session of all) await session.release();
    },
  };
}
