/** Linear systems of whole models, asked as the page asks. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Recipe } from '../../../src/core/dataset/recipe.js';
import type { EngineName } from '../../../src/core/engine/engine.js';
import type { WorkerApi } from '../../../src/protocol/worker-api.js';
import { createInspection } from '../../../src/worker/inspection.js';
import { neededData } from '../shared-data.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

async function opened<T>(
  path: string,
  use: (inspection: WorkerApi) => Promise<T>,
  options: { readonly recipe?: Recipe; readonly engine?: EngineName } = {},
): Promise<T> {
  const inspection = createInspection({
    wasmFolder: join(root, 'node_modules/onnxruntime-web/dist/'),
    dataFolder: join(root, 'media'),
    events: { runProgress: async () => undefined, fileResultChanged: async () => undefined, log: async () => undefined },
  });
  const settings = { engine: options.engine ?? 'native', threads: 2, defaultInputs: 8, cacheMegabytes: 0 } as const;
  const { recipe } = options;
  await inspection.open({ path, recipePaths: 'anywhere', settings, ...(recipe === undefined ? {} : { recipe }) });
  try {
    return await use(inspection);
  } finally {
    await inspection.close({});
  }
}

describe('real models', () => {
  it.each([
    ['derived/resnet20-12fca82f.onnx'],
    ['derived/superres_core.onnx'],
    ['derived/stories260K.onnx'],
    ['vision-classification/mnist-12.onnx'],
  ])('%s', { timeout: 120_000 }, async (name, ) => {
    const path = join('/work/shared/data', name);
    await opened(path, async (inspection) => {
      let t = performance.now();
      const lap = (what: string) => { console.log(name, what, Math.round(performance.now() - t)); t = performance.now(); };
      const system = { example: 0, reading: 'frozen' as const };
      const d = await inspection.linearSystem(system);
      lap('open');
      console.log(d.from.label, d.from.layout, d.to.label, d.to.layout, d.exactness, d.notes, d.cut, d.layers.slice(0, 3), d.layers.length);
      const votes = await inspection.linearVotes({ system, outputs: [0, 1] });
      lap('votes');
      console.log(votes.map((v) => [v.value, v.voteSum + v.biasSum, v.biasShare, v.votes.length]));
      for (let k = 0; k < 4; k++) { await inspection.linearRow({ system, output: 100 + k }).catch(() => inspection.linearRow({ system, output: k })); lap('row'); }
      for (let k = 0; k < 3; k++) { await inspection.linearColumn({ system, input: 7 + k }); lap('column'); }
      await inspection.linearSystem({ ...system, example: 1 }).catch((e) => console.log(e.message)); lap('second input');
      console.log((await inspection.linearCuts({ example: 0 })).length); lap('cuts');
    });
  });
});
