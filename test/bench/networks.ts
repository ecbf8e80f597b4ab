import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Dataset } from '../../src/core/dataset/dataset.js';
import type { Engine, EngineName } from '../../src/core/engine/engine.js';
import { encodeOnnx } from '../../src/core/formats/onnx/decode.js';
import type { ModelProto } from '../../src/core/formats/onnx/onnx_pb.js';
import type { NamedTensors } from '../../src/core/tensor/tensor.js';
import { loadNativeEngine } from '../../src/node/native-engine.js';
import { loadWasmEngine } from '../../src/node/wasm-engine.js';
import { openModelFile, type Network } from '../../src/worker/open-model.js';
import { gpt2Small, resnet18 } from './models.js';

/** The bundle lies in .cache/bench, and so do the models. */
const CACHE = fileURLToPath(new URL('./', import.meta.url));
const WASM_FOLDER = fileURLToPath(new URL('../../node_modules/onnxruntime-web/dist/', import.meta.url));

export type NetworkName = 'resnet18' | 'gpt2';

interface BenchNetwork {
  readonly build: () => ModelProto;
  /** Inputs per forward. */
  readonly batch: number;
  readonly feeds: (examples: number) => NamedTensors;
}

const TOKENS = 128;
const PICTURE = [3, 224, 224];

export const NETWORKS: Readonly<Record<NetworkName, BenchNetwork>> = {
  resnet18: {
    build: resnet18,
    batch: 8,
    feeds(examples) {
      const values = PICTURE.reduce((product, size) => product * size, examples);
      const data = Float32Array.from({ length: values }, (_, index) => 2 * Math.sin(index * 12.9898));
      return { x: { type: 'float32', dims: [examples, ...PICTURE], data } };
    },
  },
  gpt2: {
    build: gpt2Small,
    batch: 1,
    feeds(examples) {
      const data = BigInt64Array.from({ length: examples * TOKENS }, (_, index) => BigInt((index * 7919) % 50_257));
      return { tokens: { type: 'int64', dims: [examples, TOKENS], data } };
    },
  },
};

/** Path of the network's file, written when it is not there yet. */
export function networkFile(name: NetworkName): string {
  const path = `${CACHE}${name}.onnx`;
  if (!existsSync(path)) {
    mkdirSync(CACHE, { recursive: true });
    writeFileSync(`${path}.part`, encodeOnnx(NETWORKS[name].build()));
    renameSync(`${path}.part`, path);
  }
  return path;
}

/** Never closed: a process of the bench ends soon. */
export async function openNetwork(name: NetworkName): Promise<Network> {
  const { network } = await openModelFile(networkFile(name));
  if (network === undefined) throw new Error(`${name} has no graph`);
  return network;
}

/** As many examples as a probe asks for, all alike. */
export function endlessExamples(name: NetworkName): Pick<Dataset, 'size' | 'maximumBatch' | 'batch' | 'description'> {
  return {
    size: 1000,
    maximumBatch: Infinity,
    description: 'generated inputs',
    batch: async (start, end) => ({
      feeds: NETWORKS[name].feeds(end - start),
      indices: Array.from({ length: end - start }, (_, index) => start + index),
    }),
  };
}

export function loadEngine(name: EngineName): Promise<Engine> {
  return name === 'native' ? loadNativeEngine() : loadWasmEngine(WASM_FOLDER);
}
