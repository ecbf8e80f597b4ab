/** Pooling and unpooling. A window that adds up is a convolution of each channel with ones. */
import { attributeInt, attributeInts } from '../../graph/attributes.js';
import { compose, transposed, type LinearMap, type Shape } from './linear-map.js';
import { lazy } from './linear.js';
import { convolve, move, reshape, scale, sum, type Convolution } from './maps.js';
import { only, type Rule, type Site } from './rule.js';
import { windowOf } from './window.js';

/** The window of a pooling node; in ceil mode it reaches past the padding, where nothing is. */
function poolWindow(site: Site): Omit<Convolution, 'group'> {
  const window = windowOf(site, attributeInts(site.node, 'kernel_shape') ?? site.from.slice(2));
  const { kernel, strides, dilations, pads } = window;
  const ends = kernel.map((size, axis) => {
    const reach = ((site.to[axis + 2] ?? 1) - 1) * (strides[axis] ?? 1) + (dilations[axis] ?? 1) * (size - 1) + 1;
    return Math.max(pads[axis + kernel.length] ?? 0, reach - (site.from[axis + 2] ?? 0) - (pads[axis] ?? 0));
  });
  return { ...window, pads: [...pads.slice(0, kernel.length), ...ends] };
}

/** Σ over each window; every channel by itself, so that all are examples of one channel. */
function windowSums(site: Site, window: Omit<Convolution, 'group'>): LinearMap {
  const { calc, from, to } = site;
  const single = (shape: Shape): Shape => [(shape[0] ?? 1) * (shape[1] ?? 1), 1, ...shape.slice(2)];
  return compose(
    reshape(calc, from, single(from)),
    lazy(() => {
      const ones = calc.op('Expand', 1, calc.writer.ints([1, 1, ...window.kernel]));
      return convolve(calc, ones, { group: 1, ...window }, single(from), single(to));
    }),
    reshape(calc, single(to), to),
  );
}

/** How many of its elements each position's window holds, along one axis; with `count_include_pad` those in the padding, too. */
function counts(site: Site, { kernel, strides, dilations, pads }: Omit<Convolution, 'group'>, axis: number): number[] {
  const length = site.from[axis + 2] ?? 1;
  const [begin, end] = [pads[axis] ?? 0, pads[axis + kernel.length] ?? 0];
  const padded = attributeInt(site.node, 'count_include_pad') === 1;
  const [low, high] = padded ? [-begin, length + end] : [0, length];
  return Array.from({ length: site.to[axis + 2] ?? 1 }, (_, at) => {
    const start = at * (strides[axis] ?? 1) - begin;
    const places = Array.from({ length: kernel[axis] ?? 1 }, (__, step) => start + step * (dilations[axis] ?? 1));
    return places.filter((place) => place >= low && place < high).length;
  });
}

/** The mean over each window: over what it holds of the value, or of the padding too (`count_include_pad`). */
const average: Rule = (site) => {
  const { calc, to } = site;
  // What lies past the padding in ceil mode counts in no case.
  const stated = windowOf(site, attributeInts(site.node, 'kernel_shape') ?? []);
  const share = (): string =>
    stated.kernel.reduce<string>((product, _, axis) => {
      const column = stated.kernel.slice(axis).map((__, at) => (at === 0 ? (to[axis + 2] ?? 1) : 1));
      const held = calc.reshape(calc.cast(calc.writer.ints(counts(site, stated, axis))), column);
      return calc.op('Mul', product, calc.op('Reciprocal', held));
    }, calc.number(1));
  return only(
    0,
    compose(
      windowSums(site, poolWindow(site)),
      lazy(() => scale(calc, share(), to)),
    ),
  );
};

/** (Σ |x|^p)^(1/p) = Σ x · sign(x) |x|^(p−1) / y^(p−1): derivative and secant are one. */
function powerMean(window: (site: Site) => LinearMap): Rule {
  return (site) => {
    const { calc, node, from, to, output } = site;
    const x = site.input(0);
    const p = attributeInt(node, 'p') ?? 2;
    const inner = (): string => calc.op('Mul', calc.op('Sign', x), calc.op('Pow', calc.op('Abs', x), p - 1));
    const outer = (): string => calc.op('Where', calc.op('Greater', output, 0), calc.op('Pow', output, 1 - p), 0);
    return only(
      0,
      compose(
        lazy(() => scale(calc, inner(), from)),
        window(site),
        lazy(() => scale(calc, outer(), to)),
      ),
    );
  };
}

/** The winner of each window, by the indices that the operator itself gives: flat, over the whole value. */
const maximum: Rule = (site) => {
  const { calc, node, from, to } = site;
  const proto = { ...node.proto, attribute: node.proto.attribute.filter(({ name }) => name !== 'storage_order') };
  return only(
    0,
    lazy(() => move(calc, calc.writer.copy(proto, [site.input(0)], 2)[1] ?? '', from, to)),
  );
};

/** Every value goes to the place that its index says. */
const unpool: Rule = (site) => {
  const { calc, from, to } = site;
  return only(0, transposed(move(calc, site.input(1), to, from)));
};

export const POOLING_RULES: Readonly<Record<string, Rule>> = {
  AveragePool: average,
  LpPool: powerMean((site) => windowSums(site, poolWindow(site))),
  GlobalLpPool: powerMean((site) => {
    const axes = site.from.map((_, axis) => axis).slice(2);
    return sum(site.calc, site.from, axes, true);
  }),
  MaxPool: maximum,
  MaxUnpool: unpool,
};
