import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answers } from '../../../src/core/dictionary/facts.js';
import { equationLines } from '../../../src/core/dictionary/equation.js';
import { checkMatrices } from '../../../src/core/dictionary/non-finite.js';
import type { Resolution } from '../../../src/core/dictionary/resolve.js';
import { ProblemError } from '../../../src/core/errors.js';
import { openDictionary, resolveFile } from './open-dictionary.js';
import { writeSafetensors, type Shapes } from './write-safetensors.js';

let folder = '';
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dictionary-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(
  shapes: Shapes,
  files: Readonly<Record<string, unknown>> = {},
  name = 'sae_weights.safetensors',
): Promise<string> {
  const place = await mkdtemp(join(folder, `${count++}-`));
  await mkdir(dirname(join(place, name)), { recursive: true });
  await writeSafetensors(join(place, name), shapes);
  for (const [file, content] of Object.entries(files)) await writeFile(join(place, file), JSON.stringify(content));
  return join(place, name);
}

async function resolved(path: string, answers: Answers = {}): Promise<Resolution> {
  const { resolution, close } = await resolveFile(path, answers);
  await close();
  return resolution;
}

const [d, F] = [3, 5];
const PLAIN: Shapes = { W_enc: [d, F], W_dec: [F, d], b_enc: [F], b_dec: [d] };
const SCOPE: Shapes = { 'encoder.weight': [F, d], 'encoder.bias': [F], 'decoder.weight': [d, F], 'decoder.bias': [d] };
const HYPERPARAMETERS = { jump_relu_threshold: 0.5, act_fn: 'jumprelu', norm_activation: 'inference' };

describe('what a file does not say is asked, never guessed', () => {
  it('a family that nothing tells: subtraction and activation', async () => {
    const path = await fileOf(PLAIN);
    const open = await resolved(path);
    expect(open.state).toBe('open');
    expect(open.questions.map((each) => each.switch)).toEqual(['subtract', 'activation']);
    const half = await resolved(path, { subtract: 'no' });
    expect(half.questions.map((each) => each.switch)).toEqual(['activation']);
    expect(await resolved(path, { subtract: 'no', activation: 'relu' })).toMatchObject({
      state: 'resolved',
      answered: ['subtract', 'activation'],
    });
  });

  it('answers that fit no choice are asked for again', async () => {
    const path = await fileOf(PLAIN);
    const again = await resolved(path, { subtract: 'perhaps', activation: 7 });
    expect(again.questions.map((each) => each.switch)).toEqual(['subtract', 'activation']);
    const topk = await resolved(path, { subtract: 'no', activation: 'topk', k: 1.5 });
    expect(topk.questions.map((each) => each.switch)).toEqual(['k']);
  });

  it('a square encoder: which way round', async () => {
    const square = await fileOf({ W_enc: [4, 4], W_dec: [4, 4], b_enc: [4], b_dec: [4] });
    const open = await resolved(square, { subtract: 'no', activation: 'relu' });
    expect(open.questions.map((each) => each.switch)).toEqual(['orientation']);
    const { coder, close } = await openDictionary(square, { subtract: 'no', activation: 'relu', orientation: 'rows' });
    expect([coder.encoder.outer, coder.decoder.outer]).toEqual([1, 4]);
    await close();
  });

  it('a batch-top-k dictionary whose threshold was never set', async () => {
    const open = await resolved(
      await fileOf(
        {
          'encoder.weight': [F, d],
          'encoder.bias': [F],
          'decoder.weight': [d, F],
          b_dec: [d],
          threshold: { dims: [], values: [-1] },
        },
        { 'config.json': { trainer: { dict_class: 'BatchTopKSAE', k: 2 } } },
      ),
    );
    expect(open.questions).toMatchObject([{ switch: 'threshold', text: expect.stringContaining('is -1') }]);
  });

  it('Llama Scope without its configuration: also whether norms of the decoder take part', async () => {
    const path = await fileOf(SCOPE, {}, 'checkpoints/final.safetensors');
    const open = await resolved(path);
    const switches = ['threshold', 'input-scale', 'output-scale', 'decoder-norm'];
    expect(open.questions.map((each) => each.switch)).toEqual(switches);
    const answers: Answers = { threshold: 0.5, 'input-scale': 9, 'output-scale': 4 };
    expect((await resolved(path, answers)).state).toBe('open');
    const use = async (answer: string): Promise<string> => {
      const { coder, close } = await openDictionary(path, { ...answers, 'decoder-norm': answer });
      await close();
      return coder.decoderNorm.use;
    };
    expect([await use('yes'), await use('no')]).toEqual(['ranks', 'none']);
  });

  it('Llama Scope whose configuration does not state the norms', async () => {
    const path = await fileOf(SCOPE, { 'hyperparams.json': HYPERPARAMETERS }, 'final.safetensors');
    expect((await resolved(path)).questions.map((each) => each.switch)).toEqual(['decoder-norm']);
  });

  it('a top-k dictionary of which nothing says which kind', async () => {
    const open = await resolved(
      await fileOf({
        'encoder.weight': [F, d],
        'encoder.bias': [F],
        'decoder.weight': [d, F],
        b_dec: [d],
        k: { dims: [], values: [2] },
      }),
    );
    expect(open.questions.map((each) => each.switch)).toEqual(['architecture']);
  });
});

