import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeOnnx } from '../../../../src/core/formats/onnx/decode.js';
import { createGraph, type Graph } from '../../../../src/core/graph/graph.js';
import { findRoles, type Roles } from '../../../../src/core/graph/roles/roles.js';
import { integers, modelProto, node, scalar, weight, type GraphParts } from '../../graph-builder.js';
import { neededData } from '../../shared-data.js';

const graphOf = (parts: GraphParts): Graph => createGraph(modelProto(parts));
const graphAt = (path: string | URL): Graph => createGraph(decodeOnnx(readFileSync(path)));

/** The value that carries a hook name. */
function hook({ points }: Roles, name: string): string | undefined {
  return points.find(({ hooks }) => hooks.includes(name))?.value;
}

/** LayerNorm as one operator, attention of 2 heads in primitives, RMSNorm in primitives, a gated MLP: one layer. */
function transformer(options: { readonly parallel?: boolean; readonly postNorm?: boolean } = {}): GraphParts {
  const { parallel = false, postNorm = false } = options;
  const attentionEnd = postNorm ? 'attn.normed' : 'attn.out';
  return {
    nodes: [
      node('Gather', ['table', 'tokens'], ['embed']),
      node('LayerNormalization', ['embed', 'ln1.w', 'ln1.b'], ['ln1']),
      ...['q', 'k', 'v'].flatMap((name) => [
        node('MatMul', ['ln1', `${name}.w`], [`${name}.flat`]),
        node('Reshape', [`${name}.flat`, 'parted'], [`${name}.parted`]),
        node('Transpose', [`${name}.parted`], [name], { attributes: { perm: [0, 2, 1, 3] } }),
      ]),
      node('Transpose', ['k'], ['kt'], { attributes: { perm: [0, 1, 3, 2] } }),
      node('MatMul', ['q', 'kt'], ['product']),
      node('Div', ['product', 'root'], ['scaled']),
      node('Add', ['scaled', 'mask'], ['scores']),
      node('Softmax', ['scores'], ['pattern'], { attributes: { axis: -1n } }),
      node('MatMul', ['pattern', 'v'], ['z']),
      node('Transpose', ['z'], ['zt'], { attributes: { perm: [0, 2, 1, 3] } }),
      node('Reshape', ['zt', 'joined'], ['joinedZ']),
      node('MatMul', ['joinedZ', 'o.w'], ['attn.product']),
      node('Add', ['attn.product', 'o.b'], ['attn.out']),
      ...(postNorm ? [node('LayerNormalization', ['attn.out', 'ln1.w', 'ln1.b'], ['attn.normed'])] : []),
      node('Add', ['embed', attentionEnd], ['mid']),
      ...rmsNorm(parallel ? 'embed' : 'mid'),
      node('MatMul', ['ln2', 'gate.w'], ['gate']),
      node('Sigmoid', ['gate'], ['sigmoid']),
      node('Mul', ['gate', 'sigmoid'], ['silu']),
      node('MatMul', ['ln2', 'up.w'], ['up']),
      node('Mul', ['silu', 'up'], ['post']),
      node('MatMul', ['post', 'down.w'], ['mlp.out']),
      node('Add', ['mid', 'mlp.out'], ['resid.post']),
      node('LayerNormalization', ['resid.post', 'ln1.w', 'ln1.b'], ['final']),
      node('MatMul', ['final', 'unembed.w'], ['logits']),
    ],
    inputs: ['tokens'],
    outputs: ['logits'],
    initializers: [
      weight('table', [10, 4]),
      ...['q.w', 'k.w', 'v.w', 'o.w'].map((name) => weight(name, [4, 4])),
      ...['ln1.w', 'ln1.b', 'ln2.w', 'o.b'].map((name) => weight(name, [4])),
      weight('gate.w', [4, 6]),
      weight('up.w', [4, 6]),
      weight('down.w', [6, 4]),
      weight('unembed.w', [4, 10]),
      weight('mask', [3, 3]),
      integers('parted', [0, -1, 2, 2]),
      integers('joined', [0, -1, 4]),
      scalar('root', 1.41),
      scalar('epsilon', 1e-5),
      scalar('two', 2),
    ],
  };
}

function rmsNorm(input: string): GraphParts['nodes'] {
  return [
    node('Pow', [input, 'two'], ['squares']),
    node('ReduceMean', ['squares'], ['mean'], { attributes: { axes: [-1] } }),
    node('Add', ['mean', 'epsilon'], ['guarded']),
    node('Sqrt', ['guarded'], ['rms']),
    node('Reciprocal', ['rms'], ['inverse']),
    node('Mul', [input, 'inverse'], ['ln2.normalized']),
    node('Mul', ['ln2.w', 'ln2.normalized'], ['ln2']),
  ];
}

