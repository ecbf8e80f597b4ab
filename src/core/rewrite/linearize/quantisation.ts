/**
 * Rounding to a grid. The slope of a step is 0, which would say nothing: it is passed straight through, what the rounding
 * changed is booked, and the node is named as not exact.
 */
import { attributeInt } from '../../graph/attributes.js';
import { lazy } from './linear.js';
import { scale } from './maps.js';
import { HELD, only, withFixed, type Linear, type Rule, type Site } from './rule.js';

const STRAIGHT_THROUGH = 'it rounds; the rounding is passed straight through';

/** A scale or zero point along the axis that it belongs to; blocks are spread over their elements. */
function alongAxis(site: Site, value: string): string {
  const { calc, node, from } = site;
  const shape = site.shape(value);
  const stated = attributeInt(node, 'axis') ?? 1;
  const axis = stated < 0 ? stated + from.length : stated;
  const block = attributeInt(node, 'block_size') ?? 0;
  if (block > 0) {
    const apart = shape.flatMap((size, each) => (each === axis ? [size, 1] : [size]));
    const spread = shape.flatMap((size, each) => (each === axis ? [size, block] : [size]));
    const whole = calc.op('Expand', calc.reshape(calc.cast(value), apart), calc.writer.ints(spread));
    return calc.reshape(whole, from);
  }
  const count = shape.reduce((product, size) => product * size, 1);
  const column = count === 1 ? [] : from.map((_, each) => (each === axis ? count : 1));
  return calc.reshape(calc.cast(value), column);
}

const quantise: Rule = (site): Linear => {
  const { calc, from } = site;
  const share = (): string => calc.op('Reciprocal', alongAxis(site, site.input(1)));
  const offset = (): string => calc.op('Sub', calc.cast(site.output), calc.op('Mul', site.input(0), share()));
  return {
    ...only(
      0,
      lazy(() => scale(calc, share(), from)),
      offset,
    ),
    inexact: STRAIGHT_THROUGH,
  };
};

const dequantise: Rule = (site) => {
  const { calc, from } = site;
  const step = (): string => alongAxis(site, site.input(1));
  const zero = (): string => calc.op('Neg', calc.op('Mul', alongAxis(site, site.input(2)), step()));
  return only(
    0,
    lazy(() => scale(calc, step(), from)),
    site.input(2) === '' ? undefined : zero,
  );
};

/**
 * The same with a scale and a zero point that the operator finds itself. Frozen, they are held still; their derivatives
 * have no rule, so that what reads them is named.
 */
const quantiseByRange: Rule = (site, reading) => {
  const { calc, node, from } = site;
  const share = (): string => calc.op('Reciprocal', node.outputs[1] ?? '');
  const offset = (): string => calc.op('Sub', calc.cast(site.output), calc.op('Mul', site.input(0), share()));
  const values = {
    ...only(
      0,
      lazy(() => scale(calc, share(), from)),
      offset,
    ),
    inexact: STRAIGHT_THROUGH,
  };
  return reading === 'frozen' ? [values, HELD, HELD] : [values];
};

export const QUANTISATION_RULES: Readonly<Record<string, Rule>> = {
  QuantizeLinear: withFixed(1, quantise),
  DequantizeLinear: withFixed(1, dequantise),
  DynamicQuantizeLinear: quantiseByRange,
};
