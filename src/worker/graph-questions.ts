/** What is asked about the graph beside its picture. */
import { problem } from '../core/errors.js';
import { displayText } from '../core/display-text.js';
import type { Graph } from '../core/graph/graph.js';
import { scopeOf } from '../core/graph/graph-scopes.js';
import { modelExplorerNodeData, netronAttachment } from '../core/graph/interchange.js';
import { itemOfId, scopeId, type ScopePath } from '../core/graph/item-ids.js';
import { buildModuleTree } from '../core/graph/modules.js';
import { nodesIn } from '../core/graph/node-detail.js';
import { explainNode } from '../core/graph/operators/explain-node.js';
import { pathBetween, type PathEnd } from '../core/graph/path.js';
import { completions } from '../core/graph/search/completions.js';
import { parseQuery } from '../core/graph/search/parse-query.js';
import type { SearchMetric } from '../core/graph/search/query.js';
import { searchGraph, type SearchFacts } from '../core/graph/search/search-graph.js';
import type { ValueType } from '../core/graph/value-type.js';
import { valueColors } from '../core/picture/value-color.js';
import type { NodeMetric } from '../core/passes/result.js';
import { loadOperators } from '../node/operators.js';
import { FOUND_PLACES, type GraphQuestions, type PathAnswer, type Places } from '../protocol/graph-questions.js';
import { nodeNumbers, searchMetrics, type Results } from './node-numbers.js';
import { pathOfScope } from './network-picture.js';
import type { Network } from './open-model.js';
import { placesOf } from './places.js';

export interface Questioned {
  readonly network: Network;
  /** Of the main graph. */
  readonly results: Results;
  /** Types and shapes of a graph as the engine inferred them, once it has. */
  readonly typeOf: (path: ScopePath) => ((value: string) => ValueType | undefined) | undefined;
}

/**
 * @param questioned throws where no graph is open.
 * @param operatorsFile path of the documentation of operators.
 */
export function graphQuestions(questioned: () => Questioned, operatorsFile: string): GraphQuestions {
  const measured = measuredOnce();
  /** A graph of the model, and what is known of it. */
  const inScope = (scope: string): { graph: Graph; path: ScopePath; facts: SearchFacts } => {
    const { network, results, typeOf } = questioned();
    const path = pathOfScope(scope);
    const { graph } = scopeOf(network.graph, path);
    const { metrics } = path.length === 0 ? measured(graph, results) : { metrics: [] };
    const known = typeOf(path);
    return { graph, path, facts: { metrics, ...(known === undefined ? {} : { typeOf: known }) } };
  };
  return {
    async search({ query, scope = '' }) {
      const { graph, path, facts } = inScope(scope);
      const parsed = parseQuery(query, facts.metrics);
      if ('problems' in parsed) return { kind: 'problems', problems: parsed.problems };
      const found = searchGraph(graph, parsed.query, facts);
      return { kind: 'found', places: placesOf(graph, path, found.slice(0, FOUND_PLACES)), total: found.length };
    },
    async completions({ query, cursor, scope = '' }) {
      const { graph, facts } = inScope(scope);
      return completions(query, cursor, graph, facts);
    },
    path: async ({ from, to }) => pathAnswer(questioned().network.graph, from, to),
    async documentation({ id }) {
      const main = questioned().network.graph;
      const reference = itemOfId(id);
      const { graph } = scopeOf(main, reference.scope);
      const node = reference.kind === 'node' ? graph.nodes[reference.index] : undefined;
      if (node === undefined) throw noSuchItem(id);
      return explainNode(graph, node, await loadOperators(operatorsFile));
    },
    async interchange({ format, metric, dark }) {
      const { network, results } = questioned();
      const { graph } = network;
      const numbers = measured(graph, results).numbers.find(({ id }) => id === metric);
      if (numbers === undefined) {
        throw problem('not-applicable', 'The graph has no such numbers any more.', { place: displayText(metric) });
      }
      switch (format) {
        case 'netron':
          return netronAttachment(graph, numbers);
        case 'model-explorer':
          return modelExplorerNodeData(graph, numbers, valueColors(numbers, numbers.values, dark));
      }
    },
  };
}

interface Measured {
  readonly numbers: readonly NodeMetric[];
  readonly metrics: readonly SearchMetric[];
}

/** Numbers by node are put together once for as long as results stay the same: a search asks at every key. */
function measuredOnce(): (graph: Graph, results: Results) => Measured {
  let known: (Measured & { readonly graph: Graph; readonly results: Results }) | undefined;
  return (graph, results) => {
    const isKnown =
      known?.graph === graph &&
      known.results.result === results.result &&
      known.results.fileResult === results.fileResult;
    if (known !== undefined && isKnown) return known;
    const numbers = nodeNumbers(graph, results);
    known = { graph, results, numbers, metrics: searchMetrics(numbers) };
    return known;
  };
}

function pathAnswer(main: Graph, from: string, to: string): PathAnswer {
  const { scope } = itemOfId(from);
  if (scopeId(scope) !== scopeId(itemOfId(to).scope)) {
    throw problem('not-applicable', 'A path lies in one graph: its ends are in two.', {
      place: displayText(`${from}, ${to}`),
    });
  }
  const { graph } = scopeOf(main, scope);
  const tree = buildModuleTree(graph);
  const ends = (id: string): readonly PathEnd[] => {
    const item = itemOfId(id);
    const module = item.kind === 'module' ? tree.module(item.id) : undefined;
    if (module !== undefined) return nodesIn(module).map(({ index }) => ({ kind: 'node', index }));
    if (item.kind === 'module' || item.kind === 'outer') throw noSuchItem(id);
    return [{ kind: item.kind, index: item.index }];
  };
  const found = pathBetween(graph, ends(from), ends(to));
  const places = (list: readonly PathEnd[]): Places => placesOf(graph, scope, list);
  if (found.kind === 'none') {
    const related = [found.commonAncestor, found.commonDescendant].filter((end) => end !== undefined);
    return { kind: 'none', reason: found.reason, related: places(related) };
  }
  const { direction, shortest, onAnyPath } = found;
  return {
    kind: 'path',
    direction,
    shortest: places(shortest),
    nodes: shortest.filter(({ kind }) => kind === 'node').length,
    onAnyPath: places(onAnyPath),
  };
}

function noSuchItem(id: string): Error {
  return problem('not-applicable', 'The graph has no such item.', {
    place: displayText(id),
    remedy: 'The file may have changed: reload it.',
  });
}
