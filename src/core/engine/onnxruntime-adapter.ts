import type { InferenceSession, InferenceSessionFactory, OnnxValue, TensorConstructor } from 'onnxruntime-common';
import { problem } from '../errors.js';
import type { NamedTensors, NumberArray, Tensor } from '../tensor/tensor.js';
import { checkFeeds, isOpen } from './check-feeds.js';
import { engineProblem } from './engine-problem.js';
import type { RunnableModel } from '../formats/onnx/runnable-model.js';
import type { Engine, EngineName, OutputType, Session, SessionOptions } from './engine.js';

/** The part of `onnxruntime-node` and `onnxruntime-web` that is used: the same interface in both. */
export interface OnnxRuntime {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
}

/** How the two builds of ONNX Runtime differ. */
export interface OnnxRuntimeBuild {
  readonly name: EngineName;
  readonly version: string;
  readonly runtime: OnnxRuntime;
  /** Options that find the weights and set the threads. @throws ProblemError `missing-external-data` and kin. */
  prepare(model: RunnableModel, options: SessionOptions): Promise<PreparedOptions>;
}

export interface PreparedOptions {
  /** The model, where references in it are others than it came with. */
  readonly bytes?: Uint8Array;
  readonly options: InferenceSession.SessionOptions;
  /** Called once the session has been made or has failed: closes weight files. */
  close(): Promise<void>;
}

/** Only fatal messages are logged: failures arrive as errors, and the library would print them a second time. */
const LOG_FATAL = 4;

/** Folding stops at constants of this size: a hostile graph may spell out enormous ones. */
const LARGEST_FOLDED_BYTES = 2 ** 20;

const OPTIMIZATION: Readonly<Record<NonNullable<SessionOptions['optimization']>, InferenceSession.SessionOptions>> = {
  all: {},
  folding: {
    graphOptimizationLevel: 'basic',
    extra: { optimization: { constant_folding_max_output_size_in_bytes: String(LARGEST_FOLDED_BYTES) } },
  },
  none: { graphOptimizationLevel: 'disabled' },
};

/** Nodes that may run at the same time share no memory; with one thread between them, the engine plans it all the same. */
const UNPLANNED: InferenceSession.SessionOptions = { executionMode: 'parallel', interOpNumThreads: 2 };

/** An {@link Engine} over one build of ONNX Runtime. */
export function onnxRuntimeEngine(build: OnnxRuntimeBuild): Engine {
  return {
    name: build.name,
    version: build.version,
    async open(model, options) {
      const prepared = await build.prepare(model, options);
      const optimization = OPTIMIZATION[options.optimization ?? 'all'];
      try {
        const session = await build.runtime.InferenceSession.create(prepared.bytes ?? model.bytes, {
          ...prepared.options,
          ...optimization,
          ...(options.sharesMemory === false ? UNPLANNED : {}),
          extra: { ...prepared.options.extra, ...optimization.extra },
          logSeverityLevel: LOG_FATAL,
        });
        return adaptSession(session, build.runtime.Tensor);
      } catch (error) {
        throw engineProblem(error, 'open');
      } finally {
        await prepared.close();
      }
    },
  };
}

function adaptSession(session: InferenceSession, OrtTensor: TensorConstructor): Session {
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    get outputTypes() {
      return session.outputMetadata.map(outputType);
    },
    async run(feeds) {
      checkFeeds(session.inputMetadata, feeds);
      try {
        const fetched = await session.run(toOrtFeeds(feeds, OrtTensor), { logSeverityLevel: LOG_FATAL });
        return fromOrtFetches(fetched);
      } catch (error) {
        throw engineProblem(error, 'run');
      }
    },
    release: () => session.release(),
  };
}

function outputType(output: InferenceSession.ValueMetadata): OutputType {
  const { name } = output;
  if (!output.isTensor) return { name, type: undefined, shape: [] };
  const shape = output.shape.map((dim) => (dim === '' || (typeof dim === 'number' && isOpen(dim)) ? '?' : dim));
  return { name, type: output.type, shape };
}

function toOrtFeeds(feeds: NamedTensors, OrtTensor: TensorConstructor): InferenceSession.FeedsType {
  return Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, toOrtTensor(tensor, OrtTensor)]));
}

/** Shares the numbers with our tensor; the constructor is overloaded per type, all with these three parameters. */
function toOrtTensor(tensor: Tensor, OrtTensor: TensorConstructor): OnnxValue {
  const Construct = OrtTensor as unknown as new (
    type: string,
    data: Tensor['data'],
    dims: readonly number[],
  ) => OnnxValue;
  return new Construct(tensor.type, tensor.data, tensor.dims);
}

function fromOrtFetches(fetches: InferenceSession.ReturnType): NamedTensors {
  return Object.fromEntries(Object.entries(fetches).map(([name, value]) => [name, fromOrtTensor(name, value)]));
}

function fromOrtTensor(name: string, value: OnnxValue): Tensor {
  if (!('data' in value) || value.type === 'uint4' || value.type === 'int4') {
    throw problem('engine-failed', `Output “${name}” is not a tensor of plain numbers.`, {
      place: `output ${name}`,
      remedy: 'Sequences, optional values and 4-bit numbers cannot be shown.',
    });
  }
  return { type: value.type, dims: value.dims, data: plainData(value.data) };
}

/** Platforms with Float16Array return it for float16; ours is the same bits as Uint16Array. */
function plainData(data: unknown): Tensor['data'] {
  if (data instanceof Object && data.constructor.name === 'Float16Array') {
    const halves = data as { buffer: ArrayBuffer; byteOffset: number; length: number };
    return new Uint16Array(halves.buffer, halves.byteOffset, halves.length);
  }
  return data as NumberArray | readonly string[];
}
