import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fewPlaces } from '../../../src/core/dictionary/few-places.js';
import type { WorkerApi } from '../../../src/protocol/worker-api.js';
import { createInspection } from '../../../src/worker/inspection.js';
import { WASM_FOLDER } from '../engine/engines.js';
import { tenTokens } from './ten-tokens.js';

describe('the words for numbers that rest on few tokens', () => {
  const words = { one: 'token', many: 'tokens' };
  it('name how many there are, for how many features', () => {
    expect(fewPlaces(10, words, 192)).toEqual({
      short: 'only 10 tokens for 192 features',
      sentence:
        'Only 10 tokens were seen for 192 features: a feature that fires on fewer than one in 10 looks dead, and shares are rough.',
    });
    expect(fewPlaces(1, words)).toEqual({
      short: 'only 1 token',
      sentence: 'Only 1 token was seen: other inputs may give quite other numbers.',
    });
  });

  it('are not said from ten tokens a feature on, nor, of means alone, from a thousand', () => {
    expect(fewPlaces(1919, words, 192)).toBeDefined();
    expect(fewPlaces(1920, words, 192)).toBeUndefined();
    expect(fewPlaces(999, words, 2)?.short).toBe('only 999 tokens');
    expect(fewPlaces(1000, words, 2)).toBeUndefined();
    expect(fewPlaces(1000, words)).toBeUndefined();
  });
});

describe('a corpus of ten tokens', () => {
  const sample = fileURLToPath(new URL('../../../media/samples/grammar-gpt/', import.meta.url));
  const dictionary = join(sample, 'dictionaries/blocks.1.hook_resid_post/sae_weights.safetensors');
  let folder = '';
  let inspection: WorkerApi;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ten-tokens-'));
    await writeFile(join(folder, 'ten.npy'), tenTokens());
    const nothing = async (): Promise<void> => undefined;
    inspection = createInspection({
      wasmFolder: WASM_FOLDER,
      dataFolder: fileURLToPath(new URL('../../../media/', import.meta.url)),
      events: { runProgress: nothing, fileResultChanged: nothing, log: nothing },
    });
    await inspection.open({
      path: join(sample, 'grammar-gpt.onnx'),
      dictionary: { path: dictionary, answers: {} },
      recipePaths: 'anywhere',
      settings: { engine: 'automatic', threads: 1, defaultInputs: 8, cacheMegabytes: 0 },
    });
    await inspection.setInputs({ recipe: await inspection.recipeFor({ path: join(folder, 'ten.npy') }) });
  }, 60_000);
  afterAll(async () => {
    await inspection.close({});
    await rm(folder, { recursive: true });
  });

  it('has a warning with all features, with what is exported of them, and with what one is like', async () => {
    const { totals, warnings } = await inspection.features({ dictionary, evenIfUnfit: true });
    expect(totals.tokens).toBe(10);
    expect(warnings[0]).toContain('Only 10 tokens were seen for 192 features');
    const path = join(folder, 'out.jsonl');
    const { sentences } = await inspection.writeFeatures({ format: 'neuronpedia', path, features: [3] });
    expect(sentences.at(-1)).toBe(warnings.at(-1));
    expect(sentences.join()).toContain('Only 10 tokens were seen for 192 features');
    const like = await inspection.featureNeighbours({ feature: 3 });
    expect(like.warnings.join()).toContain('10 tokens');
  }, 60_000);

  it('has one with where it fits: as a finding, and in the title of every table that rests on tokens', async () => {
    const { result } = await inspection.run({ passes: ['dictionary-fit'] });
    const pass = result?.passes.find((each) => each.pass === 'dictionary-fit');
    expect(pass?.findings.map(({ sentence }) => sentence)).toContain(
      'Only 10 tokens were seen: other inputs may give quite other numbers.',
    );
    const titles = pass?.tables?.map(({ title }) => title) ?? [];
    expect(titles).toHaveLength(5);
    expect(titles.filter((title) => title.endsWith(' (only 10 tokens)'))).toHaveLength(4);
  }, 60_000);
});
