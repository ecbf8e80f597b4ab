/**
 * Linear operators whose matrix is read off the operator itself: applied to unit vectors, it gives the rows of the matrix
 * that it is. Only along the axes that it mixes, and only where that matrix is small.
 */
import { TensorProto_DataType as DataType } from '../../formats/onnx/onnx_pb.js';
import { attributeString } from '../../graph/attributes.js';
import { integerConstants } from '../../graph/constants.js';
import { elementCount } from '../../tensor/tensor.js';
import type { Calculator } from './calculator.js';
import { compose, type Shape } from './linear-map.js';
import { lazy } from './linear.js';
import { alongAxis, reshape, timesMatrix } from './maps.js';
import { declined, only, withFixed, type Rule, type Site } from './rule.js';

/** Elements of a matrix that is written out: 256 MB as float32. */
const LARGEST_MATRIX = 2 ** 26;

/** All unit vectors of a length: [count, count]. Made as float32: engines lack the operator for half precision. */
export function unitVectors(calc: Calculator, count: number): string {
  const zeros = calc.with('ConstantOfShape', [calc.writer.ints([count, count])], {});
  const units = calc.with('EyeLike', [zeros], {});
  return calc.type === DataType.FLOAT ? units : calc.cast(units);
}

/**
 * Interpolation goes axis by axis: each resized axis has a matrix, [size before, size after]. With scales these are used
 * for places, not the ratio of the sizes.
 */
const resize: Rule = (site) => {
  const { calc, node, from, to } = site;
  const crops = attributeString(node, 'coordinate_transformation_mode') === 'tf_crop_and_resize';
  const gone = ['axes', 'keep_aspect_ratio_policy', 'extrapolation_value'];
  const proto = { ...node.proto, attribute: node.proto.attribute.filter(({ name }) => !gone.includes(name)) };
  const scales = site.input(2);
  const axes = integerAxes(site);
  const matrix = (axis: number): string => {
    const [before, after] = [from[axis] ?? 1, to[axis] ?? 1];
    const units = calc.reshape(unitVectors(calc, before), [1, before, 1, before]);
    const at = calc.writer.ints([axes.indexOf(axis)]);
    const own = scales === '' ? '' : calc.writer.node('Gather', [scales, at]);
    const scale =
      scales === ''
        ? ''
        : calc.with('Concat', [calc.writer.node('Cast', [calc.writer.ints([1, 1, 1])], { to: 1 }), own], { axis: 0 });
    const sizes = scales === '' ? calc.writer.ints([1, before, 1, after]) : '';
    const inputs = [units, crops ? cropOf(site, axes.indexOf(axis), axes.length) : '', scale, sizes];
    return calc.reshape(calc.writer.copy(proto, inputs)[0] ?? '', [before, after]);
  };
  let shape: Shape = from;
  const maps = axes.flatMap((axis) => {
    if (from[axis] === to[axis] && !crops) return [];
    const before = shape;
    shape = shape.map((size, each) => (each === axis ? (to[axis] ?? 1) : size));
    return [lazy(() => alongAxis(calc, matrix(axis), before, axis, to[axis] ?? 1))];
  });
  // What lies outside of what is cropped has a value of its own.
  const outside = (): string => {
    const nothing = calc.op('Expand', 0, calc.writer.ints(from));
    return calc.writer.copy(node.proto, [nothing, ...node.inputs.slice(1)])[0] ?? '';
  };
  return only(0, compose(...maps), crops ? outside : undefined);
};

/** Start and end of one axis for a picture of which only the last axis is resized. */
function cropOf({ calc, input }: Site, place: number, count: number): string {
  const at = (index: number): string => calc.writer.node('Gather', [input(1), calc.writer.ints([index])]);
  const fixed = (values: readonly number[]): string =>
    calc.writer.node('CastLike', [calc.writer.ints(values), input(1)]);
  return calc.with('Concat', [fixed([0, 0, 0]), at(place), fixed([1, 1, 1]), at(place + count)], { axis: 0 });
}

