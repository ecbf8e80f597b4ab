import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CancelledError } from '../../../src/core/errors.js';
import { decodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import type { NodeProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import type { GraphPicture, OutlineEntry } from '../../../src/core/graph/description.js';
import { displayText } from '../../../src/core/display-text.js';
import { createGraph, type Graph } from '../../../src/core/graph/graph.js';
import { detectActivationLayers } from '../../../src/core/graph/layer-detection.js';
import { buildModuleTree, isModule, type Module } from '../../../src/core/graph/modules.js';
import { nodeDetail } from '../../../src/core/graph/node-detail.js';
import { outline } from '../../../src/core/graph/outline.js';
import type { TensorFile } from '../../../src/core/formats/tensor-file.js';
import { overview } from '../../../src/core/graph/overview.js';
import { countParameters } from '../../../src/core/graph/parameters.js';
import { initialExpansion } from '../../../src/core/graph/picture/first-picture.js';
import { layoutGraph } from '../../../src/core/graph/picture/layout.js';
import { graphProto, modelProto, node, scalar, valueInfo, weight, type GraphParts } from '../graph-builder.js';
import { neededData } from '../shared-data.js';

const graphOf = (parts: GraphParts): Graph => createGraph(modelProto(parts));
const names = (module: Module): string[] => module.items.map((item) => (isModule(item) ? `${item.label}/` : item.name));

/** Two residual blocks as PyTorch exports them, and a head. */
const residual = graphOf({
  nodes: [
    ...[0, 1].flatMap((block) => {
      const scope = `/layer1/layer1.${block}`;
      const input = block === 0 ? 'x' : 'b0_out';
      const name = (part: string): string => `b${block}_${part}`;
      return [
        node('Conv', [input, `layer1.${block}.conv1.weight`], [name('c1')], { name: `${scope}/conv1/Conv` }),
        node('Relu', [name('c1')], [name('r1')], { name: `${scope}/relu/Relu` }),
        node('Conv', [name('r1'), `layer1.${block}.conv2.weight`], [name('c2')], { name: `${scope}/conv2/Conv` }),
        node('Add', [name('c2'), input], [name('sum')], { name: `${scope}/Add` }),
        node('Relu', [name('sum')], [name('out')], { name: `${scope}/relu_1/Relu` }),
      ];
    }),
    node('Constant', [], ['shape'], { attributes: { value_ints: [0, -1] } }),
    node('Reshape', ['b1_out', 'shape'], ['flat'], { name: '/Reshape' }),
    node('Gemm', ['flat', 'fc.weight'], ['logits'], { name: '/fc/Gemm' }),
  ],
  inputs: [valueInfo('x', ['batch', 4, 8, 8])],
  outputs: [valueInfo('logits', ['batch', 10])],
  initializers: [
    ...[0, 1].flatMap((block) => [1, 2].map((conv) => weight(`layer1.${block}.conv${conv}.weight`, [4, 4, 3, 3]))),
    weight('fc.weight', [256, 10]),
  ],
  values: [valueInfo('b0_out', ['batch', 4, 8, 8])],
});

describe('the tree of modules', () => {
  test('follows the scopes; a module with one node is that node; constants are not in it', () => {
    const tree = buildModuleTree(residual);
    expect(names(tree.root)).toEqual(['layer1/', '/Reshape', '/fc/Gemm']);
    expect(tree.module('layer1')?.items.map((item) => (isModule(item) ? item.id : item.name))).toEqual([
      'layer1/0',
      'layer1/1',
    ]);
    const block = tree.module('layer1/0');
    expect(block?.nodeCount).toBe(5);
    expect(block?.items.map((item) => (isModule(item) ? item.label : tree.nameOf(item)))).toEqual([
      'conv1',
      'relu',
      'conv2',
      'Add',
      'relu_1',
    ]);
  });

  test('a module that only wraps another is one with it', () => {
    const graph = graphOf({
      nodes: [
        node('Relu', ['x'], ['a'], { name: '/backbone/model0/act/Relu' }),
        node('Neg', ['a'], ['b'], { name: '/backbone/model0/Neg' }),
        node('Neg', ['b'], ['y'], { name: '/Neg' }),
      ],
      outputs: ['y'],
    });
    const [first] = buildModuleTree(graph).root.items;
    expect(first && isModule(first) && [first.label, first.id]).toEqual(['backbone.model0', 'backbone/model0']);
  });

  test('levels with very many items are split into groups of neighbours', () => {
    const nodes = Array.from({ length: 10_000 }, (_, index) => node('Relu', [`v${index}`], [`v${index + 1}`]));
    const tree = buildModuleTree(graphOf({ nodes, inputs: ['v0'], outputs: ['v10000'] }));
    const sizes: number[] = [];
    const walk = (module: Module): void => {
      sizes.push(module.items.length);
      module.items.filter(isModule).forEach(walk);
    };
    walk(tree.root);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(100);
    expect(tree.root.nodeCount).toBe(10_000);
    expect(tree.root.items[0]).toMatchObject({ label: 'nodes 1–417' });
  });

  test('hostile names end in bounded paths with ids of their own', () => {
    const deep = `/${Array.from({ length: 5000 }, (_, index) => `s${index}`).join('/')}/Relu`;
    const graph = graphOf({
      nodes: [
        node('Relu', ['x'], ['a'], { name: deep }),
        node('Relu', ['a'], ['b'], { name: deep }),
        node('Relu', ['b'], ['c'], { name: '/#1/q/Relu' }),
        node('Relu', ['c'], ['d'], { name: '/#1/q/Relu' }),
        node('Relu', ['d'], ['e'], { name: '/constructor/__proto__/Relu' }),
        node('Relu', ['e'], ['y'], { name: '/constructor/__proto__/Relu' }),
      ],
      outputs: ['y'],
    });
    const tree = buildModuleTree(graph);
    const ids: string[] = [];
    const walk = (module: Module): void => {
      ids.push(module.id);
      expect(module.path.length).toBeLessThanOrEqual(16);
      module.items.filter(isModule).forEach(walk);
    };
    walk(tree.root);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => id.startsWith('#'))).toEqual([]);
    expect(nodeDetail(graph, '#1').operator).toBe('Relu');
  });
});

