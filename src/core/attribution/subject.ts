/** What is explained: one value of a model by another, at one input. */
import { usedFeeds } from '../engine/used-feeds.js';
import type { Engine, Session, SessionOptions } from '../engine/engine.js';
import { problem } from '../errors.js';
import type { ModelProto } from '../formats/onnx/onnx_pb.js';
import type { RunnableModel } from '../formats/onnx/runnable-model.js';
import type { Graph } from '../graph/graph.js';
import { isFloatType, type FloatType } from '../tensor/floats.js';
import type { KnownShapes } from '../rewrite/linearize/plan.js';
import { storedNumbers } from '../tensor/stored-type.js';
import type { NamedTensors, NumberArray } from '../tensor/tensor.js';

/** How a model is run. */
export interface Runner {
  readonly engine: Engine;
  readonly threads: number;
  /** Encodes a rewritten graph for the engine, weights by reference. */
  readonly toRunnable: (model: ModelProto) => RunnableModel;
  /** For sessions; the engine's own where nothing is said. */
  readonly options?: Partial<SessionOptions>;
}

export interface AttributionSubject {
  /** As `prepareForLinearize` makes it. */
  readonly graph: Graph;
  /** Of all values at the input. */
  readonly shapes: KnownShapes;
  /** The input. */
  readonly feeds: NamedTensors;
  /** The value that is made responsible, and the one that is explained; both hold floating-point numbers. */
  readonly from: string;
  readonly to: string;
  readonly runner: Runner;
  /** Outputs that one run may explain, for memory's sake. */
  readonly mostSeeds?: number;
}

export interface AttributionTask {
  readonly signal?: AbortSignal | undefined;
  /** Told of the share that is done, from 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/** Opens a model for the work, and lets go of it afterwards. */
export async function withSession<Result>(
  { engine, threads, toRunnable, options }: Runner,
  model: ModelProto,
  work: (run: (feeds: NamedTensors) => Promise<NamedTensors>) => Promise<Result>,
): Promise<Result> {
  const session: Session = await engine.open(toRunnable(model), { threads, ...options });
  try {
    return await work((feeds) => session.run(usedFeeds(session, feeds)));
  } finally {
    await session.release();
  }
}

/** The numbers of a floating-point tensor. @throws ProblemError `engine-failed` where the engine did not give it. */
export function numbersOf(tensors: NamedTensors, name: string): Float32Array | Float64Array {
  const tensor = tensors[name];
  if (tensor === undefined || tensor.type === 'string') {
    throw problem('engine-failed', `The engine gave no numbers for “${name}”.`, { place: `value “${name}”` });
  }
  return storedNumbers(tensor.type, tensor.data as NumberArray);
}

/** Of a value that holds floating-point numbers. @throws ProblemError `not-applicable` for any other. */
export function typeAndShape(
  { shapes, graph }: Pick<AttributionSubject, 'shapes' | 'graph'>,
  value: string,
): { readonly type: FloatType; readonly dims: readonly number[] } {
  const type = shapes.typeOf(value) ?? graph.valueInfo(value)?.type;
  const dims = shapes.shapeOf(value);
  if (dims !== undefined && isFloatType(type)) return { type, dims };
  throw problem('not-applicable', `“${value}” does not hold floating-point numbers of a known size at this input.`, {
    place: `value “${value}”`,
    remedy: 'Choose another value.',
  });
}
