/** Operators that move numbers about: where the units of their operands lie in their results. */
import { attributeInt, attributeInts } from '../../../graph/attributes.js';
import { integerConstants } from '../../../graph/constants.js';
import type { Graph, GraphNode } from '../../../graph/graph.js';
import { elementCount } from '../../../tensor/tensor.js';
import type { Coupler } from '../coupling.js';
import type { UnitRule } from '../rules.js';

function blockAll(node: GraphNode, coupler: Coupler, reason: string): void {
  for (const value of [...node.inputs, ...node.outputs]) coupler.block(value, reason);
}

/** Ties input and output along axes that are the same units. */
function tieBoth(node: GraphNode, coupler: Coupler, inAxis: number | undefined, outAxis: number | undefined): void {
  const [input = '', output = ''] = [node.inputs[0], node.outputs[0]];
  if (inAxis === undefined || outAxis === undefined || outAxis < 0) {
    blockAll(node, coupler, `${node.opType} takes its units apart`);
    return;
  }
  if (coupler.axisOf(input) !== undefined) coupler.tie(input, output, outAxis);
  else coupler.tie(output, input, inAxis);
}

/** Axes of the input, in the order in which they stand in the output. */
function coupleMoved(node: GraphNode, coupler: Coupler, order: readonly number[] | undefined): void {
  const input = coupler.axisOf(node.inputs[0] ?? '');
  const output = coupler.axisOf(node.outputs[0] ?? '');
  tieBoth(node, coupler, input ?? order?.[output ?? -1], input === undefined ? output : order?.indexOf(input));
}

function coupleTranspose(node: GraphNode, coupler: Coupler): void {
  const rank = coupler.shapeOf(node.inputs[0] ?? '')?.length ?? 0;
  const reversed = Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  coupleMoved(node, coupler, attributeInts(node, 'perm') ?? reversed);
}

/** Only axes of one number come or go: the others keep their order. */
function coupleSqueeze(node: GraphNode, coupler: Coupler): void {
  const squeezes = node.opType === 'Squeeze';
  const [long, short] = squeezes ? [node.inputs[0], node.outputs[0]] : [node.outputs[0], node.inputs[0]];
  const shape = coupler.shapeOf(long ?? '');
  const shortRank = coupler.shapeOf(short ?? '')?.length;
  const given = attributeInts(node, 'axes') ?? integerConstants(coupler.graph, node.inputs[1] ?? '');
  const axes = given ?? (squeezes ? shape?.flatMap((size, axis) => (size === 1 ? [axis] : [])) : undefined);
  if (shape === undefined || axes === undefined) return coupleMoved(node, coupler, undefined);
  const gone = new Set(axes.map((axis) => (axis < 0 ? axis + shape.length : axis)));
  const kept = shape.flatMap((_, axis) => (gone.has(axis) ? [] : [axis]));
  if (kept.length !== shortRank) return coupleMoved(node, coupler, undefined);
  const inverse = shape.map((_, axis) => kept.indexOf(axis));
  coupleMoved(node, coupler, squeezes ? kept : inverse);
}

/** Flatten, and Reshape where axes merge into one: a unit then owns a block of elements for each place in front of it. */
function coupleReshape(node: GraphNode, coupler: Coupler): void {
  const [input = '', output = ''] = [node.inputs[0] ?? '', node.outputs[0] ?? ''];
  const [from, to] = [coupler.shapeOf(input), coupler.shapeOf(output)];
  const known = coupler.axisOf(input);
  const merged = from === undefined || to === undefined ? undefined : mergedAxis(from, to, known);
  if (from === undefined || to === undefined || known === undefined || merged === undefined) {
    const back =
      from === undefined || to === undefined || known !== undefined
        ? undefined
        : sameAxis(from, to, coupler.axisOf(output));
    if (back === undefined) return blockAll(node, coupler, `${node.opType} takes its units apart (as into heads)`);
    if (!targetAllows(node, coupler, coupler.axisOf(output) ?? 0))
      return blockAll(node, coupler, 'the target of Reshape is computed');
    coupler.tie(output, input, back);
    return;
  }
  if (!targetAllows(node, coupler, merged.axis)) return blockAll(node, coupler, 'the target of Reshape is computed');
  coupler.tie(input, output, merged.axis, { spread: merged });
}

/** Where an axis of one shape goes in another: outer · units · inner elements of one axis. Undefined where it is split. */
function mergedAxis(
  from: readonly number[],
  to: readonly number[],
  axis: number | undefined,
): { readonly axis: number; readonly outer: number; readonly inner: number } | undefined {
  if (axis === undefined) return undefined;
  const before = elementCount(from.slice(0, axis));
  const size = from[axis] ?? 0;
  const after = elementCount(from.slice(axis + 1));
  for (const [at, length] of to.entries()) {
    const toBefore = elementCount(to.slice(0, at));
    const toAfter = elementCount(to.slice(at + 1));
    const [outer, inner] = [before / toBefore, after / toAfter];
    if (
      Number.isInteger(outer) &&
      Number.isInteger(inner) &&
      outer * size * inner === length &&
      outer >= 1 &&
      inner >= 1
    ) {
      return { axis: at, outer, inner };
    }
  }
  return undefined;
}

function sameAxis(from: readonly number[], to: readonly number[], axis: number | undefined): number | undefined {
  const found = mergedAxis(to, from, axis);
  return found !== undefined && found.outer === 1 && found.inner === 1 ? found.axis : undefined;
}