describe('a transformer layer', () => {
  test('every value has its conventional names', () => {
    const roles = findRoles(graphOf(transformer()));
    expect(roles.layers).toHaveLength(1);
    const names: readonly (readonly [hook: string, value: string])[] = [
      ['hook_embed', 'embed'],
      ['blocks.0.hook_resid_pre', 'embed'],
      ['blocks.0.ln1.hook_out', 'ln1'],
      ['blocks.0.attn.hook_in', 'ln1'],
      ['blocks.0.attn.hook_q', 'q.flat'],
      ['blocks.0.attn.hook_k', 'k.flat'],
      ['blocks.0.attn.hook_v', 'v.flat'],
      ['blocks.0.attn.hook_attn_scores', 'scores'],
      ['blocks.0.attn.hook_pattern', 'pattern'],
      ['blocks.0.attn.hook_z', 'z'],
      ['blocks.0.hook_attn_out', 'attn.out'],
      ['blocks.0.hook_resid_mid', 'mid'],
      ['blocks.0.ln2.hook_normalized', 'ln2.normalized'],
      ['blocks.0.mlp.hook_in', 'ln2'],
      ['blocks.0.mlp.hook_pre', 'gate'],
      ['blocks.0.mlp.hook_pre_linear', 'up'],
      ['blocks.0.mlp.hook_post', 'post'],
      ['blocks.0.hook_mlp_out', 'mlp.out'],
      ['blocks.0.hook_resid_post', 'resid.post'],
      ['ln_final.hook_out', 'final'],
      ['unembed.hook_out', 'logits'],
    ];
    expect(names.map(([name]) => [name, hook(roles, name)])).toEqual(names);
    expect(roles.attention[0]).toMatchObject({ heads: 2, keyValueHeads: 2 });
  });

  test('a norm after attention: the contribution to the stream is what comes after it', () => {
    const roles = findRoles(graphOf(transformer({ postNorm: true })));
    expect(hook(roles, 'blocks.0.hook_attn_out')).toBe('attn.normed');
    expect(hook(roles, 'blocks.0.attn.hook_out')).toBe('attn.out');
    expect(roles.pointsOf('attn.normed').map(({ role }) => role)).toContain('attn_out_post');
  });

  test('attention and MLP side by side: one layer without a middle', () => {
    const roles = findRoles(graphOf(transformer({ parallel: true })));
    expect(roles.layers).toHaveLength(1);
    expect(hook(roles, 'blocks.0.hook_resid_mid')).toBeUndefined();
    expect(hook(roles, 'blocks.0.hook_resid_post')).toBe('resid.post');
    expect(hook(roles, 'blocks.0.mlp.hook_in')).toBe('ln2');
  });

  test('nodes know what they are part of', () => {
    const graph = graphOf(transformer());
    const roles = findRoles(graph);
    const groups = (value: string): readonly string[] => roles.groupsOf(graph.producerOf(value)?.index ?? -1);
    expect(groups('sigmoid')).toEqual(['mlp']);
    expect(groups('scaled')).toEqual(['attention']);
    expect(groups('rms')).toEqual(['normalisation']);
    expect(groups('mid')).toEqual(['residual']);
    expect(groups('embed')).toEqual(['embedding']);
    expect(groups('logits')).toEqual(['unembedding']);
  });
});

test('fused attention names its values itself', () => {
  const { attention } = findRoles(
    graphOf({
      nodes: [
        node('MatMul', ['x', 'q.w'], ['q']),
        node('MatMul', ['x', 'k.w'], ['k']),
        node('MatMul', ['x', 'v.w'], ['v']),
        node('GroupQueryAttention', ['q', 'k', 'v', '', '', 'lengths', 'total'], ['z', '', ''], {
          domain: 'com.microsoft',
          attributes: { num_heads: 4n, kv_num_heads: 2n },
        }),
        node('MatMul', ['z', 'o.w'], ['y']),
      ],
      outputs: ['y'],
      initializers: ['q.w', 'k.w', 'v.w', 'o.w'].map((name) => weight(name, [4, 4])),
    }),
  );
  expect(attention).toHaveLength(1);
  expect(attention[0]).toMatchObject({
    operator: 'GroupQueryAttention',
    input: 'x',
    query: 'q',
    key: 'k',
    value: 'v',
    z: 'z',
    output: 'y',
    heads: 4,
    keyValueHeads: 2,
  });
});

