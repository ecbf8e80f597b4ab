/** Where tokens become vectors, and where vectors become scores: the two ends of a residual stream. */
import { attributeInt } from '../attributes.js';
import type { Graph, GraphNode } from '../graph.js';
import type { Normalisation } from './normalisations.js';
import { sourceOf } from './pass-through.js';
import { weightedValue } from './weighted-values.js';

export interface Embedding {
  readonly node: GraphNode;
  /** The table of the file. */
  readonly table: string;
  /** Tokens are looked up by an input of the graph, positions by anything else. */
  readonly kind: 'token' | 'position';
  readonly output: string;
}

export interface Unembedding {
  readonly node: GraphNode;
  readonly norm?: Normalisation;
  /** The scores. */
  readonly output: string;
}

/** Rows of constant tables that are picked by numbers which change. */
export function findEmbeddings(graph: Graph): readonly Embedding[] {
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  return graph.order.flatMap((node): Embedding[] => {
    const [table = '', indices = ''] = node.inputs;
    const [output = ''] = node.outputs;
    if (node.domain !== '' || node.opType !== 'Gather' || (attributeInt(node, 'axis') ?? 0) !== 0) return [];
    const isTable = graph.initializer(table) !== undefined && graph.valueInfo(table)?.shape?.length === 2;
    if (!isTable || !FLOATS.has(graph.valueInfo(table)?.type ?? '') || graph.initializer(indices) !== undefined)
      return [];
    return [{ node, table, kind: inputs.has(sourceOf(graph, indices)) ? 'token' : 'position', output }];
  });
}

const FLOATS = new Set(['float32', 'float16', 'bfloat16', 'float64']);

/** The linear layer that reads the end of the residual stream, behind a normalisation or not, and gives an output. */
export function findUnembedding(
  graph: Graph,
  streamEnd: string,
  normalisations: readonly Normalisation[],
): Unembedding | undefined {
  const norm = normalisations.find(({ input }) => input === streamEnd);
  const end = norm?.output ?? streamEnd;
  for (const node of graph.nodes) {
    const weighted = weightedValue(graph, node);
    if (weighted === undefined || sourceOf(graph, weighted.input) !== end) continue;
    return { node, ...(norm === undefined ? {} : { norm }), output: weighted.output };
  }
  return undefined;
}
