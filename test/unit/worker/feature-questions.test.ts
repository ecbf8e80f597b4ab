import { readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeatureOverview } from '../../../src/protocol/features.js';
import type { OpenRequest, WorkerApi } from '../../../src/protocol/worker-api.js';
import { inspect } from './inspect.js';

const folder = fileURLToPath(new URL('../../../media/samples/grammar-gpt/', import.meta.url));
const fixture = JSON.parse(readFileSync(new URL('../../fixtures/features/features.json', import.meta.url), 'utf8')) as {
  readonly dictionary: string;
  readonly tokens: number;
  readonly fvu: number;
  readonly l0: number;
  readonly fired: readonly number[];
  readonly sum: readonly number[];
  readonly maximum: readonly number[];
  readonly shown: readonly {
    readonly feature: number;
    readonly end: number;
    readonly counts: readonly number[];
    readonly top: readonly {
      readonly row: number;
      readonly position: number;
      readonly value: number;
      readonly followed: { readonly token: number; readonly effect?: number };
    }[];
    readonly logit_counts: readonly number[];
    readonly largest_logit: { readonly token: number; readonly effect: number };
    readonly smallest_logit: { readonly token: number; readonly effect: number };
  }[];
};
const dictionary = join(folder, 'dictionaries', fixture.dictionary, 'sae_weights.safetensors');

