import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ProblemError } from '../../../src/core/errors.js';
import type { Graph } from '../../../src/core/graph/graph.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { buildModuleTree } from '../../../src/core/graph/modules.js';
import type { FileResult, NodeMetric, PassResult, RunResult } from '../../../src/core/passes/result.js';
import type { Places } from '../../../src/protocol/graph-questions.js';
import { graphQuestions, type Questioned } from '../../../src/worker/graph-questions.js';
import type { Network } from '../../../src/worker/open-model.js';
import { modelProto, node, valueInfo, weight } from '../graph-builder.js';

const operatorsFile = join(fileURLToPath(new URL('../../..', import.meta.url)), 'media/operators.json');

/** image → stage (a: Conv, Relu; b: Conv, Relu) → Softmax → logits, and a node with a body. */
const branch = modelProto({ nodes: [node('Neg', ['logits'], ['n'])], inputs: [], outputs: ['n'] }).graph;
const graph = createGraph(
  modelProto({
    nodes: [
      node('Conv', ['image', 'stage.a.weight'], ['a1'], { name: '/stage/a/Conv', attributes: { strides: [2, 2] } }),
      node('Relu', ['a1'], ['r1'], { name: '/stage/a/Relu' }),
      node('Conv', ['r1', 'stage.b.weight'], ['b1'], { name: '/stage/b/Conv' }),
      node('Relu', ['b1'], ['r2'], { name: '/stage/b/Relu' }),
      node('Softmax', ['r2'], ['logits'], { name: '/Softmax' }),
      node('Tanh', ['a1'], ['side'], { name: '/Tanh' }),
      node('If', ['c'], ['y'], { name: '/If', attributes: { then_branch: branch ?? expect.fail() } }),
    ],
    inputs: [valueInfo('image', ['batch', 3, 8, 8]), valueInfo('c', [])],
    outputs: ['logits', 'y', 'side'],
    initializers: [weight('stage.a.weight', [4, 3, 3, 3]), weight('stage.b.weight', [4, 4, 3, 3])],
  }),
);

const operations: NodeMetric = {
  id: 'node-operations',
  label: 'Operations',
  definition: 'Arithmetic operations.',
  format: 'count',
  scale: 'sequential',
  spread: 'logarithmic',
  aggregate: 'sum',
  values: Float64Array.from([100, 10, 200, 20, NaN, 5, NaN]),
};
const pass: PassResult = {
  pass: 'p',
  passVersion: 1,
  answer: '',
  findings: [],
  layerMetrics: [],
  unitMetrics: [],
  exampleMetrics: [],
  curves: [],
};
const fileResult: FileResult = {
  passes: [{ ...pass, nodeMetrics: [operations] }],
  sizes: {},
  seconds: 0,
  finished: '',
};
const zeroShare = { ...operations, id: 'layer-zero-share', label: 'Zero share', format: 'share' as const };
const result = {
  passes: [{ ...pass, layerMetrics: [{ ...zeroShare, spread: undefined, values: { r1: 0.25, r2: 0.75 } }] }],
} as unknown as RunResult;

function questions(of: Graph = graph, more: Partial<Questioned> = {}) {
  const network = { graph: of, tree: buildModuleTree(of) } as unknown as Network;
  const questioned: Questioned = {
    network,
    results: { result: undefined, fileResult: undefined },
    typeOf: () => undefined,
    ...more,
  };
  return graphQuestions(() => questioned, operatorsFile);
}

/** "#0 in stage/a in stage". */
function inWords({ items, within, modules, around }: Places): string[] {
  return items.map((item, index) => {
    let text = item;
    for (let module = within[index] ?? -1; module >= 0; module = around[module] ?? -1) text += ` in ${modules[module]}`;
    return text;
  });
}

