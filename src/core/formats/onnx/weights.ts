/** Every tensor that an ONNX model holds, as named weights whose numbers stay where they are. */
import { shortText } from '../../display-text.js';
import { ProblemError } from '../../errors.js';
import { elementCount } from '../../tensor/tensor.js';
import type { MetadataEntry, TensorFile, WeightTensor } from '../tensor-file.js';
import { constantTensor } from './constant-node.js';
import type { OnnxFile } from './open.js';
import type { GraphProto, ModelProto, NodeProto, SparseTensorProto, TensorProto } from './onnx_pb.js';
import { sparseTensor } from './sparse-values.js';
import { dataTypeName, elementBytes, safeTensorDims, tensorReference } from './tensor-proto.js';
import { onnxTensorValues } from './tensor-values.js';
import { attributeGraphs } from './walk.js';

/** Constants with fewer elements are epsilons, scales and shapes that an exporter wrote in place. */
export const SMALLEST_WEIGHT_CONSTANT = 64;
const MAXIMUM_SCOPE_PART = 200;
const MAXIMUM_METADATA_CHARACTERS = 64 * 1024;

/**
 * Initializers, dense and sparse, of the graph and its subgraphs; tensors of Constant nodes that are large enough to be
 * weights; tensors in other attributes; and all of these in the bodies of the model's functions. What is not in the main
 * graph has its scope in its name.
 */
export function onnxWeights(file: OnnxFile): TensorFile {
  const unique = uniqueNames();
  const tensors = Array.from(everyWeight(file), ({ scope, name, make }): WeightTensor => ({
    name: unique(scope + name),
    ...make(),
  }));
  const others = new Set(tensors.flatMap((tensor) => (tensor.file === undefined ? [] : [tensor.file])));
  return {
    format: 'onnx',
    formatName: formatName(file.proto),
    tensors,
    metadata: metadataOf(file.proto),
    files: [file.fileName, ...others],
    fileBytes: file.fileBytes,
    externalBytes: file.externalBytes,
    problems: file.problems,
    close: () => Promise.resolve(),
  };
}

type Described = Omit<WeightTensor, 'name'>;

interface Found {
  /** Ends with "/" where it is not empty. */
  readonly scope: string;
  readonly name: string;
  readonly make: () => Described;
}

function* everyWeight(file: OnnxFile): Generator<Found> {
  const { graph, functions } = file.proto;
  if (graph !== undefined) yield* weightsOfGraph(file, graph, '');
  for (const definition of functions) {
    const domain = definition.domain === '' ? '' : `${scopePart(definition.domain)}::`;
    yield* weightsOfNodes(file, definition.node, `${domain}${scopePart(definition.name)}/`);
  }
}

/** Scopes are repeated for every tensor in them, so they stay short whatever the file says. */
function scopePart(text: string): string {
  return shortText(text, MAXIMUM_SCOPE_PART);
}

function* weightsOfGraph(file: OnnxFile, graph: GraphProto, scope: string): Generator<Found> {
  for (const tensor of graph.initializer) yield { scope, name: tensor.name, make: () => dense(file, tensor) };
  for (const tensor of graph.sparseInitializer) {
    yield { scope, name: tensor.values?.name ?? '', make: () => sparse(file, tensor) };
  }
  yield* weightsOfNodes(file, graph.node, scope);
}

function* weightsOfNodes(file: OnnxFile, nodes: readonly NodeProto[], scope: string): Generator<Found> {
  for (const [index, node] of nodes.entries()) {
    const isConstant = node.opType === 'Constant' && (node.domain === '' || node.domain === 'ai.onnx');
    if (isConstant) yield* weightOfConstant(file, node, scope);
    const label = scopePart(node.name === '' ? `${node.opType}_${index}` : node.name);
    for (const attribute of isConstant ? [] : node.attribute) {
      const name = `${label}/${scopePart(attribute.name)}`;
      const { t, tensors, sparseTensor: single, sparseTensors } = attribute;
      if (t !== undefined) yield { scope, name, make: () => dense(file, t) };
      for (const [i, tensor] of tensors.entries())
        yield { scope, name: `${name}/${i}`, make: () => dense(file, tensor) };
      if (single !== undefined) yield { scope, name, make: () => sparse(file, single) };
      for (const [i, tensor] of sparseTensors.entries()) {
        yield { scope, name: `${name}/${i}`, make: () => sparse(file, tensor) };
      }
    }
    for (const { attribute, graph } of attributeGraphs(node)) {
      yield* weightsOfGraph(file, graph, `${scope}${label}/${scopePart(attribute)}/`);
    }
  }
}

