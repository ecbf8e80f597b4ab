/** Dictionaries that read or write several places: they load, and what cannot be done with them is said everywhere. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WorkerApi } from '../../../src/protocol/worker-api.js';
import { inspect } from './inspect.js';

const fixtures = fileURLToPath(new URL('../../fixtures/dictionary/', import.meta.url));
const model = fileURLToPath(new URL('../../../media/samples/grammar-gpt/grammar-gpt.onnx', import.meta.url));

const CASES = [
  ['crosscoder-two-models/cc_weights.pt', /It is a crosscoder: it reads 2 places and writes 2 places/, /autoencoder/],
  [
    'circuit-tracer-cross-layer/W_enc_2.safetensors',
    /is a cross-layer transcoder: .* to 3 layers/,
    /transcoders of one/,
  ],
  ['gemma-scope-2-cross-layer/params_layer_1.safetensors', /is a cross-layer transcoder/, /transcoders of one layer/],
] as const;

describe.each(CASES)('%s', (file, message, remedy) => {
  const path = join(fixtures, file);
  let inspection: WorkerApi;
  beforeEach(() => {
    inspection = inspect();
  });
  afterEach(() => inspection.close({}));
  const open = (more: Partial<Parameters<WorkerApi['open']>[0]> = {}): ReturnType<WorkerApi['open']> =>
    inspection.open({
      path: model,
      recipePaths: 'anywhere',
      settings: { engine: 'automatic', threads: 1, defaultInputs: 4, cacheMegabytes: 0 },
      ...more,
    });

  it('is resolved on its own page, which says what cannot be done with it', async () => {
    await open({ path });
    const { state, equation, limits } = await inspection.coder({});
    expect([state, equation.length > 0]).toEqual(['resolved', true]);
    expect(limits).toMatch(message);
    expect(limits).toMatch(remedy);
  });

  it('attached to a model, is said to be no use before anything is run', async () => {
    const { passes, dictionary } = await open({ dictionary: { path, answers: {} } });
    expect(dictionary?.problem).toMatch(message);
    expect(passes.find(({ id }) => id === 'dictionary-fit')?.reason).toMatch(message);
    expect(passes.find(({ id }) => id === 'dictionary-error')?.reason).toMatch(message);
  });

  it('has no features, also where values are named', async () => {
    await open();
    const asked = { dictionary: path, reads: 'blocks.1.hook_resid_post', writes: 'blocks.1.hook_resid_post' };
    await expect(inspection.features(asked)).rejects.toThrow(message);
    await expect(inspection.features({ dictionary: path })).rejects.toThrow(message);
  });

  it('stands for no layer of a circuit', async () => {
    const { transcoders } = await open({ transcoders: { paths: [path], answers: {} } });
    expect(transcoders?.left).toMatchObject([{ reason: expect.stringMatching(message) }]);
  });
});
