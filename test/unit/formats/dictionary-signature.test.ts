import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SiblingFiles } from '../../../src/core/bytes/byte-source.js';
import { memorySource } from '../../../src/core/bytes/memory-source.js';
import { problem, ProblemError } from '../../../src/core/errors.js';
import { readConfiguration } from '../../../src/core/formats/dictionary-configuration.js';
import {
  dictionaryText,
  recogniseDictionary,
  type Dictionary,
} from '../../../src/core/formats/dictionary-signature.js';
import type { ModelFormat, TensorFile } from '../../../src/core/formats/tensor-file.js';
import { openFileSource } from '../../../src/node/file-source.js';
import { openFormat } from '../../../src/node/open-format.js';
import { siblingFiles } from '../../../src/node/sibling-files.js';
import { neededData } from '../shared-data.js';

type Shapes = Readonly<Record<string, readonly number[]>>;

function weightsOf(shapes: Shapes, format: ModelFormat = 'safetensors', fileName = 'a.safetensors'): TensorFile {
  const tensors = Object.entries(shapes).map(([name, dims]) => ({
    name,
    dims,
    dtype: 'F32',
    bytes: 0,
    unreadable: '-',
  }));
  return {
    format,
    formatName: format,
    tensors,
    metadata: [],
    files: [fileName],
    fileBytes: 0,
    externalBytes: 0,
    problems: [],
    close: async () => undefined,
  };
}

function beside(files: Readonly<Record<string, unknown>> = {}): SiblingFiles & { readonly opened: string[] } {
  const opened: string[] = [];
  return {
    opened,
    async open(path) {
      opened.push(path);
      const content = files[path];
      if (content === undefined) throw problem('missing-external-data', 'There is no such file.');
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      return memorySource(path, new TextEncoder().encode(text));
    },
  };
}

const [d, F, e, L] = [12, 40, 10, 3];

