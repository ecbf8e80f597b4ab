/** What a dictionary states of itself beside its weights, and how what was measured compares. */
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agreementOf } from '../../../src/core/dictionary/attach/agreement.js';
import { declaredDensity, densityWarnings, l0Of } from '../../../src/core/dictionary/attach/declared-density.js';
import { siblingFiles } from '../../../src/node/sibling-files.js';
import type { PassSummary } from '../../../src/protocol/inspection.js';
import { createInspection } from '../../../src/worker/inspection.js';
import { WASM_FOLDER } from '../engine/engines.js';
import { writeSafetensors, type Shapes } from './write-safetensors.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'declared-'));
});
afterAll(() => rm(folder, { recursive: true }));

const logs = (...shares: number[]): Shapes => ({
  sparsity: { dims: [shares.length], values: shares.map((share) => Math.log10(share + 1e-10)) },
});

describe('how often features fired in training (sparsity.safetensors)', () => {
  const read = async (shapes: Shapes, features = 3): Promise<Float64Array | undefined> => {
    const place = await mkdtemp(join(folder, 'sparsity-'));
    await writeSafetensors(join(place, 'sparsity.safetensors'), shapes);
    return declaredDensity(siblingFiles(place), features);
  };

  it('is what the logarithms say, and L0 its sum', async () => {
    const density = await read(logs(0.5, 0, 0.001));
    expect([...(density ?? [])].map((share) => Number(share.toFixed(7)))).toEqual([0.5, 0, 0.001]);
    expect(l0Of(density ?? new Float64Array()).value).toBeCloseTo(0.501, 6);
  });

  it('is none of another dictionary, nor numbers that are no logarithms of shares', async () => {
    expect(await read(logs(0.5, 0.1), 3)).toBeUndefined();
    expect(await read({ sparsity: { dims: [3], values: [0.5, NaN, -3] } })).toBeUndefined();
    expect(await read({ sparsity: { dims: [3], values: [0.5, 2, -3] } })).toBeUndefined();
    expect(await read({ other: { dims: [3], values: [-1, -2, -3] } })).toBeUndefined();
    const place = await mkdtemp(join(folder, 'broken-'));
    expect(await declaredDensity(siblingFiles(place), 3)).toBeUndefined();
    await writeFile(join(place, 'sparsity.safetensors'), 'nonsense');
    expect(await declaredDensity(siblingFiles(place), 3)).toBeUndefined();
  });

  it('is told where a tenth of the features that should have fired ten times are ten times off', () => {
    const declared = Float64Array.of(0.1, 0.1, 0.1, 0.001);
    expect(densityWarnings(declared, [0.09, 0.2, 0.011, 0], 1000, 'tokens')).toEqual([]);
    expect(densityWarnings(declared, [0.09, 0.2, 0.009, 0], 1000, 'tokens')).toEqual([
      expect.stringMatching(
        /^Of 3 features that fired 10 times .* tokens in training .*, 1 fire here less than a tenth/,
      ),
    ]);
    expect(densityWarnings(declared, [0, 0, 0, 0], 50, 'tokens')).toEqual([]);
    expect(densityWarnings(undefined, [1], 50, 'tokens')).toEqual([]);
  });
});

it('two numbers are alike within a factor of 1.25, far apart beyond 2', () => {
  expect([agreementOf(85, 81), agreementOf(85, 50), agreementOf(85, 8), agreementOf(12, 664)]).toEqual([
    'alike',
    'different',
    'far apart',
    'far apart',
  ]);
  expect([agreementOf(0, 0), agreementOf(0, 3)]).toEqual(['alike', 'far apart']);
});

describe('an autoencoder of the sample that states how often its features fire', () => {
  const sample = fileURLToPath(new URL('../../../media/samples/grammar-gpt/', import.meta.url));
  const own = join(sample, 'dictionaries/blocks.1.hook_resid_post');
  const fitWith = async (name: string, share: number): Promise<PassSummary | undefined> => {
    const place = join(folder, name);
    await mkdir(place);
    for (const file of ['cfg.json', 'sae_weights.safetensors']) await copyFile(join(own, file), join(place, file));
    await writeSafetensors(join(place, 'sparsity.safetensors'), logs(...new Array<number>(192).fill(share)));
    const nothing = async (): Promise<void> => undefined;
    const inspection = createInspection({
      wasmFolder: WASM_FOLDER,
      dataFolder: fileURLToPath(new URL('../../../media/', import.meta.url)),
      events: { runProgress: nothing, fileResultChanged: nothing, log: nothing },
    });
    await inspection.open({
      path: join(sample, 'grammar-gpt.onnx'),
      dictionary: { path: join(place, 'sae_weights.safetensors'), answers: {} },
      recipePaths: 'anywhere',
      settings: { engine: 'native', threads: 2, defaultInputs: 8, limit: 8, cacheMegabytes: 0 },
    });
    const { result } = await inspection.run({ passes: ['dictionary-fit'] });
    const features = await inspection.features({ dictionary: join(place, 'sae_weights.safetensors') });
    expect(features.warnings.some((warning) => warning.includes('in training'))).toBe(share > 0.5);
    await inspection.close({});
    return result?.passes.find(({ pass }) => pass === 'dictionary-fit');
  };
  const rows = (pass: PassSummary | undefined): readonly (readonly unknown[])[] =>
    pass?.tables?.find(({ id }) => id === 'dictionary-declared')?.rows.map(({ cells }) => cells) ?? [];

  it('is marked as alike, or as far apart with a warning', async () => {
    const far = await fitWith('far', 0.9);
    const [l0, place] = rows(far);
    expect(rows(far)).toHaveLength(2);
    expect(l0?.slice(1, 2)).toEqual(['173']);
    expect(l0?.[3]).toBe('far apart');
    expect(l0?.[4]).toContain('sparsity.safetensors');
    expect(place?.[3]).toBe('alike');
    expect(far?.findings.map(({ sentence }) => sentence).join()).toMatch(
      /is declared to fire 173 features a token, and/,
    );

    const like = await fitWith('like', Number(l0?.[2]) / 192);
    expect(rows(like)[0]?.[3]).toBe('alike');
    expect(like?.findings.map(({ sentence }) => sentence).join()).not.toContain('is declared');
  }, 120_000);
});