describe('the picture', () => {
  const tree = buildModuleTree(residual);

  test('closed modules stand for all they hold', async () => {
    const picture = await layoutGraph({ graph: residual, tree, expanded: [] });
    expect(picture.items.map(({ id, kind, label, caption }) => [id, kind, label, caption])).toEqual([
      ['#input 0', 'input', 'x', 'float32 [batch, 4, 8, 8]'],
      ['layer1', 'module', 'layer1', '10 nodes'],
      ['#11', 'node', 'Reshape', 'Reshape'],
      ['#12', 'node', 'fc', 'Gemm'],
      ['#output 0', 'output', 'logits', 'float32 [batch, 10]'],
    ]);
    expect(picture.items[1]).toMatchObject({
      parameters: 4 * 4 * 4 * 9,
      layers: ['b0_r1', 'b0_out', 'b1_r1', 'b1_out'],
    });
    expect(picture.edges.map(({ from, to }) => [from, to])).toEqual([
      ['#input 0', 'layer1'],
      ['layer1', '#11'],
      ['#11', '#12'],
      ['#12', '#output 0'],
    ]);
    expectDrawable(picture);
  });

  test('open modules hold their items; several values between two items are one edge', async () => {
    const picture = await layoutGraph({ graph: residual, tree, expanded: ['layer1', 'layer1/1', 'no such module'] });
    expect(picture.expanded).toEqual(['layer1', 'layer1/1']);
    expect(picture.items.find(({ id }) => id === '#5')).toMatchObject({ parent: 'layer1/1', label: 'conv1' });
    const between = picture.edges.filter(({ from, to }) => from === 'layer1/0' && to === '#8');
    expect(between).toMatchObject([{ label: 'b0_out: float32 [batch, 4, 8, 8]' }]);
    expectDrawable(picture);
    const twice = graphOf({
      nodes: [
        node('Split', ['x'], ['a', 'b'], { name: '/one/Split' }),
        node('Neg', ['x'], ['n'], { name: '/one/Neg' }),
        node('Add', ['a', 'b'], ['c'], { name: '/two/Add' }),
        node('Add', ['c', 'n'], ['y'], { name: '/two/Add_1' }),
      ],
      outputs: ['y'],
    });
    const closed = await layoutGraph({ graph: twice, tree: buildModuleTree(twice), expanded: [] });
    expect(closed.edges).toMatchObject([
      { from: '#input 0' },
      { from: 'one', to: 'two', label: '3 values' },
      { to: '#output 0' },
    ]);
  });

  test('a module inside a closed one stays unseen', async () => {
    const picture = await layoutGraph({ graph: residual, tree, expanded: ['layer1/1'] });
    expect(picture.expanded).toEqual([]);
  });

  test('the first view of a large graph has a few dozen boxes at most, and comes soon', async () => {
    const nodes: NodeProto[] = [];
    for (let block = 0; block < 200; block++) {
      for (let step = 0; step < 50; step++) {
        const at = block * 50 + step;
        nodes.push(
          node('Relu', [`v${at}`], [`v${at + 1}`], { name: `/layers/layers.${block}/part${step % 5}/Relu_${step}` }),
        );
      }
    }
    const graph = graphOf({ nodes, inputs: ['v0'], outputs: ['v10000'] });
    const large = buildModuleTree(graph);
    const picture = await layoutGraph({ graph, tree: large, expanded: initialExpansion(large) });
    expect(picture.items.length).toBeGreaterThanOrEqual(8);
    expect(picture.items.length).toBeLessThanOrEqual(60);
    expectDrawable(picture);
    // Even with everything asked for, the picture stays within bounds.
    const all: string[] = [];
    const walk = (module: Module): void =>
      module.items.filter(isModule).forEach((inner) => (all.push(inner.id), walk(inner)));
    walk(large.root);
    const everything = await layoutGraph({ graph, tree: large, expanded: all });
    expect(everything.items.length).toBeLessThanOrEqual(12_100);
    expectDrawable(everything);
  }, 60_000);

  test('cycles and repeated names are drawn, not followed forever', async () => {
    const graph = graphOf({
      nodes: [
        node('Add', ['x', 'b'], ['a'], { name: '/m/Add' }),
        node('Relu', ['a'], ['b'], { name: '/m/Relu' }),
        node('Neg', ['b'], ['b'], { name: '/Neg' }),
      ],
      outputs: ['b', 'b', 'nowhere'],
    });
    expectDrawable(await layoutGraph({ graph, tree: buildModuleTree(graph), expanded: ['m'] }));
  });

  test('a cancelled layout says so', async () => {
    const controller = new AbortController();
    controller.abort();
    await expect(
      layoutGraph({ graph: residual, tree, expanded: [], signal: controller.signal }),
    ).rejects.toBeInstanceOf(CancelledError);
  });
});

