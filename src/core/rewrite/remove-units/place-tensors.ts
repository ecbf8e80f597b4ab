/** Where changed constants go: in the place of the old one where every reader wants the same, beside it otherwise. */
import type { TensorProto } from '../../formats/onnx/onnx_pb.js';
import type { Graph, GraphNode } from '../../graph/graph.js';
import { int64Tensor } from '../nodes.js';
import { editedDims, placeholder, type Cut, type EditedTensor } from './cut-tensor.js';

/** What becomes of one operand of one node. */
export interface OperandEdit {
  readonly node: GraphNode;
  readonly position: number;
  readonly cuts: Cut[];
  added?: Float64Array;
}

export interface PlacedTensors {
  readonly initializers: readonly TensorProto[];
  readonly edited: ReadonlyMap<TensorProto, EditedTensor>;
  /** Inputs of nodes that read another constant now, by node index. */
  readonly inputs: ReadonlyMap<number, readonly string[]>;
  /** Constant nodes in whose place an initializer stands now. */
  readonly droppedNodes: ReadonlySet<number>;
  /** Of constants that kept their names. */
  readonly newDims: ReadonlyMap<string, readonly number[]>;
  /** There are initializers that are no inputs. */
  readonly needsFreeInitializers: boolean;
}

interface ConstantEdit {
  readonly node: GraphNode;
  readonly position: number;
  readonly numbers: readonly number[];
}

export function placeTensors(
  graph: Graph,
  operands: readonly OperandEdit[],
  constants: readonly ConstantEdit[],
): PlacedTensors {
  const fresh = freshNames(graph);
  const edited = new Map<TensorProto, EditedTensor>();
  const replaced = new Map<string, TensorProto>();
  const added: TensorProto[] = [];
  const inputs = new Map<number, string[]>();
  const droppedNodes = new Set<number>();
  const newDims = new Map<string, readonly number[]>();
  const rewire = (node: GraphNode, position: number, name: string): void => {
    const list = inputs.get(node.index) ?? [...node.inputs];
    while (list.length <= position) list.push('');
    list[position] = name;
    inputs.set(node.index, list);
  };

  const byValue = new Map<string, Map<string, OperandEdit[]>>();
  for (const operand of operands) {
    const value = operand.node.inputs[operand.position] ?? '';
    const kinds = byValue.get(value) ?? new Map<string, OperandEdit[]>();
    const key = JSON.stringify([operand.cuts, operand.added && [...operand.added]]);
    kinds.set(key, [...(kinds.get(key) ?? []), operand]);
    byValue.set(value, kinds);
  }
  for (const [value, kinds] of byValue) {
    const source = graph.initializer(value);
    if (source === undefined) continue;
    const [only] = [...kinds.values()];
    const everywhere = kinds.size === 1 && only?.length === usesOf(graph, value);
    for (const same of kinds.values()) {
      const [{ cuts, added: addition }] = same as [OperandEdit];
      const tensor: EditedTensor = { source, cuts, ...(addition === undefined ? {} : { added: addition }) };
      const name = everywhere ? value : fresh(value);
      const proto = placeholder(name, tensor);
      edited.set(proto, tensor);
      const maker = graph.producerOf(value);
      if (everywhere && maker === undefined) {
        replaced.set(value, proto);
        newDims.set(value, editedDims(tensor));
      } else added.push(proto);
      if (everywhere && maker !== undefined) droppedNodes.add(maker.index);
      if (!everywhere) for (const { node, position } of same) rewire(node, position, name);
    }
  }
  for (const { node, position, numbers } of constants) {
    const name = fresh(
      node.inputs[position] === undefined || node.inputs[position] === ''
        ? `${node.outputs[0] ?? ''}_sizes`
        : (node.inputs[position] as string),
    );
    added.push(int64Tensor(name, [numbers.length], numbers));
    rewire(node, position, name);
  }
  const unread = unreadAfter(graph, inputs);
  for (const value of unread) {
    const maker = graph.producerOf(value);
    if (maker !== undefined) droppedNodes.add(maker.index);
  }
  return {
    initializers: [
      ...graph.proto.initializer
        .filter(({ name }) => !unread.has(name))
        .map((tensor) => replaced.get(tensor.name) ?? tensor),
      ...added,
    ],
    edited,
    inputs,
    droppedNodes,
    newDims,
    needsFreeInitializers: added.length > 0,
  };
}

/** Operands of nodes that are this value, and whatever else reads it. */
function usesOf(graph: Graph, value: string): number {
  let uses = graph.isOutput(value) ? 1 : 0;
  for (const node of graph.consumersOf(value)) {
    const direct = node.inputs.filter((input) => input === value).length;
    // A body that captures it wants it as it was.
    uses += direct === 0 ? 1 : direct;
    if (direct > 0 && graph.subgraphs(node).length > 0) uses++;
  }
  return uses;
}

/** Constants that some node read and none reads any more. */
function unreadAfter(graph: Graph, inputs: ReadonlyMap<number, readonly string[]>): Set<string> {
  const unread = new Set<string>();
  for (const [index, now] of inputs) {
    for (const value of graph.nodes[index]?.inputs ?? []) {
      if (value === '' || now.includes(value) || graph.initializer(value) === undefined) continue;
      const still =
        graph.isOutput(value) ||
        graph
          .consumersOf(value)
          .some((node) => !inputs.has(node.index) || inputs.get(node.index)?.includes(value) === true);
      // As an input of an old file it stays: somebody may set it.
      if (!still && !graph.proto.input.some(({ name }) => name === value)) unread.add(value);
    }
  }
  return unread;
}

function freshNames(graph: Graph): (name: string) => string {
  const taken = new Set<string>();
  for (const node of graph.proto.node) for (const name of [...node.input, ...node.output]) taken.add(name);
  for (const { name } of [...graph.proto.input, ...graph.proto.output, ...graph.proto.initializer]) taken.add(name);
  return (name) => {
    let number = 1;
    while (taken.has(`${name}_pruned${number === 1 ? '' : number}`)) number++;
    const chosen = `${name}_pruned${number === 1 ? '' : number}`;
    taken.add(chosen);
    return chosen;
  };
}
