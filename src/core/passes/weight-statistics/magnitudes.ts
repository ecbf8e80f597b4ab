/** Average weight magnitude: mean |w| over all parameters of every layer, and of the model (methods D2). */
import { nodeId } from '../../graph/item-ids.js';
import { buildModuleTree } from '../../graph/modules.js';
import type { FileSubject, NetworkSubject } from '../pass.js';
import { placeOf } from '../place.js';
import type { NodeMetric, PassResult, ResultRow, ResultTable } from '../result.js';
import type { Examined } from './examine.js';

interface LayerWeights {
  readonly label: string;
  readonly parameters: readonly Examined[];
  /** Index of the node that reads them; absent where the file says nothing of who does. */
  readonly node?: number;
  readonly item?: string;
}

/** Every layer with its weights: numbers for the table and, in a graph, for its colours. */
export function magnitudesOf(
  subject: FileSubject,
  examined: readonly Examined[],
): Required<Pick<PassResult, 'tables' | 'nodeMetrics'>> {
  const { network } = subject;
  const isStatistic = runningStatistics(network);
  // Lone numbers are constants of an operator; integers are counts, or codes that a scale turns into weights.
  const parameters = examined.filter(
    (each) =>
      each.rank > 0 && subject.tensors[each.tensor]?.values?.type.includes('float') === true && !isStatistic(each),
  );
  if (parameters.length === 0) return { tables: [], nodeMetrics: [] };
  const layers = network === undefined ? layersByName(parameters) : layersByReader(network, parameters);
  return {
    tables: layers.length === 0 ? [] : [tableOf(layers, parameters)],
    nodeMetrics: network === undefined ? [] : [metricOf(network, layers)],
  };
}

/** Means and variances that batch normalisation kept of its inputs are measured, not trained: how PyTorch and Keras name them. */
const STATISTIC_NAME = /(^|[./])(running|moving)_(mean|var|variance)$/;

function runningStatistics(network: NetworkSubject | undefined): (each: Examined) => boolean {
  if (network === undefined) return ({ name }) => STATISTIC_NAME.test(name);
  const { graph, tensorOf } = network;
  const statistics = new Set(
    graph.nodes
      .filter(({ opType, domain }) => opType === 'BatchNormalization' && domain === '')
      .flatMap(({ inputs }) => inputs.slice(3, 5).map(tensorOf)),
  );
  return ({ tensor }) => statistics.has(tensor);
}

/** @returns NaN where no value is finite. */
function meanMagnitude(parameters: readonly Examined[]): number {
  let [sum, finite] = [0, 0];
  for (const { statistics } of parameters) {
    if (statistics.finite === 0) continue;
    sum += statistics.meanMagnitude * statistics.finite;
    finite += statistics.finite;
  }
  return sum / finite;
}

/** Weights that several nodes share count at the first, as in the count of parameters. */
function layersByReader({ graph, tensorOf }: NetworkSubject, parameters: readonly Examined[]): LayerWeights[] {
  const byTensor = new Map(parameters.map((each) => [each.tensor, each]));
  const tree = buildModuleTree(graph);
  return graph.nodes.flatMap((node): LayerWeights[] => {
    const own = [...new Set(node.inputs)]
      .filter((value) => graph.consumersOf(value)[0] === node)
      .flatMap((value) => byTensor.get(tensorOf(value) ?? -1) ?? []);
    if (own.length === 0) return [];
    return [{ label: placeOf(tree, node), parameters: own, node: node.index, item: nodeId(node) }];
  });
}

/** Weights alone: "layer1.conv.weight" and "layer1.conv.bias" are of one layer. */
function layersByName(parameters: readonly Examined[]): LayerWeights[] {
  const layers = new Map<string, Examined[]>();
  for (const each of parameters) {
    const label = each.name.replace(/[./][^./]*$/, '');
    const known = layers.get(label);
    if (known === undefined) layers.set(label, [each]);
    else known.push(each);
  }
  return [...layers].map(([label, own]) => ({ label, parameters: own }));
}

function metricOf({ graph }: NetworkSubject, layers: readonly LayerWeights[]): NodeMetric {
  const values = new Float64Array(graph.nodes.length).fill(NaN);
  for (const { node, parameters } of layers) if (node !== undefined) values[node] = meanMagnitude(parameters);
  return {
    id: 'node-weight-magnitude',
    label: 'Mean |weight|',
    definition:
      'Mean |w| over all parameters of a layer, biases among them; running statistics of batch normalisation are none, and values that are not finite are left out. Modules show the largest of their layers.',
    format: 'number',
    scale: 'sequential',
    aggregate: 'maximum',
    values,
  };
}

function tableOf(layers: readonly LayerWeights[], all: readonly Examined[]): ResultTable {
  const cells = (label: string, parameters: readonly Examined[]): ResultRow['cells'] => [
    label,
    parameters.reduce((sum, { statistics }) => sum + statistics.count, 0),
    meanMagnitude(parameters),
  ];
  return {
    id: 'weight-magnitude',
    title: 'Weight magnitude, by layer',
    definition:
      'Mean |w| over all parameters of a layer, biases among them: floating-point tensors with an axis or more, ' +
      'without the running statistics of batch normalisation; values that are not finite are left out. Where it rises from one checkpoint to the next while the effective rank of ' +
      'the layers falls, a network is losing plasticity.',
    columns: [
      { id: 'layer', label: 'Layer', format: 'text' },
      { id: 'parameters', label: 'Parameters', format: 'count' },
      { id: 'magnitude', label: 'Mean |weight|', format: 'number' },
    ],
    rows: [
      ...layers.map(({ label, parameters, item }) => ({
        cells: cells(label, parameters),
        ...(item === undefined ? { tensor: parameters[0]?.tensor } : { item }),
      })),
      { cells: cells('all layers', all) },
    ],
  };
}
