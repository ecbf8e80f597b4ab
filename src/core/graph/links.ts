/** Who feeds whom in a graph, as numbers: what walks over paths and neighbourhoods needs, in time linear in the edges. */
import type { Graph } from './graph.js';

/**
 * Vertices are the graph's nodes by index, then its inputs, then its outputs. The successors of vertex v are
 * `targets[starts[v]]` to `targets[starts[v + 1] − 1]`, each once per value that leads there.
 */
export interface Adjacency {
  readonly starts: Int32Array;
  readonly targets: Int32Array;
}

export interface GraphLinks {
  readonly nodeCount: number;
  readonly inputCount: number;
  readonly outputCount: number;
  readonly forward: Adjacency;
  readonly backward: Adjacency;
}

const cache = new WeakMap<Graph, GraphLinks>();

/** The links of a graph; a value that is made twice leads from its first maker only. Computed once per graph. */
export function graphLinks(graph: Graph): GraphLinks {
  const known = cache.get(graph);
  if (known !== undefined) return known;
  const links = build(graph);
  cache.set(graph, links);
  return links;
}

function build(graph: Graph): GraphLinks {
  const nodeCount = graph.nodes.length;
  const inputCount = graph.inputs.length;
  const outputCount = graph.outputs.length;
  const outputs = new Map<string, number[]>();
  graph.outputs.forEach(({ name }, position) => {
    const vertex = nodeCount + inputCount + position;
    const list = outputs.get(name);
    if (list === undefined) outputs.set(name, [vertex]);
    else list.push(vertex);
  });
  const from: number[] = [];
  const to: number[] = [];
  const follow = (vertex: number, value: string): void => {
    for (const reader of graph.consumersOf(value)) {
      from.push(vertex);
      to.push(reader.index);
    }
    for (const output of outputs.get(value) ?? []) {
      from.push(vertex);
      to.push(output);
    }
  };
  for (const node of graph.nodes) {
    for (const value of new Set(node.outputs)) {
      if (value !== '' && graph.producerOf(value) === node) follow(node.index, value);
    }
  }
  const seen = new Set<string>();
  graph.inputs.forEach(({ name }, position) => {
    if (!seen.has(name)) follow(nodeCount + position, name);
    seen.add(name);
  });
  const vertices = nodeCount + inputCount + outputCount;
  return {
    nodeCount,
    inputCount,
    outputCount,
    forward: adjacency(vertices, from, to),
    backward: adjacency(vertices, to, from),
  };
}

function adjacency(vertices: number, from: readonly number[], to: readonly number[]): Adjacency {
  const starts = new Int32Array(vertices + 1);
  for (const vertex of from) starts[vertex + 1] = (starts[vertex + 1] ?? 0) + 1;
  for (let vertex = 0; vertex < vertices; vertex++) {
    starts[vertex + 1] = (starts[vertex + 1] ?? 0) + (starts[vertex] ?? 0);
  }
  const next = starts.slice();
  const targets = new Int32Array(from.length);
  from.forEach((vertex, edge) => {
    const place = next[vertex] ?? 0;
    targets[place] = to[edge] ?? 0;
    next[vertex] = place + 1;
  });
  return { starts, targets };
}
