/**
 * How much every node and edge of an attribution graph matters for its outputs, and which are enough (formats 3.5: the
 * definitions of circuit-tracer). Rows of |A| are normalised to sum 1; the influence of a node is w (A + A² + …) with w the
 * weights of the outputs. As a source stands before its targets, one sweep from the last node to the first gives the whole
 * series exactly.
 */
import { breather } from '../breathe.js';
import { forEachEdge, type EdgeMatrix } from './edge-matrix.js';

/** A row whose sizes sum to less is divided by this instead: it has no influence to speak of. */
export const SMALLEST_ROW = 1e-10;

/** What each of a node's edges is divided by: the sum of their sizes. Edges that are left out do not count. */
function rowSums(edges: EdgeMatrix, kept: (source: number, target: number, edge: number) => boolean): Float64Array {
  const sums = new Float64Array(edges.size);
  for (let target = 0; target < edges.size; target++) {
    let sum = 0;
    forEachEdge(edges, target, (source, weight, edge) => {
      if (kept(source, target, edge)) sum += Math.abs(weight);
    });
    sums[target] = Math.max(sum, SMALLEST_ROW);
  }
  return sums;
}

const ALL = (): boolean => true;

export interface Influence {
  /** w (A + A² + …) by node: its weight as an output is not in it. */
  readonly nodes: Float64Array;
  /** By edge: its share of its target's edges, times the target's influence and weight. */
  readonly edges: Float64Array;
}

/** @param outputs weights w of the outputs by node (probabilities of the tokens), 0 elsewhere. */
export function influence(
  edges: EdgeMatrix,
  outputs: Float64Array,
  kept: (source: number, target: number, edge: number) => boolean = ALL,
): Influence {
  const sums = rowSums(edges, kept);
  const nodes = new Float64Array(edges.size);
  const byEdge = new Float64Array(edges.weights.length);
  for (let target = edges.size - 1; target >= 0; target--) {
    const reaching = (nodes[target] as number) + (outputs[target] as number);
    if (reaching === 0) continue;
    forEachEdge(edges, target, (source, weight, edge) => {
      if (!kept(source, target, edge)) return;
      const passed = (Math.abs(weight) / (sums[target] as number)) * reaching;
      byEdge[edge] = passed;
      nodes[source] = (nodes[source] as number) + passed;
    });
  }
  return { nodes, edges: byEdge };
}

/** Buckets by the leading bits of a positive double: sign, exponent and four bits of the fraction. */
const BUCKETS = 2 ** 15;
const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/**
 * The largest value such that those of at least this size hold a share of the sum of all; in the time of two looks at each.
 * @param values none below 0. @param count the first ones that count; all where absent.
 */
export function thresholdFor(values: Float64Array, share: number, count = values.length): number {
  const halves = new Uint32Array(values.buffer, values.byteOffset, 2 * count);
  const bucketOf = (at: number): number => (halves[2 * at + (LITTLE_ENDIAN ? 1 : 0)] as number) >>> 16;
  const sums = new Float64Array(BUCKETS);
  for (let at = 0; at < count; at++) {
    const bucket = bucketOf(at);
    sums[bucket] = (sums[bucket] as number) + (values[at] as number);
  }
  let total = 0;
  for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) total += sums[bucket] as number;
  let sum = 0;
  for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) {
    const inside = sums[bucket] as number;
    if (inside === 0) continue;
    if (sum + inside < share * total) {
      sum += inside;
      continue;
    }
    const members: number[] = [];
    for (let at = 0; at < count; at++) if (bucketOf(at) === bucket) members.push(values[at] as number);
    members.sort((a, b) => b - a);
    for (const value of members) {
      sum += value;
      if (sum >= share * total) return value;
    }
    return members.at(-1) ?? 0;
  }
  return 0;
}

/** What a node is, as far as pruning asks. Outputs and tokens always stay; errors have no edges that lead to them. */
export type NodeKind = 'token' | 'feature' | 'error' | 'output';

export interface Pruned {
  /** By node. */
  readonly nodes: Uint8Array;
  /** By edge. */
  readonly edges: Uint8Array;
}

export interface PruneShares {
  /** Influence that the kept nodes hold together; 0.8 in circuit-tracer. */
  readonly nodes: number;
  /** Influence that the kept edges between them hold together; 0.98 in circuit-tracer. */
  readonly edges: number;
}

export const PRUNE_SHARES: PruneShares = { nodes: 0.8, edges: 0.98 };

export interface GraphScores {
  /** Σ influence of tokens / (Σ of tokens + Σ of errors): how much of the answer goes through features. */
  readonly replacement: number;
  /** Σ (1 − errors’ share of a node’s edges) · (influence + weight) / Σ (influence + weight). */
  readonly completeness: number;
}

/** Of the whole graph, or of what is kept of it. NaN where nothing leads to an output. @throws CancelledError. */
export async function graphScores(
  edges: EdgeMatrix,
  kinds: readonly NodeKind[],
  outputs: Float64Array,
  pruned?: Pruned,
  signal?: AbortSignal,
): Promise<GraphScores> {
  const pause = breather(signal);
  const kept =
    pruned === undefined ? ALL : (_source: number, _target: number, edge: number) => pruned.edges[edge] === 1;
  const { nodes } = influence(edges, outputs, kept);
  await pause();
  let [tokens, errors, explained, all] = [0, 0, 0, 0];
  for (let node = 0; node < edges.size; node++) {
    const reaching = (nodes[node] as number) + (outputs[node] as number);
    if (kinds[node] === 'token') tokens += nodes[node] as number;
    if (kinds[node] === 'error') errors += nodes[node] as number;
    let [fromErrors, sum] = [0, 0];
    forEachEdge(edges, node, (source, weight, edge) => {
      if (!kept(source, node, edge)) return;
      sum += Math.abs(weight);
      if (kinds[source] === 'error') fromErrors += Math.abs(weight);
    });
    all += reaching;
    explained += (1 - fromErrors / Math.max(sum, SMALLEST_ROW)) * reaching;
    await pause();
  }
  return { replacement: tokens / (tokens + errors), completeness: explained / all };
}