describe('what cannot be right is named', () => {
  it.each<[string, Shapes, Readonly<Record<string, unknown>>, RegExp]>([
    [
      'an encoder the other way round than its family has it',
      { ...PLAIN, W_enc: [F, d], W_dec: [F, d], threshold: [F], group_sizes: [2] },
      {},
      /“W_enc” is 5 × 3, but dictionary_learning has the 5 features on its second axis/,
    ],
    [
      'an architecture that is not read',
      PLAIN,
      { 'cfg.json': { architecture: 'temporal' } },
      /SAELens’s architecture “temporal” is not read here/,
    ],
    ['a missing tensor', PLAIN, { 'cfg.json': { architecture: 'jumprelu' } }, /lacks its tensor “threshold”/],
    [
      'a bias of another length',
      { ...PLAIN, b_dec: [d + 1], b_dec_out: [d] },
      {},
      /“b_dec” does not fit the dictionary\. It is 4, but there are 3 numbers that are read/,
    ],
    [
      'NaN in a bias',
      { ...PLAIN, b_enc: { dims: [F], values: [0, 0, NaN, 0, 0] } },
      { 'cfg.json': { architecture: 'standard' } },
      /“b_enc” holds NaN \(element 2\)/,
    ],
    [
      'k beyond the features',
      PLAIN,
      { 'cfg.json': { architecture: 'topk', k: 6 } },
      /k is 6, but there are only 5 features/,
    ],
    [
      'a skip connection of another shape',
      { ...PLAIN, W_skip: [d, d + 1] },
      { 'cfg.json': { architecture: 'skip_transcoder' } },
      /“W_skip” does not fit the dictionary\. It is 3 × 4, but should be 3 × 3/,
    ],
    [
      'factors of a tuned dictionary',
      { ...PLAIN, scaling_factor: { dims: [F], values: [1, 1, 2, 1, 1] } },
      { 'cfg.json': { architecture: 'standard' } },
      /“scaling_factor” is not 1 everywhere/,
    ],
  ])('%s', async (_, shapes, files, message) => {
    const failed = await resolved(await fileOf(shapes, files));
    expect(failed).toMatchObject({ state: 'failed', problem: { message: expect.stringMatching(message) } });
    expect(failed.state === 'failed' && failed.problem.remedy).toBeTruthy();
  });

  it('NaN in a matrix, with how far the reading is', async () => {
    const values = Array.from({ length: d * F }, (_, i) => (i === 7 ? NaN : i));
    const path = await fileOf(
      { ...PLAIN, W_dec: { dims: [F, d], values } },
      { 'cfg.json': { architecture: 'standard' } },
    );
    const { coder, close } = await openDictionary(path);
    const read: number[] = [];
    const found = checkMatrices(coder, undefined, (done) => read.push(done));
    await expect(found).rejects.toThrow(ProblemError);
    await expect(found).rejects.toThrow(/“W_dec” holds NaN \(element 7\)/);
    expect(read).toEqual([d * F]);
    await close();
  });

  it('the half of a cross-layer transcoder that is not there', async () => {
    const path = await fileOf({ W_enc_1: [F, d], b_enc_1: [F], b_dec_1: [d] }, {}, 'W_enc_1.safetensors');
    expect(await resolved(path)).toMatchObject({
      state: 'failed',
      problem: { message: 'The dictionary lacks its tensor “W_dec_1”.' },
    });
  });
});