/** Every box lies inside its module and the picture, siblings do not overlap, every edge has a line. */
function expectDrawable({ items, edges, width, height }: GraphPicture): void {
  const boxes = new Map(items.map((item) => [item.id, item]));
  expect(boxes.size).toBe(items.length);
  for (const {
    box: [x, y, w, h],
    parent,
  } of items) {
    const [px, py, pw, ph] = parent === undefined ? [0, 0, width, height] : (boxes.get(parent)?.box ?? [0, 0, 0, 0]);
    expect(x >= px && y >= py && x + w <= px + pw + 1e-6 && y + h <= py + ph + 1e-6).toBe(true);
    expect(w > 0 && h > 0).toBe(true);
  }
  for (const parent of new Set(items.map((item) => item.parent))) {
    const level = items.filter((item) => item.parent === parent);
    for (const [index, a] of level.entries()) {
      for (const b of level.slice(index + 1)) {
        const apart =
          a.box[0] + a.box[2] <= b.box[0] ||
          b.box[0] + b.box[2] <= a.box[0] ||
          a.box[1] + a.box[3] <= b.box[1] ||
          b.box[1] + b.box[3] <= a.box[1];
        if (!apart) throw new Error(`${a.id} and ${b.id} overlap`);
      }
    }
  }
  for (const { from, to, points } of edges) {
    expect(boxes.has(from) && boxes.has(to)).toBe(true);
    expect(points.length).toBeGreaterThanOrEqual(4);
    expect(points.every(Number.isFinite)).toBe(true);
  }
}

