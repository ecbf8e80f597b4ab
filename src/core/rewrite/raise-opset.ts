/**
 * Older models in the words of a newer operator set, so that what reads or extends a graph need know one definition of
 * each operator. Facts: the change log of the ONNX operators, versions 1 to 18.
 */
import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  NodeProtoSchema,
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../formats/onnx/onnx_pb.js';
import { everyGraph } from '../formats/onnx/walk.js';
import { attributeFloat, attributeFloats, attributeInt, attributeInts } from '../graph/attributes.js';
import { floatTensor, int64Tensor, makeNode } from './nodes.js';

/** Reductions take axes as an input and scatters add from here on. */
const RAISED_OPSET = 18;

/** How the nodes of one operator are written today; nodes made on the way get names of their own. */
interface Adaptation {
  /** From this version on nothing needs to be done. */
  readonly since: number;
  readonly adapt: (node: NodeProto, made: Made) => readonly NodeProto[];
}

interface Made {
  ints(values: readonly number[]): string;
  float(value: number): string;
  floats(values: readonly number[]): string;
  name(): string;
  readonly nodes: NodeProto[];
}

/** The model with its standard operators at version 18 or later; the given one is not changed. */
export function raiseOpset(model: ModelProto): ModelProto {
  const from = standardOpset(model);
  if (from >= RAISED_OPSET || model.graph === undefined) return model;
  const prefix = unusedPrefix(model);
  let count = 0;
  const name = (): string => `${prefix}${count++}`;
  return {
    ...model,
    opsetImport: model.opsetImport.map((entry) =>
      isStandard(entry.domain) ? { ...entry, version: BigInt(RAISED_OPSET) } : entry,
    ),
    graph: raiseGraph(model.graph, from, name),
  };
}

/** Version of the standard operators that a model is written in. */
export function standardOpset(model: Pick<ModelProto, 'opsetImport'>): number {
  return Number(model.opsetImport.find(({ domain }) => isStandard(domain))?.version ?? 1n);
}

function isStandard(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx';
}

function raiseGraph(graph: GraphProto, from: number, name: () => string): GraphProto {
  return { ...graph, node: raiseNodes(graph.node, from, name) };
}

/** The nodes at version 18. @param name gives a new value name each time. */
export function raiseNodes(nodes: readonly NodeProto[], from: number, name: () => string): NodeProto[] {
  return nodes.flatMap((node) => {
    const adaptation = isStandard(node.domain) ? ADAPTATIONS[node.opType] : undefined;
    const inner = node.attribute.some(({ g }) => g !== undefined)
      ? { ...node, attribute: node.attribute.map((each) => ({ ...each, g: each.g && raiseGraph(each.g, from, name) })) }
      : node;
    if (adaptation === undefined || from >= adaptation.since) return [inner];
    const made = maker(name);
    const adapted = adaptation.adapt(inner, made);
    return [...made.nodes, ...adapted];
  });
}

function maker(name: () => string): Made {
  const nodes: NodeProto[] = [];
  const constant = (make: (output: string) => TensorProto): string => {
    const output = name();
    const value = create(AttributeProtoSchema, { name: 'value', type: AttributeType.TENSOR, t: make(output) });
    nodes.push(create(NodeProtoSchema, { opType: 'Constant', output: [output], name: output, attribute: [value] }));
    return output;
  };
  return {
    nodes,
    name,
    ints: (values) => constant((output) => int64Tensor(output, [values.length], values.map(withinInt64))),
    float: (value) => constant((output) => floatTensor(output, [], [value])),
    floats: (values) => constant((output) => floatTensor(output, [values.length], values)),
  };
}

