/** A dictionary of one head’s values on the sample language model: attached, gathered, looked at, changed, written. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { placeText } from '../../../src/core/dictionary/attach/layout.js';
import type { FeatureOverview } from '../../../src/protocol/features.js';
import type { WorkerApi } from '../../../src/protocol/worker-api.js';
import { writeIdentityDictionary } from '../dictionary/identity-dictionary.js';
import { inspect } from './inspect.js';

const model = fileURLToPath(new URL('../../../media/samples/grammar-gpt/grammar-gpt.onnx', import.meta.url));
const [INPUTS, HEADS, DEPTH] = [4, 6, 16];
const Z = '/blocks.1/attention/MatMul_1_output_0';

describe('a dictionary of heads', () => {
  let [folder, dictionary] = ['', ''];
  let inspection: WorkerApi;
  let overview: FeatureOverview;
  let tokens = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'heads-'));
    dictionary = await writeIdentityDictionary(folder, DEPTH, 'blocks.1.attn.hook_z');
    inspection = inspect();
    await inspection.open({
      path: model,
      recipePaths: 'anywhere',
      dictionary: { path: dictionary, answers: {} },
      settings: { engine: 'native', threads: 1, defaultInputs: INPUTS, limit: INPUTS, cacheMegabytes: 0 },
    });
    overview = await inspection.features({ dictionary });
    tokens = overview.stride / HEADS;
  }, 120_000);
  afterAll(async () => {
    await inspection.close({});
    await rm(folder, { recursive: true });
  });

  it('reads z by its hook name, one place for each head and token', () => {
    expect(overview.reads).toBe(Z);
    expect(overview.layout).toEqual({ kind: 'heads', heads: HEADS, tokens, within: 1 });
    expect(overview.totals.tokens).toBe(INPUTS * HEADS * tokens);
    expect(overview.placeWords).toEqual({ one: 'place', many: 'places' });
    expect(overview.topTokens?.filter((text) => text === '')).toEqual([]);
    expect(overview.fvu).toBeLessThan(1e-9);
    expect(overview.noSourceTokens).toContain('one row for each head and token');
    // Of each axis one of both signs fires, at every place.
    expect(overview.totals.l0).toBeCloseTo(DEPTH, 1);
  });

  it('examples are the tokens of one head; what it writes has no product with the unembedding', async () => {
    const { top, noLogits } = await inspection.feature({ feature: 3 });
    expect(noLogits).toContain('one row for each head and token');
    for (const { position, tokens: shown, activations } of top) {
      expect(placeText(position, overview.layout)).toMatch(/^head [0-5], token \d+$/);
      expect(shown).toHaveLength(activations.length);
    }
  });

  it('a list by token says why it has none; a feature is changed at one head and token', async () => {
    const asked = inspection.prompt({ prompt: { kind: 'input', input: 0 }, rank: 'activation', most: 10 });
    await expect(asked).rejects.toThrow('would mix the heads');
    const [best] = (await inspection.feature({ feature: 3 })).top;
    if (best === undefined) throw new Error('It fires nowhere.');
    const { input, position } = best;
    const token = position % tokens;
    const { at, divergence, features, predicts } = await inspection.steer({
      prompt: { kind: 'input', input },
      interventions: [{ feature: 3, kind: 'ablate', amount: 0, unit: 'absolute' }],
      positions: [position],
      at: position,
    });
    expect({ at, predicts }).toEqual({ at: token, predicts: 'next token' });
    expect(divergence).toHaveLength(tokens);
    // What comes before the token does not see it.
    expect(Math.max(0, ...divergence.subarray(0, token))).toBe(0);
    expect(divergence[token]).toBeGreaterThan(0);
    const changed = [...(features[0]?.before ?? [])].flatMap((f, at) => (f === features[0]?.after[at] ? [] : [at]));
    expect(changed).toEqual([position]);
  });

  it('lists name the head’s tokens; the cache says what its positions are', async () => {
    const list = await inspection.writeFeatures({
      format: 'neuronpedia',
      path: join(folder, 'f.jsonl'),
      features: [3],
    });
    expect(list.sentences[0]).toContain('1 feature written');
    const { sentences } = await inspection.writeFeatures({ format: 'activation-cache', path: folder, features: [3] });
    expect(sentences.join(' ')).toContain(`a position in the files is head × ${tokens} + token`);
  });

  it('where it fits: values of heads alone, all as well as it gives back, and the loss with it is the clean one', async () => {
    const { result } = await inspection.run({ passes: ['dictionary-fit'] });
    const fit = result?.passes.find(({ pass }) => pass === 'dictionary-fit');
    const sites = fit?.tables?.find(({ id }) => id === 'dictionary-sites');
    const values = new Set(sites?.rows.flatMap(({ values: [reads] = [] }) => reads ?? []));
    expect(values).toContain(Z);
    const places = sites?.columns.findIndex(({ id }) => id === 'tokens') ?? -1;
    expect(sites?.columns[places]?.label).toBe('Places');
    expect(new Set(sites?.rows.map(({ cells }) => cells[places]))).toEqual(new Set([INPUTS * HEADS * tokens]));
    const losses = fit?.tables?.find(({ id }) => id.includes('splice'));
    const loss = losses?.columns.findIndex(({ id }) => id === 'loss') ?? -1;
    const [clean, spliced] = losses?.rows.map(({ cells }) => Number(cells[loss])) ?? [];
    expect(spliced).toBeCloseTo(clean as number, 5);
  });
});
