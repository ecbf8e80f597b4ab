/** Features of the sample’s dictionary out and back in, as files on disk. */
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { readSafetensors } from '../../../src/core/formats/safetensors/safetensors.js';
import { decodeHalf } from '../../../src/core/tensor/half.js';
import type { FeatureOverview } from '../../../src/protocol/features.js';
import type { WorkerApi } from '../../../src/protocol/worker-api.js';
import { inspect } from './inspect.js';

const sample = fileURLToPath(new URL('../../../media/samples/grammar-gpt/', import.meta.url));
const original = join(sample, 'dictionaries/blocks.1.hook_resid_post/sae_weights.safetensors');
const fixture = JSON.parse(readFileSync(new URL('../../fixtures/features/features.json', import.meta.url), 'utf8')) as {
  readonly tokens: number;
  readonly fired: readonly number[];
  readonly sum: readonly number[];
};

let folder = '';
let dictionary = '';
let inspection: WorkerApi;
let overview: FeatureOverview;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'feature-lists-'));
  // Names are written beside the dictionary: not beside the shipped one.
  const own = join(folder, 'blocks.1.hook_resid_post');
  await mkdir(own);
  dictionary = join(own, 'sae_weights.safetensors');
  for (const file of await readdir(dirname(original))) await copyFile(join(dirname(original), file), join(own, file));
  inspection = inspect();
  await inspection.open({
    path: join(sample, 'grammar-gpt.onnx'),
    recipePaths: 'anywhere',
    settings: { engine: 'automatic', threads: 2, defaultInputs: 256, limit: 256, cacheMegabytes: 0 },
  });
  overview = await inspection.features({ dictionary });
}, 120_000);
afterAll(async () => {
  await inspection.close({});
  await rm(folder, { recursive: true });
});

const label = (feature: number, name: string, note = '') => ({ feature, label: { name, note } });

describe('features that leave', () => {
  it('as Neuronpedia’s come back with the names that they left with', async () => {
    await inspection.writeLabels({
      dictionary,
      labels: [label(7, 'verbs', 'after “the”\nmostly'), label(50, '=1+1')],
      named: 'set',
    });
    const path = join(folder, 'out.jsonl');
    const { sentences } = await inspection.writeFeatures({ format: 'neuronpedia', path, features: [7, 50, 101] });
    expect(sentences[0]).toContain('3 features written as Neuronpedia has them, of model');
    const lines = (await readFile(path, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ index }) => index)).toEqual(['7', '50', '101']);
    for (const line of lines) {
      const feature = Number(line['index']);
      const detail = await inspection.feature({ feature });
      expect(line['frac_nonzero']).toBeCloseTo(overview.columns.density[feature] as number, 12);
      expect(line['maxActApprox']).toBeCloseTo(overview.columns.maximum[feature] as number, 4);
      expect(line['freq_hist_data_bar_heights']).toEqual(detail.histogram.counts);
      expect(line['pos_str']).toEqual(detail.logits?.top.map(({ text }) => text));
      const [first] = line['activations'] as { tokens: string[]; values: number[] }[];
      expect(first?.tokens).toEqual(detail.top[0]?.tokens);
      detail.top[0]?.activations.forEach((value, at) => expect(first?.values[at]).toBeCloseTo(value, 4));
    }
    const list = await inspection.featureList({ path });
    expect(list).toMatchObject({ format: 'Neuronpedia features', group: 0 });
    const [group] = list.groups;
    const before = await inspection.labels({ dictionary });
    await inspection.writeLabels({ dictionary, labels: [label(7, ''), label(50, '')], named: 'set' });
    expect(await inspection.labels({ dictionary })).toEqual({});
    await inspection.writeLabels({ dictionary, labels: group?.features ?? [], named: 'keep-own' });
    expect(await inspection.labels({ dictionary })).toEqual(before);
  });

  it('as circuit-tracer’s are files named by layer and feature, in a folder of their own', async () => {
    const { path, sentences } = await inspection.writeFeatures({
      format: 'circuit-tracer',
      path: folder,
      features: [7, 101],
    });
    expect(path).toBe(join(folder, 'blocks.1.hook_resid_post-features'));
    // (1 + f)(2 + f)/2 + f for f of layer 1.
    expect((await readdir(path)).sort()).toEqual(['43.json', '5354.json']);
    const file = JSON.parse(await readFile(join(path, '43.json'), 'utf8')) as Record<string, unknown>;
    expect(file).toMatchObject({ transcoder_id: 'blocks.1.hook_resid_post', index: 7 });
    expect(file['act_max']).toBeCloseTo(overview.columns.maximum[7] as number, 4);
    expect(sentences.join(' ')).toContain('It keeps no names');
    await expect(
      inspection.writeFeatures({ format: 'circuit-tracer', path: folder, features: [7] }),
    ).rejects.toMatchObject({
      problem: { kind: 'file-unwritable', message: expect.stringContaining('nothing is overwritten') as string },
    });
    expect(await readdir(path)).toHaveLength(2);
  });

  it('with all activations are those that numpy counts over all tokens at once', async () => {
    const shares: number[] = [];
    const parent = join(folder, 'cache');
    await mkdir(parent);
    const { path } = await inspection.writeFeatures({ format: 'activation-cache', path: parent }, undefined, (share) =>
      shares.push(share),
    );
    expect(path).toBe(join(parent, 'blocks.1.hook_resid_post'));
    const names = (await readdir(path)).sort();
    expect(names).toEqual([
      '0_37.safetensors', '115_152.safetensors', '153_191.safetensors', '38_75.safetensors', '76_114.safetensors', 'config.json',
    ]); // prettier-ignore
    const [counts, sums] = [new Float64Array(192), new Float64Array(192)];
    for (const name of names.filter((each) => each.endsWith('.safetensors'))) {
      const first = Number(name.split('_')[0]);
      const file = await readSafetensors(memorySource(name, await readFile(join(path, name))));
      expect(file.tensors[0]).toEqual({ name: 'tokens', dtype: 'I64', dims: [256, fixture.tokens / 256] });
      const places = (await file.read('locations')).data as Uint16Array;
      const halves = (await file.read('activations')).data as Uint16Array;
      expect(places).toHaveLength(3 * halves.length);
      halves.forEach((bits, at) => {
        const feature = first + (places[3 * at + 2] as number);
        counts[feature] = (counts[feature] as number) + 1;
        sums[feature] = (sums[feature] as number) + decodeHalf(bits);
      });
    }
    fixture.fired.forEach((fired, feature) => {
      // One at its threshold may fall on either side of it, and each is rounded to 11 bits.
      expect(Math.abs((counts[feature] as number) - fired)).toBeLessThanOrEqual(2);
      expect(Math.abs((sums[feature] as number) - (fixture.sum[feature] as number))).toBeLessThanOrEqual(
        0.01 * (fixture.sum[feature] as number) + 0.1,
      );
    });
    expect(shares.at(-1)).toBe(1);
  });

  it('leave nothing where that was cancelled', async () => {
    const target = join(folder, 'cancelled');
    await mkdir(target);
    const controller = new AbortController();
    const writing = inspection.writeFeatures({ format: 'activation-cache', path: target }, controller.signal, () =>
      controller.abort(),
    );
    await expect(writing).rejects.toThrow('Cancelled');
    expect(await readdir(target)).toEqual([]);
    const path = join(target, 'out.jsonl');
    const again = new AbortController();
    const lines = inspection.writeFeatures({ format: 'neuronpedia', path }, again.signal, () => again.abort());
    await expect(lines).rejects.toThrow('Cancelled');
    expect(existsSync(path)).toBe(false);
  });
});

