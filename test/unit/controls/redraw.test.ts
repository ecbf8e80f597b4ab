import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { redrawWeights, type Redrawn } from '../../../src/core/controls/redraw.js';
import type { WeightSink } from '../../../src/core/controls/paged-writer.js';
import { CancelledError } from '../../../src/core/errors.js';
import type { ModelProto, TensorProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { readTensor } from '../../../src/core/formats/onnx/external-data.js';
import { tensorToProto } from '../../../src/core/formats/onnx/tensor-proto.js';
import { everyTensor } from '../../../src/core/formats/onnx/walk.js';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { encodeHalf } from '../../../src/core/tensor/half.js';
import type { Tensor } from '../../../src/core/tensor/tensor.js';
import { normalStream, randomStream } from '../../../src/core/dataset/random.js';
import { openModelFile } from '../../../src/worker/open-model.js';
import { bytesOf, constantNode } from '../formats/onnx-builder.js';
import { integers, modelProto, node, scalar, weight } from '../graph-builder.js';

const folder = mkdtempSync(join(tmpdir(), 'model-inspector-redraw-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function sink(): WeightSink & { bytes(): Uint8Array } {
  const pieces: Uint8Array[] = [];
  return {
    location: 'weights.bin',
    append: async (bytes) => void pieces.push(bytes.slice()),
    bytes: () => new Uint8Array(Buffer.concat(pieces)),
  };
}

const nowhere = async (location: string): Promise<never> => Promise.reject(new Error(`no file ${location}`));

/** Redraws a model whose tensors lie in it; values by name. */
async function redraw(model: ModelProto, seed = 1): Promise<Redrawn & { values: (name: string) => number[] }> {
  const redrawn = await redrawWeights(model, nowhere, sink(), seed);
  const tensors = new Map([...everyTensor(redrawn.model)].map((tensor) => [tensor.name, tensor]));
  const values = new Map<string, number[]>();
  for (const [name, tensor] of tensors) values.set(name, numbersOf(await readTensor(tensor, nowhere)));
  return { ...redrawn, values: (name) => values.get(name) ?? [] };
}

const numbersOf = ({ data }: Tensor): number[] => Array.from(data as ArrayLike<number | bigint>, Number);

function normal(count: number, mean: number, deviation: number, name = 'values'): number[] {
  const draw = normalStream(randomStream(9, name, 0));
  return Array.from({ length: count }, () => mean + deviation * draw());
}

function moments(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) };
}

/** A redrawn tensor agrees with its model within five standard errors, and is another one. */
function expectRedrawn(actual: readonly number[], before: readonly number[]): void {
  const [now, then] = [moments(actual), moments(before)];
  const root = Math.sqrt(before.length);
  expect(actual).not.toEqual(before);
  expect(Math.abs(now.mean - then.mean)).toBeLessThan((5 * then.deviation) / root);
  expect(Math.abs(now.deviation - then.deviation)).toBeLessThan((5 * then.deviation) / (root * Math.SQRT2));
}

const single = (values: readonly number[]): number[] => Array.from(Float32Array.from(values));