describe('a search', () => {
  it('tells each match with the modules around it', async () => {
    const answer = await questions().search({ query: 'op:Relu,Softmax' });
    if (answer.kind !== 'found') expect.fail();
    expect(inWords(answer.places)).toEqual(['#1 in stage/a in stage', '#3 in stage/b in stage', '#4']);
    expect(answer.total).toBe(3);
    const named = await questions().search({ query: 'stage' });
    if (named.kind !== 'found') expect.fail();
    expect(inWords(named.places)[0]).toBe('stage');
    const ends = await questions().search({ query: 'kind:input,output' });
    if (ends.kind !== 'found') expect.fail();
    expect(inWords(ends.places)).toEqual(['#input 0', '#input 1', '#output 0', '#output 1', '#output 2']);
  });

  it('takes what passes measured, of nodes and of layers, and what the engine inferred', async () => {
    const asked = questions(graph, {
      results: { result, fileResult },
      typeOf: () => (value) => (value === 'logits' ? { type: 'float32', shape: ['batch', 10] } : undefined),
    });
    const found = async (query: string): Promise<string[]> => {
      const answer = await asked.search({ query });
      return answer.kind === 'found' ? [...answer.places.items] : answer.problems.map(({ message }) => message);
    };
    expect(await found('operations:>50')).toEqual(['#0', '#2']);
    expect(await found('zero-share:>50%')).toEqual(['#3']);
    expect(await found('shape:batchx10')).toEqual(['#4']);
    expect(await found('zero:>1')).toEqual([
      'There is no field “zero”. Did you mean “zero-share”? A text with a colon stands in quotes.',
    ]);
    const { items } = await asked.completions({ query: 'zero', cursor: 4 });
    expect(items.map(({ text }) => text)).toEqual(['zero-share:']);
  });

  it('is of one graph: the main one, or a body', async () => {
    const answer = await questions().search({ query: 'op:Neg,Relu', scope: '#6.0' });
    expect(answer).toMatchObject({ kind: 'found', total: 1, places: { items: ['#6.0/#0'] } });
    const { items } = await questions().completions({ query: 'op:', cursor: 3, scope: '#6.0' });
    expect(items.map(({ text }) => text)).toEqual(['Neg']);
    await expect(questions().search({ query: 'a', scope: '#5.0' })).rejects.toThrow(ProblemError);
    await expect(questions().search({ query: 'a', scope: 'nonsense' })).rejects.toThrow(ProblemError);
  });

  it('says what is not understood', async () => {
    expect(await questions().search({ query: 'oops:1' })).toMatchObject({
      kind: 'problems',
      problems: [{ from: 0, to: 4 }],
    });
  });
});

describe('a path', () => {
  it('is told with its places, between nodes and between modules', async () => {
    const answer = await questions().path({ from: '#output 0', to: '#input 0' });
    if (answer.kind !== 'path') expect.fail();
    expect(answer).toMatchObject({ direction: 'backward', nodes: 5 });
    expect(inWords(answer.shortest)[1]).toBe('#0 in stage/a in stage');
    const modules = await questions().path({ from: 'stage/a', to: 'stage/b' });
    if (modules.kind !== 'path') expect.fail();
    expect(modules.shortest.items).toEqual(['#1', '#2']);
  });

  it('that does not exist has a reason, and where the ways part', async () => {
    const answer = await questions().path({ from: '#5', to: '#2' });
    if (answer.kind !== 'none') expect.fail();
    expect(answer.reason).toBe(
      'Neither is computed from the other: both branch off from “/stage/a/Conv” (Conv), and they never meet again.',
    );
    expect(answer.related.items).toEqual(['#0']);
  });

  it('lies in one graph, also in that of a body', async () => {
    const inside = await questions().path({ from: '#6.0/#0', to: '#6.0/#output 0' });
    expect(inside).toMatchObject({ kind: 'path', shortest: { items: ['#6.0/#0', '#6.0/#output 0'] } });
    await expect(questions().path({ from: '#6.0/#0', to: '#0' })).rejects.toThrow('A path lies in one graph');
  });

  it('is refused between items that are not there', async () => {
    for (const id of ['#99', 'no such module', '#outer 0']) {
      await expect(questions().path({ from: id, to: '#0' })).rejects.toThrow(ProblemError);
    }
  });
});

describe('the documentation of an operator', () => {
  it('stands beside the values of the node, also in a body', async () => {
    const conv = await questions().documentation({ id: '#0' });
    expect(conv).toMatchObject({ source: 'operator', operator: 'Conv', since: 11 });
    expect(conv.attributes.find(({ name }) => name === 'strides')?.value).toBe('[2, 2]');
    expect((await questions().documentation({ id: '#6.0/#0' })).operator).toBe('Neg');
    await expect(questions().documentation({ id: 'stage' })).rejects.toThrow(ProblemError);
    await expect(questions().documentation({ id: '#9.0/#0' })).rejects.toThrow(ProblemError);
  });
});

describe('a colouring', () => {
  it('becomes a file of another tool', async () => {
    const asked = questions(graph, { results: { result, fileResult } });
    const netron = JSON.parse(await asked.interchange({ format: 'netron', metric: 'node-operations', dark: true })) as {
      metrics: unknown[];
    };
    expect(netron.metrics).toHaveLength(5);
    const explorer = JSON.parse(
      await asked.interchange({ format: 'model-explorer', metric: 'layer-zero-share', dark: false }),
    ) as { results: object };
    expect(explorer.results).toEqual({ '/stage/a/Relu': { value: 0.25 }, '/stage/b/Relu': { value: 0.75 } });
    expect(await asked.interchange({ format: 'netron', metric: 'parameters', dark: true })).toContain('Parameters');
    await expect(asked.interchange({ format: 'netron', metric: 'gone', dark: true })).rejects.toThrow(ProblemError);
  });
});