describe('outline and details', () => {
  test('the outline holds modules with layers, and each layer by the rest of its name', () => {
    const brief = (entries: readonly OutlineEntry[]): unknown =>
      entries.map(({ label, detail, children }) =>
        children.length === 0 ? `${label}: ${detail}` : { [`${label} (${detail})`]: brief(children) },
      );
    expect(brief(outline(buildModuleTree(residual), detectActivationLayers(residual)))).toEqual([
      {
        'layer1 (4 layers)': [
          { '0 (2 layers)': ['relu: Relu', 'relu_1: Relu'] },
          { '1 (2 layers)': ['relu: Relu', 'relu_1: Relu'] },
        ],
      },
    ]);
  });

  test('a node tells its values with types, its attributes in a line, its parameters', () => {
    const graph = graphOf({
      nodes: [
        node('Conv', ['x', 'w', ''], ['y'], {
          name: 'conv',
          attributes: { pads: [1, 1, 1, 1], auto_pad: 'NOTSET', alpha: 0.1, group: 2n },
        }),
      ],
      inputs: [valueInfo('x', [1, 4, 8, 8])],
      outputs: [valueInfo('y')],
      initializers: [weight('w', [8, 2, 3, 3])],
    });
    expect(nodeDetail(graph, '#0')).toEqual({
      id: '#0',
      title: 'conv',
      operator: 'Conv',
      domain: 'ai.onnx',
      module: [],
      inputs: [
        { name: 'x', type: 'float32', shape: [1, 4, 8, 8], constant: false },
        { name: 'w', type: 'float32', shape: [8, 2, 3, 3], constant: true },
        { name: '', type: 'unknown', shape: undefined, constant: false },
      ],
      outputs: [{ name: 'y', type: 'float32', shape: undefined }],
      attributes: [
        { name: 'pads', value: '[1, 1, 1, 1]' },
        { name: 'auto_pad', value: 'NOTSET' },
        { name: 'alpha', value: '0.1' },
        { name: 'group', value: '2' },
      ],
      parameters: 144,
    });
  });

  test('a module tells what enters and leaves it', () => {
    expect(nodeDetail(residual, 'layer1/1')).toMatchObject({
      title: '1',
      operator: '5 nodes',
      module: ['layer1'],
      parameters: 288,
      inputs: [{ name: 'b0_out' }],
      outputs: [{ name: 'b1_out' }],
      attributes: [
        { name: 'Conv', value: '2' },
        { name: 'Relu', value: '2' },
        { name: 'Add', value: '1' },
      ],
    });
    expect(nodeDetail(residual, '#input 0')).toMatchObject({
      title: 'x',
      operator: 'Input',
      outputs: [{ shape: ['batch', 4, 8, 8] }],
    });
    expect(() => nodeDetail(residual, '#99')).toThrow('no such item');
    expect(() => nodeDetail(residual, 'layer9')).toThrow('no such item');
  });

  test('the overview counts parameters once, and operators of subgraphs too', () => {
    const branch = graphProto({
      nodes: [node('MatMul', ['x', 'shared'], ['b']), node('Relu', ['b'], ['r'])],
      inputs: [],
      outputs: ['r'],
      initializers: [weight('inner', [3, 3])],
    });
    const graph = graphOf({
      nodes: [
        node('MatMul', ['x', 'w'], ['a']),
        node('MatMul', ['a', 'w'], ['c']),
        node('Relu', ['c'], ['d']),
        node('If', ['condition'], ['y'], { attributes: { then_branch: branch, else_branch: branch } }),
        node('Constant', [], ['table'], { attributes: { value: weight('', [100]) } }),
        node('Add', ['d', 'table'], ['z']),
        node('Constant', [], ['eps'], { attributes: { value: scalar('', 1) } }),
        node('Add', ['z', 'eps'], ['q']),
      ],
      inputs: ['x', 'condition'],
      outputs: ['y', 'q'],
      initializers: [weight('w', [4, 4]), weight('shared', [4, 2])],
    });
    const weights: TensorFile = {
      format: 'onnx',
      formatName: 'ONNX',
      tensors: [],
      metadata: [],
      files: ['a.onnx'],
      fileBytes: 10,
      externalBytes: 0,
      problems: [],
      close: async () => undefined,
    };
    const facts = overview('a.onnx', weights, graph);
    // w 16, shared 8 (read by the branches), inner 9 in each branch, table 100; the lone epsilon is no parameter.
    expect(facts.parameters).toBe(16 + 8 + 18 + 100);
    expect(countParameters(graph).byNode[3]).toBe(8 + 18);
    expect(facts.network?.operators.slice(0, 2)).toEqual([
      { operator: 'MatMul', count: 4 },
      { operator: 'Relu', count: 3 },
    ]);
    expect(facts.network?.opsets).toEqual([{ domain: 'ai.onnx', version: 17 }]);
  });
});

