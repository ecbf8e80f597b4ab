import { describe, expect, test } from 'vitest';
import type { NodeProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph, type Graph } from '../../../src/core/graph/graph.js';
import { detectActivationLayers } from '../../../src/core/graph/layer-detection.js';
import { buildModuleTree, isModule, type Module } from '../../../src/core/graph/modules.js';
import { nodeDetail, nodesIn } from '../../../src/core/graph/node-detail.js';
import { outline } from '../../../src/core/graph/outline.js';
import { initialExpansion } from '../../../src/core/graph/picture/first-picture.js';
import { layoutGraph } from '../../../src/core/graph/picture/layout.js';
import { findRepeats, type RepeatItem } from '../../../src/core/graph/repeats.js';
import { modelProto, node, scalar, weight, type GraphParts } from '../graph-builder.js';
import { gpt } from '../../bench/models.js';

const graphOf = (parts: GraphParts): Graph => createGraph(modelProto(parts));

/** A chain, one letter per item: each reads the one before it. */
const chain = (letters: string, isNamed = true): RepeatItem[] =>
  [...letters].map((letter, place) => ({ key: letter.charCodeAt(0), size: 4, reads: [place - 1], isNamed }));
const found = (items: readonly RepeatItem[]): string[] =>
  findRepeats(items).map(({ start, period, count }) => `${start}: ${count} × ${period}`);

describe('repeats in a list', () => {
  test('are the longest rows of equal blocks, each with its shortest period', () => {
    expect(found(chain('xAAAAy'))).toEqual(['1: 4 × 1']);
    expect(found(chain('ABABABAB'))).toEqual(['0: 4 × 2']);
    expect(found(chain('xABCABCABCyDDDDD'))).toEqual(['1: 3 × 3', '11: 5 × 1']);
    expect(found(chain('AABAABAAB'))).toEqual(['0: 3 × 3']);
  });

  test('are at least three blocks, and of bare nodes at least a dozen', () => {
    expect(found(chain('xAAyBByABAB'))).toEqual([]);
    const bare = chain('ABABABAB', false).map((item) => ({ ...item, size: 1 }));
    expect(found(bare)).toEqual([]);
    const longer = chain('ABABABABABABABAB', false).map((item) => ({ ...item, size: 1 }));
    expect(found(longer)).toEqual(['0: 8 × 2']);
    // Many equal nodes in a row are no blocks.
    expect(found(chain('AAAAAAAAAAAAAAAA', false).map((item) => ({ ...item, size: 1 })))).toEqual([]);
  });

  test('are cut where the fewest values pass', () => {
    // The sum before the first block looks like the sum at the end of each: residual blocks are cut after it.
    const letters = 'e+' + 'nm+'.repeat(4) + 'h';
    const items = chain(letters).map((item, place) =>
      letters[place] === '+' && place > 1 ? { ...item, reads: [place - 1, place - 3] } : item,
    );
    expect(found(items)).toEqual(['2: 4 × 3']);
  });

  test('are wired alike inside, and may read anything from outside', () => {
    const skips = (offsets: readonly number[]): RepeatItem[] =>
      chain('ABCABCABC').map((item, place) => ({
        ...item,
        reads: place % 3 === 2 ? [place - 1, place - (offsets[Math.floor(place / 3)] ?? 0)] : item.reads,
      }));
    expect(found(skips([2, 2, 2]))).toEqual(['0: 3 × 3']);
    expect(found(skips([2, 1, 2]))).toEqual([]);
    // The mask that the first item of each block reads is made once, before all.
    const masked = [{ key: 1, size: 1, reads: [-1], isNamed: true }, ...chain('ABABAB')].map((item, place) => ({
      ...item,
      reads: place % 2 === 1 ? [0, place - 1] : [place - 1],
    }));
    expect(found(masked)).toEqual(['1: 3 × 2']);
  });

  test('hold what they say on random lists, and long lists take no long time', () => {
    let state = 7;
    const draw = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let round = 0; round < 200; round++) {
      const letters = Array.from({ length: 40 }, () => 'AB'[draw(2)] ?? '').join('');
      let end = 0;
      for (const { start, period, count } of findRepeats(chain(letters))) {
        expect(start).toBeGreaterThanOrEqual(end);
        end = start + period * count;
        expect(count).toBeGreaterThanOrEqual(3);
        expect(letters.slice(start, end)).toBe(letters.slice(start, start + period).repeat(count));
      }
      // None of a single letter is overlooked where nothing else was found.
      if (end === 0) expect(/(.)\1\1/.test(letters)).toBe(false);
    }
    const start = performance.now();
    for (const period of [1, 2, 97, 5000]) {
      findRepeats(chain(Array.from({ length: 10_000 }, (_, place) => 'ABCDEFG'[(place % period) % 7] ?? '').join('')));
    }
    findRepeats(chain(Array.from({ length: 10_000 }, () => 'AB'[draw(2)] ?? '').join('')));
    expect(performance.now() - start).toBeLessThan(10_000);
  }, 30_000);
});

