/** Direct feature attribution of a dictionary that the test makes, from its file to the answer, against numpy. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Recipe } from '../../../src/core/dataset/recipe.js';
import type { WorkerApi } from '../../../src/protocol/worker-api.js';
import { writeSafetensors } from '../dictionary/write-safetensors.js';
import { neededData } from '../shared-data.js';
import { inspect } from './inspect.js';

interface Case {
  readonly site: 'z' | 'attn_out';
  readonly layer: number;
  readonly normalisation: string;
  readonly feature: number;
  readonly position: number;
  /** [heads, tokens] */
  readonly by_head: readonly (readonly number[])[];
  readonly attention: readonly (readonly number[])[];
  readonly constants: number;
  readonly pre_activation: number;
}
const { text, cases } = JSON.parse(
  readFileSync(new URL('../../fixtures/source-tokens/source_tokens.json', import.meta.url), 'utf8'),
) as { readonly text: string; readonly cases: readonly Case[] };

const sample = fileURLToPath(new URL('../../../media/samples/grammar-gpt/grammar-gpt.onnx', import.meta.url));
const HOOKS = { z: 'attn.hook_z', attn_out: 'hook_attn_out' } as const;
const FEATURES = 3;

let folder = '';
let inspection: WorkerApi;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'source-tokens-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function openModel(path: string, recipe?: Recipe): Promise<void> {
  inspection = inspect();
  await inspection.open({
    path,
    ...(recipe === undefined ? {} : { recipe }),
    recipePaths: 'anywhere',
    settings: { engine: 'automatic', threads: 2, defaultInputs: 4, limit: 4, cacheMegabytes: 0 },
  });
}

/** Of sines, as make_source_tokens.py makes it up. @returns its path. */
async function dictionaryAt(hook: string, width: number, normalisation: string): Promise<string> {
  const own = await mkdtemp(join(folder, 'sae-'));
  const at = (k: number, feature: number): number => 0.4 * Math.sin(1 + 0.7 * k + 1.3 * feature);
  const encoder = Array.from({ length: width * FEATURES }, (_, i) => at(Math.floor(i / FEATURES), i % FEATURES));
  const decoder = Array.from({ length: width * FEATURES }, (_, i) => at(i % width, Math.floor(i / width)));
  await writeSafetensors(join(own, 'sae_weights.safetensors'), {
    W_enc: { dims: [width, FEATURES], values: encoder },
    W_dec: { dims: [FEATURES, width], values: decoder },
    b_enc: { dims: [FEATURES], values: [-0.1, 0, 0.1] },
    b_dec: { dims: [width], values: Array.from({ length: width }, (_, k) => 0.05 * Math.cos(k)) },
  });
  const configuration = {
    architecture: 'standard',
    d_in: width,
    d_sae: FEATURES,
    dtype: 'float32',
    apply_b_dec_to_input: true,
    normalize_activations: normalisation,
    metadata: { hook_name: hook },
  };
  await writeFile(join(own, 'cfg.json'), JSON.stringify(configuration));
  return join(own, 'sae_weights.safetensors');
}

