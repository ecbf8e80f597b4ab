import { nodeId } from '../../graph/item-ids.js';
import { buildModuleTree } from '../../graph/modules.js';
import { placeOf } from '../place.js';
import type { FilePass, FileSubject, NetworkSubject } from '../pass.js';
import { NO_ACTIVATIONS, type Finding, type PassResult, type ResultTable } from '../result.js';
import { count, ofUnits } from '../words.js';
import { findStaticUnits, type StaticUnits } from './find.js';
import { unitLayer } from './unit-layer.js';

const VERSION = 3;
const UNITS_NAMED = 12;

/** Which units are dead by their weights, whatever the input: methods D1, static part. */
export const staticDeadUnits: FilePass = {
  id: 'static-dead-units',
  version: VERSION,
  reads: 'weights',
  title: 'Units that are dead by their weights',
  question: 'Which units can never do anything, whatever the input?',
  method:
    'A unit is a column of a matrix product or an output channel of a convolution. It is dead when all of its incoming ' +
    'weights are exactly zero and the activation function behind it makes exactly 0 of what is left (its bias, through ' +
    'batch normalisation and added constants); constant when its incoming weights are zero and something else is left; ' +
    'useless when every weight of every layer that reads it is zero, also where a gate multiplies it first. Where units are added to others, are reshaped or leave the ' +
    'graph, nothing is said of who reads them. Needs no inputs: that a unit is dead here is a proof.',
  applies: ({ graph }) =>
    graph === undefined
      ? {
          applies: false,
          reason:
            'The file holds weights only: it does not say which layer reads which. The weight statistics count zeros.',
        }
      : graph.nodes.every((node) => unitLayer(graph, node) === undefined)
        ? { applies: false, reason: 'The graph has no matrix product or convolution with weights of its own.' }
        : { applies: true },
  async examine(subject: FileSubject): Promise<PassResult> {
    const { network } = subject;
    if (network === undefined) throw new Error('The pass does not apply to weights alone.');
    return resultOf(network, await findStaticUnits(subject, network));
  },
};

function resultOf(network: NetworkSubject, layers: readonly StaticUnits[]): PassResult {
  const affected = layers.filter(({ dead, constant, useless }) => dead.length + constant.length + useless.length > 0);
  const share = new Float64Array(network.graph.nodes.length).fill(NaN);
  for (const { node, dead, constant, useless, units } of layers) {
    share[node.index] = units === 0 ? NaN : (dead.length + constant.length + useless.length) / units;
  }
  const tree = buildModuleTree(network.graph);
  const name = ({ node }: StaticUnits): string => placeOf(tree, node);
  return {
    pass: 'static-dead-units',
    passVersion: VERSION,
    answer: answerOf(layers, affected),
    findings: affected.flatMap((layer) => findingsOf(network, layer, name(layer))),
    ...NO_ACTIVATIONS,
    nodeMetrics: [
      {
        id: 'static-dead-share',
        label: 'Units without effect',
        definition:
          'Share of a layer’s units that are dead, constant or useless by their weights alone. Modules show the largest of their layers.',
        format: 'share',
        scale: 'sequential',
        aggregate: 'maximum',
        values: share,
      },
    ],
    tables: affected.length === 0 ? [] : [tableOf(affected, name)],
  };
}

function answerOf(layers: readonly StaticUnits[], affected: readonly StaticUnits[]): string {
  const units = layers.reduce((sum, layer) => sum + layer.units, 0);
  if (affected.length === 0) {
    return `None: no unit of ${count(layers.length)} ${layers.length === 1 ? 'layer' : 'layers'} (${count(units)} units) has only zeros for its incoming or its outgoing weights.`;
  }
  const sum = (of: (layer: StaticUnits) => readonly number[], one: string, more: string): string => {
    const total = affected.reduce((found, layer) => found + of(layer).length, 0);
    return `${count(total)} ${total === 1 ? one : more}`;
  };
  return (
    `Of ${count(units)} units in ${count(layers.length)} ${layers.length === 1 ? 'layer' : 'layers'}, whatever the input: ` +
    `${sum(({ dead }) => dead, 'can', 'can')} never fire (dead), ` +
    `${sum(({ constant }) => constant, 'gives', 'give')} the same value always (constant), ` +
    `${sum(({ useless }) => useless, 'is', 'are')} read by nobody (useless).`
  );
}

const MEANING = {
  dead: {
    is: 'can never fire',
    because: 'all incoming weights are zero, and the activation function makes 0 of the bias that is left',
    advice: 'They can be cut out of the file without changing any output, together with the weights that read them.',
  },
  constant: {
    is: 'give the same value for every input',
    because: 'all incoming weights are zero',
    advice: 'Their value can go into the biases of the layers that read them.',
  },
  useless: {
    is: 'are read by nobody',
    because: 'every weight that reads them is zero',
    advice: 'They are computed for nothing: they can be cut out of the file without changing any output.',
  },
} as const;

function findingsOf(network: NetworkSubject, layer: StaticUnits, name: string): Finding[] {
  const { node, units, unitWord, activation } = layer;
  const isLayer = network.layers.some(({ value }) => value === activation);
  return (['dead', 'constant', 'useless'] as const)
    .filter((kind) => layer[kind].length > 0)
    .map((kind) => ({
      severity: kind === 'constant' ? 'information' : 'warning',
      weight: layer[kind].length / units,
      sentence: `${ofUnits(layer[kind].length, units, unitWord)} of ${name} ${MEANING[kind].is}: ${MEANING[kind].because}.`,
      advice: MEANING[kind].advice,
      item: nodeId(node),
      ...(isLayer ? { layer: activation, units: layer[kind] } : {}),
    }));
}

function tableOf(affected: readonly StaticUnits[], name: (layer: StaticUnits) => string): ResultTable {
  return {
    id: 'static-dead-units',
    title: 'Layers with such units',
    definition:
      'Counted from zero, in the order of the output channels or columns. A click shows the layer in the graph.',
    columns: [
      { id: 'layer', label: 'Layer', format: 'text' },
      { id: 'units', label: 'Units', format: 'count' },
      { id: 'dead', label: 'Dead', format: 'count' },
      { id: 'constant', label: 'Constant', format: 'count' },
      { id: 'useless', label: 'Useless', format: 'count' },
      { id: 'which', label: 'Which', format: 'text' },
    ],
    rows: affected.map((layer) => ({
      cells: [
        name(layer),
        layer.units,
        layer.dead.length,
        layer.constant.length,
        layer.useless.length,
        (['dead', 'constant', 'useless'] as const)
          .filter((kind) => layer[kind].length > 0)
          .map((kind) => `${kind}: ${named(layer[kind])}`)
          .join('; '),
      ],
      item: nodeId(layer.node),
    })),
  };
}

function named(units: readonly number[]): string {
  const shown = units.slice(0, UNITS_NAMED).join(', ');
  return units.length > UNITS_NAMED ? `${shown} and ${count(units.length - UNITS_NAMED)} more` : shown;
}
