/** Which values of a graph hold floating-point numbers, as far as the file and the operators tell. */
import { TensorProto_DataType as DataType } from '../formats/onnx/onnx_pb.js';
import { dataTypeName } from '../formats/onnx/tensor-proto.js';
import { attributeInt, attributeTensor } from './attributes.js';
import type { Graph, GraphNode } from './graph.js';

type Kind = 'float' | 'other';

const FLOAT_NAMES = new Set(['float32', 'float16', 'float64', 'bfloat16']);

/** Operators whose first output is never floating-point. */
const NEVER_FLOAT = new Set([
  'Shape',
  'Size',
  'ArgMax',
  'ArgMin',
  'NonZero',
  'Equal',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
  'And',
  'Or',
  'Xor',
  'Not',
  'IsNaN',
  'IsInf',
  'QuantizeLinear',
  'DynamicQuantizeLinear',
  'QLinearConv',
  'QLinearMatMul',
  'ConvInteger',
  'MatMulInteger',
  'NonMaxSuppression',
  'BitShift',
  'BitwiseAnd',
  'BitwiseOr',
  'BitwiseXor',
  'BitwiseNot',
  'StringNormalizer',
  'TfIdfVectorizer',
  'Multinomial',
  'SequenceLength',
  'OptionalHasElement',
  'RegexFullMatch',
  'StringConcat',
  'StringSplit',
]);

/** Outputs beyond the first that count or point. */
const INDEX_OUTPUTS: Readonly<Record<string, readonly number[]>> = {
  TopK: [1],
  MaxPool: [1],
  Unique: [1, 2, 3],
  Dropout: [1],
};

/** Operators that hold tensors, not a tensor, or whose outputs only their subgraphs know. */
const NO_TENSOR = /^(Sequence.*|Optional.*|SplitToSequence|If|Loop|Scan)$/;

/** Operators whose outputs have the type of one input: which. All others compute in floating point. */
const TYPE_OF_INPUT: Readonly<Record<string, number>> = Object.fromEntries([
  ...[
    'Identity',
    'Reshape',
    'Flatten',
    'Squeeze',
    'Unsqueeze',
    'Transpose',
    'Concat',
    'Split',
    'Slice',
    'Gather',
    'GatherElements',
    'GatherND',
    'Expand',
    'Tile',
    'Pad',
    'ScatterND',
    'ScatterElements',
    'Scatter',
    'Add',
    'Sub',
    'Mul',
    'Div',
    'Neg',
    'Abs',
    'Max',
    'Min',
    'Pow',
    'Mod',
    'Sum',
    'ReduceSum',
    'ReduceMax',
    'ReduceMin',
    'ReduceProd',
    'ReduceMean',
    'ReduceSumSquare',
    'Clip',
    'CumSum',
    'TopK',
    'MaxPool',
    'Range',
    'Trilu',
    'DepthToSpace',
    'SpaceToDepth',
    'Compress',
    'ReverseSequence',
    'EyeLike',
    'Unique',
    'Dropout',
    'Sign',
    'MatMul',
    'Gemm',
    'Relu',
    'Einsum',
    'Resize',
    'Upsample',
  ].map((operator) => [operator, 0] as const),
  ['Where', 1],
  ['OneHot', 2],
]);

/** Names of the floating-point values that nodes make from the graph's inputs; constants are left out. */
export function floatValues(graph: Graph): ReadonlySet<string> {
  const kinds = new Map<string, Kind>();
  const fed = new Set(graph.inputs.map((input) => input.name));
  const found = new Set<string>();
  for (const node of graph.order) {
    const depends = node.inputs.some((input) => fed.has(input)) || graph.subgraphs(node).length > 0 || isRandom(node);
    node.outputs.forEach((value, index) => {
      if (value === '') return;
      const kind =
        stated(graph, value) ?? kindOfOutput(node, index, (input) => kinds.get(input) ?? stated(graph, input));
      if (kind !== undefined) kinds.set(value, kind);
      if (!depends) return;
      fed.add(value);
      if (kind === 'float') found.add(value);
    });
  }
  return found;
}

function stated(graph: Graph, value: string): Kind | undefined {
  const type = graph.valueInfo(value)?.type;
  if (type === undefined || type === 'unknown' || type === 'undefined') return undefined;
  return FLOAT_NAMES.has(type) ? 'float' : 'other';
}

function kindOfOutput(node: GraphNode, index: number, kindOf: (input: string) => Kind | undefined): Kind | undefined {
  if (node.domain !== '' && node.domain !== 'com.microsoft') return undefined;
  if (NO_TENSOR.test(node.opType)) return undefined;
  if (NEVER_FLOAT.has(node.opType) || INDEX_OUTPUTS[node.opType]?.includes(index)) return 'other';
  if (node.opType === 'Cast') return isFloat(attributeInt(node, 'to') ?? DataType.FLOAT) ? 'float' : 'other';
  if (node.opType === 'ConstantOfShape') {
    const value = attributeTensor(node, 'value');
    return value === undefined || isFloat(value.dataType) ? 'float' : 'other';
  }
  const like = Object.hasOwn(TYPE_OF_INPUT, node.opType) ? TYPE_OF_INPUT[node.opType] : undefined;
  return like === undefined ? 'float' : (kindOf(node.inputs[like] ?? '') ?? 'float');
}

function isFloat(dataType: number): boolean {
  return FLOAT_NAMES.has(dataTypeName(dataType));
}

function isRandom(node: GraphNode): boolean {
  return node.opType.startsWith('Random');
}