describe('text from files', () => {
  test('is shortened in the middle and loses what deceives', () => {
    expect(displayText('conv1')).toBe('conv1');
    expect(displayText('a\u0000b\u202ec\u2066d\ufeffe\nf')).toBe('a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf');
    const long = displayText(`start${'x'.repeat(1_000_000)}end`);
    expect(long).toHaveLength(200);
    expect(long.startsWith('start') && long.endsWith('end')).toBe(true);
    expect(displayText('\ud800')).toBe('\ufffd');
    expect(displayText('😀'.repeat(300))).not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])/);
  });
});

describe('real models', () => {
  test(
    'every one has a first view of 5 to 60 boxes, and an entry for each layer',
    { timeout: 120_000 },
    async ({ skip }) => {
      const folder = neededData('derived', skip);
      const files = [join(folder, '..')].flatMap((root) =>
        ['audio', 'derived', 'detection-ocr', 'rl-policy', 'text', 'vision-classification'].flatMap((part) =>
          readdirSync(join(root, part))
            .filter((name) => name.endsWith('.onnx'))
            .map((name) => join(root, part, name)),
        ),
      );
      expect(files.length).toBeGreaterThan(30);
      for (const file of files) {
        const graph = createGraph(decodeOnnx(readFileSync(file)));
        const tree = buildModuleTree(graph);
        const picture = await layoutGraph({ graph, tree, expanded: initialExpansion(tree) });
        expect(picture.items.length).toBeGreaterThanOrEqual(5);
        expect(picture.items.length).toBeLessThanOrEqual(60);
        expectDrawable(picture);
        const layers = detectActivationLayers(graph);
        expect(
          picture.items
            .filter(({ expanded }) => !expanded)
            .flatMap((item) => item.layers)
            .sort(),
        ).toEqual(layers.map(({ value }) => value).sort());
        const count = (entries: readonly OutlineEntry[]): number =>
          entries.reduce((sum, entry) => sum + (entry.kind === 'layer' ? 1 : count(entry.children)), 0);
        expect(count(outline(tree, layers))).toBe(layers.length);
        for (const { id } of picture.items) expect(nodeDetail(graph, id).id).toBe(id);
      }
    },
  );
});
