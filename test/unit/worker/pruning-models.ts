/** Models with units that do nothing, in folders of their own, opened as the product opens them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { encodeNpy } from '../../../src/core/formats/numpy/npy.js';
import { decodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import type { ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { safeTensorDims } from '../../../src/core/formats/onnx/tensor-proto.js';
import type { EngineName } from '../../../src/core/engine/engine.js';
import type { WorkerApi } from '../../../src/protocol/worker-api.js';
import { bytesOf } from '../formats/onnx-builder.js';
import { modelProto, node, valueInfo, weight } from '../graph-builder.js';
import { inspect } from './inspect.js';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const folder = mkdtempSync(join(tmpdir(), 'model-inspector-prune-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

export async function open(path: string, engine: EngineName = 'native'): Promise<WorkerApi> {
  const inspection = inspect();
  await inspection.open({
    path,
    recipePaths: 'model-folder',
    settings: { engine, threads: 1, defaultInputs: 24, cacheMegabytes: 0 },
  });
  return inspection;
}

/** 40 hidden neurons, of which 3 have no weights and a bias below 0, one without weights is 0.5, and one nobody reads. */
export function planted(): ModelProto {
  const value = (seed: number): number => Math.sin(seed * 12.9898) * 0.5;
  const dead = [3, 17, 39];
  const w1 = Array.from({ length: 30 * 40 }, (_, at) => ([...dead, 8].includes(at % 40) ? 0 : value(at)));
  const b1 = Array.from({ length: 40 }, (_, unit) => (dead.includes(unit) ? -1 : unit === 8 ? 0.5 : value(unit)));
  const w2 = Array.from({ length: 40 * 30 }, (_, at) => (Math.floor(at / 30) === 20 ? 0 : value(at + 7)));
  return modelProto({
    nodes: [
      node('Gemm', ['x', 'w1', 'b1'], ['h']),
      node('Relu', ['h'], ['a']),
      node('Gemm', ['a', 'w2', 'b2'], ['z']),
      node('Softmax', ['z'], ['y']),
    ],
    inputs: [valueInfo('x', ['batch', 30])],
    outputs: [valueInfo('y', ['batch', 30])],
    initializers: [
      weight('w1', [30, 40], w1),
      weight('b1', [40], b1),
      weight('w2', [40, 30], w2),
      weight('b2', [30], b1.slice(0, 30)),
    ],
  });
}

/**
 * x [batch, 2] → three neurons → y [batch, 1]. The first is max(0, x₀ − threshold): dead in the box [−1, 1]² where the
 * threshold is above 1, awake beyond. y = 2 h₀ + h₁ − h₂.
 */
export function boxed(threshold: number): ModelProto {
  return modelProto({
    nodes: [node('Gemm', ['x', 'w1', 'b1'], ['h']), node('Relu', ['h'], ['a']), node('Gemm', ['a', 'w2'], ['y'])],
    inputs: [valueInfo('x', ['batch', 2])],
    outputs: [valueInfo('y', ['batch', 1])],
    initializers: [
      weight('w1', [2, 3], [1, 1, -1, 0, 1, 0.5]),
      weight('b1', [3], [-threshold, 0.25, 0.5]),
      weight('w2', [3, 1], [2, 1, -1]),
    ],
  });
}

/** Rows 2, 3 and 4 lie outside [−1, 1]²; x₀ is above 1 in rows 2 and 4, by 0.5 and by 1. */
export const BOXED_ROWS = [
  [0.5, 0.5],
  [-1, 1],
  [1.5, 0],
  [0, -3],
  [2, 2],
  [1, 1],
] as const;

/** With the rows as inputs, and a box of −1 to `end`. @returns the folder. */
export function placeBoxed(name: string, threshold: number, end = 1): string {
  const own = place(name, boxed(threshold));
  const rows = Float32Array.from(BOXED_ROWS.flat());
  writeFileSync(join(own, 'x.npy'), encodeNpy({ type: 'float32', dims: [BOXED_ROWS.length, 2], data: rows }));
  writeFileSync(
    join(own, 'model.inspect.json'),
    JSON.stringify({
      version: 1,
      inputs: { x: { source: 'array', path: 'x.npy' } },
      box: { inputs: { x: { lower: -1, upper: end } } },
    }),
  );
  return own;
}

export function place(name: string, model = planted()): string {
  const own = join(folder, name);
  mkdirSync(own);
  writeFileSync(join(own, 'model.onnx'), bytesOf(model));
  return own;
}

export const dimsOf = (path: string): Record<string, readonly number[]> =>
  Object.fromEntries(
    (decodeOnnx(readFileSync(path)).graph?.initializer ?? []).map((tensor) => [
      tensor.name,
      safeTensorDims(tensor) ?? [],
    ]),
  );
