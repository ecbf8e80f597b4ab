/** The experiment on the sample language model, held to numpy and torch (test/fixtures/dictionary-error). */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answers } from '../../../../src/core/dictionary/facts.js';
import type { ResultTable } from '../../../../src/core/passes/result.js';
import type { PassSummary } from '../../../../src/protocol/inspection.js';
import type { WorkerApi } from '../../../../src/protocol/worker-api.js';
import { createInspection } from '../../../../src/worker/inspection.js';
import { neededData } from '../../shared-data.js';
import { WASM_FOLDER } from '../../engine/engines.js';

interface Parts {
  readonly tokens: number;
  readonly fvu: number;
  readonly fvu_nonlinear: number;
  readonly linear_share: number;
  readonly r2: number;
  readonly norm_r2: number;
}
interface Fixture {
  readonly dictionary: string;
  readonly rows: number;
  readonly encoder: { readonly fitted: Parts; readonly held_out: Parts };
  readonly pursuit: { readonly held_out: Parts };
  readonly losses: Readonly<Record<'clean' | 'dictionary' | 'linear' | 'non_linear', number>>;
}
const fixture = JSON.parse(
  readFileSync(new URL('../../../fixtures/dictionary-error/dictionary-error.json', import.meta.url), 'utf8'),
) as Fixture;
const folder = fileURLToPath(new URL('../../../../media/samples/grammar-gpt/', import.meta.url));
const path = join(folder, 'dictionaries', fixture.dictionary, 'sae_weights.safetensors');

const open = async (
  rows: number,
  dictionary = path,
  { model = join(folder, 'grammar-gpt.onnx'), answers = {} }: { model?: string; answers?: Answers } = {},
): Promise<WorkerApi> => {
  const nothing = async (): Promise<void> => undefined;
  const inspection = createInspection({
    wasmFolder: WASM_FOLDER,
    dataFolder: fileURLToPath(new URL('../../../../media/', import.meta.url)),
    events: { runProgress: nothing, fileResultChanged: nothing, log: nothing },
  });
  await inspection.open({
    path: model,
    dictionary: { path: dictionary, answers },
    recipePaths: 'anywhere',
    settings: { engine: 'automatic', threads: 2, defaultInputs: rows, limit: rows, cacheMegabytes: 0 },
  });
  return inspection;
};

const passOf = async (inspection: WorkerApi): Promise<PassSummary | undefined> =>
  (await inspection.run({ passes: ['dictionary-error'] })).result?.passes.find(
    ({ pass }) => pass === 'dictionary-error',
  );

describe('what the dictionary of the sample misses', () => {
  let inspection: WorkerApi;
  let pass: PassSummary | undefined;
  const cells = (id: string): ResultTable['rows'][number]['cells'][] => {
    const table = pass?.tables?.find((each) => each.id === id);
    if (table === undefined) throw new Error(`There is no table ${id}.`);
    return table.rows.map((row) => row.cells);
  };

  beforeAll(async () => {
    inspection = await open(fixture.rows);
    pass = await passOf(inspection);
  }, 180_000);
  afterAll(() => inspection.close({}));

  it.each([
    ['held out', 1, fixture.encoder.held_out],
    ['on the tokens of the fit', 2, fixture.encoder.fitted],
  ] as const)('has the parts that least squares over all tokens at once gives, %s', (_, column, want) => {
    const found = cells('dictionary-error-parts').map((row) => row[column] as number);
    const wanted = [want.fvu, want.fvu_nonlinear, want.linear_share, want.r2, want.norm_r2];
    wanted.forEach((value, at) => expect(Math.abs((found[at] as number) - value)).toBeLessThan(2e-4 * Math.abs(value)));
  });

  it('costs what the network loses with each part given back, on inputs that the fit did not see', () => {
    const { clean, dictionary, linear, non_linear: nonLinear } = fixture.losses;
    const found = cells('dictionary-error-losses').map((row) => row[1] as number);
    [clean, dictionary, linear, nonLinear].forEach((value, at) => expect(found[at]).toBeCloseTo(value, 4));
    // Shares of the error are whole together; shares of the cost need not be.
    const shares = cells('dictionary-error-losses').map((row) => row[4] as number);
    expect((shares[2] as number) + (shares[3] as number)).toBeCloseTo(1, 9);
  });

  it('is smaller with features that the decoder chooses, by as much as an independent pursuit says', () => {
    const [encoder, pursued] = cells('dictionary-error-pursuit').map((row) => row as number[]);
    const want = fixture.pursuit.held_out;
    expect(encoder?.[1]).toBeCloseTo(fixture.encoder.held_out.fvu, 5);
    // One token in a thousand may break a tie the other way in single precision.
    expect(Math.abs((pursued?.[1] as number) - want.fvu)).toBeLessThan(0.002 * want.fvu);
    expect(Math.abs((pursued?.[2] as number) - want.fvu_nonlinear)).toBeLessThan(0.002 * want.fvu_nonlinear);
    expect(pursued?.[1]).toBeLessThan(encoder?.[1] as number);
  });

  it('says what it rests on', () => {
    expect(pass?.answer).toMatch(/^17 % of the squared error of “sae_weights.safetensors” .*1,890 held-out tokens/);
  });
});

it('needs more tokens than the activation has numbers, which is said', async () => {
  const inspection = await open(2);
  const { problem } = await inspection.run({ passes: ['dictionary-error'] });
  expect(problem?.message).toContain('A half of the inputs has 63 tokens only');
  await inspection.close({});
}, 60_000);

it('warns where ten tokens for each dim are not there', async () => {
  const inspection = await open(10);
  const pass = await passOf(inspection);
  expect(pass?.findings.map(({ sentence }) => sentence).join()).toContain('315 tokens for an activation of 96 numbers');
  expect(pass?.tables?.[0]?.definition).toContain('Mind: fewer than ten tokens');
  await inspection.close({});
}, 60_000);

it('is about autoencoders: of a transcoder it says so', async () => {
  const transcoder = join(folder, 'dictionaries/blocks.1.mlp.transcoder/sae_weights.safetensors');
  const inspection = await open(2, transcoder);
  await expect(passOf(inspection)).rejects.toThrow('this is a transcoder');
  await inspection.close({});
}, 60_000);

it('cannot be told where the activation is an embedding of twelve tokens, which a linear map knows by heart', async ({
  skip,
}) => {
  const model = neededData('derived/routing_transformer.onnx', skip);
  const dictionary = join(dirname(model), 'sehajr_toy_sae.safetensors');
  const inspection = await open(200, dictionary, { model, answers: { subtract: 'yes', activation: 'relu' } });
  const pass = await passOf(inspection);
  expect(pass?.answer).toMatch(/^It cannot be told .* only 12 different values, of rank 12 in 32 dimensions/);
  expect(pass?.answer).not.toMatch(/100 %| -\d/);
  const [warning] = pass?.findings ?? [];
  expect(warning).toMatchObject({ severity: 'warning', sentence: pass?.answer });
  const parts = pass?.tables?.find(({ id }) => id === 'dictionary-error-parts');
  expect(parts?.definition).toContain('12 different activations, of rank 12');
  for (const { cells } of parts?.rows.slice(0, 2) ?? []) expect(Number(cells[1])).toBeGreaterThanOrEqual(0);
  await inspection.close({});
}, 60_000);