/** The axes that scales and sizes speak of. */
function integerAxes({ node, from }: Site): number[] {
  const stated = node.proto.attribute.find(({ name }) => name === 'axes')?.ints.map(Number);
  return (stated ?? from.map((_, axis) => axis)).map((axis) => (axis < 0 ? axis + from.length : axis));
}

/** Each position of the result is a mixture of positions; all channels of an example mix alike. */
const gridSample: Rule = (site) => {
  const { calc, node, from, to } = site;
  const [examples = 1, channels = 1] = from;
  const [before, after] = [elementCount(from.slice(2)), elementCount(to.slice(2))];
  if (examples * before * after > LARGEST_MATRIX) return declined('its matrix is too large to be written out');
  const matrix = (): string => {
    const units = calc.reshape(unitVectors(calc, before), [1, before, ...from.slice(2)]);
    const each = calc.op('Expand', units, calc.writer.ints([examples, before, ...from.slice(2)]));
    return calc.reshape(calc.writer.copy(node.proto, [each, site.input(1)])[0] ?? '', [examples, before, after]);
  };
  const [flat, result] = [[examples, channels, before] as const, [examples, channels, after] as const];
  return only(
    0,
    compose(
      reshape(calc, from, flat),
      lazy(() => timesMatrix(calc, matrix(), [examples, before, after], flat, result)),
      reshape(calc, result, to),
    ),
  );
};

/** Columns are added up where their blocks overlap; all channels alike. */
const columnsToImage: Rule = (site) => {
  const { calc, graph, node, from, to } = site;
  const block = integerConstants(graph, site.input(2));
  if (block === undefined) return declined('the size of its blocks is computed');
  const [examples = 1, , count = 1] = from;
  const channels = to[1] ?? 1;
  const [before, after] = [elementCount(block) * count, elementCount(to.slice(2))];
  if (before * after > LARGEST_MATRIX) return declined('its matrix is too large to be written out');
  const matrix = (): string => {
    const units = calc.reshape(unitVectors(calc, before), [before, elementCount(block), count]);
    return calc.reshape(calc.writer.copy(node.proto, [units, ...node.inputs.slice(1)])[0] ?? '', [before, after]);
  };
  const [flat, result] = [[examples, channels, before] as const, [examples, channels, after] as const];
  return only(
    0,
    compose(
      reshape(calc, from, flat),
      lazy(() => timesMatrix(calc, matrix(), [before, after], flat, result)),
      reshape(calc, result, to),
    ),
  );
};

/** A grid of places is linear in the matrix that moves them; all examples alike. */
const affineGrid: Rule = (site) => {
  const { calc, graph, node, from, to } = site;
  const sizes = integerConstants(graph, site.input(1));
  if (sizes === undefined) return declined('the size of its grid is computed');
  const [before, after] = [elementCount(from.slice(1)), elementCount(to.slice(1))];
  const matrix = (): string => {
    const units = calc.reshape(unitVectors(calc, before), [before, ...from.slice(1)]);
    const grids = calc.writer.copy(node.proto, [units, calc.writer.ints([before, ...sizes.slice(1)])]);
    return calc.reshape(grids[0] ?? '', [before, after]);
  };
  const [flat, result] = [[from[0] ?? 1, before] as const, [from[0] ?? 1, after] as const];
  return only(
    0,
    compose(
      reshape(calc, from, flat),
      lazy(() => timesMatrix(calc, matrix(), [before, after], flat, result)),
      reshape(calc, result, to),
    ),
  );
};

export const PROBED_RULES: Readonly<Record<string, Rule>> = {
  Resize: withFixed(1, resize),
  GridSample: withFixed(1, gridSample),
  Col2Im: columnsToImage,
  AffineGrid: affineGrid,
};
