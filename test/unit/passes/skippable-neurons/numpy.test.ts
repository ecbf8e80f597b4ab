/** CETT, PPL-1% and CATS on real networks against another implementation in numpy (test/fixtures/skippable-neurons). */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../../src/core/engine/engine.js';
import { skippableNeurons } from '../../../../src/core/passes/skippable-neurons/pass.js';
import type { PassResult } from '../../../../src/core/passes/result.js';
import { loadNativeEngine } from '../../../../src/node/native-engine.js';
import { openModelFile } from '../../../../src/worker/open-model.js';
import { datasetOf, subjectOf, type ByHand } from '../../experiment/subject.js';
import { neededData } from '../../shared-data.js';

interface Lost {
  readonly increase: number;
  /** Absent without labels. */
  readonly accuracy?: number;
}
interface Skipped extends Lost {
  readonly target: number;
  readonly shares: readonly number[];
}
interface Recorded {
  readonly ids?: readonly (readonly number[])[];
  readonly labels?: readonly number[];
  /** The same where nobody says what the inputs show: how much the output changes. */
  readonly unlabelled?: Recorded;
  /** At the target that a search begins with, and at the highest one within the budget that halving finds. */
  readonly measured: Skipped;
  readonly search: Skipped;
  /** At 5 % instead of 1 %. */
  readonly looser: Skipped;
  readonly cats: readonly (Lost & { readonly share: number; readonly skipped: readonly number[] })[];
  readonly layers: readonly Readonly<Record<string, { readonly cett: number; readonly sparsity: number }>>[];
  readonly loss: number;
}
const fixture = new URL('../../../fixtures/skippable-neurons/skippable-neurons.json', import.meta.url);
const recorded = JSON.parse(readFileSync(fixture, 'utf8')) as Readonly<Record<string, Recorded>>;
const sample = (path: string): string => fileURLToPath(new URL(`../../../../media/samples/${path}`, import.meta.url));

let engine: Engine;
beforeAll(async () => {
  engine = await loadNativeEngine();
});

async function examine(path: string, data: ByHand, allowedLossIncrease = 0.01): Promise<PassResult> {
  const { network, close } = await openModelFile(path);
  if (network === undefined) throw new Error('The file holds no network.');
  const { observable, toRunnable } = network;
  const options = { batchSize: 4, allowedLossIncrease, experiment: skippableNeurons, toRunnable };
  const result = await skippableNeurons.examine(await subjectOf(observable.model, datasetOf(data), engine, options));
  await close();
  return result;
}

const cells = (result: PassResult, id: string): readonly (readonly (string | number)[])[] =>
  result.tables?.find((table) => table.id === id)?.rows.map((row) => row.cells) ?? [];

/** methods section 0: an increase is a perplexity over another, less 1. */
function near(got: string | number | undefined, want: number): void {
  expect(Math.abs(Number(got) - want), `${got}, not ${want}`).toBeLessThanOrEqual(1e-5 + 1e-4 * (1 + Math.abs(want)));
}

/** Thresholds lie on a grid, and float32 differs from float64 in its last digits: a step of it either way is the same. */
function agree(result: PassResult, { measured, search, cats, layers }: Recorded): void {
  const byLayer = cells(result, 'skippable-layers').slice(0, -1);
  expect(byLayer).toHaveLength(search.shares.length);
  // The loss of so few inputs rises and falls: which target within the budget is found depends on where one looks.
  search.shares.forEach((share, at) => expect(Math.abs(Number(byLayer[at]?.[4]) - share)).toBeLessThan(0.01));
  const settings = cells(result, 'skipping-settings');
  // Layers count by their entries: neurons at sites.
  const entries = byLayer.map(([, , neurons, sites]) => Number(neurons) * Number(sites));
  const overall = (shares: readonly number[]): number =>
    shares.reduce((sum, share, at) => sum + share * (entries[at] ?? NaN), 0) /
    entries.reduce((sum, each) => sum + each);
  const found = settings.find(([, setting]) => setting === `CETT ${measured.target.toFixed(4)}`);
  near(found?.[2], overall(measured.shares));
  near(found?.[4], measured.increase);
  expect(found?.[5]).toBe(measured.accuracy);
  for (const { share, skipped, increase, accuracy } of cats) {
    const cut = settings.find(([, setting]) => setting === `k = ${Math.round(100 * share)} %`);
    near(cut?.[2], overall(skipped));
    near(cut?.[4], increase);
    expect(cut?.[5]).toBe(accuracy);
  }
  const curve = result.curves.find(({ id }) => id === 'cett-sparsity');
  layers.forEach((layer, at) => {
    const line = curve?.series[at];
    for (const { cett, sparsity } of Object.values(layer)) {
      // The chart has every 512th threshold: the share lies between its neighbours'.
      const above = line?.x.findIndex((x) => x > 100 * cett) ?? -1;
      expect(line?.y[above]).toBeGreaterThanOrEqual(sparsity - 1e-6);
      expect(line?.y[above - 1]).toBeLessThanOrEqual(sparsity + 1e-6);
    }
  });
}

function textOf(input: string, { ids = [] }: Recorded): ByHand {
  const targets = ids.map((row) => ({ nextTokens: Int32Array.from([...row.slice(1), -1]), filled: row.length }));
  return { input, dims: [ids[0]?.length ?? 0], type: 'int64', rows: ids, targets };
}

describe('agrees with numpy', () => {
  it('on the sample language model', async () => {
    const known = recorded['grammar-gpt'] as Recorded;
    agree(await examine(sample('grammar-gpt/grammar-gpt.onnx'), textOf('input_ids', known)), known);
  }, 120_000);

  it('at 5 % more perplexity', async () => {
    const known = recorded['grammar-gpt'] as Recorded;
    const data = textOf('input_ids', known);
    const result = await examine(sample('grammar-gpt/grammar-gpt.onnx'), data, 0.05);
    agree(result, { ...known, search: known.looser });
    expect(result.answer).toMatch(/^At 5 % more perplexity of the next token/);
    const more = known.looser.shares.map((share, at) => share - (known.search.shares[at] ?? NaN));
    expect(Math.min(...more)).toBeGreaterThan(0.01);
  }, 120_000);

  it('on stories260K', async ({ skip }) => {
    const known = recorded['stories260K'] as Recorded;
    const path = neededData('derived/stories260K.onnx', skip);
    agree(await examine(path, textOf('tokens', known)), known);
  }, 120_000);

  it('on the sample classifier', async () => {
    await agreeOnPictures(sample('shapes/shapes-resnet.onnx'), 'image', 48, 'shapes-resnet');
  }, 120_000);

  it('on resnet20', async ({ skip }) => {
    await agreeOnPictures(neededData('derived/resnet20-12fca82f.onnx', skip), 'input', 32, 'resnet20');
  }, 120_000);
});

/** With labels and without: the loss of the right class, and the change of the output. */
async function agreeOnPictures(path: string, input: string, side: number, name: string): Promise<void> {
  const known = recorded[name] as Recorded;
  const { labels = [], unlabelled } = known;
  const rows = labels.map((_, n) =>
    Array.from({ length: 3 * side * side }, (_value, at) => {
      const [c, y, x] = [Math.floor(at / (side * side)), Math.floor(at / side) % side, at % side];
      return Math.sin(0.05 * (n + 1) * y + c) + Math.cos(0.04 * (n + 2) * x - c);
    }),
  );
  const pictures = { input, dims: [3, side, side], rows };
  agree(await examine(path, { ...pictures, targets: labels.map((classIndex) => ({ classIndex })) }), known);
  agree(await examine(path, pictures), unlabelled as Recorded);
}