test('a softmax that weighs nothing, or a constant, is no attention', () => {
  const { attention, layers, noLayers } = findRoles(
    graphOf({
      nodes: [node('MatMul', ['x', 'w'], ['h']), node('Softmax', ['h'], ['p']), node('MatMul', ['p', 'table'], ['y'])],
      outputs: ['y'],
      initializers: [weight('w', [4, 8]), weight('table', [8, 3])],
    }),
  );
  expect(attention).toEqual([]);
  expect(layers).toEqual([]);
  expect(noLayers).toMatch(/^This graph has neither attention nor an MLP of dense layers/);
});

describe('real models', () => {
  interface Expected {
    readonly layers: number;
    readonly heads?: readonly [queries: number, keysAndValues: number];
    readonly normalisations: number;
    readonly hooks: Readonly<Record<string, string>>;
  }

  /** Names as the makers of these files gave them tell the same roles: they were not used to find them. */
  test.for<readonly [path: string, expected: Expected]>([
    [
      'derived/stories260K.onnx',
      {
        layers: 5,
        heads: [8, 4],
        normalisations: 11,
        hooks: {
          hook_embed: 'embed',
          'blocks.0.hook_resid_pre': 'embed',
          'blocks.3.attn.hook_rot_q': 'layers.3.attn.q',
          'blocks.3.attn.hook_attn_scores': 'layers.3.attn.scores',
          'blocks.3.attn.hook_pattern': 'layers.3.attn.pattern',
          'blocks.3.attn.hook_z': 'layers.3.attn.z',
          'blocks.3.hook_attn_out': 'layers.3.attn.wo',
          'blocks.3.hook_resid_mid': 'layers.3.resid_mid',
          'blocks.3.mlp.hook_in': 'layers.3.ffn_norm',
          'blocks.3.mlp.hook_pre': 'layers.3.mlp.w1',
          'blocks.3.mlp.hook_pre_linear': 'layers.3.mlp.w3',
          'blocks.3.mlp.hook_post': 'layers.3.mlp.act',
          'blocks.3.hook_mlp_out': 'layers.3.mlp.w2',
          'blocks.3.hook_resid_post': 'layers.3.resid_post',
          'unembed.hook_out': 'logits',
        },
      },
    ],
    [
      'derived/routing_transformer.onnx',
      {
        layers: 2,
        heads: [4, 4],
        normalisations: 5,
        hooks: {
          'blocks.1.hook_resid_pre': 'resid_1',
          'blocks.1.hook_resid_post': 'resid_2',
          'blocks.1.attn.hook_q': 'blocks.1.attn.q_flat',
          'blocks.1.attn.hook_pattern': 'blocks.1.attn.pattern',
          'blocks.1.mlp.hook_pre': 'blocks.1.mlp.pre',
          'blocks.1.mlp.hook_post': 'blocks.1.mlp.post',
          'ln_final.hook_out': 'ln_f',
        },
      },
    ],
    [
      'derived/modadd113_seed0.onnx',
      {
        layers: 1,
        heads: [4, 4],
        normalisations: 0,
        hooks: {
          'blocks.0.hook_resid_pre': 'resid_pre',
          'blocks.0.attn.hook_q': 'q',
          'blocks.0.attn.hook_z': 'z',
          'blocks.0.hook_attn_out': 'attn_out',
          'blocks.0.hook_resid_mid': 'resid_mid',
          'blocks.0.mlp.hook_post': 'mlp_post',
          'blocks.0.hook_resid_post': 'resid_post',
        },
      },
    ],
    ['derived/resnet20-12fca82f.onnx', { layers: 0, normalisations: 19, hooks: {} }],
    ['acasxu/ACASXU_1_1.onnx', { layers: 0, normalisations: 0, hooks: {} }],
  ])('%s', ([path, { layers, heads, normalisations, hooks }], { skip }) => {
    const roles = findRoles(graphAt(neededData(path, skip)));
    expect(roles.layers).toHaveLength(layers);
    expect(roles.normalisations).toHaveLength(normalisations);
    expect(roles.noLayers === undefined).toBe(layers > 0);
    for (const attention of roles.attention) expect([attention.heads, attention.keyValueHeads]).toEqual(heads);
    expect(Object.fromEntries(Object.keys(hooks).map((name) => [name, hook(roles, name)]))).toEqual(hooks);
  });

  test('the sample language model', () => {
    const roles = findRoles(
      graphAt(new URL('../../../../media/samples/grammar-gpt/grammar-gpt.onnx', import.meta.url)),
    );
    expect(roles.layers).toHaveLength(4);
    expect(roles.attention.map(({ heads }) => heads)).toEqual([6, 6, 6, 6]);
    expect(hook(roles, 'hook_embed')).toBe('/token_embedding/Gather_output_0');
    expect(hook(roles, 'hook_pos_embed')).toBe('/position_embedding/Gather_output_0');
    expect(hook(roles, 'blocks.2.hook_resid_mid')).toBe('/blocks.2/Add_output_0');
  });
});
