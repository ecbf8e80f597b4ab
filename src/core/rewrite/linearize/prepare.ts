import type { ModelProto } from '../../formats/onnx/onnx_pb.js';
import { createGraph, type Graph } from '../../graph/graph.js';
import type { NamedTensors } from '../../tensor/tensor.js';
import { inlineFunctions } from '../inline-functions.js';
import { raiseOpset } from '../raise-opset.js';
import type { KnownShapes } from './plan.js';

/**
 * The graph that is linearised: the model's own functions are written out, and its operators are those of a newer
 * operator set. The values of the main graph keep their names, and what they compute.
 */
export function prepareForLinearize(model: ModelProto): Graph {
  return createGraph(raiseOpset(inlineFunctions(model)));
}

/** Types and sizes as a run gave them that had the values as its outputs. */
export function shapesOfRun(outputs: NamedTensors): KnownShapes {
  return {
    typeOf: (value) => outputs[value]?.type,
    shapeOf: (value) => outputs[value]?.dims,
  };
}
