import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import type { NamedTensors } from '../../../src/core/tensor/tensor.js';
import { recipeForChosen } from '../../../src/core/dataset/chosen.js';
import type { Dataset } from '../../../src/core/dataset/dataset.js';
import { describeInputs } from '../../../src/core/dataset/describe.js';
import { guessRecipe } from '../../../src/core/dataset/guess.js';
import { inputHints } from '../../../src/core/dataset/input-hints.js';
import type { InputHints, ModelInput } from '../../../src/core/dataset/model-input.js';
import { parseRecipe } from '../../../src/core/dataset/parse-recipe.js';
import { openDataset } from '../../../src/core/dataset/open-dataset.js';
import { openOnnx } from '../../../src/core/formats/onnx/open.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { dataFiles } from '../../../src/node/data-files.js';
import { openFileSource } from '../../../src/node/file-source.js';
import { siblingFiles } from '../../../src/node/sibling-files.js';
import { sharedData } from '../shared-data.js';

const data = sharedData('.');

async function openModel(path: string): Promise<{ inputs: readonly ModelInput[]; hints: InputHints }> {
  const source = await openFileSource(path);
  const { proto } = await openOnnx(source, siblingFiles(dirname(path)));
  await source.close();
  const graph = createGraph(proto);
  return { inputs: graph.inputs, hints: inputHints(graph) };
}

function modelFiles(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return name === 'onnx-conformance' ? [] : modelFiles(path);
    return name.endsWith('.onnx') ? [path] : [];
  });
}

function ortFeeds(feeds: NamedTensors): Record<string, ort.Tensor> {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { type, data: values, dims }]) => [
      name,
      new ort.Tensor(type as 'float32', values as Float32Array, [...dims]),
    ]),
  );
}

async function runBatch(
  session: ort.InferenceSession,
  dataset: Dataset,
  size: number,
): Promise<ort.InferenceSession.ReturnType> {
  const { feeds, indices } = await dataset.batch(0, size);
  expect(indices).toHaveLength(size);
  return session.run(ortFeeds(feeds));
}

/** Models that no guess can run, and why. */
const CANNOT_RUN: Readonly<Record<string, string>> = {
  'superres_ort_js.onnx': 'needs custom operators (ai.onnx.contrib), takes a picture file as bytes',
};

describe('inputs of the sample models', () => {
  const samples = new URL('../../../media/samples/', import.meta.url).pathname;
  it.each([
    ['shapes', 'shapes-resnet', 'image'],
    ['grammar-gpt', 'grammar-gpt', 'tokens'],
  ])('%s: the recipe beside the model opens and runs', async (folderName, modelName, kind) => {
    const folder = join(samples, folderName);
    const { inputs, hints } = await openModel(join(folder, `${modelName}.onnx`));
    const files = dataFiles({ folder, root: folder });
    const recipe = parseRecipe(readFileSync(join(folder, `${modelName}.inspect.json`), 'utf8'));
    const dataset = await openDataset(recipe, inputs, files, { limit: 200, hints });
    expect([dataset.synthetic, dataset.size >= 100]).toEqual([false, true]);
    const session = await ort.InferenceSession.create(join(folder, `${modelName}.onnx`), { logSeverityLevel: 3 });
    await runBatch(session, dataset, 4);
    await session.release();
    expect(await dataset.preview(3)).toMatchObject({ kind });
  });
});

