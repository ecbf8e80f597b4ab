import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { encodeHalf } from '../../src/core/tensor/half.js';
import type { NamedTensors, Tensor } from '../../src/core/tensor/tensor.js';
import type { Engine } from '../../src/core/engine/engine.js';
import { asProblem, problem } from '../../src/core/errors.js';
import { decodeOnnx, decodeTensorProto } from '../../src/core/formats/onnx/decode.js';
import { tensorFromProto } from '../../src/core/formats/onnx/tensor-proto.js';
import { createGraph, type Graph } from '../../src/core/graph/graph.js';
import type { NamedValueType } from '../../src/core/graph/value-type.js';

/** A model with inputs and expected outputs beside it, in the layout of the ONNX backend test suite. */
export interface ConformanceCase {
  /** Its folder and the one around it: "node/test_abs". */
  readonly name: string;
  /** Absolute path of the model. */
  readonly path: string;
  /** What onnxruntime-web did with it when an index of the folder was made; undefined where there is none. */
  readonly ort: 'pass' | 'nosession' | 'mismatch' | 'skip' | undefined;
}

export interface Collection {
  /** Absolute paths of all models that are no cases. */
  readonly models: readonly string[];
  readonly cases: readonly ConformanceCase[];
}

interface IndexEntry {
  readonly path: string;
  readonly ort: NonNullable<ConformanceCase['ort']>;
}

/** Every .onnx file under a folder, in order. A file `index.json` may say of the cases in its folder what runs them. */
export function collection(folder: string): Collection {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const paths = files.filter((path) => path.endsWith('.onnx')).map((path) => join(folder, path));
  const known = new Map<string, ConformanceCase['ort']>();
  for (const index of files.filter((path) => basename(path) === 'index.json')) {
    const entries: unknown = JSON.parse(readFileSync(join(folder, index), 'utf8'));
    if (!Array.isArray(entries)) continue;
    for (const { path, ort } of entries as readonly Partial<IndexEntry>[])
      if (path !== undefined) known.set(join(folder, dirname(index), path, 'model.onnx'), ort);
  }
  const isCase = (path: string): boolean => existsSync(join(dirname(path), 'test_data_set_0'));
  return {
    models: paths.filter((path) => !isCase(path)),
    cases: paths.filter(isCase).map((path) => ({
      name: join(basename(dirname(dirname(path))), basename(dirname(path))),
      path,
      ort: known.get(path),
    })),
  };
}

/** Those that are known to run, and those of which nobody knows. */
export function casesToRun({ cases }: Collection): readonly ConformanceCase[] {
  return cases.filter(({ ort }) => ort === undefined || ort === 'pass');
}

/** Whether the folder is the one that the exceptions and the shares in the tests were written for, or any other collection. */
export const IS_USUAL_FOLDER = process.env['MODEL_INSPECTOR_DATA'] === undefined;

/** Why the engine does not run a file as it is, whatever the product does; undefined where it does. */
export async function engineFailure(
  engine: Engine,
  path: string,
  feedsOf: (graph: Graph) => NamedTensors,
): Promise<string | undefined> {
  try {
    const bytes = readFileSync(path);
    const session = await engine.open({ bytes, externalFiles: [], folder: dirname(path) }, { threads: 1 });
    try {
      await session.run(feedsOf(createGraph(decodeOnnx(bytes))));
    } finally {
      await session.release();
    }
    return undefined;
  } catch (error) {
    return asProblem(error).message;
  }
}

/** Inputs and outputs of a case's first test data set, by name. */
export function testData(
  modelFile: string,
  graph: Graph,
): { readonly feeds: NamedTensors; readonly expected: NamedTensors } {
  const folder = join(dirname(modelFile), 'test_data_set_0');
  const read = (kind: 'input' | 'output', values: readonly NamedValueType[]): NamedTensors => {
    const files = readdirSync(folder).filter((file) => file.startsWith(`${kind}_`));
    const tensors = files.map((file): [string, Tensor] => {
      const proto = decodeTensorProto(readFileSync(join(folder, file)));
      const position = Number(/\d+/.exec(file)?.[0]);
      const isNamed = values.some(({ name }) => name === proto.name);
      return [isNamed ? proto.name : (values[position]?.name ?? file), tensorFromProto(proto)];
    });
    return Object.fromEntries(tensors);
  };
  return { feeds: read('input', graph.inputs), expected: read('output', graph.outputs) };
}

/**
 * Seeded inputs for a model without test data: small numbers that are valid as floats, tokens, flags and rates alike.
 * Open dimensions are 1 unless `sizes` names them ("input 1" is the second axis of `input`).
 */
export function randomFeeds(graph: Graph, sizes: Readonly<Record<string, number>>): NamedTensors {
  let state = 12345;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const feeds = graph.inputs.map(({ name, type, shape }): [string, Tensor] => {
    const dims = (shape ?? []).map((size, axis) => (typeof size === 'number' ? size : (sizes[`${name} ${axis}`] ?? 1)));
    const count = dims.reduce((product, dim) => product * dim, 1);
    const values = Array.from({ length: count }, () => random());
    const whole = (below: number): number[] => values.map((value) => Math.floor(value * below));
    switch (type) {
      case 'float32':
        return [name, { type, dims, data: Float32Array.from(values) }];
      case 'float64':
        return [name, { type, dims, data: Float64Array.from(values) }];
      case 'float16':
        return [name, { type, dims, data: Uint16Array.from(values, encodeHalf) }];
      case 'int64':
        return [name, { type, dims, data: BigInt64Array.from(whole(10), BigInt) }];
      case 'uint64':
        return [name, { type, dims, data: BigUint64Array.from(whole(10), BigInt) }];
      case 'int32':
        return [name, { type, dims, data: Int32Array.from(whole(10)) }];
      case 'uint32':
        return [name, { type, dims, data: Uint32Array.from(whole(10)) }];
      case 'int16':
        return [name, { type, dims, data: Int16Array.from(whole(10)) }];
      case 'uint16':
        return [name, { type, dims, data: Uint16Array.from(whole(10)) }];
      case 'int8':
        return [name, { type, dims, data: Int8Array.from(whole(10)) }];
      case 'uint8':
        return [name, { type, dims, data: Uint8Array.from(whole(256)) }];
      case 'bool':
        return [name, { type, dims, data: Uint8Array.from(whole(2)) }];
      case 'string':
        return [name, { type, dims, data: whole(10).map(String) }];
      default:
        throw problem('invalid-inputs', `No random values of type ${type} for the input ${name}`);
    }
  });
  return Object.fromEntries(feeds);
}
