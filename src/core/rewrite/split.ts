/**
 * A model in two parts: what does not depend on some of its inputs is computed once, and handed to the rest, which can
 * then be run often.
 */
import type { ModelProto, TensorProto_DataType as DataType } from '../formats/onnx/onnx_pb.js';
import { createGraph, type GraphNode } from '../graph/graph.js';
import { makeValueInfo } from './nodes.js';
import { prune } from './prune.js';
import { valuesRead } from './linearize/plan.js';

export interface HandedType {
  readonly type: DataType;
  readonly dims: readonly number[];
}

export interface SplitModel {
  /** Values that the rest reads of what is computed once: outputs of the first part, or inputs of the model. */
  readonly computed: readonly string[];
  readonly fed: readonly string[];
  /** The first part, with further values among its outputs. */
  once(more: readonly string[]): ModelProto;
  /**
   * The rest, for some of the model's outputs; what follows from constants alone stays in it.
   * @param typeOf a value that is handed over.
   */
  rest(outputs: readonly string[], typeOf: (value: string) => HandedType): ModelProto;
}

/** @param varying names of inputs, on all of whose dependents the first part must not touch. */
export function splitModel(model: ModelProto, varying: ReadonlySet<string>, outputs: readonly string[]): SplitModel {
  const graph = createGraph(prune(model, outputs));
  const vary = new Set(varying);
  /** What depends on an input of the model, or on chance, and on nothing that varies. */
  const settled = new Set(graph.inputs.map(({ name }) => name).filter((name) => !vary.has(name)));
  const inputs = new Set(settled);
  const crossing = new Set<string>();
  const kept = new Set<GraphNode['proto']>();
  for (const node of graph.order) {
    const reads = valuesRead(node);
    const varies = reads.some((value) => vary.has(value));
    const isSettled = !varies && (isRandom(node) || reads.some((value) => settled.has(value)));
    if (!isSettled) kept.add(node.proto);
    if (varies) for (const value of reads) if (settled.has(value)) crossing.add(value);
    for (const output of node.outputs) if (varies) vary.add(output);
    for (const output of node.outputs) if (isSettled) settled.add(output);
  }
  const [fed, computed] = [true, false].map((isInput) => [...crossing].filter((each) => inputs.has(each) === isInput));
  return {
    computed: computed ?? [],
    fed: fed ?? [],
    once: (more) => prune(model, [...new Set([...(computed ?? []), ...more])]),
    rest(wanted, typeOf) {
      const handed = [...crossing].map((value) => {
        const { type, dims } = typeOf(value);
        return makeValueInfo(value, type, dims);
      });
      const input = [...graph.proto.input.filter(({ name }) => varying.has(name)), ...handed];
      const node = graph.proto.node.filter((each) => kept.has(each));
      return prune({ ...graph.model, graph: { ...graph.proto, input, node } }, wanted);
    },
  };
}

/** Two runs of such a node are not the same. */
function isRandom({ domain, opType }: GraphNode): boolean {
  return domain === '' && (/^Random/.test(opType) || opType === 'Bernoulli' || opType === 'Multinomial');
}