function* weightOfConstant(file: OnnxFile, node: NodeProto, scope: string): Generator<Found> {
  const name = node.output[0] ?? '';
  const value = node.attribute.find((attribute) => attribute.name === 'sparse_value')?.sparseTensor;
  if (value !== undefined) yield { scope, name, make: () => sparse(file, value) };
  const tensor = constantTensor(node);
  const dims = tensor === undefined ? undefined : safeTensorDims(tensor);
  if (tensor !== undefined && elementCount(dims ?? []) >= SMALLEST_WEIGHT_CONSTANT) {
    yield { scope, name, make: () => dense(file, tensor) };
  }
}

function dense(file: OnnxFile, tensor: TensorProto): Described {
  const dtype = dataTypeName(tensor.dataType);
  return described(dtype, () => {
    const dims = safeTensorDims(tensor);
    const values = onnxTensorValues(tensor, file.openLocation);
    const location = tensorReference(tensor)?.location;
    return {
      dims: dims ?? [0],
      dtype,
      bytes: storedBytes(tensor, elementCount(dims ?? [0])),
      ...(location === undefined || location === file.ownLocation ? {} : { file: location }),
      ...(values === undefined ? { unreadable: noNumbers(dtype) } : { values }),
    };
  });
}

function sparse(file: OnnxFile, proto: SparseTensorProto): Described {
  const type = dataTypeName(proto.values?.dataType ?? 0);
  const dtype = `sparse ${type}`;
  return described(dtype, () => {
    const { dims, stored, values } = sparseTensor(proto, file.openLocation);
    const indices = proto.indices === undefined ? 0 : elementCount(safeTensorDims(proto.indices) ?? [0]);
    return {
      dims,
      dtype,
      bytes: (proto.values === undefined ? 0 : storedBytes(proto.values, stored)) + 8 * indices,
      ...(values === undefined ? { unreadable: noNumbers(type) } : { values }),
    };
  });
}

/** What the file says of a tensor may be impossible: then it is listed with the reason. */
function described(dtype: string, describe: () => Described): Described {
  try {
    return describe();
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return { dims: [0], dtype, bytes: 0, unreadable: error.problem.message };
  }
}

function storedBytes(tensor: TensorProto, elements: number): number {
  const size = elementBytes(tensor.dataType);
  return size === undefined
    ? tensor.stringData.reduce((sum, text) => sum + text.length, 0)
    : Math.ceil(elements * size);
}

function noNumbers(type: string): string {
  if (type === 'string') return 'It holds texts.';
  if (type.startsWith('complex')) return 'It holds complex numbers, which are not shown.';
  return `It has the type ${type}, which the ONNX standard of this version does not know.`;
}

/** Names of different places may be equal, if only because a file is not what it should be. */
function uniqueNames(): (name: string) => string {
  const taken = new Map<string, number>();
  return (name) => {
    let number = taken.get(name) ?? 0;
    let unique = name;
    while (taken.has(unique)) unique = `${name} (${++number + 1})`;
    taken.set(name, number);
    taken.set(unique, 0);
    return unique;
  };
}

function formatName({ irVersion, opsetImport }: ModelProto): string {
  const opset = opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
  return `ONNX, IR version ${irVersion}${opset === undefined ? '' : `, opset ${opset.version}`}`;
}

function metadataOf(proto: ModelProto): MetadataEntry[] {
  const own: readonly (readonly [string, string])[] = [
    ['producer', `${proto.producerName} ${proto.producerVersion}`.trim()],
    ['domain', proto.domain],
    ['model version', proto.modelVersion === 0n ? '' : String(proto.modelVersion)],
    ['graph', proto.graph?.name ?? ''],
    ['operator sets', proto.opsetImport.map(({ domain, version }) => `${domain || 'ai.onnx'} ${version}`).join(', ')],
    ['description', proto.docString],
  ];
  return [
    ...own
      .filter(([, value]) => value !== '')
      .map(([key, value]) => ({ key, value: shortText(value, MAXIMUM_METADATA_CHARACTERS) })),
    ...proto.metadataProps.map(({ key, value }) => ({ key, value: shortText(value, MAXIMUM_METADATA_CHARACTERS) })),
  ];
}
