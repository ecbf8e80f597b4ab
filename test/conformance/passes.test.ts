/** Every real model goes through all passes, in both engines, and both say the same. */
import { fileURLToPath } from 'node:url';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EngineName } from '../../src/core/engine/engine.js';
import type { Graph } from '../../src/core/graph/graph.js';
import type { NamedTensors } from '../../src/core/tensor/tensor.js';
import type { ResultSummary } from '../../src/protocol/inspection.js';
import { createInspection } from '../../src/worker/inspection.js';
import { sharedData } from '../unit/shared-data.js';
import { ENGINES } from '../unit/engine/engines.js';
import { collection, engineFailure, IS_USUAL_FOLDER, randomFeeds } from './cases.js';
import { OPEN_SIZES } from './exceptions.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const wasmFolder = join(root, 'node_modules/onnxruntime-web/dist/');
const INPUTS = 2;

/** Models of one family that differ in their weights only are represented by the first of them. */
const isRepresentative = (path: string): boolean => !/ACASXU_(?!1_1)/.test(path);

/** Models without anything to run the passes on, each with the reason that the product must give. */
const INAPPLICABLE: Readonly<Record<string, RegExp>> = {
  'superres_ort_js.onnx': /no operator/,
};

async function runAll(path: string, engine: EngineName): Promise<ResultSummary | string> {
  const inspection = createInspection({
    wasmFolder,
    dataFolder: join(root, 'media'),
    events: {
      runProgress: async () => undefined,
      fileResultChanged: async () => undefined,
      log: async () => undefined,
    },
  });
  try {
    const model = await inspection.open({
      path,
      recipePaths: 'model-folder',
      settings: { engine, threads: 2, defaultInputs: INPUTS, cacheMegabytes: 0 },
    });
    const overInputs = model.passes.filter((pass) => pass.over === 'inputs' && pass.runsPerInput === undefined);
    const applicable = overInputs.filter(({ reason }) => reason === undefined).map(({ id }) => id);
    if (applicable.length === 0) return overInputs[0]?.reason ?? '';
    const { result } = await inspection.run({ passes: applicable });
    return result ?? 'no result';
  } finally {
    await inspection.close({});
  }
}

/** How far apart the edges of histograms are, at most. */
const BUCKET = 0.14;

const folder = sharedData('.');
const models = (folder === undefined ? [] : collection(folder).models).filter(isRepresentative);

/** Models of other collections may have no activations, or be none that the engine runs. */
async function isOwnReason(path: string, reason: string): Promise<boolean> {
  if (IS_USUAL_FOLDER) return false;
  if (/No activation layer/.test(reason)) return true;
  const engine = await ENGINES[0]?.load();
  const feeds = (graph: Graph): NamedTensors => randomFeeds(graph, OPEN_SIZES[basename(path)] ?? {});
  return engine !== undefined && (await engineFailure(engine, path, feeds)) !== undefined;
}

describe.skipIf(models.length === 0)(
  `${models.length} real models${models.length === 0 ? ' (data folder missing)' : ''}`,
  () => {
    it.each(models.map((path) => [basename(path), path]))('%s', { timeout: 600_000 }, async (name, path) => {
      const native = await runAll(path, 'native');
      const reason = INAPPLICABLE[name];
      if (reason !== undefined) return expect(native).toMatch(reason);
      if (typeof native === 'string') {
        if (await isOwnReason(path, native)) return console.log(`${path}: ${native}`);
        throw new Error(`No pass applies: ${native}`);
      }
      expect(native.inputsSeen).toBe(Math.min(INPUTS, native.inputsPlanned));
      expect(native.layers.length).toBeGreaterThan(0);
      const wasm = await runAll(path, 'wasm');
      if (typeof wasm === 'string') throw new Error(`In wasm no pass applies: ${wasm}`);
      expect(wasm.layers).toEqual(native.layers);
      const metrics = (result: ResultSummary) => result.passes.flatMap(({ layerMetrics }) => layerMetrics);
      metrics(native).forEach(({ id, values }, index) => {
        const other = metrics(wasm)[index]?.values ?? {};
        for (const [layer, value] of Object.entries(values)) {
          // A shift moves by one bucket, a share by one unit or entry where a value lies on the edge of its threshold.
          const relative = id.startsWith('layer-shift-') ? BUCKET : 1e-3;
          const slack = id.endsWith('-share') ? 0.05 : 1e-5 + relative * Math.abs(value);
          expect(Math.abs((other[layer] as number) - value), `${id} of ${layer}`).toBeLessThanOrEqual(slack);
        }
      });
    });
  },
);