/** Each family's tensors as its savers name them, the files beside them, and what is to be recognised. */
const FAMILIES: readonly {
  readonly name: string;
  readonly shapes: Shapes;
  readonly files?: Readonly<Record<string, unknown>>;
  readonly format?: ModelFormat;
  readonly fileName?: string;
  readonly expected: Partial<Dictionary>;
}[] = [
  {
    name: 'SAELens, standard',
    shapes: { W_enc: [d, F], W_dec: [F, d], b_enc: [F], b_dec: [d] },
    files: {
      'cfg.json': { architecture: 'standard', d_in: d, d_sae: F, metadata: { hook_name: 'blocks.8.hook_resid_pre' } },
    },
    expected: { kind: 'SAE', family: 'SAELens' },
  },
  {
    name: 'SAELens, gated',
    shapes: { W_enc: [d, F], W_dec: [F, d], b_gate: [F], r_mag: [F], b_mag: [F], b_dec: [d] },
    files: { 'cfg.json': { architecture: 'gated' } },
    expected: { kind: 'SAE', family: 'SAELens' },
  },
  {
    name: 'SAELens before version 6',
    shapes: { W_enc: [d, F], W_dec: [F, d], b_enc: [F], b_dec: [d], scaling_factor: [F] },
    files: { 'cfg.json': { hook_point: 'blocks.1.hook_mlp_out', activation_fn_str: 'relu' } },
    expected: { kind: 'SAE', family: 'SAELens' },
  },
  {
    name: 'SAELens, skip transcoder',
    shapes: { W_enc: [d, F], W_dec: [F, d], b_enc: [F], b_dec: [d], W_skip: [d, d] },
    files: { 'cfg.json': { architecture: 'skip_transcoder' } },
    expected: { kind: 'transcoder', family: 'SAELens' },
  },
  {
    name: 'sparsify',
    shapes: { 'encoder.weight': [F, d], 'encoder.bias': [F], W_dec: [F, d], b_dec: [d] },
    files: { 'cfg.json': { num_latents: F, k: 32, transcode: false } },
    expected: { kind: 'SAE', family: 'sparsify' },
  },
  {
    name: 'sparsify, transcoder',
    shapes: { 'encoder.weight': [F, d], 'encoder.bias': [F], W_dec: [F, d], b_dec: [d] },
    files: { 'cfg.json': { expansion_factor: 32, k: 32, transcode: true } },
    expected: { kind: 'transcoder', family: 'sparsify' },
  },
  {
    name: 'dictionary_learning, AutoEncoder',
    shapes: { bias: [d], 'encoder.weight': [F, d], 'encoder.bias': [F], 'decoder.weight': [d, F] },
    files: { 'config.json': { trainer: { dict_class: 'AutoEncoder', activation_dim: d, dict_size: F } } },
    format: 'pytorch',
    fileName: 'ae.pt',
    expected: { kind: 'SAE', family: 'dictionary_learning' },
  },
  {
    name: 'dictionary_learning, gated, without configuration',
    shapes: {
      decoder_bias: [d],
      'encoder.weight': [F, d],
      r_mag: [F],
      gate_bias: [F],
      mag_bias: [F],
      'decoder.weight': [d, F],
    },
    format: 'pytorch',
    expected: { kind: 'SAE', family: 'dictionary_learning' },
  },
  {
    name: 'dictionary_learning, BatchTopK',
    shapes: {
      'encoder.weight': [F, d],
      'encoder.bias': [F],
      'decoder.weight': [d, F],
      b_dec: [d],
      k: [],
      threshold: [],
    },
    format: 'pytorch',
    expected: { kind: 'SAE', family: 'dictionary_learning' },
  },
  {
    name: 'dictionary_learning, Matryoshka',
    shapes: { W_enc: [d, F], b_enc: [F], W_dec: [F, d], b_dec: [d], k: [], threshold: [], group_sizes: [4] },
    format: 'pytorch',
    expected: { kind: 'SAE', family: 'dictionary_learning' },
  },
  {
    name: 'Gemma Scope',
    shapes: { W_enc: [d, F], W_dec: [F, d], b_enc: [F], b_dec: [d], threshold: [F] },
    format: 'numpy',
    fileName: 'params.npz',
    expected: { kind: 'SAE', family: 'Gemma Scope' },
  },
  {
    name: 'Gemma Scope 2, with a skip connection',
    shapes: { w_enc: [d, F], w_dec: [F, d], b_enc: [F], b_dec: [d], threshold: [F], affine_skip_connection: [d, d] },
    expected: { kind: 'transcoder', family: 'Gemma Scope 2' },
  },
  {
    name: 'Gemma Scope 2, cross-layer',
    shapes: { w_enc: [d, F], w_dec: [F, L, d], b_enc: [F], b_dec: [d], threshold: [F] },
    expected: { kind: 'cross-layer transcoder', family: 'Gemma Scope 2' },
  },
  {
    name: 'circuit-tracer, per layer',
    shapes: { W_enc: [F, d], W_dec: [F, d], b_enc: [F], b_dec: [d], 'activation_function.threshold': [F] },
    files: { 'config.yaml': 'model_name: gpt2\nmodel_kind: "transcoder_set" # one each\nscan: a\n' },
    fileName: 'layer_3.safetensors',
    expected: { kind: 'transcoder', family: 'circuit-tracer' },
  },
  {
    name: 'circuit-tracer, per layer, without configuration',
    shapes: { W_enc: [F, d], W_dec: [F, d], b_enc: [F], b_dec: [d] },
    fileName: 'layer_3.safetensors',
    expected: { kind: 'transcoder', family: 'circuit-tracer' },
  },
  {
    name: 'circuit-tracer, encoder of a cross-layer transcoder',
    shapes: { W_enc_4: [F, d], b_enc_4: [F], b_dec_4: [d], threshold_4: [F] },
    expected: {
      kind: 'cross-layer transcoder',
      family: 'circuit-tracer',
      tensors: { encoder: 'W_enc_4', encoderBias: 'b_enc_4', decoderBias: 'b_dec_4', threshold: 'threshold_4' },
    },
  },
  {
    name: 'circuit-tracer, decoder of a cross-layer transcoder',
    shapes: { W_dec_4: [F, L, d] },
    expected: { kind: 'cross-layer transcoder', family: 'circuit-tracer', tensors: { decoder: 'W_dec_4' } },
  },
  {
    name: 'transcoder_circuits',
    shapes: {
      'state_dict.W_enc': [d, F],
      'state_dict.b_enc': [F],
      'state_dict.W_dec': [F, e],
      'state_dict.b_dec': [d],
      'state_dict.b_dec_out': [e],
    },
    format: 'pytorch',
    expected: { kind: 'transcoder', family: 'transcoder_circuits or ViT-Prisma', inputWidth: d, outputWidth: e },
  },
  {
    name: 'Llama Scope',
    shapes: { 'encoder.weight': [F, d], 'encoder.bias': [F], 'decoder.weight': [d, F], 'decoder.bias': [d] },
    files: { 'hyperparams.json': { d_model: d, jump_relu_threshold: 0.5, dataset_average_activation_norm: { in: 7 } } },
    expected: { kind: 'SAE', family: 'Llama Scope' },
  },
  {
    name: 'Llama Scope, where its configuration lies in the folder above',
    shapes: { 'encoder.weight': [F, d], 'encoder.bias': [F], 'decoder.weight': [d, F], 'decoder.bias': [d] },
    fileName: 'final.safetensors',
    expected: { kind: 'SAE', family: 'Llama Scope' },
  },
  {
    name: 'OpenAI',
    shapes: {
      pre_bias: [d],
      latent_bias: [F],
      'encoder.weight': [F, d],
      'decoder.weight': [d, F],
      stats_last_nonzero: [F],
    },
    format: 'pytorch',
    expected: { kind: 'SAE', family: 'OpenAI' },
  },
  {
    name: 'Llamascopium',
    shapes: { W_E: [d, F], b_E: [F], W_D: [F, d], b_D: [d] },
    expected: { kind: 'SAE', family: 'Llamascopium' },
  },
  {
    name: 'a crosscoder of two models',
    shapes: { W_enc: [2, d, F], W_dec: [F, 2, d], b_enc: [F], b_dec: [2, d] },
    format: 'pytorch',
    expected: { kind: 'crosscoder', family: 'crosscoder' },
  },
  {
    name: 'a crosscoder of linear layers',
    shapes: { 'encoder.weight': [L, d, F], 'encoder.bias': [F], 'decoder.weight': [L, F, d], 'decoder.bias': [L, d] },
    expected: { kind: 'crosscoder', family: 'crosscoder' },
  },
  {
    name: 'crosslayer-coding',
    shapes: Object.fromEntries([
      ...[0, 1, 2].flatMap((i) => [
        [`encoder_module.encoders.${i}.weight`, [F, d]] as const,
        ...[0, 1, 2].slice(i).map((j) => [`decoder_module.decoders.${i}->${j}.weight`, [d, F]] as const),
      ]),
      ['theta_manager.log_threshold', [L, F]] as const,
    ]),
    expected: { kind: 'cross-layer transcoder', family: 'crosslayer-coding' },
  },
  {
    name: 'a layout of its own',
    shapes: { W_enc: [F, d], W_dec: [d, F], b_enc: [F], b_dec: [d] },
    expected: { kind: 'SAE', family: 'of no known family' },
  },
];

