import { describe, expect, it } from 'vitest';
import { createEdgeBuilder } from '../../../src/core/circuits/edge-matrix.js';
import { graphJson, type GraphNode, type WrittenGraph } from '../../../src/core/circuits/graph-json.js';
import { influence } from '../../../src/core/circuits/influence.js';
import { readList } from '../../../src/core/features/lists/read-list.js';
import { matrix } from './matrix.js';

const NODES: readonly GraphNode[] = [
  { kind: 'token', position: 0, token: 11 },
  { kind: 'token', position: 1, token: 7 },
  { kind: 'feature', layer: 0, position: 1, feature: 4012, activation: 1.5 },
  { kind: 'error', layer: 0, position: 1 },
  { kind: 'feature', layer: 6, position: 1, feature: 3, activation: 0.25 },
  { kind: 'output', position: 1, token: 42, text: '“ cat”', probability: 0.625 },
  { kind: 'output', position: 1, token: 5, text: '“ dog”', probability: 0.25 },
];

const EDGES = matrix([[], [], [3, -1], [], [0, 0, 2, 2], [0, 0, 1, 0, 1], [0, 4]]);

const GRAPH: WrittenGraph = {
  model: 'tiny',
  slug: 'the-cat',
  transcoders: ['layer_0.safetensors'],
  prompt: 'The\ncat',
  tokens: ['The', '\ncat'],
  layers: 7,
  nodes: NODES,
  edges: EDGES,
  influence: influence(EDGES, Float64Array.of(0, 0, 0, 0, 0, 0.625, 0.25)).nodes,
  kept: {
    nodes: Uint8Array.of(1, 1, 1, 0, 1, 1, 1),
    // Rows: 2 of the first feature, 2 of the second, 2 and 1 of the outputs.
    edges: Uint8Array.of(1, 1, 1, 0, 1, 1, 1),
  },
  shares: { nodes: 0.8, edges: 0.98 },
  maximumFeatures: 2000,
  pinned: [2],
  groups: [{ name: 'animals', nodes: [4, 2, 5] }],
  clicked: 4,
};

interface Read {
  readonly metadata: Record<string, unknown>;
  readonly qParams: Record<string, unknown>;
  readonly nodes: readonly (Record<string, unknown> & { readonly node_id: string })[];
  readonly links: readonly { readonly source: string; readonly target: string; readonly weight: number }[];
}

async function textOf(graph: WrittenGraph): Promise<string> {
  const decoder = new TextDecoder();
  return (await graphJson(graph)).map((part) => decoder.decode(part)).join('');
}

async function written(graph: WrittenGraph): Promise<Read> {
  return JSON.parse(await textOf(graph)) as Read;
}