const toDictionary = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/dictionary/${name}`, import.meta.url));

const OPEN: OpenRequest = {
  path: join(folder, 'grammar-gpt.onnx'),
  recipePaths: 'anywhere',
  settings: { engine: 'automatic', threads: 2, defaultInputs: 256, limit: 256, cacheMegabytes: 0 },
};

describe('features of a dictionary on the inputs of a model', () => {
  let inspection: WorkerApi;
  let overview: FeatureOverview;
  const progress: number[] = [];

  beforeAll(async () => {
    inspection = inspect();
    await inspection.open(OPEN);
    overview = await inspection.features({ dictionary }, undefined, (share) => progress.push(share));
  }, 120_000);
  afterAll(() => inspection.close({}));

  it('are those that numpy counts over all tokens at once', () => {
    const { totals, columns, warnings } = overview;
    expect(overview.dictionary).toBe('SAE (SAELens): 192 features, 96 wide');
    expect(overview.placedBy).toBe('configuration');
    expect(totals.tokens).toBe(fixture.tokens);
    expect(totals.dead).toBe(fixture.fired.filter((count) => count === 0).length);
    expect(warnings).toEqual([]);
    fixture.fired.forEach((fired, feature) => {
      // An activation at its threshold may fall on either side of it in another engine.
      expect(Math.abs((columns.density[feature] as number) * fixture.tokens - fired)).toBeLessThanOrEqual(2);
      expect(columns.maximum[feature]).toBeCloseTo(fixture.maximum[feature] as number, 3);
      const mean = (fixture.sum[feature] as number) / Math.max(1, fired);
      expect(Math.abs((columns.mean[feature] as number) - mean)).toBeLessThanOrEqual(0.01 * mean);
      expect(overview.decoderNorm[feature]).toBeCloseTo(1, 2);
    });
    expect(columns.share.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
  });

  it('come with the fraction of variance that the dictionary leaves unexplained', () => {
    expect(overview.fvu).toBeCloseTo(fixture.fvu, 4);
    expect(overview.totals.l0).toBeCloseTo(fixture.l0, 2);
    expect(overview.fvuWithoutFirst).toBeGreaterThan(0);
  });

  it.each(fixture.shown)('feature $feature: histogram, strongest texts and logit effects', async (want) => {
    const found = await inspection.feature({ feature: want.feature });
    expect(found.histogram.edges[1]).toBe(want.end / want.counts.length);
    const off = want.counts.map((count, bin) => Math.abs(count - (found.histogram.counts[bin] ?? 0)));
    expect(off.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(4);
    want.top.forEach(({ row, position, value, followed }, rank) => {
      const excerpt = found.top[rank];
      expect(excerpt).toMatchObject({ input: row, position });
      expect(excerpt?.activations[excerpt.at]).toBeCloseTo(value, 3);
      expect(excerpt?.tokens?.length).toBe(excerpt?.activations.length);
      // f times what one unit does to the token that really comes next; the text of that is the next one shown.
      const { tokens, texts, effects, gains } = excerpt?.followed ?? {};
      const at = excerpt?.at ?? -1;
      expect(tokens?.[at]).toBe(followed.token);
      expect(value * (effects?.[at] ?? NaN)).toBeCloseTo(followed.effect ?? NaN, 3);
      expect(texts?.[at]).toBe(`“${excerpt?.tokens?.[at + 1]}”`);
      expect(gains).toBeUndefined();
    });
    for (const { from, to, examples } of found.intervals) {
      for (const { activations, at } of examples) {
        expect(activations[at]).toBeGreaterThanOrEqual(from - 1e-4);
        expect(activations[at]).toBeLessThan(to + 1e-4);
      }
    }
    expect(found.logits?.top[0]).toMatchObject({ token: want.largest_logit.token });
    expect(found.logits?.top[0]?.effect).toBeCloseTo(want.largest_logit.effect, 3);
    const { edges = [], counts = [] } = found.logits?.histogram ?? {};
    expect(edges).toHaveLength(51);
    const elsewhere = want.logit_counts.map((count, bin) => Math.abs(count - (counts[bin] ?? 0)));
    // An effect at an edge may fall on either side of it in another engine.
    expect(elsewhere.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(4);
    expect(found.logits?.bottom[0]).toMatchObject({ token: want.smallest_logit.token });
    expect(found.logits?.bottom[0]?.effect).toBeCloseTo(want.smallest_logit.effect, 3);
  });

  it('are known by the token that they are strongest on', async () => {
    const { columns, stride, topTokens = [] } = overview;
    const strongest = columns.maximum.indexOf(Math.max(...columns.maximum));
    const [best] = (await inspection.feature({ feature: strongest })).top;
    const token = columns.topToken[strongest] as number;
    expect([Math.floor(token / stride), token % stride]).toEqual([best?.input, best?.position]);
    expect(topTokens[strongest]).toBe(best?.tokens?.[best.at]);
    columns.density.forEach((density, feature) => expect(topTokens[feature] === '').toBe(density === 0));
  });

  it('are remembered while the inputs are the same', async () => {
    expect(await inspection.gatheredFeatures({})).toBe(overview);
  });

  it('tell how far they are', () => {
    expect(progress.at(-1)).toBe(1);
    expect([...progress].sort((a, b) => a - b)).toEqual(progress);
  });

  it('are refused at a value that the dictionary explains nothing of, unless that is wanted', async () => {
    const wrong = { dictionary, reads: '/blocks.1/Add_1_output_0', writes: '/blocks.0/mlp/down/Add_output_0' };
    await expect(inspection.features(wrong)).rejects.toMatchObject({ problem: { kind: 'unfit-dictionary' } });
    const anyway = await inspection.features({ ...wrong, evenIfUnfit: true });
    expect(anyway.fvu).toBeGreaterThan(1);
    expect(anyway.warnings.join()).toContain('does not fit this value');
  }, 60_000);

  it('of an attention’s heads have no logit effects: what they write is not in the residual stream', async () => {
    await inspection.features({ dictionary, reads: '/blocks.1/attention/Reshape_3_output_0', evenIfUnfit: true });
    const { logits, noLogits, top } = await inspection.feature({ feature: 7 });
    expect(logits).toBeUndefined();
    expect(noLogits).toContain('before its output weights');
    expect(top.every(({ followed }) => followed === undefined)).toBe(true);
  }, 60_000);

  it.each([
    ['a value of another width', { dictionary, reads: 'logits' }, 'rows of 96 numbers. 96 wide are'],
    [
      'a model without its width',
      { dictionary: toDictionary('sae-lens-transcoder/sae_weights.safetensors'), reads: 'logits', writes: 'logits' },
      'No value of this model is 5 wide: there are values 96,',
    ],
    ['a value that there is not', { dictionary, reads: 'nothing' }, 'no value or hook “nothing”'],
    ['a file that is no dictionary', { dictionary: join(folder, 'grammar-gpt.onnx') }, 'is no dictionary'],
  ])('%s is said', async (_, request, message) => {
    await expect(inspection.features(request)).rejects.toThrow(message);
  });

  it('that do not exist are said', async () => {
    await inspection.features({ dictionary });
    await expect(inspection.feature({ feature: 192 })).rejects.toThrow('There is no feature 192');
  }, 60_000);
});

describe('a dictionary beside which a configuration says otherwise', () => {
  let alone = '';
  let inspection: WorkerApi;
  let path = '';
  let configuration: { metadata: Record<string, unknown> };

  /** Says other things of its place than the sample does. */
  const say = (metadata: Record<string, unknown>): Promise<void> =>
    writeFile(join(alone, 'cfg.json'), JSON.stringify({ ...configuration, metadata }));

  beforeAll(async () => {
    alone = await mkdtemp(join(tmpdir(), 'features-'));
    path = join(alone, 'sae_weights.safetensors');
    await copyFile(dictionary, path);
    configuration = JSON.parse(await readFile(join(dirname(dictionary), 'cfg.json'), 'utf8')) as typeof configuration;
    await say({});
    inspection = inspect();
    const settings = { ...OPEN.settings, defaultInputs: 8, limit: 8 };
    await inspection.open({ ...OPEN, settings, dictionary: { path, answers: {} } });
  }, 60_000);
  afterAll(async () => {
    await inspection.close({});
    await rm(alone, { recursive: true });
  });

  it('is placed by the name of a hook', async () => {
    await say({ hook_name: 'blocks.1.hook_resid_post' });
    expect(await inspection.features({ dictionary: path })).toMatchObject({
      reads: '/blocks.1/Add_1_output_0',
      writes: '/blocks.1/Add_1_output_0',
      placedBy: 'configuration',
    });
  });

  it('is refused where the model has no such hook, which is named', async () => {
    await say({ hook_name: 'blocks.7.hook_resid_post' });
    const refused = inspection.features({ dictionary: path });
    await expect(refused).rejects.toMatchObject({ problem: { kind: 'unplaced-dictionary' } });
    await expect(refused).rejects.toThrow('no value or hook “blocks.7.hook_resid_post”');
  });

  it('is refused where the hook has another width, with the values of its own', async () => {
    await say({ hook_name: 'blocks.1.mlp.hook_post' });
    const refused = inspection.features({ dictionary: path });
    await expect(refused).rejects.toMatchObject({ problem: { kind: 'unplaced-dictionary' } });
    await expect(refused).rejects.toThrow(
      /is 8 × 64 × 288, but .* rows of 96 numbers\. 96 wide are .*, and \d+ more\./,
    );
    await expect(refused).rejects.toMatchObject({
      problem: { remedy: expect.stringContaining('--pass dictionary-fit') },
    });
  });

  it('of all heads is put where heads lie side by side, which the output projection reads', async () => {
    await say({ hook_name: 'blocks.1.attn.hook_z' });
    const merged = '/blocks.1/attention/Reshape_3_output_0';
    expect(await inspection.features({ dictionary: path, evenIfUnfit: true })).toMatchObject({
      reads: merged,
      writes: merged,
      placedBy: 'configuration',
    });
  });

  it('is refused where nothing is said, then put where it was measured to fit best', async () => {
    await say({});
    await expect(inspection.features({ dictionary: path })).rejects.toMatchObject({
      problem: { kind: 'unplaced-dictionary' },
    });
    await inspection.run({ passes: ['dictionary-fit'] });
    const found = await inspection.features({ dictionary: path });
    expect(found.placedBy).toBe('fit');
    expect(found.reads).toBe(found.writes);
    const trainedOn = await inspection.features({ dictionary: path, reads: '/blocks.1/Add_1_output_0' });
    expect(found.fvu).toBeLessThanOrEqual(trainedOn.fvu);
  }, 120_000);

  it('is refused with NaN among its weights, and the tensor is named', async () => {
    const bytes = await readFile(path);
    const length = Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Record<
      string,
      { data_offsets: readonly [number, number] }
    >;
    const [start = 0] = header['W_enc']?.data_offsets ?? [];
    // NaN in the half precision that the sample is stored in.
    bytes.writeUInt16LE(0x7e00, 8 + length + start + 2 * 11);
    await mkdir(join(alone, 'broken'));
    await writeFile(join(alone, 'broken/sae_weights.safetensors'), bytes);
    await copyFile(join(dirname(dictionary), 'cfg.json'), join(alone, 'broken/cfg.json'));
    const broken = inspection.features({ dictionary: join(alone, 'broken/sae_weights.safetensors') });
    await expect(broken).rejects.toThrow('“W_enc” holds NaN (element 11)');
  });
});
