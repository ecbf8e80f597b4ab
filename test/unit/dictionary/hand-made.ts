import type { Activation, Coder } from '../../../src/core/dictionary/coder.js';
import { featureMatrix } from '../../../src/core/dictionary/feature-matrix.js';
import { coderModel } from '../../../src/core/dictionary/graphs/coder-model.js';
import type { Engine } from '../../../src/core/engine/engine.js';
import type { TensorFile, WeightTensor } from '../../../src/core/formats/tensor-file.js';

export function tensor(name: string, dims: readonly number[], numbers: readonly number[]): WeightTensor {
  const all = Float32Array.from(numbers);
  return {
    name,
    dims,
    dtype: 'F32',
    bytes: all.byteLength,
    values: { type: 'float32', read: async (start, count) => all.slice(start, start + count) },
  };
}

export const NO_FILE: TensorFile = {
  format: 'safetensors',
  formatName: 'safetensors',
  tensors: [],
  metadata: [],
  files: ['a.safetensors'],
  fileBytes: 0,
  externalBytes: 0,
  problems: [],
  close: async () => undefined,
};

/** A coder from rows: W_enc [d, F] as a list of its d rows, W_dec [F, d] of its F. */
export function coderOf(parts: {
  readonly encoder: readonly (readonly number[])[];
  readonly decoder: readonly (readonly number[])[];
  readonly encoderBias?: readonly number[];
  readonly bias: readonly number[];
  readonly subtracts: boolean;
  readonly activation: Activation;
}): Coder {
  const { encoder, decoder, encoderBias, bias, subtracts, activation } = parts;
  const [width, features] = [encoder.length, decoder.length];
  const shared = { tensor: tensor('b_dec', [width], bias) };
  return {
    kind: 'SAE',
    family: 'test',
    features,
    reads: { places: 1, width },
    writes: { places: 1, width },
    encoder: featureMatrix(tensor('W_enc', [width, features], encoder.flat()), 1),
    decoder: featureMatrix(tensor('W_dec', [features, width], decoder.flat()), 0),
    ...(encoderBias === undefined ? {} : { encoderBias: { tensor: tensor('b_enc', [features], encoderBias) } }),
    ...(subtracts ? { subtracted: shared } : {}),
    added: { vector: shared },
    activation,
    normalisation: { kind: 'none' },
    decoderNorm: { use: 'none' },
  };
}

/** f and x̂ of some tokens. */
export async function runCoder(
  engine: Engine,
  coder: Coder,
  tokens: readonly (readonly number[])[],
): Promise<{ readonly f: readonly number[]; readonly xhat: readonly number[] }> {
  const session = await engine.open(await coderModel(coder, NO_FILE, '/'), { threads: 1 });
  const dims = [tokens.length, tokens[0]?.length ?? 0];
  const out = await session.run({ x: { type: 'float32', dims, data: Float32Array.from(tokens.flat()) } });
  await session.release();
  const numbers = (name: string): number[] => Array.from(out[name]?.data as Float32Array);
  return { f: numbers('features'), xhat: numbers('reconstruction') };
}
