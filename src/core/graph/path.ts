/** The way that numbers take from one place of a graph to another. */
import { problem } from '../errors.js';
import { displayText } from '../display-text.js';
import type { Graph } from './graph.js';
import { graphLinks, type Adjacency, type GraphLinks } from './links.js';
import { isHidden } from './scopes.js';

/** A node by its index, or one of the graph's inputs or outputs by its position. */
export interface PathEnd {
  readonly kind: 'node' | 'input' | 'output';
  readonly index: number;
}

export interface Path {
  readonly kind: 'path';
  /** Whether data flows from `from` to `to`, or the other way. */
  readonly direction: 'forward' | 'backward';
  /** A path with the fewest nodes, in the direction of the data, both ends included. */
  readonly shortest: readonly PathEnd[];
  /** Everything that lies on any path between the two, both ends included: inputs, nodes in topological order, outputs. */
  readonly onAnyPath: readonly PathEnd[];
}

export interface NoPath {
  readonly kind: 'none';
  /** Why, in one or two sentences. */
  readonly reason: string;
  /** What both are computed from, the fewest steps up; undefined where there is nothing. */
  readonly commonAncestor?: PathEnd;
  /** What is computed from both, the fewest steps down; undefined where there is nothing. */
  readonly commonDescendant?: PathEnd;
}

/**
 * The paths between two places, whichever way the data flows; both ways (in a graph with cycles) counts as forward. A
 * module is the list of its nodes: a path leads from any of them. Time is linear in the graph's edges.
 * @throws ProblemError `not-applicable` when the graph has no such place.
 */
export function pathBetween(
  graph: Graph,
  from: PathEnd | readonly PathEnd[],
  to: PathEnd | readonly PathEnd[],
): Path | NoPath {
  const links = graphLinks(graph);
  const starts = verticesOf(links, from);
  const ends = verticesOf(links, to);
  const [downFrom, downTo] = [distances(links.forward, starts), distances(links.forward, ends)];
  const [upFrom, upTo] = [distances(links.backward, starts), distances(links.backward, ends)];
  const [end, start] = [closest(downFrom, ends), closest(downTo, starts)];
  if (end !== undefined) return path(graph, links, 'forward', downFrom, upTo, end);
  if (start !== undefined) return path(graph, links, 'backward', downTo, upFrom, start);
  const ancestor = nearest(graph, links, upFrom, upTo);
  const descendant = nearest(graph, links, downFrom, downTo);
  return {
    kind: 'none',
    reason: reasonFor(graph, ancestor, descendant),
    ...(ancestor === undefined ? {} : { commonAncestor: ancestor }),
    ...(descendant === undefined ? {} : { commonDescendant: descendant }),
  };
}

function verticesOf(links: GraphLinks, ends: PathEnd | readonly PathEnd[]): readonly number[] {
  return (isList(ends) ? ends : [ends]).map((end) => vertexOf(links, end));
}

function isList(ends: PathEnd | readonly PathEnd[]): ends is readonly PathEnd[] {
  return Array.isArray(ends);
}

/** The vertex that is reached in the fewest steps; undefined where none is. */
function closest(steps: Int32Array, vertices: readonly number[]): number | undefined {
  let found: number | undefined;
  for (const vertex of vertices) {
    const own = steps[vertex] ?? -1;
    if (own >= 0 && (found === undefined || own < (steps[found] ?? 0))) found = vertex;
  }
  return found;
}

function vertexOf({ nodeCount, inputCount, outputCount }: GraphLinks, { kind, index }: PathEnd): number {
  const [count, before] =
    kind === 'node'
      ? [nodeCount, 0]
      : kind === 'input'
        ? [inputCount, nodeCount]
        : [outputCount, nodeCount + inputCount];
  if (Number.isSafeInteger(index) && index >= 0 && index < count) return before + index;
  throw problem('not-applicable', 'The graph has no such item.', {
    place: `${kind} ${index}`,
    remedy: 'The file may have changed: reload it.',
  });
}

function endOf({ nodeCount, inputCount }: GraphLinks, vertex: number): PathEnd {
  if (vertex < nodeCount) return { kind: 'node', index: vertex };
  if (vertex < nodeCount + inputCount) return { kind: 'input', index: vertex - nodeCount };
  return { kind: 'output', index: vertex - nodeCount - inputCount };
}