describe('a circuit as graph JSON', () => {
  it('has the fields of circuit-tracer, with Cantor’s pair for features', async () => {
    const { metadata, nodes } = await written(GRAPH);
    expect(metadata).toMatchObject({
      slug: 'the-cat',
      scan: 'tiny',
      transcoder_list: ['layer_0.safetensors'],
      prompt_tokens: ['The', '\ncat'],
      prompt: 'The\ncat',
      node_threshold: 0.8,
      schema_version: 1,
    });
    expect(nodes.map(({ node_id, feature, layer, ctx_idx, feature_type, jsNodeId }) => [
      node_id, feature, layer, ctx_idx, feature_type, jsNodeId,
    ])).toEqual([
      ['E_11_0', 0, 'E', 0, 'embedding', 'E_11-0'],
      ['E_7_1', 1, 'E', 1, 'embedding', 'E_7-1'],
      ['0_4012_1', (4012 * 4013) / 2 + 4012, '0', 1, 'cross layer transcoder', '0_4012-0'],
      ['6_3_1', 48, '6', 1, 'cross layer transcoder', '6_3-0'],
      ['8_42_1', 42, '8', 1, 'logit', 'L_42-1'],
      ['8_5_1', 5, '8', 1, 'logit', 'L_5-1'],
    ]); // prettier-ignore
    expect(nodes[4]).toMatchObject({ token_prob: 0.625, is_target_logit: true, clerp: 'Output “ cat” (p=0.625)' });
    expect(nodes[5]).toMatchObject({ token_prob: 0.25, is_target_logit: false });
    expect(nodes[2]).toMatchObject({ activation: 1.5, clerp: '' });
  });

  it('holds every field that Neuronpedia’s schema asks for, each node once', async () => {
    const { nodes } = await written({ ...GRAPH, kept: { ...GRAPH.kept, nodes: new Uint8Array(7).fill(1) } });
    const needed = ['node_id', 'feature', 'layer', 'ctx_idx', 'feature_type', 'jsNodeId', 'clerp'];
    for (const node of nodes) expect(Object.keys(node)).toEqual(expect.arrayContaining(needed));
    expect(new Set(nodes.map(({ node_id }) => node_id)).size).toBe(7);
    // Features of the first layer are never called as errors are.
    expect(nodes[3]).toMatchObject({ node_id: '0_-1_1', feature: -1, jsNodeId: '0_-1-1' });
  });

  it('tells what share of the influence nodes up to each hold, as a person adds it up', async () => {
    const { nodes } = await written(GRAPH);
    // On the outputs: ½ · 0.625 through each feature, ½ of the second through the first and through the error; the other
    // output comes from a token alone. Through the first feature: ¾ and ¼ of it from the tokens.
    const half = 0.3125;
    const [first, second, error] = [half + half / 2, half, half / 2];
    const [token0, token1] = [0.75 * first, 0.25 * first + 0.25];
    const total = first + second + error + token0 + token1;
    const sorted = [first, token1, token0, second, error].sort((a, b) => b - a);
    const held = (value: number): number =>
      sorted.slice(0, sorted.indexOf(value) + 1).reduce((sum, each) => sum + each, 0) / total;
    const found = nodes.map((node) => node.influence as number | null);
    [token0, token1, first, second].forEach((value, at) => expect(found[at]).toBeCloseTo(held(value), 12));
    expect(found.slice(4)).toEqual([null, null]);
  });

  it('has the kept edges alone, with pinned nodes, supernodes and the clicked one by their names', async () => {
    const { links, qParams } = await written(GRAPH);
    expect(links).toEqual([
      { source: 'E_11_0', target: '0_4012_1', weight: 3 },
      { source: 'E_7_1', target: '0_4012_1', weight: -1 },
      { source: '0_4012_1', target: '6_3_1', weight: 2 },
      { source: '0_4012_1', target: '8_42_1', weight: 1 },
      { source: '6_3_1', target: '8_42_1', weight: 1 },
      { source: 'E_7_1', target: '8_5_1', weight: 4 },
    ]);
    expect(qParams).toEqual({
      pinnedIds: ['0_4012_1'],
      supernodes: [['animals', '6_3_1', '0_4012_1', '8_42_1']],
      linkType: 'both',
      clickedId: '6_3_1',
      sg_pos: '',
    });
  });

  it('is read again by the importer of feature lists: features with the names of their groups', async () => {
    const { format, features, notes } = await readList(await textOf(GRAPH), 'graph.json');
    expect(format).toBe('a graph of circuit-tracer');
    expect(notes).toEqual([]);
    const named = features.filter(({ label }) => label.name !== '');
    expect(named.map(({ layer, feature, label, model }) => [layer, feature, label.name, model])).toEqual([
      [6, 3, 'animals', 'tiny'],
      [0, 4012, 'animals', 'tiny'],
    ]);
    expect(features.map(({ layer, feature }) => `${layer} ${feature}`)).toEqual(['6 3', '0 4012', '0 4012', '6 3']);
  });

  it('is whole where it has many links, and where it has none', async () => {
    const size = 3000;
    const nodes = Array.from({ length: size }, (_, position): GraphNode => ({ kind: 'token', position, token: 1 }));
    const builder = createEdgeBuilder(size);
    for (let node = 0; node < size; node++) builder.add(node === 0 ? [] : node < 3 ? [0] : [0, 1, 2], [1, 2, 3]);
    const edges = builder.finish();
    const kept = { nodes: new Uint8Array(size).fill(1), edges: new Uint8Array(edges.sources.length).fill(1) };
    const large = { ...GRAPH, nodes, edges, kept, influence: new Float64Array(size), pinned: [], groups: [] };
    expect((await written(large)).links.length).toBe(edges.sources.length);
    const none = { ...kept, edges: new Uint8Array(edges.sources.length) };
    expect((await written({ ...large, kept: none, clicked: undefined })).links).toEqual([]);
  });
});