describe('repeated blocks in the tree', () => {
  /** A transformer's encoder as PyTorch exports it. */
  const encoder = (blocks: number, odd = -1): Graph =>
    graphOf({
      nodes: [
        node('Neg', ['x'], ['h0'], { name: '/embed/Neg' }),
        ...Array.from({ length: blocks }, (_, block) => {
          const scope = `/encoder/layer.${block}`;
          const value = (name: string): string => `${name}${block}`;
          return [
            node('MatMul', [`h${block}`, `encoder.layer.${block}.w`], [value('a')], { name: `${scope}/dense/MatMul` }),
            node(block === odd ? 'Tanh' : 'Relu', [value('a')], [value('r')], { name: `${scope}/act/Relu` }),
            node('Add', [value('r'), `h${block}`], [`h${block + 1}`], { name: `${scope}/Add` }),
          ];
        }).flat(),
        node('Abs', [`h${blocks}`], ['y'], { name: '/head/Abs' }),
      ],
      outputs: ['y'],
      initializers: Array.from({ length: blocks }, (_, block) => weight(`encoder.layer.${block}.w`, [4, 4])),
    });

  test('are one closed box that says how many they are, and opens into them', async () => {
    const graph = encoder(12);
    const tree = buildModuleTree(graph);
    const expanded = initialExpansion(tree);
    const closed = await layoutGraph({ graph, tree, expanded });
    const box = closed.items.find(({ label }) => label.startsWith('12 ×'));
    expect(box).toMatchObject({ label: '12 × layer', caption: '3 nodes each', expanded: false, parameters: 12 * 16 });
    expect(nodeDetail(graph, box?.id ?? '').operator).toBe('3 nodes each');
    const open = await layoutGraph({ graph, tree, expanded: [...expanded, box?.id ?? ''] });
    expect(open.items.filter(({ parent }) => parent === box?.id).map(({ id }) => id)).toEqual(
      Array.from({ length: 12 }, (_, block) => `layer/${block}`),
    );
  });

  test('in the outline too, with every layer where it was', () => {
    const graph = encoder(4);
    const tree = buildModuleTree(graph);
    const [entry] = outline(tree, detectActivationLayers(graph));
    expect(entry).toMatchObject({ label: '4 × layer', detail: '4 layers' });
    expect(entry?.children.map(({ label }) => label)).toEqual(['0', '1', '2', '3']);
  });

  test('one that differs parts the row; fewer than three are left alone', () => {
    const labels = (graph: Graph): string[] => repeated(buildModuleTree(graph).root);
    expect(labels(encoder(9, 4))).toEqual(['4 × layer', '4 × layer']);
    expect(labels(encoder(2))).toEqual([]);
  });

  test('layers that read different sizes are not the same, nor are those with other attributes', () => {
    const graph = (size: (block: number) => number, to: (block: number) => bigint): Graph =>
      graphOf({
        nodes: Array.from({ length: 4 }, (_, block) => [
          node('Gemm', [`h${block}`, `w${block}`], [`a${block}`], { name: `/l/l.${block}/Gemm` }),
          node('Cast', [`a${block}`], [`h${block + 1}`], { name: `/l/l.${block}/Cast`, attributes: { to: to(block) } }),
        ]).flat(),
        inputs: ['h0'],
        outputs: ['h4'],
        initializers: Array.from({ length: 4 }, (_, block) => weight(`w${block}`, [size(block), 2])),
      });
    const same = (): bigint => 1n;
    expect(repeated(buildModuleTree(graph(() => 2, same)).root)).toEqual(['4 × l']);
    expect(repeated(buildModuleTree(graph((block) => (block === 2 ? 3 : 2), same)).root)).toEqual([]);
    expect(repeated(buildModuleTree(graph(() => 2, (block) => (block === 1 ? 7n : 1n))).root)).toEqual([]); // prettier-ignore
  });

  test('modules with names of their own stay apart, however alike they are', () => {
    const graph = graphOf({
      nodes: ['query', 'key', 'value'].flatMap((name) => [
        node('MatMul', ['x', `${name}.weight`], [`${name}_m`], { name: `/attention/${name}/MatMul` }),
        node('Add', [`${name}_m`, `${name}.bias`], [name], { name: `/attention/${name}/Add` }),
      ]),
      outputs: ['query', 'key', 'value'],
      initializers: ['query', 'key', 'value'].flatMap((name) => [weight(`${name}.weight`, [2, 2]), weight(`${name}.bias`, [2])]), // prettier-ignore
    });
    expect(repeated(buildModuleTree(graph).root)).toEqual([]);
  });

  test('where modules alternate, both are in the name', () => {
    const graph = graphOf({
      nodes: Array.from({ length: 6 }, (_, step) => {
        const [name, operators] = step % 2 === 0 ? ['attn', ['Neg', 'Abs']] : ['mlp', ['Exp', 'Log']];
        return operators.map((operator, part) =>
          node(operator, [`v${2 * step + part}`], [`v${2 * step + part + 1}`], {
            name: `/net/${name}${step}/${operator}`,
          }),
        );
      }).flat(),
      inputs: ['v0'],
      outputs: ['v12'],
    });
    const tree = buildModuleTree(graph);
    expect(repeated(tree.root)).toEqual(['3 × (attn, mlp)']);
    const labels = tree.module('net/block 2')?.items.map((item) => (isModule(item) ? item.label : item.name));
    expect(labels).toEqual(['attn2', 'mlp3']);
  });

  test('are found in a flat list without any names', () => {
    const layers = 24;
    const graph = graphOf({
      nodes: Array.from({ length: layers }, (_, layer) => [
        node('Gemm', [`h${layer}`, `w${layer}`, `b${layer}`], [`a${layer}`]),
        node('Relu', [`a${layer}`], [`h${layer + 1}`]),
      ]).flat(),
      inputs: ['h0'],
      outputs: [`h${layers}`],
      initializers: Array.from({ length: layers }, (_, layer) => [weight(`w${layer}`, [8, 8]), weight(`b${layer}`, [8])]).flat(), // prettier-ignore
    });
    const tree = buildModuleTree(graph);
    const [only] = tree.root.items;
    expect(only).toMatchObject({ label: '24 × block', blocks: 24, nodeCount: 48 });
    const members = only !== undefined && isModule(only) ? only.items.filter(isModule) : [];
    expect(members.map(({ label }) => label)).toEqual(Array.from({ length: layers }, (_, index) => `block ${index + 1}`)); // prettier-ignore
    expect(
      members.every(
        (block) =>
          nodesIn(block)
            .map(({ opType }) => opType)
            .join() === 'Gemm,Relu',
      ),
    ).toBe(true);
  });

  test('of a language model that is a flat list of nodes, with a mask that all blocks read', () => {
    const graph = createGraph(gpt({ layers: 12, width: 24, heads: 2, vocabulary: 20, longest: 16 }));
    const tree = buildModuleTree(graph);
    expect(repeated(tree.root)).toEqual(['12 × block']);
    const blocks = tree.root.items.filter(isModule).flatMap(({ items }) => items.filter(isModule));
    // Each block begins with its first normalisation and ends with its second sum.
    for (const block of blocks) {
      const operators = nodesIn(block).map(({ opType }) => opType);
      expect([operators[0], operators.at(-1)]).toEqual(['LayerNormalization', 'Add']);
      expect(operators.filter((operator) => operator === 'Softmax')).toHaveLength(1);
    }
    expect(blocks).toHaveLength(12);
  }, 60_000);

  test('in a graph of 10,000 nodes without names, every node is in the tree once, soon', () => {
    const nodes: NodeProto[] = Array.from({ length: 10_000 }, (_, index) =>
      node(['Neg', 'Abs', 'Add', 'Mul'][index % 4] ?? '', [`v${index}`, 's'], [`v${index + 1}`]),
    );
    const graph = graphOf({ nodes, inputs: ['v0'], outputs: ['v10000'], initializers: [scalar('s', 1)] });
    const start = performance.now();
    const tree = buildModuleTree(graph);
    expect(performance.now() - start).toBeLessThan(5000);
    expect(nodesIn(tree.root)).toHaveLength(10_000);
    expect(new Set(nodesIn(tree.root)).size).toBe(10_000);
    expect(repeated(tree.root)[0]).toBe('2500 × block');
    expect(largestLevel(tree.root)).toBeLessThanOrEqual(100);
  }, 30_000);
});

function repeated(module: Module): string[] {
  return module.items
    .filter(isModule)
    .flatMap((inner) => [...(inner.blocks === undefined ? [] : [inner.label]), ...repeated(inner)]);
}

function largestLevel(module: Module): number {
  return Math.max(module.items.length, ...module.items.filter(isModule).map(largestLevel));
}