/** Steps from the nearest of `from` to every vertex, −1 where there is no way (breadth first). */
function distances({ starts, targets }: Adjacency, from: readonly number[]): Int32Array {
  const steps = new Int32Array(starts.length - 1).fill(-1);
  const queue = new Int32Array(steps.length);
  let length = 0;
  for (const vertex of from) {
    if (steps[vertex] === 0) continue;
    steps[vertex] = 0;
    queue[length++] = vertex;
  }
  for (let next = 0; next < length; next++) {
    const vertex = queue[next] ?? 0;
    const last = starts[vertex + 1] ?? 0;
    for (let edge = starts[vertex] ?? 0; edge < last; edge++) {
      const target = targets[edge] ?? 0;
      if (steps[target] !== -1) continue;
      steps[target] = (steps[vertex] ?? 0) + 1;
      queue[length++] = target;
    }
  }
  return steps;
}

/** @param down steps from the start of the data. @param up steps back from its end, the vertex `end`. */
function path(
  graph: Graph,
  links: GraphLinks,
  direction: Path['direction'],
  down: Int32Array,
  up: Int32Array,
  end: number,
): Path {
  const shortest: PathEnd[] = [];
  for (let vertex: number | undefined = end; vertex !== undefined; vertex = stepBack(links.backward, down, vertex)) {
    shortest.push(endOf(links, vertex));
  }
  const isOn = (vertex: number): boolean => (down[vertex] ?? -1) >= 0 && (up[vertex] ?? -1) >= 0;
  const vertices = [
    ...range(links.nodeCount, links.inputCount),
    ...graph.order.map(({ index }) => index),
    ...range(links.nodeCount + links.inputCount, links.outputCount),
  ];
  return {
    kind: 'path',
    direction,
    shortest: shortest.reverse(),
    onAnyPath: vertices.filter(isOn).map((vertex) => endOf(links, vertex)),
  };
}

/** A predecessor that is one step nearer to the start; undefined at the start itself. */
function stepBack({ starts, targets }: Adjacency, down: Int32Array, vertex: number): number | undefined {
  const wanted = (down[vertex] ?? 0) - 1;
  if (wanted < 0) return undefined;
  return targets.subarray(starts[vertex] ?? 0, starts[vertex + 1] ?? 0).find((source) => down[source] === wanted);
}

/** The vertex that both can reach in the fewest steps together; constants are common to all and tell nothing. */
function nearest(graph: Graph, links: GraphLinks, a: Int32Array, b: Int32Array): PathEnd | undefined {
  let found: { readonly vertex: number; readonly steps: number } | undefined;
  for (let vertex = 0; vertex < a.length; vertex++) {
    const [left = -1, right = -1] = [a[vertex], b[vertex]];
    if (left < 0 || right < 0) continue;
    const node = graph.nodes[vertex];
    if (node !== undefined && isHidden(node)) continue;
    if (found === undefined || left + right < found.steps) found = { vertex, steps: left + right };
  }
  return found && endOf(links, found.vertex);
}

function reasonFor(graph: Graph, ancestor: PathEnd | undefined, descendant: PathEnd | undefined): string {
  const meet = descendant === undefined ? 'they never meet again' : `they meet again in ${named(graph, descendant)}`;
  if (ancestor === undefined) return `Neither is computed from the other, nor both from a third; ${meet}.`;
  return `Neither is computed from the other: both branch off from ${named(graph, ancestor)}, and ${meet}.`;
}

function named(graph: Graph, { kind, index }: PathEnd): string {
  if (kind === 'input') return `the input “${displayText(graph.inputs[index]?.name ?? '', 80)}”`;
  if (kind === 'output') return `the output “${displayText(graph.outputs[index]?.name ?? '', 80)}”`;
  const node = graph.nodes[index];
  const operator = displayText(node?.opType ?? '', 80);
  return node === undefined || node.name === ''
    ? `node ${index} (${operator})`
    : `“${displayText(node.name, 80)}” (${operator})`;
}

function range(start: number, count: number): number[] {
  return Array.from({ length: count }, (_, offset) => start + offset);
}