/** "To the end" is written as the largest of 64 bits, which is no number of ours; any larger than a size does. */
function withinInt64(value: number): number {
  return Math.min(Math.max(value, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

/** The same node with other inputs, and without the attributes that became inputs or are gone. */
function rewritten(
  node: NodeProto,
  input: readonly string[],
  gone: readonly string[],
  added: readonly AttributeProto[] = [],
): NodeProto {
  const kept = node.attribute.filter((each) => !gone.includes(each.name));
  return { ...node, input: [...input], attribute: [...kept, ...added] };
}

/** An attribute with a list of integers becomes the input at a position. */
function asInput(attribute: string, position: number, since: number): Adaptation {
  return {
    since,
    adapt(node, made) {
      const values = attributeInts({ proto: node }, attribute);
      if (values === undefined) return [node];
      const inputs = Array.from({ length: position }, (_, at) => node.input[at] ?? '');
      return [rewritten(node, [...inputs, made.ints(values)], [attribute])];
    },
  };
}

const REDUCE: Adaptation = asInput('axes', 1, 18);

/** Until version 12 everything from `axis` on was one axis; now it is the axis alone. */
const SOFTMAX: Adaptation = {
  since: 13,
  adapt(node, made) {
    const axis = attributeInt({ proto: node }, 'axis') ?? 1;
    if (axis === -1) return [node];
    const [input = ''] = node.input;
    const [flat, shape, result] = [made.name(), made.name(), made.name()];
    const last = makeNode('attribute', [], [], { axis: -1 }).attribute;
    return [
      makeNode('Flatten', [input], [flat], { axis }),
      { ...rewritten(node, [flat], ['axis'], last), output: [result] },
      makeNode('Shape', [input], [shape]),
      makeNode('Reshape', [result, shape], node.output),
    ];
  },
};

/** Before version 7 the second operand was spread from an axis on that `axis` names. */
const BROADCAST: Adaptation = {
  since: 7,
  adapt: (node) => [rewritten(node, node.input, ['broadcast', 'consumed_inputs'])],
};

const UPSAMPLE: Adaptation = {
  since: 10,
  adapt(node, made) {
    const scales = attributeFloats({ proto: node }, 'scales');
    const input = [node.input[0] ?? '', '', scales === undefined ? (node.input[1] ?? '') : made.floats(scales)];
    const old = makeNode('attributes', [], [], RESIZE_10).attribute;
    return [{ ...rewritten(node, input, ['scales'], old), opType: 'Resize' }];
  },
};

/** What Resize did before it could be chosen. */
const RESIZE_10 = { coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };

const ADAPTATIONS: Readonly<Record<string, Adaptation>> = {
  Add: BROADCAST,
  Sub: BROADCAST,
  Mul: BROADCAST,
  Div: BROADCAST,
  Pow: BROADCAST,
  Gemm: BROADCAST,
  Squeeze: asInput('axes', 1, 13),
  Unsqueeze: asInput('axes', 1, 13),
  Reshape: asInput('shape', 1, 5),
  ReduceSum: asInput('axes', 1, 13),
  ReduceMean: REDUCE,
  ReduceMax: REDUCE,
  ReduceMin: REDUCE,
  ReduceProd: REDUCE,
  ReduceL1: REDUCE,
  ReduceL2: REDUCE,
  ReduceLogSum: REDUCE,
  ReduceLogSumExp: REDUCE,
  ReduceSumSquare: REDUCE,
  Softmax: SOFTMAX,
  LogSoftmax: SOFTMAX,
  Hardmax: SOFTMAX,
  Upsample: UPSAMPLE,
  Scatter: { since: 11, adapt: (node) => [{ ...node, opType: 'ScatterElements' }] },
  // Outside of training both hand on what they get: the mask is all true.
  Dropout: {
    since: 12,
    adapt: (node) => [{ ...rewritten(node, node.input.slice(0, 1), ['ratio', 'is_test', 'seed', 'consumed_inputs']) }],
  },
  BatchNormalization: {
    since: 14,
    adapt: (node) => [
      { ...rewritten(node, node.input, ['spatial', 'is_test', 'consumed_inputs']), output: node.output.slice(0, 1) },
    ],
  },
  Split: {
    since: 18,
    adapt(node, made) {
      const lengths = attributeInts({ proto: node }, 'split');
      if (lengths !== undefined) return [rewritten(node, [node.input[0] ?? '', made.ints(lengths)], ['split'])];
      if ((node.input[1] ?? '') !== '') return [node];
      const parts = makeNode('attribute', [], [], { num_outputs: node.output.length }).attribute;
      return [rewritten(node, node.input.slice(0, 1), [], parts)];
    },
  },
  Slice: {
    since: 10,
    adapt(node, made) {
      const [starts, ends, axes] = ['starts', 'ends', 'axes'].map((name) => attributeInts({ proto: node }, name));
      if (starts === undefined || ends === undefined) return [node];
      const lists = [starts, ends, axes ?? starts.map((_, axis) => axis)].map((list) => made.ints(list));
      return [rewritten(node, [node.input[0] ?? '', ...lists], ['starts', 'ends', 'axes'])];
    },
  },
  Pad: {
    since: 11,
    adapt(node, made) {
      const pads = attributeInts({ proto: node }, 'pads') ?? attributeInts({ proto: node }, 'paddings');
      if (pads === undefined) return [node];
      const value = made.float(attributeFloat({ proto: node }, 'value') ?? 0);
      return [rewritten(node, [node.input[0] ?? '', made.ints(pads), value], ['pads', 'paddings', 'value'])];
    },
  },
  Clip: {
    since: 11,
    adapt(node, made) {
      const [low, high] = ['min', 'max'].map((name) => {
        const bound = attributeFloat({ proto: node }, name);
        return bound === undefined ? '' : made.float(bound);
      });
      return [rewritten(node, [node.input[0] ?? '', low ?? '', high ?? ''], ['min', 'max', 'consumed_inputs'])];
    },
  },
  TopK: {
    since: 10,
    adapt(node, made) {
      const count = attributeInt({ proto: node }, 'k');
      return [count === undefined ? node : rewritten(node, [node.input[0] ?? '', made.ints([count])], ['k'])];
    },
  },
  Resize: {
    since: 11,
    adapt(node) {
      const [input = '', scales = ''] = node.input;
      return [rewritten(node, [input, '', scales], [], makeNode('attributes', [], [], RESIZE_10).attribute)];
    },
  },
};

/** A prefix that no value of the model begins with. */
export function unusedPrefix(model: ModelProto, stem = 'raised'): string {
  const names = new Set<string>();
  for (const graph of everyGraph(model)) {
    for (const node of graph.node) for (const name of [...node.input, ...node.output]) names.add(name);
    for (const { name } of [...graph.input, ...graph.initializer]) names.add(name);
  }
  for (let attempt = 0; ; attempt++) {
    const prefix = `${stem}${attempt === 0 ? '' : attempt}_`;
    if (![...names].some((name) => name.startsWith(prefix))) return prefix;
  }
}