describe('the resolved equation', () => {
  it('names its tensors and every switch, with the reason', async () => {
    const path = await fileOf(
      { ...PLAIN, threshold: [F] },
      { 'cfg.json': { architecture: 'jumprelu', normalize_activations: 'constant_norm_rescale' } },
    );
    const { coder, resolution, close } = await openDictionary(path);
    expect(equationLines(coder).map(({ formula }) => formula)).toEqual([
      'x₁ = x √d / ‖x‖ − b_dec',
      'h = x₁ W_enc + b_enc',
      'f = ReLU(h) where h > threshold, else 0',
      'x̂ = (f W_dec + b_dec) ‖x‖ / √d',
    ]);
    expect(resolution.decisions).toContainEqual({
      what: 'Subtracted from the input',
      value: '“b_dec”',
      because: 'SAELens subtracts it unless “apply_b_dec_to_input” says otherwise.',
    });
    await close();
  });
});

describe('Llama Scope', () => {
  const whole = { ...HYPERPARAMETERS, sparsity_include_decoder_norm: true };

  it.each([
    ['in the folder above', 'checkpoints/final.safetensors', 'in the folder above it'],
    ['beside it', 'final.safetensors', 'beside it'],
  ])('is read with its configuration %s', async (_, name, where) => {
    const path = await fileOf(SCOPE, { 'hyperparams.json': whole }, name);
    const { coder, resolution, close } = await openDictionary(path);
    expect(coder.activation).toMatchObject({ kind: 'jumprelu', threshold: 0.5 });
    expect(coder.decoderNorm).toEqual({ use: 'ranks', over: 'all places' });
    expect(resolution.decisions).toContainEqual({
      what: 'Norms of the decoder',
      value: 'decide which features fire',
      because: `“hyperparams.json” ${where} says sparsity_include_decoder_norm: true.`,
    });
    await close();
  });

  it('has no configuration in a folder above that is not its own', async () => {
    const elsewhere = await fileOf(SCOPE, { 'hyperparams.json': whole }, 'weights/final.safetensors');
    expect((await resolved(elsewhere)).questions).toHaveLength(4);
    const others = { architecture: 'topk', k: 3, act_fn: 'relu' };
    const foreign = await fileOf(SCOPE, { 'hyperparams.json': others }, 'checkpoints/final.safetensors');
    expect((await resolved(foreign)).questions).toHaveLength(4);
    const both = await fileOf(PLAIN, { 'hyperparams.json': whole }, 'checkpoints/sae.safetensors');
    await writeFile(join(dirname(both), 'cfg.json'), JSON.stringify({ architecture: 'standard' }));
    const { coder, close } = await openDictionary(both);
    expect(coder).toMatchObject({ family: 'SAELens', activation: { kind: 'relu' } });
    await close();
  });

  it('subtracts the bias of the decoder where its configuration says so', async () => {
    const stated = { ...whole, apply_decoder_bias_to_pre_encoder: true };
    const path = await fileOf(SCOPE, { 'hyperparams.json': stated }, 'checkpoints/final.safetensors');
    const { coder, close } = await openDictionary(path);
    expect(equationLines(coder)[0]?.formula).toBe('x₁ = x − decoder.bias');
    await close();
  });
});