describe('lists that are read', () => {
  const list = async (name: string, contents: string | Uint8Array) => {
    const path = join(folder, name);
    await writeFile(path, contents);
    return inspection.featureList({ path });
  };

  it('may be packed, as Neuronpedia’s exports are', async () => {
    const record = JSON.stringify({ modelId: 'm', layer: '1-res', index: '3', description: 'dogs' });
    expect(await list('batch-0.jsonl.gz', gzipSync(`${record}\n`))).toMatchObject({
      group: 0,
      groups: [{ from: 'm, 1-res', layer: 1 }],
    });
  });

  it('of several layers are taken by that of the dictionary', async () => {
    const { group = -1, groups } = await list('nodes.json', '[["a", "0_3_1", "1_5_1", "2_7_1"]]');
    expect(groups[group]).toMatchObject({ layer: 1, features: [label(5, 'a')] });
    expect(groups[0]?.reason).toBe('It is of layer 0, the dictionary is of layer 1.');
  });

  it('with a feature that the dictionary does not have are refused, and it is named', async () => {
    await expect(list('beyond.txt', '3, 192')).rejects.toMatchObject({
      problem: {
        message: expect.stringContaining('It names feature 192, but the dictionary has features 0 to 191') as string,
      },
    });
  });

  it.each([
    ['no text', new Uint8Array([0xff, 0xfe, 0x00, 0xd8, 0x80]), 'it is no text'],
    ['broken gzip', new Uint8Array([0x1f, 0x8b, 1, 2, 3]), 'not a whole gzip file'],
    ['a gzip bomb', gzipSync(new Uint8Array(65 * 2 ** 20)), 'larger than 64 MB'],
  ])('that are %s are said', async (name, bytes, why) => {
    await expect(list(name, bytes)).rejects.toMatchObject({
      problem: { kind: 'invalid-recipe', message: expect.stringContaining(why) as string },
    });
  });
});
