import { everyNode } from '../formats/onnx/walk.js';
import type { OnnxFile } from '../formats/onnx/open.js';
import type { ModelOverview } from './description.js';
import { displayText } from '../display-text.js';
import type { Graph } from './graph.js';
import { countParameters } from './parameters.js';
import type { NamedValueType } from './value-type.js';

/** What only the reader of the file knows of it. */
export type FileFacts = Pick<OnnxFile, 'fileName' | 'fileBytes' | 'externalBytes' | 'problems'>;

/** Lists of a hostile file may be endless; nobody reads further. */
const MAXIMUM_ENTRIES = 500;
const MAXIMUM_DOCUMENTATION_LENGTH = 4000;

/**
 * The front page's facts, with every text fit to be shown. `cannotRun` holds what the file itself tells; engines may add
 * to it.
 */
export function overview(file: FileFacts, graph: Graph): ModelOverview {
  const { model } = graph;
  return {
    fileName: displayText(file.fileName),
    format: 'onnx',
    fileBytes: file.fileBytes,
    externalBytes: file.externalBytes,
    producer: displayText([model.producerName, model.producerVersion].filter((text) => text !== '').join(' ')),
    irVersion: Number(model.irVersion),
    opsets: model.opsetImport.slice(0, MAXIMUM_ENTRIES).map(({ domain, version }) => ({
      domain: displayText(domain === '' ? 'ai.onnx' : domain),
      version: Number(version),
    })),
    inputs: graph.inputs.slice(0, MAXIMUM_ENTRIES).map(shown),
    outputs: graph.outputs.slice(0, MAXIMUM_ENTRIES).map(shown),
    parameters: countParameters(graph).total,
    nodes: graph.nodes.length,
    operators: operatorCounts(graph),
    metadata: model.metadataProps.slice(0, MAXIMUM_ENTRIES).map(({ key, value }) => ({
      key: displayText(key),
      value: displayText(value, MAXIMUM_DOCUMENTATION_LENGTH),
    })),
    cannotRun: [...file.problems, ...graph.problems],
    docString: displayText(model.docString, MAXIMUM_DOCUMENTATION_LENGTH),
  };
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
