/** Operators that only move elements: each result is an element of the operand, or 0, or a constant. */
import { attributeInt, attributeString } from '../../graph/attributes.js';
import { integerConstants } from '../../graph/constants.js';
import { elementCount } from '../../tensor/tensor.js';
import { compose, IDENTITY, transposed, type LinearMap, type Shape } from './linear-map.js';
import { lazy } from './linear.js';
import { expand, move, pad, part, permute, plus, positions, reshape, scale, select } from './maps.js';
import { declined, only, remainder, withFixed, type Linear, type Rule, type Site } from './rule.js';

/** Other sizes, the same elements in the same order. */
const reshaped: Rule = ({ calc, from, to }) => only(0, reshape(calc, from, to));

const transpose: Rule = ({ calc, node, from }) => {
  const order = (node.proto.attribute.find(({ name }) => name === 'perm')?.ints ?? []).map(Number);
  return only(0, permute(calc, order.length > 0 ? order : from.map((_, axis) => from.length - 1 - axis)));
};

const expanded: Rule = ({ calc, from, to }) => only(0, expand(calc, from, to));

/** The operator itself, applied to the positions of the elements, says where each came from. */
const moved: Rule = (site) => {
  const { calc, node, from, to } = site;
  const source = (): string => {
    const inputs = [positions(calc, from), ...node.inputs.slice(1)];
    return calc.writer.copy(node.proto, inputs, node.outputs.length)[0] ?? '';
  };
  return only(
    0,
    lazy(() => move(calc, source(), from, to)),
  );
};

/** The same where some results come from nowhere: they are 0, as no position is when counted from 1. */
const movedOrZero = (site: Site): Linear => {
  const { calc, node, from, to } = site;
  const { writer } = calc;
  const source = (): string => {
    // The constant that fills has the type of the value, not that of positions; 0 is what fills without one.
    const rest = node.inputs.slice(1).map((value, at) => (node.opType === 'Pad' && at === 1 ? '' : value));
    const counted = writer.copy(node.proto, [positions(calc, from, 1), ...rest])[0] ?? '';
    const isNone = writer.node('Equal', [counted, writer.int(0)]);
    return writer.node('Where', [isNone, writer.int(elementCount(from)), writer.node('Sub', [counted, writer.int(1)])]);
  };
  return only(
    0,
    lazy(() => move(calc, source(), from, to, true)),
  );
};

/** Each operand lies between zeros. */
const concat: Rule = (site) => {
  const { calc, node, to } = site;
  const stated = attributeInt(node, 'axis') ?? 0;
  const axis = stated < 0 ? stated + to.length : stated;
  let start = 0;
  const terms = node.inputs.map((value, input) => {
    const length = site.shape(value)[axis] ?? 0;
    const map = transposed(part(calc, to, axis, start, length));
    start += length;
    return { input, map };
  });
  return { terms };
};

const split: Rule = (site) => {
  const { calc, node, from } = site;
  const stated = attributeInt(node, 'axis') ?? 0;
  const axis = stated < 0 ? stated + from.length : stated;
  let start = 0;
  return node.outputs.map((value): Linear => {
    const length = value === '' ? 0 : (site.shape(value)[axis] ?? 0);
    const map = part(calc, from, axis, start, length);
    start += length;
    return only(0, map);
  });
};

/** A part of consecutive elements is cut out; anything else is moved element by element. */
const slice: Rule = (site, reading) => {
  const { calc, graph, from, to } = site;
  const constants = (position: number) => {
    const value = site.input(position);
    return value === '' ? undefined : integerConstants(graph, value);
  };
  const [starts, steps] = [constants(1), constants(4)];
  const axes = site.input(3) === '' ? starts?.map((_, axis) => axis) : constants(3);
  const isPlain = site.input(4) === '' || steps?.every((each) => each === 1) === true;
  if (starts === undefined || axes === undefined || !isPlain) return moved(site, reading);
  const [before, after] = [from.map(() => 0), from.map(() => 0)];
  axes.forEach((stated, at) => {
    const axis = stated < 0 ? stated + from.length : stated;
    const size = from[axis] ?? 0;
    const given = starts[at] ?? 0;
    const start = Math.min(size, Math.max(0, given < 0 ? given + size : given));
    before[axis] = -start;
    after[axis] = start + (to[axis] ?? 0) - size;
  });
  return only(0, pad(calc, before, after));
};