describe.skipIf(data === undefined)('inputs of real models (need the shared data)', () => {
  it('guesses inputs for every model that the engine then runs, one and two at a time', async () => {
    const paths = modelFiles(data as string).sort();
    const lines: string[] = [];
    const failed: string[] = [];
    for (const path of paths) {
      const name = basename(path);
      if (name in CANNOT_RUN) continue;
      try {
        const { inputs, hints } = await openModel(path);
        const folder = dirname(path);
        const files = dataFiles({ folder, root: folder });
        const recipe = await guessRecipe(inputs, files, { modelName: name.replace('.onnx', ''), hints });
        const dataset = await openDataset(recipe, inputs, files, { limit: 3, hints });
        expect(dataset.description.startsWith('random')).toBe(dataset.synthetic);
        const session = await ort.InferenceSession.create(path, { logSeverityLevel: 3, intraOpNumThreads: 1 });
        await runBatch(session, dataset, 1);
        if (dataset.maximumBatch >= 2) await runBatch(session, dataset, 2);
        await session.release();
        const described = describeInputs(recipe, inputs, 'guessed', { size: dataset.size, hints });
        expect(described.map(({ input }) => input)).toEqual(inputs.map((input) => input.name));
        lines.push(`${name}: ${described.map(({ input, text }) => `${input}: ${text}`).join(' | ')}`);
      } catch (error) {
        failed.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    if (process.env['SHOW_GUESSES'] !== undefined) console.log(lines.join('\n'));
    expect(failed).toEqual([]);
    // What the graphs themselves say: rows of embedding tables, one-hot widths, a rescaling layer.
    for (const said of [
      'modadd113_seed0.onnx: tokens: random integers from 0 to 113,',
      'stories260K.onnx: tokens: random integers from 0 to 511,',
      'textgenrnn_base.onnx: ids: random integers from 0 to 464,',
      'magika_standard_v3_3.onnx: bytes: random integers from 0 to 256,',
      'traffic-classifier64.onnx: rescaling_input: random numbers (uniform between 0 and 255),',
    ]) {
      expect(lines.filter((line) => line.startsWith(said))).toHaveLength(1);
    }
    expect(lines.length).toBe(paths.length - Object.keys(CANNOT_RUN).length);
    expect(lines.length).toBeGreaterThanOrEqual(60);
  }, 120_000);

  it('reads 98.7 % of MNIST’s first thousand digits right with mnist-8, from the gzipped files, pixels as they are', async () => {
    const path = join(data as string, 'vision-classification/mnist-8-cntk.onnx');
    const { inputs } = await openModel(path);
    const files = dataFiles({ folder: join(data as string, 'datasets'), root: data as string });
    const recipe = {
      version: 1,
      inputs: { Input3: { source: 'array', path: 'mnist/t10k-images-idx3-ubyte.gz', scale: 1 } },
      labels: { path: 'mnist/t10k-labels-idx1-ubyte.gz' },
    } as const;
    const dataset = await openDataset(recipe, inputs, files, { limit: 1000 });
    expect([dataset.size, dataset.maximumBatch, dataset.synthetic]).toEqual([1000, 1, false]);
    const session = await ort.InferenceSession.create(path, { logSeverityLevel: 3 });
    let right = 0;
    for (let i = 0; i < dataset.size; i++) {
      const { Plus214_Output_0: logits } = await runBatch1(session, dataset, i);
      const scores = [...(logits?.data as Float32Array)];
      if (String(scores.indexOf(Math.max(...scores))) === dataset.label(i)) right++;
    }
    await session.release();
    expect(right).toBe(987);
    expect(await dataset.preview(0)).toMatchObject({ kind: 'array', dims: [1, 28, 28], label: '7' });
  });

  async function runBatch1(
    session: ort.InferenceSession,
    dataset: Dataset,
    i: number,
  ): Promise<ort.InferenceSession.ReturnType> {
    return session.run(ortFeeds((await dataset.batch(i, i + 1)).feeds));
  }

  it('runs resnet20 on photos chosen from another folder, and sees the same in a batch as one by one', async () => {
    const path = join(data as string, 'derived/resnet20-12fca82f.onnx');
    const photos = join(data as string, 'datasets/photos');
    const { inputs, hints } = await openModel(path);
    const folder = dirname(path);
    const files = dataFiles({ folder, root: folder, chosen: [photos] });
    const recipe = await recipeForChosen(photos, inputs, files, { hints });
    expect(recipe.inputs['input']).toMatchObject({
      source: 'images',
      channels: 'rgb',
      layout: 'nchw',
      mean: [0.4914, 0.4822, 0.4465],
    });
    const dataset = await openDataset(recipe, inputs, files, { limit: 6 });
    expect(dataset.description).toBe(`6 of ${readdirSync(photos).length} images from photos/, evenly spaced`);
    const session = await ort.InferenceSession.create(path, { logSeverityLevel: 3 });
    const together = (await runBatch(session, dataset, 6))['logits']?.data as Float32Array;
    for (let i = 0; i < 6; i++) {
      const alone = (await runBatch1(session, dataset, i))['logits']?.data as Float32Array;
      alone.forEach((value, k) => expect(Math.abs(value - (together[i * 10 + k] ?? NaN))).toBeLessThan(1e-4));
    }
    await session.release();
    expect(await dataset.preview(0)).toMatchObject({ kind: 'image' });
    expect(dataset.skipped).toEqual([]);
  });
});
