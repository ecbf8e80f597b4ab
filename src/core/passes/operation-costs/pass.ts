import { throwIfCancelled } from '../../errors.js';
import { displayText } from '../../display-text.js';
import type { GraphNode } from '../../graph/graph.js';
import { nodeId } from '../../graph/item-ids.js';
import { buildModuleTree, type ModuleTree } from '../../graph/modules.js';
import { countParameters } from '../../graph/parameters.js';
import type { ConcreteShapes } from '../../rewrite/infer-shapes.js';
import { placeOf } from '../place.js';
import type { FilePass, FileSubject, NetworkSubject } from '../pass.js';
import { NO_ACTIVATIONS, type Finding, type NodeMetric, type PassResult, type ResultTable } from '../result.js';
import { bytesText, compact, count, percent } from '../words.js';
import { bytesOf, peakMemory } from '../../costs/activation-memory.js';
import { nonlinearSites, type NonlinearSites } from './nonlinear-sites.js';
import { operationsOf } from '../../costs/operations.js';

const COSTLIEST_SHOWN = 20;

/** Where parameters, operations, activation memory and non-linearities are: methods M1. */
export const operationCosts: FilePass = {
  id: 'operation-costs',
  version: 1,
  reads: 'structure',
  title: 'Operations, memory and non-linearities',
  question: 'What does one forward cost, where in the model, and how often does the model leave the linear?',
  method:
    'Shapes are inferred by the engine for one input, at the sizes shown for open dimensions; nothing is run. An ' +
    'operation is one addition, multiplication, comparison, division or elementary function on numbers, so a ' +
    'multiply-add counts two; moving numbers counts nothing. Activation memory is the bytes of a node’s outputs; the peak ' +
    'is the most that is alive at once when nodes run in order and nothing shares memory. Non-linear sites: positions of ' +
    'activation functions, rows of softmax, square roots of normalisations, comparisons of max-pooling. What has no rule ' +
    'or no known shape is named and not counted. Source: ONNX operator specifications.',
  applies: ({ graph }) =>
    graph === undefined
      ? { applies: false, reason: 'The file holds weights only: it says nothing of what is computed with them.' }
      : graph.nodes.length === 0
        ? { applies: false, reason: 'The graph has no nodes.' }
        : { applies: true },
  async examine({ network, signal }: FileSubject): Promise<PassResult> {
    if (network === undefined) throw new Error('The pass does not apply to weights alone.');
    const shapes = await network.shapes(signal);
    throwIfCancelled(signal);
    return costsOf(network, shapes);
  },
};

function costsOf(network: NetworkSubject, shapes: ConcreteShapes): PassResult {
  const { graph, layers } = network;
  const operations = new Float64Array(graph.nodes.length).fill(NaN);
  const memory = new Float64Array(graph.nodes.length).fill(NaN);
  const uncounted = new Map<string, number>();
  for (const node of graph.nodes) {
    if (node.opType === 'Constant') continue;
    const counted = operationsOf(node, shapes);
    if (counted === undefined) uncounted.set(node.opType, (uncounted.get(node.opType) ?? 0) + 1);
    else operations[node.index] = counted;
    const bytes = node.outputs.map((value) => (value === '' ? 0 : bytesOf(value, shapes)));
    if (bytes.every((each) => each !== undefined)) memory[node.index] = bytes.reduce((sum, each) => sum + each, 0);
  }
  const sites = nonlinearSites(graph, layers, shapes);
  const siteCounts = new Float64Array(graph.nodes.length).fill(NaN);
  for (const { node, sites: own } of sites) siteCounts[node.index] = (siteCounts[node.index] || 0) + own;
  const tree = buildModuleTree(graph);
  const onSizes = sizesText(network.sizes);
  return {
    pass: 'operation-costs',
    passVersion: 1,
    answer: answer(network, operations, memory, sites, shapes, onSizes),
    findings: findings(uncounted, graph.nodes.length),
    ...NO_ACTIVATIONS,
    nodeMetrics: [
      metric(
        'node-operations',
        'Operations',
        `Arithmetic operations for one forward${onSizes}; a multiply-add counts two. The colour is logarithmic.`,
        'count',
        operations,
      ),
      metric(
        'node-activation-bytes',
        'Activation memory',
        `Bytes of the node’s outputs for one forward${onSizes}. The colour is logarithmic.`,
        'bytes',
        memory,
      ),
      metric(
        'node-nonlinear-sites',
        'Non-linear sites',
        `Positions of activation functions, rows of softmax, square roots of normalisations and comparisons of max-pooling for one forward${onSizes}. The colour is logarithmic.`,
        'count',
        siteCounts,
      ),
    ],
    tables: [
      operatorTable(network, operations, memory),
      ...(sites.length === 0 ? [] : [siteTable(sites)]),
      costliestTable(network, operations, memory, tree),
    ],
  };
}

function metric(
  id: string,
  label: string,
  definition: string,
  format: NodeMetric['format'],
  values: Float64Array,
): NodeMetric {
  return { id, label, definition, format, scale: 'sequential', spread: 'logarithmic', aggregate: 'sum', values };
}

const total = (values: Float64Array): number =>
  values.reduce((sum, value) => (Number.isNaN(value) ? sum : sum + value), 0);

function answer(
  { graph }: NetworkSubject,
  operations: Float64Array,
  memory: Float64Array,
  sites: readonly NonlinearSites[],
  shapes: ConcreteShapes,
  onSizes: string,
): string {
  const all = total(operations);
  const byOperator = sumsBy(graph.nodes, operations);
  const [costliest] = byOperator;
  const share =
    costliest === undefined || all === 0 ? '' : `, ${percent(costliest.sum / all)} of them in ${costliest.operator}`;
  const peak = peakMemory(graph, shapes);
  const left = sites.reduce((sum, { sites: own }) => sum + own, 0);
  return (
    `One forward${onSizes} takes ${compact(all)} operations${share}; its activations take ${bytesText(total(memory))}, ` +
    `at most ${bytesText(peak.bytes)} at once; ${left === 0 ? 'nothing leaves the linear' : `${compact(left)} non-linear sites`}.`
  );
}