/** Zeros or a constant around; what reflects, repeats or wraps is moved. */
const padded: Rule = (site) => {
  const { calc, graph, node, from, to } = site;
  if ((attributeString(node, 'mode') ?? 'constant') !== 'constant') return movedOrZero(site);
  const pads = integerConstants(graph, site.input(1));
  const stated = site.input(3) === '' ? from.map((_, axis) => axis) : integerConstants(graph, site.input(3));
  const around = (): string => {
    const inside = calc.op('Expand', 0, calc.writer.ints(from));
    return calc.reshape(calc.writer.copy(node.proto, [inside, ...node.inputs.slice(1)])[0] ?? '', to);
  };
  const booked = (linear: Linear): Linear => (site.input(2) === '' ? linear : { ...linear, offset: around });
  if (pads === undefined || stated === undefined) return booked(movedOrZero(site));
  const [before, after] = [from.map(() => 0), from.map(() => 0)];
  stated.forEach((axis, at) => {
    before[axis < 0 ? axis + from.length : axis] = pads[at] ?? 0;
    after[axis < 0 ? axis + from.length : axis] = pads[at + stated.length] ?? 0;
  });
  return booked(only(0, pad(calc, before, after)));
};

/** Blocks of channels become blocks of positions: axes are split, reordered and joined. */
function blocks(
  whole: (shape: Shape, size: number, columns: boolean) => Shape,
  order: (columns: boolean) => Shape,
): Rule {
  return ({ calc, node, from, to }) => {
    const size = attributeInt(node, 'blocksize') ?? 1;
    const columns = attributeString(node, 'mode') === 'CRD';
    const apart = whole(from, size, columns);
    const permuted = order(columns).map((axis) => apart[axis] ?? 1);
    return only(0, compose(reshape(calc, from, apart), permute(calc, order(columns)), reshape(calc, permuted, to)));
  };
}

const depthToSpace = blocks(
  ([n = 1, c = 1, h = 1, w = 1], size, columns) => {
    const depth = c / (size * size);
    return columns ? [n, depth, size, size, h, w] : [n, size, size, depth, h, w];
  },
  (columns) => (columns ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]),
);

const spaceToDepth = blocks(
  ([n = 1, c = 1, h = 1, w = 1], size) => [n, c, h / size, size, w / size, size],
  () => [0, 3, 5, 1, 2, 4],
);

/** Values along an axis by their place, as TopK and GatherElements give it. */
const topK: Rule = (site) => {
  const { calc, node, from, to } = site;
  const source = (): string => {
    const inputs = [positions(calc, from), site.node.outputs[1] ?? ''];
    return calc.with('GatherElements', inputs, { axis: attributeInt(node, 'axis') ?? -1 });
  };
  if ((node.outputs[1] ?? '') === '') return declined('it does not say which values it takes');
  return only(
    0,
    lazy(() => move(calc, source(), from, to)),
  );
};

/** The triangle that is kept. */
const triangle: Rule = ({ calc, node, from }) => {
  const kept = (): string => {
    const ones = calc.op('Expand', 1, calc.writer.ints(from));
    return calc.op('Greater', calc.writer.copy(node.proto, [ones, ...node.inputs.slice(1)])[0] ?? '', 0.5);
  };
  return only(
    0,
    lazy(() => select(calc, kept())),
  );
};

/** Σ along an axis up to each place; backwards, from each place on. */
const runningSum: Rule = (site) => {
  const { calc, graph, node, from } = site;
  const stated = integerConstants(graph, site.input(1))?.[0];
  if (stated === undefined) return declined('the axis it sums along is computed');
  const axis = calc.writer.int((stated < 0 ? stated + from.length : stated) + 1);
  const exclusive = attributeInt(node, 'exclusive') ?? 0;
  const reverse = attributeInt(node, 'reverse') ?? 0;
  const summed = (turned: number) => (v: string) => calc.with('CumSum', [v, axis], { exclusive, reverse: turned });
  return only(0, { forward: summed(reverse), transpose: summed(1 - reverse) });
};

