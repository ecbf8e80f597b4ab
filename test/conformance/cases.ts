import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { NamedTensors, Tensor } from '../../src/core/tensor/tensor.js';
import { decodeTensorProto } from '../../src/core/formats/onnx/decode.js';
import { tensorFromProto } from '../../src/core/formats/onnx/tensor-proto.js';
import type { Graph } from '../../src/core/graph/graph.js';
import type { NamedValueType } from '../../src/core/graph/value-type.js';

/** One case of the ONNX backend test suite, as the data folder's index describes it. */
export interface ConformanceCase {
  readonly path: string;
  /** What onnxruntime-web did with it when the index was made. */
  readonly ort: 'pass' | 'nosession' | 'mismatch' | 'skip';
}

export function conformanceCases(folder: string): ConformanceCase[] {
  return JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as ConformanceCase[];
}

/** Every .onnx file under a folder. */
export function onnxFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.onnx'))
    .sort();
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
    switch (type) {
      case 'float32':
        return [name, { type, dims, data: Float32Array.from(values) }];
      case 'int64':
        return [name, { type, dims, data: BigInt64Array.from(values, (value) => BigInt(Math.floor(value * 10))) }];
      case 'int32':
        return [name, { type, dims, data: Int32Array.from(values, (value) => Math.floor(value * 10)) }];
      case 'uint8':
        return [name, { type, dims, data: Uint8Array.from(values, (value) => Math.floor(value * 256)) }];
      default:
        throw new Error(`No random values of type ${type} for the input ${name}`);
    }
  });
  return Object.fromEntries(feeds);
}