describe('a dictionary is recognised, with its sizes', () => {
  it.each(FAMILIES)('$name', async ({ shapes, files, format, fileName, expected }) => {
    const found = await recogniseDictionary(weightsOf(shapes, format, fileName), beside(files));
    expect(found).toMatchObject({ features: F, inputWidth: d, outputWidth: d, ...expected });
    expect(found?.evidence.length).toBeGreaterThanOrEqual(3);
    for (const line of found?.evidence ?? []) expect(line).toMatch(/^[A-Z“].*\.$/s);
  });

  it('and what the files beside it say is told, also where it is not so', async () => {
    const [first] = FAMILIES;
    const right = await recogniseDictionary(weightsOf(first?.shapes ?? {}), beside(first?.files));
    expect(right?.evidence).toEqual([
      '“W_enc” (12 × 40) and “W_dec” (40 × 12) have 40 features in common.',
      '“cfg.json” beside it says architecture: standard.',
      'It writes as many numbers as it reads (12), and nothing says otherwise.',
      '“cfg.json” beside it says d_sae: 40.',
      '“cfg.json” beside it says d_in: 12.',
      '“cfg.json” beside it says metadata.hook_name: blocks.8.hook_resid_pre.',
    ]);
    const wrong = await recogniseDictionary(
      weightsOf(first?.shapes ?? {}),
      beside({ 'cfg.json': { architecture: 'standard', d_sae: 41 } }),
    );
    expect(wrong?.features).toBe(40);
    expect(wrong?.evidence).toContain(
      '“cfg.json” beside it says d_sae: 41. The tensors say 40, which is what is shown.',
    );
    expect(right && dictionaryText(right)).toBe('SAE (SAELens): 40 features, 12 wide');
  });
});

