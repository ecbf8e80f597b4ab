import { attributeInts, attributeString } from '../../graph/attributes.js';
import type { Shape } from './linear-map.js';
import type { Convolution } from './maps.js';
import type { Site } from './rule.js';

/** Strides, dilations and pads of a node with a sliding window, with what it leaves out or leaves to `auto_pad`. */
export function windowOf(
  site: Site,
  kernel: Shape,
  options: { readonly from?: Shape; readonly to?: Shape } = {},
): Omit<Convolution, 'group'> {
  const { from = site.from, to = site.to } = options;
  const every = (value: number) => kernel.map(() => value);
  const strides = attributeInts(site.node, 'strides') ?? every(1);
  const dilations = attributeInts(site.node, 'dilations') ?? every(1);
  const automatic = attributeString(site.node, 'auto_pad') ?? 'NOTSET';
  if (automatic === 'NOTSET') {
    return { strides, dilations, kernel, pads: attributeInts(site.node, 'pads') ?? [...every(0), ...every(0)] };
  }
  if (automatic === 'VALID') return { strides, dilations, kernel, pads: [...every(0), ...every(0)] };
  const totals = kernel.map((size, axis) => {
    const reach = ((to[axis + 2] ?? 1) - 1) * (strides[axis] ?? 1) + (dilations[axis] ?? 1) * (size - 1) + 1;
    return Math.max(0, reach - (from[axis + 2] ?? 0));
  });
  const smaller = totals.map((total) => Math.floor(total / 2));
  const larger = totals.map((total, axis) => total - (smaller[axis] ?? 0));
  const pads = automatic === 'SAME_UPPER' ? [...smaller, ...larger] : [...larger, ...smaller];
  return { strides, dilations, kernel, pads };
}
