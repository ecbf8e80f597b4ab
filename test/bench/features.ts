import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import {
  CODER_FEATURES,
  CODER_INPUT,
  CODER_RECONSTRUCTION,
  coderModel,
} from '../../src/core/dictionary/graphs/coder-model.js';
import { graphWeights } from '../../src/core/dictionary/graphs/weights.js';
import { addVariance, varianceSums } from '../../src/core/dictionary/unexplained-variance.js';
import { createFeatureState, endWindow, foldTokens, stateBytes } from '../../src/core/features/state.js';
import { encodeOnnx } from '../../src/core/formats/onnx/decode.js';
import { ModelProtoSchema, TensorProto_DataType as DataType } from '../../src/core/formats/onnx/onnx_pb.js';
import type { RunnableModel } from '../../src/core/formats/onnx/runnable-model.js';
import type { TensorFile, WeightTensor } from '../../src/core/formats/tensor-file.js';
import { graphWriter } from '../../src/core/rewrite/graph-writer.js';
import { makeNode, makeValueInfo } from '../../src/core/rewrite/nodes.js';
import { openDictionary } from '../unit/dictionary/open-dictionary.js';
import { FEATURES, normals, WIDTH, writeDictionary } from './generated-dictionary.js';
import { loadEngine } from './networks.js';
import { note, reportRatio, timeInTurn } from './timing.js';

/** issue: feature statistics at half the speed of the bare matrix products in the same engine, or faster. */
const TARGET = 2;
const [TOKENS, THREADS] = [128, 2];

/** A pass of tokens through a dictionary of GPT-2's size, with all statistics, over its two matrix products alone. */
export async function measureFeatures(seconds: number): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'model-inspector-features-'));
  try {
    const random = normals();
    const path = join(folder, 'sae_weights.safetensors');
    writeDictionary(path, random);
    const { coder, weights, close } = await openDictionary(path);
    const engine = await loadEngine('native');
    const dictionary = await engine.open(await coderModel(coder, weights, folder), { threads: THREADS });
    const products = await engine.open(await productsModel(weights, folder), { threads: THREADS });
    const x = { type: 'float32' as const, dims: [TOKENS, WIDTH], data: random(TOKENS * WIDTH, 1) };
    const state = createFeatureState(coder.features);
    const sums = varianceSums(WIDTH);
    const times = await timeInTurn(
      {
        products: () => products.run({ [CODER_INPUT]: x }),
        async statistics() {
          const found = await dictionary.run({ [CODER_INPUT]: x });
          foldTokens(state, found[CODER_FEATURES]?.data as Float32Array, state.tokens);
          addVariance(sums, x.data, found[CODER_RECONSTRUCTION]?.data as Float32Array);
          endWindow(state);
        },
      },
      seconds,
    );
    await dictionary.release();
    await products.release();
    await close();
    const l0 = state.fired.reduce((sum, times) => sum + times, 0) / state.tokens;
    note(
      `${WIDTH} × ${FEATURES}, ${TOKENS} tokens at once, L0 ${l0.toFixed(0)}, random numbers, ${THREADS} threads; products ${times.products.wall.toFixed(0)} ms, median; the state holds ${(stateBytes(FEATURES) / 1e6).toFixed(0)} MB however many tokens`,
    );
    return reportRatio('feature statistics / bare matrix products', times.statistics, times.products, TARGET);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** x W_enc W_dec and nothing else. */
async function productsModel(file: TensorFile, folder: string): Promise<RunnableModel> {
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 17n }],
    graph: {
      name: 'products',
      input: [makeValueInfo(CODER_INPUT, DataType.FLOAT, ['tokens', WIDTH])],
      output: [makeValueInfo('y', DataType.FLOAT, ['tokens', WIDTH])],
    },
  });
  const writer = graphWriter(model);
  const weights = graphWeights(writer, file);
  const matrix = (name: string): Promise<string> => {
    const tensor = file.tensors.find((each) => each.name === name) as WeightTensor;
    return weights.value(tensor, tensor.dims);
  };
  const encoded = writer.node('Gemm', [CODER_INPUT, await matrix('W_enc')]);
  writer.add(makeNode('Gemm', [encoded, await matrix('W_dec')], ['y']));
  return { bytes: encodeOnnx(writer.extend(model)), externalFiles: [...weights.files], folder };
}
