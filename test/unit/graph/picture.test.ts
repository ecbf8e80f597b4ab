import { describe, expect, test } from 'vitest';
import { CancelledError } from '../../../src/core/errors.js';
import type { NodeProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import type { GraphItem, GraphPicture } from '../../../src/core/graph/description.js';
import { createGraph, type Graph } from '../../../src/core/graph/graph.js';
import { buildModuleTree, isModule, type Module } from '../../../src/core/graph/modules.js';
import { initialExpansion } from '../../../src/core/graph/picture/first-picture.js';
import { layoutGraph } from '../../../src/core/graph/picture/layout.js';
import { modelProto, node, type GraphParts } from '../graph-builder.js';

const graphOf = (parts: GraphParts): Graph => createGraph(modelProto(parts));

/** An encoder of two blocks with a mask that every block reads, and skip connections in and around the blocks. */
const encoder = graphOf({
  nodes: [
    node('Neg', ['mask'], ['m'], { name: '/mask/Neg' }),
    node('Abs', ['m'], ['m2'], { name: '/mask/Abs' }),
    ...[0, 1].flatMap((block) => {
      const scope = `/encoder/encoder.${block}`;
      const x = block === 0 ? 'x' : 'b0_out';
      const value = (name: string): string => `b${block}_${name}`;
      return [
        node('Exp', [x], [value('norm')], { name: `${scope}/norm/Exp` }),
        node('Mul', [value('norm'), 'm2'], [value('scores')], { name: `${scope}/attention/Mul` }),
        node('Sin', [value('scores')], [value('mixed')], { name: `${scope}/attention/Sin` }),
        node('Add', [value('mixed'), x], [value('out')], { name: `${scope}/Add` }),
      ];
    }),
    node('Sub', ['b1_out', 'b0_norm'], ['y'], { name: '/Sub' }),
  ],
  inputs: ['x', 'mask'],
  outputs: ['y'],
});
const tree = buildModuleTree(encoder);
const everything = modulesOf(tree.root);

describe('a picture with open modules', () => {
  test('each edge begins at the box it leaves and ends at the box it enters, in steps along one axis', async () => {
    const picture = await layoutGraph({ graph: encoder, tree, expanded: everything });
    expect(picture.expanded.length).toBe(everything.length);
    expectConnected(picture);
    const pairs = picture.edges.map(({ from, to }) => `${from} ${to}`);
    // As the graph has them: by node index, the inputs and the output.
    expect(pairs.sort()).toEqual(
      ['#input 1 #0', '#0 #1', '#input 0 #2', '#input 0 #5', '#1 #3', '#1 #7', '#2 #3', '#2 #10', '#3 #4', '#4 #5',
        '#5 #6', '#5 #9', '#6 #7', '#7 #8', '#8 #9', '#9 #10', '#10 #output 0'].sort(),
    ); // prettier-ignore
  });

  test('lines run through no box that they do not belong to', async () => {
    const picture = await layoutGraph({ graph: encoder, tree, expanded: everything });
    expectNoLineThroughBoxes(picture);
    const half = await layoutGraph({ graph: encoder, tree, expanded: ['encoder', 'encoder/1'] });
    expectNoLineThroughBoxes(half);
    expectConnected(half);
  });

  test('the inside of a module is the same whatever is open elsewhere', async () => {
    const alone = await layoutGraph({ graph: encoder, tree, expanded: ['encoder', 'encoder/1'] });
    const among = await layoutGraph({
      graph: encoder,
      tree,
      expanded: everything.filter((id) => id !== 'encoder/1/attention'),
    });
    const inside = ({ items }: GraphPicture): unknown => {
      const corner = items.find(({ id }) => id === 'encoder/1')?.box ?? [0, 0, 0, 0];
      return items
        .filter(({ parent }) => parent === 'encoder/1')
        .map(({ id, box: [x, y, width, height] }) => [
          id,
          Math.round(x - corner[0]),
          Math.round(y - corner[1]),
          width,
          height,
        ]);
    };
    expect(inside(alone)).toEqual(inside(among));
  });

  test('the same question has the same answer', async () => {
    const ask = (): Promise<GraphPicture> => layoutGraph({ graph: encoder, tree, expanded: everything });
    expect(await ask()).toEqual(await ask());
  });

  test('lines that several values share are one edge, told apart where they part', async () => {
    const graph = graphOf({
      nodes: [
        node('Split', ['x'], ['a', 'b', 'c'], { name: '/one/Split' }),
        node('Neg', ['x'], ['d'], { name: '/one/Neg' }),
        node('Add', ['a', 'b'], ['e'], { name: '/two/Add' }),
        node('Add', ['c', 'e'], ['f'], { name: '/two/Add_1' }),
        node('Add', ['d', 'f'], ['y'], { name: '/two/Add_2' }),
      ],
      outputs: ['y'],
    });
    const picture = await layoutGraph({ graph, tree: buildModuleTree(graph), expanded: ['two'] });
    const labels = picture.edges.filter(({ from }) => from === 'one').map(({ to, label }) => `${to} ${label}`);
    expect(labels).toEqual(['#2 2 values', '#3 c', '#4 d']);
    expectConnected(picture);
  });

  test('labels tell what is known of values beyond the file', async () => {
    const typeOf = (value: string) => ({ type: 'float32', shape: [value.length, '2 × n'] });
    const picture = await layoutGraph({ graph: encoder, tree, expanded: [], typeOf });
    expect(picture.edges.find(({ label }) => label.startsWith('m2'))?.label).toBe('m2: float32 [2, 2 × n]');
  });
});

describe('pictures of graphs that are out of the ordinary', () => {
  test('a graph with 10,000 inputs, and a node that reads 5,000 values', async () => {
    const nodes = Array.from({ length: 5000 }, (_, index) => node('Neg', [`x${index}`], [`v${index}`]));
    nodes.push(node('Sum', nodes.flatMap(({ output }) => output), ['y'])); // prettier-ignore
    const inputs = Array.from({ length: 10_000 }, (_, index) => `x${index}`);
    const graph = graphOf({ nodes, inputs, outputs: ['y'] });
    const flat = buildModuleTree(graph);
    expectConnected(await layoutGraph({ graph, tree: flat, expanded: initialExpansion(flat) }));
    const first = flat.root.items.filter(isModule).slice(0, 2);
    const open = [...first, ...first.flatMap(({ items }) => items.filter(isModule).slice(0, 2))].map(({ id }) => id);
    expectConnected(await layoutGraph({ graph, tree: flat, expanded: open }));
  }, 30_000);

  test('where every node reads all before it, the lines are too many to untangle, and all are drawn', async () => {
    const nodes: NodeProto[] = [];
    for (let step = 0; step < 60; step++) {
      nodes.push(node('Sum', Array.from({ length: step + 1 }, (_, before) => `v${before}`), [`v${step + 1}`])); // prettier-ignore
    }
    const graph = graphOf({ nodes, inputs: ['v0'], outputs: ['v60'] });
    const start = performance.now();
    const picture = await layoutGraph({ graph, tree: buildModuleTree(graph), expanded: [] });
    expect(picture.edges).toHaveLength((60 * 61) / 2 + 1);
    expectConnected(picture);
    expect(performance.now() - start).toBeLessThan(20_000);
  }, 30_000);

  test('a layout is cancelled between two levels', async () => {
    const nodes = Array.from({ length: 3000 }, (_, index) =>
      node(index % 3 === 0 ? 'Neg' : 'Abs', [`v${index}`, `v${index - (index % 29)}`], [`v${index + 1}`]),
    );
    const graph = graphOf({ nodes, inputs: ['v0'], outputs: ['v3000'] });
    const flat = buildModuleTree(graph);
    const controller = new AbortController();
    const layout = layoutGraph({ graph, tree: flat, expanded: modulesOf(flat.root), signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    await expect(layout).rejects.toBeInstanceOf(CancelledError);
  }, 30_000);
});

/** Ids of all modules inside, outer ones first. */
function modulesOf(module: Module): string[] {
  return module.items.filter(isModule).flatMap((inner) => [inner.id, ...modulesOf(inner)]);
}

function expectConnected({ items, edges }: GraphPicture): void {
  const boxes = new Map(items.map((item) => [item.id, item]));
  for (const { from, to, points } of edges) {
    const [source, target] = [boxes.get(from), boxes.get(to)];
    if (source === undefined || target === undefined) throw new Error(`${from} or ${to} is not drawn`);
    expect(onBorder(source, points[0], points[1])).toBe(true);
    expect(onBorder(target, points.at(-2), points.at(-1))).toBe(true);
    for (let index = 0; index + 3 < points.length; index += 2) {
      const [dx, dy] = [step(points, index), step(points, index + 1)];
      expect(Math.min(dx, dy)).toBeLessThan(0.5);
    }
  }
}

const step = (points: readonly number[], index: number): number =>
  Math.abs((points[index + 2] ?? NaN) - (points[index] ?? NaN));

function onBorder({ box: [left, top, width, height] }: GraphItem, x = NaN, y = NaN): boolean {
  const near = (a: number, b: number): boolean => Math.abs(a - b) < 1;
  const inside = x >= left - 1 && x <= left + width + 1 && y >= top - 1 && y <= top + height + 1;
  return inside && (near(x, left) || near(x, left + width) || near(y, top) || near(y, top + height));
}

function expectNoLineThroughBoxes({ items, edges }: GraphPicture): void {
  for (const { from, to, points } of edges) {
    for (const {
      id,
      expanded,
      box: [left, top, width, height],
    } of items) {
      if (expanded || id === from || id === to) continue;
      for (let index = 0; index + 3 < points.length; index += 2) {
        const [x, y, toX, toY] = points.slice(index, index + 4) as [number, number, number, number];
        const apart =
          Math.max(x, toX) <= left + 1 || Math.min(x, toX) >= left + width - 1 ||
          Math.max(y, toY) <= top + 1 || Math.min(y, toY) >= top + height - 1; // prettier-ignore
        if (!apart) throw new Error(`The line from ${from} to ${to} runs through ${id}`);
      }
    }
  }
}
