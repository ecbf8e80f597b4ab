/** What a network takes, before and after units were removed: one forward for one input. */
import { bytesOf, peakMemory } from '../costs/activation-memory.js';
import { operationsOf } from '../costs/operations.js';
import { elementBytes, safeTensorDims } from '../formats/onnx/tensor-proto.js';
import type { TensorProto } from '../formats/onnx/onnx_pb.js';
import { createGraph, type Graph } from '../graph/graph.js';
import { countParameters } from '../graph/parameters.js';
import type { ConcreteShapes } from '../rewrite/infer-shapes.js';
import type { Rewritten } from '../rewrite/remove-units/apply.js';
import type { RemovalPlan } from '../rewrite/remove-units/plan.js';
import { elementCount } from '../tensor/tensor.js';

export interface Footprint {
  /** As the structure pass counts them: elements of floating-point weights. */
  readonly parameters: number;
  /** Bytes of the weights as they are stored. */
  readonly weightBytes: number;
  /** Arithmetic operations of one forward (methods M1); nodes without a rule count nothing, before and after. */
  readonly operations: number;
  /** Bytes of all values of one forward. */
  readonly activationBytes: number;
  /** The most of them that are alive at once. */
  readonly peakBytes: number;
}

export interface Savings {
  readonly before: Footprint;
  readonly after: Footprint;
}

export function savingsOf(graph: Graph, shapes: ConcreteShapes, plan: RemovalPlan, { model }: Rewritten): Savings {
  const after = createGraph(model);
  return { before: footprint(graph, shapes), after: footprint(after, shapesAfter(after, shapes, plan)) };
}

function footprint(graph: Graph, shapes: ConcreteShapes): Footprint {
  let operations = 0;
  let activationBytes = 0;
  for (const node of graph.nodes) {
    if (node.opType === 'Constant') continue;
    operations += operationsOf(node, shapes) ?? 0;
    for (const value of node.outputs) activationBytes += value === '' ? 0 : (bytesOf(value, shapes) ?? 0);
  }
  return {
    parameters: countParameters(graph).total,
    weightBytes: weightBytes(graph),
    operations,
    activationBytes,
    peakBytes: peakMemory(graph, shapes).bytes,
  };
}

function weightBytes(graph: Graph): number {
  const stored = (tensor: TensorProto | undefined): number =>
    tensor === undefined
      ? 0
      : Math.ceil(elementCount(safeTensorDims(tensor) ?? [0]) * (elementBytes(tensor.dataType) ?? 0));
  const constants = graph.nodes.filter(({ opType, domain }) => opType === 'Constant' && domain === '');
  return [
    ...graph.proto.initializer.map(stored),
    ...constants.map(({ outputs }) => stored(graph.initializer(outputs[0] ?? ''))),
  ].reduce((sum, bytes) => sum + bytes, 0);
}

/** What was followed is smaller along its units; weights say themselves what they are. */
function shapesAfter(after: Graph, shapes: ConcreteShapes, { coupling, choice }: RemovalPlan): ConcreteShapes {
  return {
    typeOf: (value) => shapes.typeOf(value),
    shapeOf(value) {
      const tensor = after.initializer(value);
      if (tensor !== undefined) return safeTensorDims(tensor);
      const shape = shapes.shapeOf(value);
      const followed = coupling.followed.get(value);
      const gone = choice.removed.get(value)?.length ?? 0;
      if (shape === undefined || followed === undefined || gone === 0) return shape;
      return shape.map((size, axis) => (axis === followed.axis ? size - gone : size));
    },
  };
}
