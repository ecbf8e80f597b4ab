/**
 * The strongest ways to a target (formats section 4, item 7): from the target backwards, a beam of the paths that add most.
 * A path s → f₁ → … → target contributes a_s (W_dec[s] · enc f₁) (W_dec[f₁] · enc f₂) …, which is the product of its edges over
 * the activations of the features between. Only positive contributions are followed. Paths share their ends: their
 * contributions must not be added up.
 */
import type { CircuitNode } from './attribution-graph.js';
import { forEachEdge, type EdgeMatrix } from './edge-matrix.js';

export interface CircuitPath {
  /** From the source to the target. */
  readonly nodes: readonly number[];
  /** In the unit of the target. */
  readonly contribution: number;
}

/** Paths that are followed at once; 5 in transcoder_circuits. */
export const PATH_BRANCHES = 5;

interface Step extends CircuitPath {
  readonly ended: boolean;
}

/** @param target a node that has edges. @param branches paths that are kept after each step. @returns strongest first. */
export function strongestPaths(
  nodes: readonly CircuitNode[],
  edges: EdgeMatrix,
  target: number,
  branches = PATH_BRANCHES,
): readonly CircuitPath[] {
  let beam = best(extensions(edges, { nodes: [target], contribution: 1, ended: false }, 1, nodes), branches);
  while (beam.some(({ ended }) => !ended)) {
    const next = beam.flatMap((path): Step[] => {
      if (path.ended) return [path];
      const first = nodes[path.nodes[0] as number];
      const activation = first?.kind === 'feature' ? first.activation : 1;
      const longer = best(extensions(edges, path, activation, nodes), branches);
      // Nothing positive leads to it but biases: it ends here.
      return longer.length === 0 ? [{ ...path, ended: true }] : longer;
    });
    beam = best(next, branches);
  }
  return beam.map(({ nodes: way, contribution }) => ({ nodes: way, contribution }));
}

function extensions(edges: EdgeMatrix, path: Step, activation: number, nodes: readonly CircuitNode[]): Step[] {
  const found: Step[] = [];
  forEachEdge(edges, path.nodes[0] as number, (source, weight) => {
    const contribution = (path.contribution * weight) / activation;
    if (contribution > 0)
      found.push({ nodes: [source, ...path.nodes], contribution, ended: nodes[source]?.kind !== 'feature' });
  });
  return found;
}

function best(paths: readonly Step[], branches: number): Step[] {
  return paths.toSorted((a, b) => b.contribution - a.contribution).slice(0, branches);
}
