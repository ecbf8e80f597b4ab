/** Values that a linear system of a model can start or end at. */
import type { Graph, GraphNode } from '../graph/graph.js';
import type { KnownShapes } from '../rewrite/linearize/plan.js';
import { changingValues } from './changing-values.js';
import { isFloatType } from '../tensor/floats.js';
import { labelledValue, type LabelledValue } from './labelled-value.js';

export interface CutChoice extends LabelledValue {
  readonly dims: readonly number[];
}

/**
 * Values of the model that change with its inputs and hold floating-point numbers, in the order of the graph.
 * @param shapes at one input.
 */
export function cutChoices(
  original: Graph,
  shapes: KnownShapes,
  placeOf: (node: GraphNode) => string,
): readonly CutChoice[] {
  return changingValues(original).flatMap((value) => {
    const dims = shapes.shapeOf(value);
    if (!isFloatType(shapes.typeOf(value)) || dims === undefined || dims.includes(0)) return [];
    return [{ ...labelledValue(original, placeOf, value), dims }];
  });
}