/** ", with batch = 1 and sequence = 64,": the sizes that figures rest on. */
function sizesText(sizes: Readonly<Record<string, number>>): string {
  const given = Object.entries(sizes).map(([name, size]) => `${displayText(name, 40)} = ${size}`);
  return given.length === 0 ? '' : ` (${given.join(', ')})`;
}

function findings(uncounted: ReadonlyMap<string, number>, nodes: number): Finding[] {
  const missing = [...uncounted].sort(([, a], [, b]) => b - a);
  const affected = missing.reduce((sum, [, each]) => sum + each, 0);
  if (affected === 0) return [];
  const named = missing.slice(0, 5).map(([operator, each]) => `${displayText(operator, 60)} × ${each}`);
  return [
    {
      severity: 'information',
      weight: affected / nodes,
      sentence: `${count(affected)} of ${count(nodes)} nodes are not counted: ${named.join(', ')}${missing.length > 5 ? ' and others' : ''}.`,
      advice:
        'Their operators have no rule (subgraphs, functions and custom operators), or the engine cannot tell their shapes ' +
        'before a run. The totals leave them out.',
    },
  ];
}

interface OperatorSum {
  readonly operator: string;
  readonly nodes: readonly GraphNode[];
  readonly sum: number;
}

function sumsBy(nodes: readonly GraphNode[], values: Float64Array): OperatorSum[] {
  const groups = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    const operator = node.domain === '' ? node.opType : `${node.domain}.${node.opType}`;
    const group = groups.get(operator);
    if (group === undefined) groups.set(operator, [node]);
    else group.push(node);
  }
  return [...groups]
    .map(([operator, members]) => ({
      operator: displayText(operator, 80),
      nodes: members,
      sum: members.reduce((sum, { index }) => sum + (values[index] || 0), 0),
    }))
    .sort((a, b) => b.sum - a.sum);
}

function operatorTable({ graph }: NetworkSubject, operations: Float64Array, memory: Float64Array): ResultTable {
  const all = total(operations);
  const { byNode } = countParameters(graph);
  return {
    id: 'costs-by-operator',
    title: 'By operator',
    definition: 'Totals over all nodes of each operator, for one forward.',
    columns: [
      { id: 'operator', label: 'Operator', format: 'text' },
      { id: 'nodes', label: 'Nodes', format: 'count' },
      { id: 'operations', label: 'Operations', format: 'count' },
      { id: 'share', label: 'Share', format: 'share' },
      { id: 'memory', label: 'Activation memory', format: 'bytes' },
      { id: 'parameters', label: 'Parameters', format: 'count' },
    ],
    rows: sumsBy(graph.nodes, operations).map(({ operator, nodes, sum }) => ({
      cells: [
        operator,
        nodes.length,
        sum,
        all === 0 ? 0 : sum / all,
        nodes.reduce((bytes, { index }) => bytes + (memory[index] || 0), 0),
        nodes.reduce((parameters, { index }) => parameters + (byNode[index] ?? 0), 0),
      ],
    })),
  };
}

function siteTable(sites: readonly NonlinearSites[]): ResultTable {
  const all = sites.reduce((sum, { sites: own }) => sum + own, 0);
  const kinds = new Map<string, { nodes: number; sum: number }>();
  for (const { kind, sites: own } of sites) {
    const { nodes, sum } = kinds.get(kind) ?? { nodes: 0, sum: 0 };
    kinds.set(kind, { nodes: nodes + 1, sum: sum + own });
  }
  return {
    id: 'nonlinear-sites',
    title: 'Non-linearities',
    definition:
      'Positions of activation functions, rows of softmax, square roots of normalisations, comparisons of max-pooling, for one forward.',
    columns: [
      { id: 'kind', label: 'What', format: 'text' },
      { id: 'nodes', label: 'Nodes', format: 'count' },
      { id: 'sites', label: 'Sites', format: 'count' },
      { id: 'share', label: 'Share', format: 'share' },
    ],
    rows: [...kinds]
      .sort(([, a], [, b]) => b.sum - a.sum)
      .map(([kind, { nodes, sum }]) => ({ cells: [displayText(kind, 80), nodes, sum, sum / all] })),
  };
}

function costliestTable(
  { graph }: NetworkSubject,
  operations: Float64Array,
  memory: Float64Array,
  tree: ModuleTree,
): ResultTable {
  const all = total(operations);
  const costliest = graph.nodes
    .filter(({ index }) => (operations[index] || 0) > 0)
    .sort((a, b) => (operations[b.index] as number) - (operations[a.index] as number))
    .slice(0, COSTLIEST_SHOWN);
  return {
    id: 'costliest-nodes',
    title: `The ${costliest.length} costliest nodes`,
    definition: 'Nodes with the most operations for one forward. A click shows the node in the graph.',
    columns: [
      { id: 'node', label: 'Node', format: 'text' },
      { id: 'operator', label: 'Operator', format: 'text' },
      { id: 'operations', label: 'Operations', format: 'count' },
      { id: 'share', label: 'Share', format: 'share' },
      { id: 'memory', label: 'Activation memory', format: 'bytes' },
    ],
    rows: costliest.map((node) => ({
      cells: [
        placeOf(tree, node),
        displayText(node.opType, 80),
        operations[node.index] as number,
        (operations[node.index] as number) / all,
        memory[node.index] as number,
      ],
      item: nodeId(node),
    })),
  };
}
