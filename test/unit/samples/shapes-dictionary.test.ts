/** Holds what media/samples/shapes/dictionaries/measured.json, made by torch, states to the same measured by the product. */
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResultTable } from '../../../src/core/passes/result.js';
import type { PassSummary } from '../../../src/protocol/inspection.js';
import type { WorkerApi } from '../../../src/protocol/worker-api.js';
import { createInspection } from '../../../src/worker/inspection.js';
import { WASM_FOLDER } from '../engine/engines.js';

const folder = fileURLToPath(new URL('../../../media/samples/shapes/', import.meta.url));
const dictionaries = join(folder, 'dictionaries');
const NAME = 'layer2.block1';
const VALUE = '/layer2/block1/relu2/Relu_output_0';
const FILES = ['sae_weights.safetensors', 'cfg.json'] as const;
const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
const {
  dictionaries: stated,
  places,
  cross_entropy,
} = json(join(dictionaries, 'measured.json')) as {
  readonly places: number;
  readonly cross_entropy: number;
  readonly dictionaries: Readonly<
    Record<
      string,
      {
        readonly fvu: number;
        readonly l0: number;
        readonly dead_share: number;
        readonly cross_entropy: { readonly spliced: number; readonly zeros: number; readonly mean: number };
      }
    >
  >;
};
const want = stated[NAME] as NonNullable<(typeof stated)[string]>;

describe('the dictionary of the sample image network', () => {
  /** A copy that does not say where it belongs. */
  let unplaced = '';
  let inspection: WorkerApi;
  let pass: PassSummary | undefined;

  beforeAll(async () => {
    unplaced = await mkdtemp(join(tmpdir(), 'shapes-dictionary-'));
    await copyFile(join(dictionaries, NAME, FILES[0]), join(unplaced, FILES[0]));
    const { metadata: _, ...configuration } = json(join(dictionaries, NAME, FILES[1])) as Record<string, unknown>;
    await writeFile(join(unplaced, FILES[1]), JSON.stringify(configuration));
    const nothing = async (): Promise<void> => undefined;
    inspection = createInspection({
      wasmFolder: WASM_FOLDER,
      dataFolder: fileURLToPath(new URL('../../../media/', import.meta.url)),
      events: { runProgress: nothing, fileResultChanged: nothing, log: nothing },
    });
    await inspection.open({
      path: join(folder, 'shapes-resnet.onnx'),
      dictionary: { path: join(unplaced, FILES[0]), answers: {} },
      recipePaths: 'anywhere',
      settings: { engine: 'automatic', threads: 2, defaultInputs: 200, cacheMegabytes: 0 },
    });
    const { result } = await inspection.run({ passes: ['dictionary-fit'] });
    pass = result?.passes.find((each) => each.pass === 'dictionary-fit');
  }, 240_000);
  afterAll(async () => {
    await inspection.close({});
    await rm(unplaced, { recursive: true });
  });

  const table = (id: string): ResultTable => pass?.tables?.find((each) => each.id === id) as ResultTable;

  it('fits best at the channels that it was trained on, and costs the class as much as torch says', () => {
    expect(table('dictionary-sites').rows[0]?.values).toEqual([VALUE, VALUE]);
    const [, , fvu, later, l0] = table('dictionary-sites').rows[0]?.cells ?? [];
    expect(fvu).toBeCloseTo(want.fvu, 4);
    expect(l0).toBeCloseTo(want.l0, 2);
    // No place of a picture is its first.
    expect(later).toBeNaN();
    const losses = table('dictionary-splice').rows.map(({ cells }) => cells[1]);
    const { spliced, zeros, mean } = want.cross_entropy;
    [cross_entropy, spliced, zeros, mean].forEach((loss, at) => expect(losses[at]).toBeCloseTo(loss, 3));
  });

  it.each([
    ['as its configuration says', 'configuration'],
    ['where it fits best, of channels, too', 'fit'],
  ] as const)(
    'its features are gathered at every place, %s',
    async (_, placedBy) => {
      const path = join(placedBy === 'fit' ? unplaced : join(dictionaries, NAME), FILES[0]);
      const overview = await inspection.features({ dictionary: path });
      expect(overview).toMatchObject({ reads: VALUE, writes: VALUE, placedBy });
      expect(overview.layout).toEqual({ kind: 'grid', height: 12, width: 12, axis: 'channels' });
      expect(overview.placeWords).toEqual({ one: 'place', many: 'places' });
      expect(overview.totals.tokens).toBe(places);
      expect(overview.fvu).toBeCloseTo(want.fvu, 4);
      expect(overview.fvuWithoutFirst).toBeUndefined();
      expect(overview.totals.l0).toBeCloseTo(want.l0, 2);
      expect(overview.totals.dead / overview.columns.density.length).toBeCloseTo(want.dead_share, 6);
      expect(overview.topTokens).toBeUndefined();
      expect(want.fvu).toBeLessThan(0.25);
      expect(want.dead_share).toBeLessThan(0.05);
    },
    120_000,
  );

  it('a feature is shown at all places of whole pictures, and why it has no logit effects is said', async () => {
    const overview = await inspection.features({ dictionary: join(dictionaries, NAME, FILES[0]) });
    const feature = overview.columns.maximum.indexOf(Math.max(...overview.columns.maximum));
    const { top, noLogits } = await inspection.feature({ feature });
    const [best] = top;
    expect(best?.tokens).toBeUndefined();
    expect(best?.activations).toHaveLength(144);
    expect(best?.activations[best.at]).toBeCloseTo(overview.columns.maximum[feature] as number, 3);
    expect(Math.max(...(best?.activations ?? []))).toBe(best?.activations[best.at]);
    expect(noLogits).toContain('Steps that are not linear lie between');
    const { predicts, choices } = await inspection.steer({
      prompt: { kind: 'input', input: best?.input as number },
      interventions: [{ feature, kind: 'ablate', amount: 0, unit: 'absolute' }],
      positions: [best?.position as number],
    });
    expect(predicts).toBe('class');
    expect((await inspection.featureNeighbours({ feature })).unitWords).toEqual({
      reads: 'channel',
      writes: 'channel',
    });
    expect(choices[0]?.probability.before).toBeGreaterThan(0.5);
  }, 120_000);
});