/** Π along an axis up to each place: each factor's slope is the product of the others; frozen shares it out evenly. */
const runningProduct: Rule = (site, reading) => {
  const { calc, node, from, output } = site;
  const added = runningSum(site, reading);
  if ('declined' in added) return added;
  const [term] = (added as Linear).terms;
  const running = term?.map ?? IDENTITY;
  const x = site.input(0);
  const isZero = (): string => calc.op('Equal', x, 0);
  const share = (product: string): string => {
    if (reading === 'tangent') return product;
    const ones = calc.op('Expand', 1, calc.writer.ints([1, ...from]));
    const count = calc.reshape(running.forward(ones), from);
    return calc.op('Div', product, calc.op('Max', count, 1));
  };
  const ofOthers = compose(
    lazy(() => scale(calc, calc.op('Where', isZero(), 0, calc.op('Reciprocal', x)), from)),
    running,
    lazy(() => scale(calc, share(output), from)),
  );
  // 0 has nothing to divide by: up to a second 0, the others are multiplied apart from it.
  const aroundZero = (): string => {
    const product = calc.writer.copy(node.proto, [calc.op('Where', isZero(), 1, x), site.input(1)])[0] ?? '';
    const zeros = calc.reshape(running.forward(calc.reshape(calc.cast(isZero()), [1, ...from])), from);
    return calc.op('Where', calc.op('Equal', zeros, 1), product, 0);
  };
  const ofZeros = compose(
    lazy(() => select(calc, isZero())),
    running,
    lazy(() => scale(calc, share(aroundZero()), from)),
  );
  const map = plus(calc, ofOthers, ofZeros);
  return only(0, map, remainder(site, [{ input: 0, map }]));
};

/**
 * Updates written into data. Where they replace, the operator applied to positions (those of the updates behind those of
 * the data) says what each result is; where they are added, the data passes and each update goes to its place.
 */
function scatter(read: 'GatherElements' | 'GatherND'): Rule {
  return (site) => {
    const { calc, node, from, to } = site;
    const updates = site.shape(site.input(2));
    const reduction = attributeString(node, 'reduction') ?? 'none';
    if (reduction === 'add') {
      const axis = attributeInt(node, 'axis') ?? 0;
      const place = (): string =>
        calc.with(read, [positions(calc, from), site.input(1)], read === 'GatherND' ? { batch_dims: 0 } : { axis });
      return {
        terms: [
          { input: 0, map: IDENTITY },
          { input: 2, map: lazy(() => transposed(move(calc, place(), to, updates))) },
        ],
      };
    }
    if (reduction !== 'none') return declined(`it combines values by “${reduction}”`);
    return replaced(site, 2);
  };
}

/** @param position of the updates among the inputs. */
function replaced(site: Site, position: number): Linear {
  const { calc, node, from, to } = site;
  const { writer } = calc;
  const updates = site.shape(site.input(position));
  const [own, other] = [elementCount(from), elementCount(updates)];
  let made: string | undefined;
  const result = (): string => {
    const inputs = node.inputs.map((value, at) =>
      at === 0 ? positions(calc, from) : at === position ? positions(calc, updates, own) : value,
    );
    return (made ??= writer.copy(node.proto, inputs)[0] ?? '');
  };
  const ofData = (): string => writer.node('Min', [result(), writer.int(own)]);
  const ofUpdates = (): string => {
    const isData = writer.node('Less', [result(), writer.int(own)]);
    return writer.node('Where', [isData, writer.int(other), writer.node('Sub', [result(), writer.int(own)])]);
  };
  const sparse = (source: () => string, shape: Shape): LinearMap => lazy(() => move(calc, source(), shape, to, true));
  return {
    terms: [
      { input: 0, map: sparse(ofData, from) },
      { input: position, map: sparse(ofUpdates, updates) },
    ],
  };
}

/** Each different value, or slice along an axis, where it is met first. */
const unique: Rule = (site) => {
  const { calc, node, from, to } = site;
  const axis = attributeInt(node, 'axis');
  const source = (): string => {
    const first = calc.writer.copy(node.proto, [site.input(0)], 2)[1] ?? '';
    return axis === undefined ? first : calc.with('Gather', [positions(calc, from), first], { axis });
  };
  return only(
    0,
    lazy(() => move(calc, source(), from, to)),
  );
};

export const INDEXING_RULES: Readonly<Record<string, Rule>> = {
  Reshape: reshaped,
  Flatten: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  Transpose: transpose,
  Expand: expanded,
  Tile: moved,
  Concat: concat,
  Split: split,
  Slice: slice,
  Gather: moved,
  GatherElements: moved,
  GatherND: moved,
  ReverseSequence: moved,
  Compress: moved,
  CenterCropPad: movedOrZero,
  Pad: withFixed(1, padded),
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  TopK: topK,
  Trilu: triangle,
  CumSum: runningSum,
  CumProd: runningProduct,
  TensorScatter: (site) => replaced(site, 1),
  Unique: unique,
  ScatterElements: scatter('GatherElements'),
  ScatterND: scatter('GatherND'),
};
