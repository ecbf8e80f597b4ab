import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors } from './write-safetensors.js';

/**
 * f = ReLU((x, −x)), x̂ = f₊ − f₋: it gives back everything, in SAELens's layout.
 * @param depth width of what it reads. @param hook name of the value that it was made for.
 * @returns path of its weights in the folder.
 */
export async function writeIdentityDictionary(folder: string, depth: number, hook: string): Promise<string> {
  const path = join(folder, 'sae_weights.safetensors');
  const signed = (feature: number, axis: number): number => (feature % depth !== axis ? 0 : feature < depth ? 1 : -1);
  const features = 2 * depth;
  await writeSafetensors(path, {
    W_enc: {
      dims: [depth, features],
      values: Array.from({ length: depth * features }, (_, at) => signed(at % features, Math.floor(at / features))),
    },
    W_dec: {
      dims: [features, depth],
      values: Array.from({ length: depth * features }, (_, at) => signed(Math.floor(at / depth), at % depth)),
    },
    b_enc: { dims: [features], values: new Array<number>(features).fill(0) },
    b_dec: { dims: [depth], values: new Array<number>(depth).fill(0) },
  });
  const configuration = { architecture: 'standard', d_in: depth, d_sae: features, hook_name: hook };
  await writeFile(join(folder, 'cfg.json'), JSON.stringify({ ...configuration, normalize_activations: 'none' }));
  return path;
}
