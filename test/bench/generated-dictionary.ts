import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The size of GPT-2 small’s dictionaries. */
export const [WIDTH, FEATURES] = [768, 24_576];
/** Pre-activations are about normal with deviation 1: 63 of the features fire on a token. */
const BIAS = -2.8;

export type Normals = (count: number, deviation: number) => Float32Array;

/** Seeded; Box and Muller. */
export function normals(): Normals {
  let seed = 1;
  const uniform = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return (seed + 1) / (2 ** 32 + 1);
  };
  return (count, deviation) =>
    new Float32Array(count).map(
      () => deviation * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
    );
}

/** @param path of the safetensors file; its configuration lies beside it. */
export function writeDictionary(path: string, random: Normals): void {
  const tensors: readonly [string, readonly number[], Float32Array][] = [
    ['W_enc', [WIDTH, FEATURES], random(WIDTH * FEATURES, 1 / Math.sqrt(WIDTH))],
    ['W_dec', [FEATURES, WIDTH], random(WIDTH * FEATURES, 1 / Math.sqrt(WIDTH))],
    ['b_enc', [FEATURES], new Float32Array(FEATURES).fill(BIAS)],
    ['b_dec', [WIDTH], new Float32Array(WIDTH)],
  ];
  let offset = 0;
  const header = Object.fromEntries(
    tensors.map(([name, shape, { byteLength }]) => [
      name,
      { dtype: 'F32', shape, data_offsets: [offset, (offset += byteLength)] },
    ]),
  );
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, ...tensors.map(([, , data]) => Buffer.from(data.buffer))]));
  writeFileSync(join(path, '../cfg.json'), JSON.stringify({ architecture: 'standard', d_in: WIDTH, d_sae: FEATURES }));
}
