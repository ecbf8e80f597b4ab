/** The nodes of an If, Loop or Scan in place of it, step after step. Definitions: the ONNX operators of those names. */
import { create } from '@bufbuild/protobuf';
import {
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  type GraphProto,
  type NodeProto,
  type SparseTensorProto,
  type TensorProto,
} from '../../formats/onnx/onnx_pb.js';
import type { Graph, GraphNode } from '../../graph/graph.js';
import { int64Tensor, makeNode } from '../nodes.js';
import { ownNames, renamedNode, renamedSparse } from '../rename-nodes.js';
import { scanOf, type BodyRun } from './body-runs.js';

/** What stands in the graph instead of a node. The node's outputs keep their names. */
export interface Steps {
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
  readonly sparseInitializers: readonly SparseTensorProto[];
}

/** The body that runs: of an If, the branch that was taken; undefined where the node has none. */
export function bodyThatRuns(graph: Graph, node: GraphNode, { isTrue }: BodyRun): GraphProto | undefined {
  const name = node.opType !== 'If' ? 'body' : isTrue === true ? 'then_branch' : 'else_branch';
  return graph.subgraphs(node).find(({ attribute }) => attribute === name)?.graph.proto;
}

/**
 * @param prefix of new names, which no name in the model has.
 * @returns undefined where the node does not fit its body, or lists are empty that steps would have filled.
 */
export function stepsOf(node: GraphNode, body: GraphProto, times: number, prefix: string): Steps | undefined {
  const bench = workbench(body, prefix);
  const isWritten =
    node.opType === 'If'
      ? writeBranch(node, body, bench)
      : node.opType === 'Loop'
        ? writeLoop(node, body, times, bench)
        : writeScan(node, body, times, bench);
  return isWritten ? bench : undefined;
}

interface Bench extends Steps {
  /** Adds a node. @returns its output. */
  op(opType: string, inputs: readonly string[], attributes?: Readonly<Record<string, number>>): string;
  add(node: NodeProto): void;
  constant(make: (name: string) => TensorProto): string;
  /** One step. @param given values that the body's inputs stand for. @returns those that its outputs stand for. */
  step(given: readonly string[]): readonly string[];
}

function workbench(body: GraphProto, prefix: string): Bench {
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  let count = 0;
  // What is the same in every step is there once.
  const own = ownNames(body);
  const shared = new Set(body.initializer.map(({ name }) => name));
  for (const { values } of body.sparseInitializer) shared.add(values?.name ?? '');
  const sharedName = (name: string): string => `${prefix}_${name}`;
  initializers.push(...body.initializer.map((each) => ({ ...each, name: sharedName(each.name) })));
  const bench: Bench = {
    nodes,
    initializers,
    sparseInitializers: body.sparseInitializer.map((each) => renamedSparse(each, sharedName)),
    op(opType, inputs, attributes) {
      const output = `${prefix}.${count++}_${opType}`;
      nodes.push(makeNode(opType, inputs, [output], attributes));
      return output;
    },
    add: (node) => void nodes.push(node),
    constant(make) {
      const name = `${prefix}.${count++}_constant`;
      initializers.push(make(name));
      return name;
    },
    step(given) {
      const step = `${prefix}.${count++}_`;
      const inputs = new Map(body.input.map(({ name }, at) => [name, given[at] ?? '']));
      const fresh = (name: string): string => `${step}${name}`;
      const rename = (name: string): string =>
        inputs.get(name) ?? (shared.has(name) ? sharedName(name) : own.has(name) ? fresh(name) : name);
      for (const each of body.node) {
        // Nodes are named apart from values; engines want each name once, if there is one.
        nodes.push({ ...renamedNode(each, rename, fresh), name: each.name === '' ? '' : fresh(each.name) });
      }
      return body.output.map(({ name }) => rename(name));
    },
  };
  return bench;
}

function writeBranch(node: GraphNode, body: GraphProto, bench: Bench): boolean {
  if (body.input.length > 0 || body.output.length < node.outputs.length) return false;
  const values = bench.step([]);
  node.outputs.forEach((output, at) => handOn(bench, values[at] ?? '', output));
  return true;
}

function handOn(bench: Bench, value: string, output: string): void {
  if (output !== '') bench.add(makeNode('Identity', [value], [output]));
}

function writeLoop(node: GraphNode, body: GraphProto, times: number, bench: Bench): boolean {
  const start = node.inputs.slice(2);
  if (body.input.length !== start.length + 2 || body.output.length <= start.length) return false;
  const lists = node.outputs.slice(start.length);
  if (times === 0 && lists.some((output) => output !== '')) return false;
  // Engines give both with the rank that the body states for them.
  const [numberDims, goesOnDims] = body.input.slice(0, 2).map(({ type }): readonly number[] => {
    const shape = type?.value.case === 'tensorType' ? type.value.value.shape : undefined;
    return shape?.dim.length === 1 ? [1] : [];
  });
  const goesOn = bench.constant((name) =>
    create(TensorProtoSchema, {
      name,
      dataType: DataType.BOOL,
      dims: (goesOnDims ?? []).map(BigInt),
      int32Data: [1],
    }),
  );
  let carried: readonly string[] = start;
  const items: (readonly string[])[] = [];
  for (let step = 0; step < times; step++) {
    const made = bench.step([number(bench, step, numberDims), goesOn, ...carried]).slice(1);
    carried = made.slice(0, start.length);
    items.push(made.slice(start.length));
  }
  carried.forEach((value, at) => handOn(bench, value, node.outputs[at] ?? ''));
  lists.forEach((output, at) =>
    stack(
      bench,
      items.map((each) => each[at] ?? ''),
      0,
      output,
    ),
  );
  return true;
}

function number(bench: Bench, value: number, dims: readonly number[] = []): string {
  return bench.constant((name) => int64Tensor(name, dims, [value]));
}

function stack(bench: Bench, items: readonly string[], axis: number, output: string): void {
  if (output === '') return;
  const axes = number(bench, axis, [1]);
  const parts = items.map((item) => bench.op('Unsqueeze', [item, axes]));
  bench.add(makeNode('Concat', parts, [output], { axis }));
}

function writeScan(node: GraphNode, body: GraphProto, times: number, bench: Bench): boolean {
  const scanned = scanOf(node);
  if (scanned === undefined || body.input.length !== node.inputs.length || times === 0) return false;
  const { states, inputAxes, inputsReversed, outputAxes, outputsReversed } = scanned;
  if (body.output.length < Math.max(states, node.outputs.length)) return false;
  const sequences = node.inputs.slice(states);
  let carried: readonly string[] = node.inputs.slice(0, states);
  const items: (readonly string[])[] = [];
  for (let step = 0; step < times; step++) {
    const slices = sequences.map((value, at) => {
      const place = inputsReversed[at] === true ? times - 1 - step : step;
      return bench.op('Gather', [value, number(bench, place)], { axis: inputAxes[at] ?? 0 });
    });
    const made = bench.step([...carried, ...slices]);
    carried = made.slice(0, states);
    items.push(made.slice(states));
  }
  carried.forEach((value, at) => handOn(bench, value, node.outputs[at] ?? ''));
  node.outputs.slice(states).forEach((output, at) => {
    const values = items.map((each) => each[at] ?? '');
    stack(bench, outputsReversed[at] === true ? values.reverse() : values, outputAxes[at] ?? 0, output);
  });
  return true;
}