describe('other files are not', () => {
  it.each<[string, Shapes]>([
    [
      'an autoencoder',
      { 'encoder.weight': [4, 12], 'encoder.bias': [4], 'decoder.weight': [12, 4], 'decoder.bias': [12] },
    ],
    ['a language model', { 'encoder.weight': [1000, 64], 'decoder.weight': [1000, 64], 'decoder.bias': [1000] }],
    ['sizes that do not fit', { W_enc: [d, F], W_dec: [F + 1, d], b_enc: [F], b_dec: [d] }],
    ['a bias of another width', { W_enc: [d, F], W_dec: [F, d], b_enc: [F], b_dec: [d + 1] }],
    ['an encoder alone', { W_enc: [d, F], b_enc: [F] }],
    ['vectors', { W_enc: [F], W_dec: [F], b_enc: [F] }],
    ['nothing', {}],
    ['no sizes', { W_enc: [0, 0], W_dec: [0, 0], b_enc: [0], b_dec: [0] }],
    [
      'a model that has one in it',
      {
        W_enc: [d, F],
        W_dec: [F, d],
        b_enc: [F],
        b_dec: [d],
        ...Object.fromEntries(Array.from({ length: 30 }, (_, layer) => [`layers.${layer}.weight`, [d, d]])),
      },
    ],
  ])('%s', async (_, shapes) => {
    expect(await recogniseDictionary(weightsOf(shapes), beside())).toBeUndefined();
  });

  it('and nothing is read for them', async () => {
    const files = beside({ 'cfg.json': { architecture: 'standard' } });
    await recogniseDictionary(weightsOf({ 'layer.weight': [3, 3] }), files);
    expect(files.opened).toEqual([]);
  });

  it('of all that others made, only the one that is one', async ({ skip }) => {
    const root = dirname(neededData('README.md', skip));
    const found: string[] = [];
    let opened = 0;
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.(safetensors|npz|npy|pt|pth|bin|gguf)$/.test(entry.name)) continue;
      const path = join(entry.parentPath, entry.name);
      const siblings = siblingFiles(entry.parentPath);
      try {
        const { weights } = await openFormat(await openFileSource(path), siblings);
        opened++;
        if ((await recogniseDictionary(weights, siblings)) !== undefined) found.push(entry.name);
        await weights.close();
      } catch (error) {
        // What is no model cannot be taken for a dictionary.
        if (!(error instanceof ProblemError)) throw error;
      }
    }
    expect(opened).toBeGreaterThan(10);
    // The same one, as it was published and converted.
    expect(found.sort()).toEqual(['sehajr_toy_sae.pt', 'sehajr_toy_sae.safetensors']);
  });
});

describe('configuration files', () => {
  it('that are hostile are as good as none', async () => {
    for (const content of [
      '',
      '{',
      '[1, 2]',
      'null',
      '['.repeat(200_000),
      `{"architecture": "${'x'.repeat(300_000)}"}`,
    ])
      expect((await readConfiguration(beside({ 'cfg.json': content }))).first('architecture')).toBeUndefined();
    const deep = await readConfiguration(beside({ 'cfg.json': { a: { b: { c: { d: { e: 1 } } } } } }));
    expect(deep.first('a.b.c.d.e')).toBeUndefined();
    expect(deep.first('__proto__', 'constructor', 'toString')).toBeUndefined();
    const long = await readConfiguration(beside({ 'cfg.json': { architecture: 'y'.repeat(1000) } }));
    expect(String(long.first('architecture')?.value)).toHaveLength(200);
  });
});