describe('on the sample, as numpy computes it', () => {
  beforeAll(() => openModel(sample));
  afterAll(() => inspection.close({}));

  it.each(cases)('$site of layer $layer, normalised: $normalisation', async (want) => {
    const hook = `blocks.${want.layer}.${HOOKS[want.site]}`;
    const dictionary = await dictionaryAt(hook, 96, want.normalisation);
    const overview = await inspection.features({ dictionary, evenIfUnfit: true });
    expect(overview.noSourceTokens).toBeUndefined();
    const { feature, position } = want;
    const found = await inspection.sourceTokens({ feature, position, prompt: { kind: 'text', text } });
    const [by, attention] = [want.by_head.flat(), want.attention.flat()];
    expect(found.tokens).toHaveLength((want.by_head[0] as readonly number[]).length);
    expect([found.heads, found.sharing, found.padding]).toEqual([6, 1, 0]);
    expect(found.byHead).toHaveLength(by.length);
    by.forEach((each, at) => expect(found.byHead[at]).toBeCloseTo(each, 4));
    attention.forEach((each, at) => expect(found.attention?.[at]).toBeCloseTo(each, 4));
    expect(found.constants).toBeCloseTo(want.constants, 4);
    expect(found.preActivation).toBeCloseTo(want.pre_activation, 4);
    expect(found.residual).toBeLessThan(1e-5);
  });

  it('on an input, at the token of its strongest example', async () => {
    const dictionary = await dictionaryAt('blocks.2.attn.hook_z', 96, 'none');
    await inspection.features({ dictionary, evenIfUnfit: true });
    const { top } = await inspection.feature({ feature: 1 });
    const [
      { input, position, activations, at, inputName } = {
        input: 0,
        position: 0,
        activations: [],
        at: 0,
        inputName: '',
      },
    ] = top;
    const found = await inspection.sourceTokens({ feature: 1, position, prompt: { kind: 'input', input } });
    expect(found.preActivation).toBeCloseTo(activations[at] as number, 4);
    expect(found.residual).toBeLessThan(1e-5);
    expect(found.name).toBe(inputName);
    await expect(
      inspection.sourceTokens({ feature: 1, position: 4096, prompt: { kind: 'input', input } }),
    ).rejects.toThrow('There is no token 4097');
    await expect(inspection.sourceTokens({ feature: 9, position, prompt: { kind: 'input', input } })).rejects.toThrow(
      'There is no feature 9',
    );
    const stop = new AbortController();
    stop.abort();
    await expect(
      inspection.sourceTokens({ feature: 1, position, prompt: { kind: 'input', input } }, stop.signal),
    ).rejects.toMatchObject({ name: 'CancelledError' });
  });

  it('a dictionary of the residual stream says why it has none', async () => {
    const dictionary = await dictionaryAt('blocks.1.hook_resid_post', 96, 'none');
    const { noSourceTokens } = await inspection.features({ dictionary, evenIfUnfit: true });
    expect(noSourceTokens).toContain('not the output of attention alone');
    await expect(
      inspection.sourceTokens({ feature: 0, position: 0, prompt: { kind: 'input', input: 0 } }),
    ).rejects.toThrow('not the output of attention alone');
  });
});

it('documents that end in padding are told by the texts of their tokens', async () => {
  const texts = ['The cat sees a dog.', 'The cat sees a dog that sees the cat and a child.'];
  const path = join(folder, 'documents.jsonl');
  await writeFile(path, texts.map((each) => JSON.stringify({ text: each })).join('\n'));
  const source = { source: 'text', path, windows: 'documents', length: 64 } as const;
  const tokenizer = join(dirname(sample), 'tokenizer.json');
  await openModel(sample, { version: 1, inputs: { input_ids: source }, tokenizer } as Recipe);
  try {
    await inspection.features({
      dictionary: await dictionaryAt('blocks.2.attn.hook_z', 96, 'none'),
      evenIfUnfit: true,
    });
    const found = await inspection.sourceTokens({ feature: 0, position: 3, prompt: { kind: 'input', input: 0 } });
    expect(found.tokens.join('')).toContain('cat sees a dog.');
    expect(found.tokens.length).toBeLessThan(30);
    expect(found.byHead).toHaveLength(6 * found.tokens.length);
    expect(found.residual).toBeLessThan(1e-5);
  } finally {
    await inspection.close({});
  }
});

describe('with grouped-query attention', () => {
  it.for(['blocks.2.attn.hook_z', 'blocks.3.hook_attn_out'])('stories260K, %s', async (hook, { skip }) => {
    await openModel(neededData('derived/stories260K.onnx', skip));
    try {
      await inspection.features({ dictionary: await dictionaryAt(hook, 64, 'none'), evenIfUnfit: true });
      const found = await inspection.sourceTokens({ feature: 0, position: 5, prompt: { kind: 'input', input: 1 } });
      expect([found.heads, found.sharing]).toEqual([8, 1]);
      expect(found.residual).toBeLessThan(1e-5);
    } finally {
      await inspection.close({});
    }
  });
});
