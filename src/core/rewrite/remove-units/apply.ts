/** The model without units: graph and weights, the weights as what is to be cut out of those of the file. */
import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../../formats/onnx/onnx_pb.js';
import { makeValueInfo } from '../nodes.js';
import { attributeInts } from '../../graph/attributes.js';
import { integerConstants } from '../../graph/constants.js';
import type { Graph, GraphNode } from '../../graph/graph.js';
import type { Choice } from './choose.js';
import type { Coupling } from './coupling.js';
import type { EditedTensor } from './cut-tensor.js';
import type { ReadNumbers } from './numbers.js';
import { placeTensors, type OperandEdit } from './place-tensors.js';

export interface Rewritten {
  /** Tensors of `edited` are in it without their numbers. */
  readonly model: ModelProto;
  readonly edited: ReadonlyMap<TensorProto, EditedTensor>;
}

/** @throws as reading does. */
export async function removeUnits(
  graph: Graph,
  coupling: Coupling,
  choice: Choice,
  shapeOf: (value: string) => readonly number[] | undefined,
  read: ReadNumbers,
): Promise<Rewritten> {
  const operands = operandEdits(coupling, choice);
  await addFolds(operands, choice, read);
  const changes = structureChanges(graph, coupling, choice, shapeOf);
  const placed = placeTensors(graph, [...operands.values()], changes.constants);
  const nodes = graph.proto.node.flatMap((proto, index): NodeProto[] => {
    if (placed.droppedNodes.has(index)) return [];
    const input = placed.inputs.get(index);
    const attributes = changes.attributes.get(index);
    if (input === undefined && attributes === undefined) return [proto];
    return [{ ...proto, input: [...(input ?? proto.input)], attribute: attributes?.(proto) ?? proto.attribute }];
  });
  const touched = new Set(choice.removed.keys());
  const model: ModelProto = {
    ...graph.model,
    irVersion: placed.needsFreeInitializers && graph.model.irVersion < 4n ? 4n : graph.model.irVersion,
    // Training graphs speak of the weights as they were.
    trainingInfo: [],
    graph: create(GraphProtoSchema, {
      ...graph.proto,
      node: nodes,
      initializer: [...placed.initializers],
      input: graph.proto.input.map((info) => withDims(info, placed.newDims.get(info.name))),
      valueInfo: graph.proto.valueInfo.filter(({ name }) => !touched.has(name) && !placed.newDims.has(name)),
    }),
  };
  return { model, edited: placed.edited };
}

function operandEdits(coupling: Coupling, { removed }: Choice): Map<string, OperandEdit> {
  const operands = new Map<string, OperandEdit>();
  for (const edit of coupling.edits) {
    if (edit.kind !== 'slice' && edit.kind !== 'reading') continue;
    const gone = removed.get(edit.kind === 'slice' ? edit.by : edit.value) ?? [];
    if (gone.length === 0) continue;
    operandOf(operands, edit.node, edit.position).cuts.push({ axis: edit.axis, removed: gone });
  }
  return operands;
}

function operandOf(operands: Map<string, OperandEdit>, node: GraphNode, position: number): OperandEdit {
  const key = `${node.index} ${position}`;
  const known = operands.get(key) ?? { node, position, cuts: [] };
  operands.set(key, known);
  return known;
}

/** c · W of every constant unit into the bias behind it. */
async function addFolds(operands: Map<string, OperandEdit>, { folds }: Choice, read: ReadNumbers): Promise<void> {
  for (const reading of new Set(folds.map((fold) => fold.reading))) {
    const { dims, data } = await read(reading.node.inputs[reading.position] ?? '');
    const [rows = 0, columns = 0] = dims;
    const outputs = reading.axis === 0 ? columns : rows;
    const kernel = dims.slice(2).reduce((product, size) => product * size, 1);
    for (const { place, unit, constant } of folds.filter((fold) => fold.reading === reading)) {
      const operand = operandOf(operands, place.node, place.position);
      const added = (operand.added ??= new Float64Array(outputs));
      for (let output = 0; output < outputs; output++) {
        const [row, column] = reading.axis === 0 ? [unit, output] : [output, unit];
        let weight = 0;
        for (let at = 0; at < kernel; at++) weight += data[(row * columns + column) * kernel + at] ?? NaN;
        added[output] = (added[output] ?? 0) + constant * place.scale * weight;
      }
    }
  }
}

interface StructureChanges {
  readonly attributes: ReadonlyMap<number, (proto: NodeProto) => NodeProto['attribute']>;
  /** Constants that take the place of an operand: targets of reshapes, sizes of splits. */
  readonly constants: readonly {
    readonly node: GraphNode;
    readonly position: number;
    readonly numbers: readonly number[];
  }[];
}

function structureChanges(
  graph: Graph,
  coupling: Coupling,
  { removed }: Choice,
  shapeOf: (value: string) => readonly number[] | undefined,
): StructureChanges {
  const attributes = new Map<number, (proto: NodeProto) => NodeProto['attribute']>();
  const constants: { node: GraphNode; position: number; numbers: readonly number[] }[] = [];
  const left = (value: string): number => (coupling.followed.get(value)?.size ?? 0) - (removed.get(value)?.length ?? 0);
  const changed = (value: string): boolean => (removed.get(value)?.length ?? 0) > 0;
  for (const edit of coupling.edits) {
    const { node } = edit;
    if (edit.kind === 'groups' && changed(edit.by)) {
      attributes.set(node.index, (proto) => withIntegers(proto, 'group', left(edit.by)));
    } else if (edit.kind === 'target' && changed(edit.by)) {
      const shape = attributeInts(node, 'shape');
      const target = shape ?? integerConstants(graph, node.inputs[1] ?? '') ?? [];
      const numbers = target.map((size, axis) => (axis === edit.axis ? left(edit.by) : size));
      if (shape === undefined) constants.push({ node, position: 1, numbers });
      else attributes.set(node.index, (proto) => withIntegers(proto, 'shape', numbers));
    } else if (edit.kind === 'split' && node.outputs.some(changed)) {
      const axis = coupling.followed.get(node.inputs[0] ?? '')?.axis ?? 0;
      const sizes = node.outputs.map((value) =>
        coupling.followed.has(value) ? left(value) : (shapeOf(value)?.[axis] ?? 0),
      );
      if ((graph.opset('') ?? 1) < 13) attributes.set(node.index, (proto) => withIntegers(proto, 'split', sizes));
      else {
        constants.push({ node, position: 1, numbers: sizes });
        attributes.set(node.index, (proto) => proto.attribute.filter(({ name }) => name !== 'num_outputs'));
      }
    }
  }
  return { attributes, constants };
}

function withIntegers(
  { attribute }: NodeProto,
  name: string,
  value: number | readonly number[],
): NodeProto['attribute'] {
  const stated =
    typeof value === 'number'
      ? create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) })
      : create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
  return [...attribute.filter((each) => each.name !== name), stated];
}

/** Weights that are inputs of old files state their sizes there, too. */
function withDims(info: ValueInfoProto, dims: readonly number[] | undefined): ValueInfoProto {
  const type = info.type?.value;
  if (dims === undefined || type?.case !== 'tensorType') return info;
  return { ...info, type: makeValueInfo(info.name, type.value.elemType, dims).type };
}
