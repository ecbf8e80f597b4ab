/** Roles as passes tell them: the table of the structure, and the three invariants on data. */
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { decodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import type { ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { measureInvariants, roleInvariants } from '../../../src/core/passes/roles/experiment.js';
import { invariantsOf, type Invariant } from '../../../src/core/passes/roles/invariants.js';
import { roles } from '../../../src/core/passes/roles/pass.js';
import { ENGINES } from '../engine/engines.js';
import { datasetOf, subjectOf, type ByHand } from '../experiment/subject.js';
import { modelProto, node, valueInfo, weight } from '../graph-builder.js';
import { neededData } from '../shared-data.js';
import { modelSubject } from './file-subject.js';

const modelAt = (path: string | URL): ModelProto => decodeOnnx(readFileSync(path));
const sample = (path: string): ModelProto => modelAt(new URL(`../../../media/samples/${path}`, import.meta.url));

/** Token ids of a fixed pseudo-random sequence. */
const tokens = (input: string, rows: number, length: number, vocabulary: number): ByHand => ({
  input,
  dims: [length],
  type: 'int64',
  rows: Array.from({ length: rows }, (_, row) =>
    Array.from({ length }, (__, at) => (row * 7919 + at * 104_729 + at * at * 31) % vocabulary),
  ),
});

/** x [2] → up [2, 3] → Relu → down [3, 2] + bias, added back to x. */
const block = modelProto({
  nodes: [
    node('MatMul', ['x', 'up'], ['pre']),
    node('Relu', ['pre'], ['post']),
    node('Gemm', ['post', 'down', 'bias'], ['out'], { attributes: { transB: 1n } }),
    node('Add', ['x', 'out'], ['y']),
  ],
  inputs: [valueInfo('x', ['batch', 2])],
  outputs: [valueInfo('y', ['batch', 2])],
  initializers: [
    weight('up', [2, 3], [1, -1, 2, 0.5, 1, -2]),
    weight('down', [2, 3], [1, 2, 3, -1, 0, 1]),
    weight('bias', [2], [0.25, -0.5]),
  ],
});
const rows = [
  [1, 2],
  [-1, 0.5],
  [3, -1],
];

describe.each(ENGINES.slice(0, 1))('the invariants in the $name engine', ({ load }) => {
  it('hold for a block by hand, down to the last bit or nearly', async () => {
    const subject = await subjectOf(block, datasetOf({ input: 'x', dims: [2], rows }), await load());
    const { answer, findings, tables } = await roleInvariants.examine(subject);
    expect(findings).toEqual([]);
    expect(answer).toMatch(/^All 2 equations hold on 3 inputs/);
    expect(tables?.[0]?.rows.map(({ cells }) => cells[1])).toEqual([
      'resid_post = resid_pre + attn_out + mlp_out',
      'mlp_out = down(mlp_act)',
    ]);
  });

  it('tell wrong roles: a bias taken for the output, and by how much', async () => {
    const subject = await subjectOf(block, datasetOf({ input: 'x', dims: [2], rows }), await load());
    const wrong: Invariant = { kind: 'residual', place: 'layer 0', terms: ['x', 'bias'], output: 'y' };
    const { measured } = await measureInvariants(subject, [wrong]);
    // y − x is down · relu(x · up) + (0.25, −0.5). x = (1, 2): pre (2, 1, −2), post (2, 1, 0), difference (4, −2).
    // x = (−1, 0.5): pre (−0.75, 1.5, −3), post (0, 1.5, 0), (3, 0). x = (3, −1): (2.5, −4, 8), (2.5, 0, 8), (26.5, 5.5).
    expect(measured[0]?.difference).toBeCloseTo(26.5, 4);
    // At the largest ratio, S = |3| + |0.25|: 26.5 / (1e-5 + 1e-4 · 3.25).
    expect(measured[0]?.ratio).toBeCloseTo(26.5 / (1e-5 + 1e-4 * 3.25), 0);
  });

  test.for<readonly [path: string, data: ByHand, equations: number]>([
    ['derived/stories260K.onnx', tokens('tokens', 3, 24, 512), 15],
    ['derived/routing_transformer.onnx', tokens('tokens', 4, 5, 12), 6],
    ['derived/modadd113_seed0.onnx', tokens('tokens', 4, 3, 114), 3],
  ])('hold for %s', async ([path, data, equations], { skip }) => {
    const subject = await subjectOf(modelAt(neededData(path, skip)), datasetOf(data), await load());
    const { invariants, unchecked } = invariantsOf(subject.graph);
    expect(unchecked).toEqual([]);
    expect(invariants).toHaveLength(equations);
    const { measured } = await measureInvariants(subject, invariants);
    for (const { invariant, ratio } of measured) expect([invariant.kind, ratio <= 1]).toEqual([invariant.kind, true]);
  });

  it('hold for the sample language model; values or matrices of another layer do not', async () => {
    const subject = await subjectOf(
      sample('grammar-gpt/grammar-gpt.onnx'),
      datasetOf(tokens('input_ids', 2, 16, 512)),
      await load(),
    );
    const { invariants } = invariantsOf(subject.graph);
    expect(invariants).toHaveLength(12);
    const { measured } = await measureInvariants(subject, invariants);
    expect(measured.filter(({ ratio }) => !(ratio <= 1))).toEqual([]);
    const [first, second] = invariants.filter((each) => each.kind === 'heads');
    const [firstDown, secondDown] = invariants.filter((each) => each.kind === 'down');
    if (!first || !second || !firstDown || !secondDown) return expect.fail('layers are missing');
    const wrong = await measureInvariants(subject, [
      { ...first, value: second.value },
      {
        ...firstDown,
        block: { ...firstDown.block, down: { ...firstDown.block.down, weight: secondDown.block.down.weight } },
      },
    ]);
    for (const { ratio } of wrong.measured) expect(ratio).toBeGreaterThan(10);
  });
});

describe('the table of roles', () => {
  it('names every value of the sample language model', async () => {
    const { answer, tables } = await roles.examine(await modelSubject(sample('grammar-gpt/grammar-gpt.onnx')));
    expect(answer).toBe(
      'The graph has 4 transformer layers along a residual stream, 4 attention blocks with 6 heads, 4 plain MLP blocks of 288 neurons and 9 normalisations.',
    );
    const row = tables?.[0]?.rows.find(({ cells }) => String(cells[2]).startsWith('blocks.2.hook_resid_mid'));
    expect(row?.cells).toEqual([
      'layer 2',
      'stream after attention (resid_mid)',
      'blocks.2.hook_resid_mid',
      '/blocks.2/Add_output_0',
    ]);
    expect(row?.item).toMatch(/^#\d+$/);
    expect(tables?.[1]?.rows).toHaveLength(4);
  });

  it('of a convolutional network has blocks and no hook names', async () => {
    const { answer } = await roles.examine(await modelSubject(sample('shapes/shapes-resnet.onnx')));
    expect(answer).toMatch(
      /^The graph has 6 convolutional MLP blocks of 16 to 48 channels and 15 normalisations\. Its values have no hook names/,
    );
  });

  it('of blocks of two kinds is one sentence', async () => {
    const graph = modelProto({
      nodes: [
        node('Conv', ['x', 'wide'], ['a']),
        node('Relu', ['a'], ['b']),
        node('Conv', ['b', 'narrow'], ['c']),
        node('Flatten', ['c'], ['d']),
        node('MatMul', ['d', 'up'], ['e']),
        node('Relu', ['e'], ['f']),
        node('MatMul', ['f', 'down'], ['y']),
      ],
      inputs: [valueInfo('x', ['batch', 2, 1, 1])],
      outputs: [valueInfo('y', ['batch', 2])],
      initializers: [
        weight('wide', [3, 2, 1, 1], [1, 2, 3, 4, 5, 6]),
        weight('narrow', [2, 3, 1, 1], [1, 2, 3, 4, 5, 6]),
        weight(
          'up',
          [2, 5],
          Array.from({ length: 10 }, (_, at) => at),
        ),
        weight(
          'down',
          [5, 2],
          Array.from({ length: 10 }, (_, at) => at),
        ),
      ],
    });
    const { answer } = await roles.examine(await modelSubject(graph));
    expect(answer).toMatch(
      /^The graph has 1 convolutional MLP block of 3 channels and 1 plain MLP block of 5 neurons\. Its/,
    );
  });

  it('says why where there is nothing to tell', () => {
    const graph = createGraph(modelProto({ nodes: [node('Exp', ['x'], ['y'])], outputs: ['y'] }));
    const applies = roles.applies({ tensors: [], graph });
    expect(applies).toMatchObject({ applies: false });
    expect('reason' in applies && applies.reason).toMatch(/^No roles were found\. .*work on plain activations\.$/);
  });
});