/** Whether the size of an axis in the target can change: it follows from the rest, is copied, or is a constant of the file. */
function targetAllows(node: GraphNode, coupler: Coupler, axis: number): boolean {
  if (node.opType === 'Flatten') return true;
  const { graph } = coupler;
  const target = node.inputs[1] ?? '';
  const numbers = attributeInts(node, 'shape') ?? integerConstants(graph, target);
  const size = numbers === undefined ? pieceOf(graph, target, axis) : numbers[axis];
  if (size === undefined) return false;
  if (size === -1) return true;
  // 0 copies the size of the same axis of the input: there the units are, too, or it is no copy of theirs.
  if (size === 0 && coupler.axisOf(node.inputs[0] ?? '') === axis) return true;
  if (graph.initializer(target) === undefined) return false;
  const output = node.outputs[0] ?? '';
  coupler.edit({ kind: 'target', node, axis, by: output });
  return true;
}

/** A target that is put together from single sizes: only that the wanted one is −1 can be used. */
function pieceOf(graph: Graph, target: string, axis: number): number | undefined {
  const maker = graph.producerOf(target);
  if (maker?.opType !== 'Concat' || maker.domain !== '') return undefined;
  let at = 0;
  for (const piece of maker.inputs) {
    const numbers = integerConstants(graph, piece);
    if (numbers === undefined) {
      // A computed piece is one size: exporters write them so.
      at += graph.valueInfo(piece)?.shape?.[0] === undefined || graph.valueInfo(piece)?.shape?.[0] === 1 ? 1 : NaN;
    } else {
      if (axis >= at && axis < at + numbers.length) return numbers[axis - at] === -1 ? -1 : undefined;
      at += numbers.length;
    }
  }
  return undefined;
}

function coupleConcat(node: GraphNode, coupler: Coupler): void {
  const output = node.outputs[0] ?? '';
  const rank = coupler.shapeOf(output)?.length;
  const followed = [output, ...node.inputs].find((value) => coupler.axisOf(value) !== undefined);
  const stated = attributeInt(node, 'axis');
  if (rank === undefined || followed === undefined || stated === undefined) {
    return blockAll(node, coupler, 'of Concat no shape is known');
  }
  const joined = stated < 0 ? stated + rank : stated;
  const axis = coupler.axisOf(followed) ?? 0;
  if (axis !== joined) {
    if (followed !== output) coupler.tie(followed, output, axis);
    for (const value of node.inputs) {
      if (coupler.graph.initializer(value) === undefined) coupler.tie(output, value, axis);
      else coupler.block(output, 'Concat sets constants beside it');
    }
    return;
  }
  let offset = 0;
  for (const value of node.inputs) {
    const size = coupler.shapeOf(value)?.[axis];
    const known = coupler.axisOf(value);
    if (size === undefined || (known !== undefined && known !== axis)) {
      return blockAll(node, coupler, 'Concat joins units along different axes');
    }
    if (coupler.graph.initializer(value) === undefined) {
      coupler.begin(value, axis);
      coupler.tie(value, output, axis, { offset });
    } else coupler.block(output, 'Concat joins it with constants');
    offset += size;
  }
}

function coupleSplit(node: GraphNode, coupler: Coupler): void {
  const input = node.inputs[0] ?? '';
  const rank = coupler.shapeOf(input)?.length;
  const followed = [input, ...node.outputs].find((value) => coupler.axisOf(value) !== undefined);
  if (rank === undefined || followed === undefined) return blockAll(node, coupler, 'of Split no shape is known');
  const stated = attributeInt(node, 'axis') ?? 0;
  const divided = stated < 0 ? stated + rank : stated;
  const axis = coupler.axisOf(followed) ?? 0;
  if (axis !== divided) {
    if (followed !== input) coupler.tie(followed, input, axis);
    for (const value of node.outputs) coupler.tie(input, value, axis);
    return;
  }
  coupler.begin(input, axis);
  let offset = 0;
  for (const value of node.outputs) {
    const size = coupler.shapeOf(value)?.[axis];
    if (size === undefined) return blockAll(node, coupler, 'of Split no shape is known');
    coupler.begin(value, axis);
    coupler.tie(value, input, axis, { offset });
    offset += size;
  }
  coupler.edit({ kind: 'split', node });
}

/** A size that is read of the shape is harmless where it is not that of the units. */
function coupleShape(node: GraphNode, coupler: Coupler): void {
  const input = node.inputs[0] ?? '';
  const axis = coupler.axisOf(input);
  const readers = coupler.graph.consumersOf(node.outputs[0] ?? '');
  const others = readers.every((reader) => {
    if (reader.opType !== 'Gather' || reader.domain !== '' || reader.inputs[0] !== node.outputs[0]) return false;
    const indices = integerConstants(coupler.graph, reader.inputs[1] ?? '');
    const rank = coupler.shapeOf(input)?.length ?? 0;
    return indices !== undefined && indices.every((index) => (index < 0 ? index + rank : index) !== axis);
  });
  const plain = attributeInt(node, 'start') === undefined && attributeInt(node, 'end') === undefined;
  if (!others || !plain || coupler.graph.isOutput(node.outputs[0] ?? '')) {
    coupler.block(input, 'the number of its units is computed with');
  }
}

export const layout: Readonly<Record<string, UnitRule>> = {
  Transpose: { couple: coupleTranspose, moves: true },
  Squeeze: { couple: coupleSqueeze, moves: true },
  Unsqueeze: { couple: coupleSqueeze, moves: true },
  Flatten: { couple: coupleReshape, moves: true },
  Reshape: { couple: coupleReshape, moves: true },
  Concat: { couple: coupleConcat, moves: true },
  Split: { couple: coupleSplit, moves: true },
  Shape: { couple: coupleShape },
};
