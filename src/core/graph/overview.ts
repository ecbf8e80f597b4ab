import type { Problem } from '../errors.js';
import type { DictionaryTensors } from '../formats/dictionary-layouts.js';
import type { Dictionary } from '../formats/dictionary-signature.js';
import { everyNode } from '../formats/onnx/walk.js';
import type { TensorFile } from '../formats/tensor-file.js';
import { elementCount } from '../tensor/tensor.js';
import { displayText } from '../display-text.js';
import type { ModelOverview, NetworkOverview } from './description.js';
import type { Graph } from './graph.js';
import { countParameters } from './parameters.js';
import type { NamedValueType } from './value-type.js';

/** Lists of a hostile file may be endless; nobody reads further. */
const MAXIMUM_ENTRIES = 500;
const MAXIMUM_DOCUMENTATION_LENGTH = 4000;

/**
 * The front page's facts, with every text fit to be shown.
 * @param graph absent where the file holds weights only.
 * @param cannotRun what keeps the network from running, as far as is known.
 * @param dictionary what the weights were recognised as.
 */
export function overview(
  fileName: string,
  weights: TensorFile,
  graph?: Graph,
  cannotRun: readonly Problem[] = [],
  dictionary?: Dictionary,
): ModelOverview {
  return {
    fileName: displayText(fileName),
    format: weights.format,
    formatName: weights.formatName,
    fileBytes: weights.fileBytes,
    externalBytes: weights.externalBytes,
    files: weights.files.length,
    tensors: weights.tensors.length,
    parameters: graph === undefined ? floatElements(weights) : countParameters(graph).total,
    // What else a graph's file says of itself stands in the network's own facts.
    metadata: (graph?.model.metadataProps ?? weights.metadata).slice(0, MAXIMUM_ENTRIES).map(({ key, value }) => ({
      key: displayText(key),
      value: displayText(value, MAXIMUM_DOCUMENTATION_LENGTH),
    })),
    unread: graph === undefined ? weights.problems : [],
    ...(dictionary === undefined ? {} : { dictionary: { ...dictionary, tensors: shownNames(dictionary.tensors) } }),
    ...(graph === undefined ? {} : { network: networkOverview(graph, cannotRun) }),
  };
}

function networkOverview(graph: Graph, cannotRun: readonly Problem[]): NetworkOverview {
  const { model } = graph;
  return {
    producer: displayText([model.producerName, model.producerVersion].filter((text) => text !== '').join(' ')),
    irVersion: Number(model.irVersion),
    opsets: model.opsetImport.slice(0, MAXIMUM_ENTRIES).map(({ domain, version }) => ({
      domain: displayText(domain === '' ? 'ai.onnx' : domain),
      version: Number(version),
    })),
    inputs: graph.inputs.slice(0, MAXIMUM_ENTRIES).map(shown),
    outputs: graph.outputs.slice(0, MAXIMUM_ENTRIES).map(shown),
    nodes: graph.nodes.length,
    operators: operatorCounts(graph),
    cannotRun,
    docString: displayText(model.docString, MAXIMUM_DOCUMENTATION_LENGTH),
  };
}

/** Numbers that a file of weights holds: what it stores in a floating-point type, quantised blocks included. */
function floatElements({ tensors }: TensorFile): number {
  return tensors.reduce((sum, { dims, values }) => {
    const isFloat = values !== undefined && /float/.test(values.type);
    return isFloat ? sum + elementCount(dims) : sum;
  }, 0);
}

function shownNames(tensors: DictionaryTensors): DictionaryTensors {
  return Object.fromEntries(Object.entries(tensors).map(([role, name]) => [role, displayText(name)]));
}

/** A value's name and type, fit to be shown. */
export function shown({ name, type, shape }: NamedValueType): NamedValueType {
  return {
    name: displayText(name),
    type: displayText(type),
    shape: shape?.slice(0, 64).map((size) => (typeof size === 'string' ? displayText(size, 40) : size)),
  };
}

/** Operator → how often it is used, subgraphs and the model's own functions included, most frequent first. */
function operatorCounts(graph: Graph): { operator: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { opType, domain } of everyNode(graph.model)) {
    const operator = domain === '' || domain === 'ai.onnx' ? opType : `${domain}.${opType}`;
    counts.set(operator, (counts.get(operator) ?? 0) + 1);
  }
  return [...counts]
    .map(([operator, count]) => ({ operator: displayText(operator, 80), count }))
    .sort((a, b) => b.count - a.count || (a.operator < b.operator ? -1 : 1))
    .slice(0, MAXIMUM_ENTRIES);
}
