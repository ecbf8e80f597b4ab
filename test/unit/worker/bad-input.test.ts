/** Inputs and models that leave something out: a sentence says what, and what to do. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeNpy } from '../../../src/core/formats/numpy/npy.js';
import { TensorProto_DataType as DataType, type ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import type { RunAnswer } from '../../../src/protocol/inspection.js';
import { isInEveryRun } from '../../../src/protocol/model.js';
import type { OpenedModel, WorkerApi } from '../../../src/protocol/worker-api.js';
import { bytesOf } from '../formats/onnx-builder.js';
import { modelProto, node, valueInfo, weight } from '../graph-builder.js';
import { inspect } from './inspect.js';

const folder = mkdtempSync(join(tmpdir(), 'model-inspector-bad-input-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ONE_INPUT = 'This rests on one input only.';
const CONTEXT = 16;

const wave = (length: number): number[] => Array.from({ length }, (_, at) => 0.7 * Math.sin(12.9 * at));

/** ids [batch, 16] → rows of a table of 4 × 2 → Relu → y. */
const lookup = modelProto({
  nodes: [node('Gather', ['table', 'ids'], ['rows']), node('Relu', ['rows'], ['y'])],
  inputs: [makeValueInfo('ids', DataType.INT64, ['batch', CONTEXT])],
  outputs: [valueInfo('y', ['batch', CONTEXT, 2])],
  initializers: [weight('table', [4, 2], [1, -1, -1, 2, 1, -1, 1, -1])],
});

/** x [batch, 6] → 8 → Relu → 8 → Relu → y [batch, 5]; the weights of the middle are `middle`. */
const layers = (middle: readonly number[]): ModelProto =>
  modelProto({
    nodes: [
      node('Gemm', ['x', 'w1'], ['h']),
      node('Relu', ['h'], ['a']),
      node('Gemm', ['a', 'w2'], ['h2']),
      node('Relu', ['h2'], ['a2']),
      node('Gemm', ['a2', 'w3'], ['logits']),
    ],
    inputs: [valueInfo('x', ['batch', 6])],
    outputs: [valueInfo('logits', ['batch', 5])],
    initializers: [weight('w1', [6, 8], wave(48)), weight('w2', [8, 8], middle), weight('w3', [8, 5], wave(40))],
  });

interface Opened {
  readonly inspection: WorkerApi;
  readonly model: OpenedModel;
}

