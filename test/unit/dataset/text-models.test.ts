/** Language models on text, from the file to the loss: what the tokenizer, the windows and the targets are good for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { inputHints } from '../../../src/core/dataset/input-hints.js';
import type { InputHints, ModelInput } from '../../../src/core/dataset/model-input.js';
import { openDataset, type OpenedDataset } from '../../../src/core/dataset/open-dataset.js';
import { parseRecipe } from '../../../src/core/dataset/parse-recipe.js';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { openOnnx } from '../../../src/core/formats/onnx/open.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { dataFiles } from '../../../src/node/data-files.js';
import { siblingFiles } from '../../../src/node/sibling-files.js';
import { neededData } from '../shared-data.js';
import { memoryFiles } from './memory-files.js';

const samples = new URL('../../../media/samples/grammar-gpt/', import.meta.url).pathname;

async function openModel(path: string): Promise<{ inputs: readonly ModelInput[]; hints: InputHints }> {
  const { proto } = await openOnnx(memorySource('model.onnx', readFileSync(path)), siblingFiles(samples));
  const graph = createGraph(proto);
  return { inputs: graph.inputs, hints: inputHints(graph) };
}

/** Mean of −ln p(next) over the positions that have a next token, softmax by hand; e to that power. */
async function perplexity(
  session: ort.InferenceSession,
  rows: readonly { readonly ids: readonly number[]; readonly next: readonly number[] }[],
): Promise<{ readonly perplexity: number; readonly positions: number }> {
  let nats = 0;
  let positions = 0;
  for (const { ids, next } of rows) {
    const feed = new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]);
    const outputs = await session.run({ [session.inputNames[0] ?? '']: feed });
    const logits = outputs['logits'];
    const width = logits?.dims[2] ?? 0;
    const scores = logits?.data as Float32Array;
    for (const [at, wanted] of next.entries()) {
      if (wanted < 0) continue;
      const row = scores.subarray(at * width, (at + 1) * width);
      const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
      const sum = row.reduce((total, score) => total + Math.exp(score - largest), 0);
      nats += largest + Math.log(sum) - (row[wanted] ?? NaN);
      positions++;
    }
  }
  return { perplexity: Math.exp(nats / positions), positions };
}

async function rowsOf(dataset: OpenedDataset, name: string): Promise<{ ids: number[]; next: number[] }[]> {
  const rows: { ids: number[]; next: number[] }[] = [];
  for (let i = 0; i < dataset.size; i++) {
    const { feeds } = await dataset.batch(i, i + 1);
    rows.push({
      ids: Array.from(feeds[name]?.data as BigInt64Array, Number),
      next: [...((await dataset.targets(i)).nextTokens ?? [])],
    });
  }
  return rows;
}

/** The same tokens in another order: what is left is how frequent each is. */
function shuffled(rows: readonly { readonly ids: readonly number[] }[]): { ids: number[]; next: number[] }[] {
  let seed = 1;
  return rows.map(({ ids }) => {
    const mixed = [...ids];
    for (let i = mixed.length - 1; i > 0; i--) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      const j = seed % (i + 1);
      [mixed[i], mixed[j]] = [mixed[j] as number, mixed[i] as number];
    }
    return { ids: mixed, next: mixed.map((_, i) => mixed[i + 1] ?? -1) };
  });
}

describe('the sample language model', () => {
  it('reads corpus.txt as the token ids that its training script made of it, and foresees most of them', async () => {
    const { inputs, hints } = await openModel(join(samples, 'grammar-gpt.onnx'));
    const files = dataFiles({ folder: samples, root: samples });
    const recipe = parseRecipe(
      JSON.stringify({
        version: 1,
        inputs: { input_ids: { source: 'text', path: 'corpus.txt', separator: '\n', length: 64 } },
        tokenizer: 'tokenizer.json',
      }),
    );
    const dataset = await openDataset(recipe, inputs, files, { limit: 256, hints });
    const saved = readFileSync(join(samples, 'corpus.npy'));
    const ids = new Uint16Array(saved.buffer.slice(saved.byteOffset + 128, saved.byteOffset + saved.length));
    const rows = await rowsOf(dataset, 'input_ids');
    expect(rows).toHaveLength(256);
    expect(rows.flatMap((row) => row.ids)).toEqual([...ids]);
    // Over the edges of windows, too: the last position of each knows the first token of the following one.
    expect(rows.flatMap((row) => row.next).slice(0, -1)).toEqual([...ids].slice(1));

    const session = await ort.InferenceSession.create(join(samples, 'grammar-gpt.onnx'), { logSeverityLevel: 3 });
    const real = await perplexity(session, rows.slice(0, 16));
    const mixed = await perplexity(session, shuffled(rows.slice(0, 16)));
    await session.release();
    expect([real.positions, mixed.positions]).toEqual([16 * 64, 16 * 63]);
    expect(real.perplexity).toBeLessThan(3);
    expect(mixed.perplexity).toBeGreaterThan(100 * real.perplexity);
  });
});

describe('stories260K (needs the shared data)', () => {
  it('is far less surprised by stories than by Shakespeare, and by either than by their tokens in disorder', async ({
    skip,
  }) => {
    const model = neededData('derived/stories260K.onnx', skip);
    const read = (path: string): string => readFileSync(neededData(path, skip), 'utf8');
    const { inputs, hints } = await openModel(model);
    const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3 });
    const on = async (text: string, limit: number): Promise<{ real: number; mixed: number; line?: string }> => {
      const files = memoryFiles({
        'text.txt': text,
        'tokenizer.json': read('derived/stories260K.tokenizer.json'),
      });
      const recipe = parseRecipe(
        JSON.stringify({ version: 1, inputs: { tokens: { source: 'text', path: 'text.txt', length: 256 } } }),
      );
      const dataset = await openDataset(recipe, inputs, files, { limit, hints });
      const rows = await rowsOf(dataset, 'tokens');
      return {
        real: (await perplexity(session, rows)).perplexity,
        mixed: (await perplexity(session, shuffled(rows))).perplexity,
        line: dataset.lines.get('tokens'),
      };
    };
    // The corpus writes a line break as the name of its token.
    const stories = await on(read('datasets/text/stories260K_samples_dev.txt').replaceAll('<0x0A>', '\n'), 24);
    const shakespeare = await on(read('datasets/text/tinyshakespeare.txt'), 24);
    await session.release();
    expect(stories.line).toBe(
      'text: 24 windows of 256 tokens from text.txt, tokenized by tokenizer.json (512 tokens); the text goes on',
    );
    expect(stories.real).toBeLessThan(6);
    expect(shakespeare.real).toBeGreaterThan(5 * stories.real);
    expect(stories.mixed).toBeGreaterThan(1000 * stories.real);
    expect(shakespeare.mixed).toBeGreaterThan(50 * shakespeare.real);
  });
});