describe('redrawing weights (methods section 1, C1)', () => {
  it('draws weights, biases and embeddings with their own mean and standard deviation', async () => {
    const tensors = {
      kernel: normal(4096, 0.3, 2, 'kernel'),
      bias: normal(64, -1, 0.1, 'bias'),
      added: normal(64, 5, 1, 'added'),
      table: normal(1000, 0, 0.02, 'table'),
    };
    const redrawn = await redraw(
      modelProto({
        nodes: [
          node('Gather', ['table', 'ids'], ['x']),
          node('Gemm', ['x', 'kernel', 'bias'], ['h']),
          node('Add', ['h', 'added'], ['y']),
        ],
        inputs: ['ids'],
        initializers: [
          weight('kernel', [64, 64], tensors.kernel),
          weight('bias', [64], tensors.bias),
          weight('added', [64], tensors.added),
          weight('table', [10, 100], tensors.table),
        ],
      }),
    );
    for (const [name, before] of Object.entries(tensors)) expectRedrawn(redrawn.values(name), single(before));
    expect(redrawn).toMatchObject({ tensors: 4, numbers: 5224 });
  });

  it('depends on the seed and on nothing else', async () => {
    const model = modelProto({
      nodes: [node('MatMul', ['x', 'w'], ['y'])],
      initializers: [weight('w', [8, 8], normal(64, 0, 1))],
    });
    const [first, again, other] = [await redraw(model, 1), await redraw(model, 1), await redraw(model, 2)];
    expect(again.values('w')).toEqual(first.values('w'));
    expect(other.values('w')).not.toEqual(first.values('w'));
  });

  it('keeps what is no weight: shapes, epsilons, scales, bounds, masks, tables of positions, constants', async () => {
    const cosines = Array.from({ length: 6 * 4 }, (_, i) => Math.cos(Math.floor(i / 4) / 10 ** (i % 4)));
    const sines = Array.from({ length: 6 * 4 }, (_, i) => Math.sin(Math.floor(i / 4) / 10 ** (i % 4)));
    const mask = Array.from({ length: 36 }, (_, i) => (i % 6 > Math.floor(i / 6) ? -1e9 : 0));
    const kept = {
      epsilon: [1e-5],
      scale: [0.125],
      cosines,
      sines,
      mask,
      infinite: mask.map((value) => (value === 0 ? 0 : -Infinity)),
      ones: [1, 1, 1, 1],
      frequencies: [1, 0.1, 0.01, 0.001],
      low: [-0.5],
      sizes: [1, 1, 2, 2],
    };
    const redrawn = await redraw(
      modelProto({
        nodes: [
          node('MatMul', ['x', 'w'], ['h']),
          node('Add', ['h', 'epsilon'], ['h1']),
          node('Mul', ['h1', 'scale'], ['h2']),
          node('Gather', ['cosines', 'ids'], ['c']),
          node('Mul', ['h2', 'c'], ['h3']),
          node('Mul', ['h3', 'sines'], ['h4']),
          node('Add', ['h4', 'mask'], ['h5']),
          node('Add', ['h5', 'infinite'], ['h6']),
          node('Mul', ['h6', 'ones'], ['h7']),
          node('Mul', ['positions', 'frequencies'], ['angles']),
          node('Unsqueeze', ['angles', 'axes'], ['angles1']),
          node('Cos', ['angles1'], ['table']),
          node('Clip', ['h7', 'low'], ['h8']),
          node('Resize', ['h8', '', 'sizes'], ['y']),
          node('Reshape', ['y', 'shape'], ['z']),
        ],
        inputs: ['x', 'ids', 'positions'],
        initializers: [
          weight('w', [4, 4], normal(16, 0, 1)),
          scalar('epsilon', 1e-5),
          scalar('scale', 0.125),
          weight('cosines', [6, 4], cosines),
          weight('sines', [6, 4], sines),
          weight('mask', [6, 6], mask),
          weight('infinite', [6, 6], kept.infinite),
          weight('ones', [4], kept.ones),
          weight('frequencies', [4], kept.frequencies),
          weight('low', [1], kept.low),
          weight('sizes', [4], kept.sizes),
          integers('shape', [2, 2]),
          integers('axes', [0]),
        ],
      }),
    );
    for (const [name, before] of Object.entries(kept)) expect(redrawn.values(name), name).toEqual(single(before));
    expect(redrawn.values('shape')).toEqual([2, 2]);
    expect(redrawn.tensors).toBe(1);
    expect(redrawn.kept).toEqual({
      'no-weight': 4,
      integer: 0,
      constant: 3,
      pattern: 1,
      positions: 3,
      'not-finite': 1,
    });
  });

  it('draws running variances positive, with their mean and deviation', async () => {
    const variances = normal(4096, 0, 1, 'variance').map((value) => 0.2 * Math.exp(value));
    const redrawn = await redraw(
      modelProto({
        nodes: [node('BatchNormalization', ['x', 'gain', 'shift', 'mean', 'variance'], ['y'])],
        initializers: [
          weight('gain', [4096], normal(4096, 1, 0.1, 'gain')),
          weight('shift', [4096], normal(4096, 0, 0.1, 'shift')),
          weight('mean', [4096], normal(4096, 2, 3, 'mean')),
          weight('variance', [4096], variances),
        ],
      }),
    );
    const drawn = redrawn.values('variance');
    expect(Math.min(...drawn)).toBeGreaterThan(0);
    const [now, then] = [moments(drawn), moments(variances)];
    expect(now.mean / then.mean).toBeCloseTo(1, 1);
    // A log-normal deviation is settled by a few large values: a quarter off is within what 4,096 draws give.
    expect(Math.abs(now.deviation / then.deviation - 1)).toBeLessThan(0.25);
    expectRedrawn(redrawn.values('mean'), single(normal(4096, 2, 3, 'mean')));
  });

  it('draws constants of nodes and halves, also behind what only moves them', async () => {
    const halves = Uint16Array.from(normal(256, 0, 1), encodeHalf);
    const half = tensorToProto('half', { type: 'float16', dims: [16, 16], data: halves });
    const constant = weight('inside', [16, 16], normal(256, 3, 1));
    const redrawn = await redraw(
      modelProto({
        nodes: [
          constantNode('made', constant),
          node('Transpose', ['made'], ['turned']),
          node('MatMul', ['x', 'turned'], ['h']),
          node('Cast', ['half'], ['wide']),
          node('MatMul', ['h', 'wide'], ['y']),
        ],
        initializers: [half],
      }),
    );
    expectRedrawn(redrawn.values('inside'), single(normal(256, 3, 1)));
    expect(redrawn.values('half')).not.toEqual(Array.from(halves));
  });

  it('refuses a quantised network, and one without weights', async () => {
    const stored = tensorToProto('q', { type: 'int8', dims: [2, 2], data: Int8Array.of(1, 2, 3, 4) });
    const quantised = modelProto({
      nodes: [node('DequantizeLinear', ['q', 's'], ['w']), node('MatMul', ['x', 'w'], ['y'])],
      initializers: [stored, scalar('s', 0.1)],
    });
    await expect(redraw(quantised)).rejects.toThrow('integers (it is quantised)');
    await expect(redraw(modelProto({ nodes: [node('Relu', ['x'], ['y'])] }))).rejects.toThrow('no weights');
  });

  it('can be cancelled', async () => {
    const model = modelProto({
      nodes: [node('MatMul', ['x', 'w'], ['y'])],
      initializers: [weight('w', [8, 8], normal(64, 0, 1))],
    });
    const controller = new AbortController();
    controller.abort();
    const signal = controller.signal;
    await expect(redrawWeights(model, nowhere, sink(), 1, { signal })).rejects.toThrow(CancelledError);
  });

  it('writes what lies in a file into one file, drawn or copied, and gives the same numbers as in memory', async () => {
    const large = normal(64 * 64, 0.5, 1);
    const indices = Array.from({ length: 1000 }, (_, index) => index);
    const model = modelProto({
      nodes: [
        node('MatMul', ['x', 'w'], ['h']),
        node('MatMul', ['h', 'small'], ['y']),
        node('Gather', ['y', 'rows'], ['z']),
      ],
      initializers: [
        weight('w', [64, 64], large),
        weight('small', [4, 4], normal(16, 0, 1)),
        integers('rows', indices),
      ],
    });
    const path = join(folder, 'large.onnx');
    writeFileSync(path, bytesOf(model));
    const file = await openModelFile(path);
    const onnx = file.network?.onnx;
    if (onnx === undefined) throw new Error('no graph');
    const written = sink();
    const redrawn = await redrawWeights(onnx.proto, onnx.openLocation, written, 1);
    const inFile = async (name: string): Promise<number[]> => {
      const tensor = [...everyTensor(redrawn.model)].find((each) => each.name === name) as TensorProto;
      const location = async (): Promise<ReturnType<typeof memorySource>> =>
        memorySource('weights.bin', written.bytes());
      return numbersOf(await readTensor(tensor, location));
    };
    const inMemory = await redraw(model);
    for (const name of ['w', 'small']) expect(await inFile(name)).toEqual(inMemory.values(name));
    expect(await inFile('rows')).toEqual(indices);
    expectRedrawn(await inFile('w'), single(large));
    await file.close();
  });
});