let opened = 0;
async function open(
  model: ModelProto,
  recipe: object,
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<Opened> {
  const own = join(folder, String(opened++));
  mkdirSync(own);
  writeFileSync(join(own, 'model.onnx'), bytesOf(model));
  writeFileSync(join(own, 'model.inspect.json'), JSON.stringify({ version: 1, ...recipe }));
  for (const [name, contents] of Object.entries(files)) writeFileSync(join(own, name), contents);
  const inspection = inspect();
  const answer = await inspection.open({
    path: join(own, 'model.onnx'),
    recipePaths: 'model-folder',
    settings: { engine: 'native', threads: 1, defaultInputs: 24, cacheMegabytes: 0 },
  });
  return { inspection, model: answer };
}

function answersOf({ result, fileResult }: RunAnswer): ReadonlyMap<string, string> {
  return new Map([...(result?.passes ?? []), ...(fileResult?.passes ?? [])].map(({ pass, answer }) => [pass, answer]));
}

const text = { tokenizer: 'vocabulary.txt', inputs: { ids: { source: 'text', path: 'story.txt', windows: 'packed' } } };

describe('tokens that the model does not have', () => {
  it('of a tokenizer with more of them are refused by name, and nothing is run', async () => {
    const { inspection, model } = await open(lookup, text, {
      'vocabulary.txt': 'a\nb\nc\nd\ne\nf\n',
      'story.txt': 'abcdef'.repeat(20),
    });
    const problem = {
      kind: 'invalid-inputs',
      message:
        'The tokenizer file does not fit the model: its ids go up to 5 (“f”), but the model knows 4 tokens only, 0 to 3 (rows of the table that “ids” looks up).',
      place: 'vocabulary.txt',
      remedy: 'Choose the tokenizer.json that was saved with the model, or a vocabulary with one token per line.',
    };
    expect(model.inputs?.problem).toEqual(problem);
    await expect(inspection.run({ passes: ['dead-units'] })).rejects.toMatchObject({ problem });
    await inspection.close({});
  });

  const idsFile = (wrong: Readonly<Record<number, bigint>>): Uint8Array => {
    const data = BigInt64Array.from({ length: 2 * CONTEXT }, (_, at) => wrong[at] ?? 1n);
    return encodeNpy({ type: 'int64', dims: [2, CONTEXT], data });
  };
  const tokens = { inputs: { ids: { source: 'tokens', path: 'ids.npy' } } };
  const refusal = (where: string, ids: string): object => ({
    kind: 'invalid-inputs',
    message: `The tokens do not fit the model: ${where} has ${ids}, but the model knows 4 tokens only, 0 to 3 (rows of the table that “ids” looks up).`,
    remedy: expect.stringContaining('Choose tokens that the model’s own tokenizer made'),
  });

  it('in a file of token ids are refused by name, too', async () => {
    const { inspection, model } = await open(lookup, tokens, { 'ids.npy': idsFile({ 3: 4n, 5: 99n, 6: 4n }) });
    expect(model.inputs?.problem).toMatchObject(refusal('ids.npy [0]', '4, 99'));
    await inspection.close({});
  });

  it('in a later example end the run, with the example’s name', async () => {
    const { inspection, model } = await open(lookup, tokens, { 'ids.npy': idsFile({ 20: 7n }) });
    expect(model.inputs?.problem).toBeUndefined();
    const answer = await inspection.run({ passes: ['dead-units'] }).catch((error: unknown) => error);
    expect(answer).toMatchObject({ problem: refusal('ids.npy [1]', '7') });
    await inspection.close({});
  });
});

describe('a corpus shorter than one context', () => {
  it('is said with what to do, and its padding counts for nothing', async () => {
    const { inspection, model } = await open(lookup, text, {
      'vocabulary.txt': 'a\nb\nc\nd\n',
      'story.txt': 'abab',
    });
    expect(model.inputs?.lines[0]?.text).toContain(
      '; the text is shorter than one context, 4 of 16 tokens: choose a longer one to see more; padded with “a” (0), which no figure counts',
    );
    const { result } = await inspection.run({ passes: ['zero-sparsity'] });
    // “a” is (1, −1), “b” is (−1, 2): one of two is 0 everywhere.
    expect(result?.passes[0]?.answer).toContain('50 % of all activation entries are exactly zero');
    await inspection.close({});
  });
});

describe('missing labels', () => {
  const rows = encodeNpy({ type: 'float32', dims: [12, 6], data: Float32Array.from(wave(72)) });
  const recipe = { inputs: { x: { source: 'array', path: 'x.npy' } } };

  it('are said with the measures that need them and how to give them, before a run and in its answer', async () => {
    const { inspection, model } = await open(layers(wave(64)), recipe, { 'x.npy': rows });
    expect(model.inputs?.notes).toEqual([
      expect.stringMatching(
        /^No labels are known\. Perplexity, the loss of the right class and accuracy need them; .* Name “labels” in the recipe, or put pictures into one folder for each class\.$/,
      ),
    ]);
    const answers = answersOf(await inspection.run({ passes: ['skippable-neurons'] }));
    expect(answers.get('skippable-neurons')).toContain(
      'The inputs have no labels, which the loss of the right class and accuracy need (name “labels” in the recipe, or put pictures into one folder for each class): how much the output distribution changes is measured instead.',
    );
    await inspection.close({});
  });

  it('are not missed where they are, nor of texts, whose next tokens are known', async () => {
    const labels = { 'x.npy': rows, 'labels.txt': Array.from({ length: 12 }, (_, at) => at % 5).join('\n') };
    const labelled = await open(layers(wave(64)), { ...recipe, labels: { path: 'labels.txt' } }, labels);
    expect(labelled.model.inputs?.notes).toEqual([]);
    const answers = answersOf(await labelled.inspection.run({ passes: ['skippable-neurons'] }));
    expect(answers.get('skippable-neurons')).toContain('The inputs have labels.');
    await labelled.inspection.close({});
    const story = { 'vocabulary.txt': 'a\nb\nc\nd\n', 'story.txt': 'abcd'.repeat(100) };
    const texts = await open(lookup, text, story);
    expect(texts.model.inputs?.notes).toEqual([]);
    await texts.inspection.close({});
  });
});

describe('a model without MLP blocks', () => {
  it('says so where they are needed, and what is told all the same', async () => {
    const { inspection, model } = await open(lookup, { inputs: {}, limit: 3 });
    expect(model.passes.find(({ id }) => id === 'core-neurons')?.reason).toBe(
      'This graph has no MLP block, an activation function between two linear layers with constant weights: its activation function does not stand alone between two such layers of one kind and width. ' +
        'Dead units, zero sparsity and what can be skipped are told of its activation layers all the same.',
    );
    const answers = answersOf(await inspection.run({ passes: ['skippable-neurons', 'zero-sparsity'] }));
    expect(answers.get('skippable-neurons')).toContain('So the smallest activations of every layer are set to 0.');
    expect(answers.get('zero-sparsity')).toContain('of all activation entries are exactly zero');
    await inspection.close({});
  });
});

describe('layers of zeros', () => {
  it('are named, with where to look, and nothing is not a number', async () => {
    const { inspection, model } = await open(layers(new Array<number>(64).fill(0)), {
      inputs: { x: { source: 'synthetic', distribution: 'normal', seed: 1 } },
      limit: 8,
    });
    const wanted = model.passes.filter(({ reason }) => reason === undefined).map(({ id }) => id);
    const answer = await inspection.run({ passes: wanted });
    expect(answer.problem).toBeUndefined();
    const passes = [...(answer.result?.passes ?? []), ...(answer.fileResult?.passes ?? [])];
    expect(passes.map(({ pass }) => pass).sort()).toEqual([...wanted].sort());
    const findings = passes.flatMap((pass) =>
      pass.findings.map(({ sentence, advice = '' }) => `${sentence} ${advice}`),
    );
    for (const words of [...passes.map(({ answer: said }) => said), ...findings])
      expect(words).not.toMatch(/NaN %|Infinity|undefined/);
    expect(findings).toContainEqual(
      expect.stringMatching(
        /^Relu 2: 8 of 8 neurons never fired .* The whole layer is silent: nothing passes through it\. Look for broken weights/,
      ),
    );
    expect(findings).toContainEqual(
      expect.stringMatching(/^w2: all 64 values are 0\. Nothing passes such a layer but its bias/),
    );
    expect(findings).toContainEqual(
      expect.stringMatching(
        /^All neurons of Relu 1 can be skipped .* Look for weights that are all 0 in it or before it\./,
      ),
    );
    const answers = answersOf(answer);
    expect(answers.get('layer-health')).toContain('Relu 2, is 0 everywhere, so it uses no direction at all');
    expect(answers.get('layer-health')).toContain('Look for weights that are all 0 before it');
    expect(answers.get('skippable-neurons')).toContain(
      'the output hardly depends on them, if at all. Look for weights',
    );
    await inspection.close({});
  });
});

describe('one input only', () => {
  it('stands as a warning beside every share, in answers as in findings', async () => {
    const { inspection, model } = await open(
      layers(wave(64)),
      { inputs: { x: { source: 'array', path: 'x.npy' } } },
      { 'x.npy': encodeNpy({ type: 'float32', dims: [1, 6], data: Float32Array.from(wave(6)) }) },
    );
    expect(model.inputs?.notes[0]).toBe(
      'There is one input only: every share rests on it alone, and what another input would do stays open. Choose more inputs, or raise “limit” in the recipe.',
    );
    const everyRun = model.passes.filter((pass) => pass.over === 'inputs' && isInEveryRun(pass)).map(({ id }) => id);
    const { result } = await inspection.run({ passes: [...everyRun, 'skippable-neurons'] });
    const shares = (result?.passes ?? []).filter(({ headlines = [] }) =>
      headlines.some(({ format }) => format === 'share'),
    );
    expect(shares.map(({ pass }) => pass).sort()).toEqual(
      ['dead-units', 'shifted-relu', 'skippable-neurons', 'zero-sparsity'].sort(),
    );
    for (const { answer } of shares) expect(answer).toContain(ONE_INPUT);
    const findings = (result?.passes ?? []).flatMap((pass) => pass.findings);
    expect(findings.length).toBeGreaterThan(0);
    for (const { sentence } of findings.filter((each) => each.sentence.includes(' %')))
      expect(sentence).toContain(ONE_INPUT);
    const { html } = await inspection.report({});
    expect(html).toContain('one input only');
    await inspection.close({});
  });
});
