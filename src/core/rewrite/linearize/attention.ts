/**
 * Attention as one operator. Its pattern is read off the operator itself, which hands it out when the values are unit
 * vectors. Frozen: the pattern is held, and the result is linear in the values. Tangent: the pattern moves with queries
 * and keys.
 */
import { attributeFloat, attributeInt } from '../../graph/attributes.js';
import { compose, IDENTITY, transposed, type LinearMap, type Shape } from './linear-map.js';
import { lazy } from './linear.js';
import { expand, matrixTimes, part, permute, reshape, scale, timesMatrix } from './maps.js';
import { softmaxDerivative } from './norms.js';
import { unitVectors } from './probed.js';
import {
  HELD,
  only,
  remainder,
  withFixed,
  type Linear,
  type Reading,
  type Rule,
  type Site,
  type Term,
} from './rule.js';

/** Sizes of one call, heads apart. */
interface Sizes {
  readonly batch: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly queries: number;
  /** Keys and values that are new in this call, and those from before. */
  readonly fresh: number;
  readonly past: number;
  readonly depth: number;
  readonly valueDepth: number;
}

function sizesOf({ node, shape, input, from }: Site): Sizes {
  const [key, value] = [shape(input(1)), shape(input(2))];
  const past = input(4) === '' ? 0 : (shape(input(4))[2] ?? 0);
  if (from.length === 4) {
    const [batch = 1, heads = 1, queries = 1, depth = 1] = from;
    return { batch, heads, queries, depth, past, keyHeads: key[1] ?? 1, fresh: key[2] ?? 1, valueDepth: value[3] ?? 1 };
  }
  const heads = attributeInt(node, 'q_num_heads') ?? 1;
  const keyHeads = attributeInt(node, 'kv_num_heads') ?? 1;
  const [batch = 1, queries = 1, width = 1] = from;
  const valueDepth = (value[2] ?? 1) / keyHeads;
  return { batch, heads, keyHeads, queries, past, fresh: key[1] ?? 1, depth: width / heads, valueDepth };
}

/** [batch, length, heads · depth] becomes [batch, heads, length, depth]; four axes are so already. */
function headsApart({ calc, from }: Site, batch: number, heads: number, length: number, depth: number): LinearMap {
  if (from.length === 4) return IDENTITY;
  const whole = [batch, length, heads * depth];
  return compose(reshape(calc, whole, [batch, length, heads, depth]), permute(calc, [0, 2, 1, 3]));
}

/** Every query head of a group reads the same key head. */
function forEachHead({ calc }: Site, { batch, heads, keyHeads }: Sizes, length: number, depth: number): LinearMap {
  if (heads === keyHeads) return IDENTITY;
  const single = [batch, keyHeads, 1, length, depth];
  const spread = [batch, keyHeads, heads / keyHeads, length, depth];
  return compose(
    reshape(calc, [batch, keyHeads, length, depth], single),
    expand(calc, single, spread),
    reshape(calc, spread, [batch, heads, length, depth]),
  );
}

/** A value without seeds through a map. */
function valueOf({ calc, shape }: Site, value: string, map: LinearMap, to: Shape): string {
  return calc.reshape(map.forward(calc.reshape(value, [1, ...shape(value)])), to);
}

/** softmax(…) of every query over every key, [batch, heads, queries, keys]. */
function patternOf(site: Site, sizes: Sizes): string {
  const { calc, node, from } = site;
  const { batch, heads, keyHeads, queries, fresh, past } = sizes;
  const keys = past + fresh;
  const four = [batch, keyHeads, keys, keys];
  const units = calc.op('Expand', calc.reshape(unitVectors(calc, keys), [1, 1, keys, keys]), calc.writer.ints(four));
  const rows = (start: number, length: number): string =>
    calc.writer.node('Slice', [
      units,
      calc.writer.ints([start]),
      calc.writer.ints([start + length]),
      calc.writer.ints([2]),
    ]);
  const turned = calc.with('Transpose', [rows(past, fresh)], { perm: [0, 2, 1, 3] });
  const values = from.length === 4 ? rows(past, fresh) : calc.reshape(turned, [batch, fresh, keyHeads * keys]);
  const inputs = [...node.inputs];
  inputs[2] = values;
  if (past > 0) inputs[5] = rows(0, past);
  // What it hands out beside the result is not asked for; with a past it always makes the new one.
  const result = calc.writer.copy(node.proto, inputs, past > 0 ? 3 : 1)[0] ?? '';
  if (from.length === 4) return result;
  return calc.with('Transpose', [calc.reshape(result, [batch, queries, heads, keys])], { perm: [0, 2, 1, 3] });
}

const attention: Rule = (site, reading) => {
  const { calc, node } = site;
  const sizes = sizesOf(site);
  const { batch, heads, keyHeads, queries, fresh, past, depth, valueDepth } = sizes;
  const keys = past + fresh;
  let made: string | undefined;
  const pattern = (): string => (made ??= patternOf(site, sizes));
  const scores: Shape = [batch, heads, queries, keys];
  const apart: Shape = [batch, heads, queries, valueDepth];
  const joined = transposed(headsApart(site, batch, heads, queries, valueDepth));
  /** From keys or values of one part, [batch, keyHeads, length, …], to all of them. */
  const among = (start: number, length: number, width: number): LinearMap =>
    transposed(part(calc, [batch, keyHeads, keys, width], 2, start, length));
  const weighted = compose(
    forEachHead(site, sizes, keys, valueDepth),
    lazy(() => matrixTimes(calc, pattern(), scores, [batch, heads, keys, valueDepth], apart)),
    joined,
  );
  const ofValues = compose(headsApart(site, batch, keyHeads, fresh, valueDepth), among(past, fresh, valueDepth));
  const ofPast = among(0, past, valueDepth);
  const terms: Term[] = [
    { input: 2, map: compose(ofValues, weighted) },
    ...(past > 0 ? [{ input: 5, map: compose(ofPast, weighted) }] : []),
  ];
  const ofKeys = compose(headsApart(site, batch, keyHeads, fresh, depth), among(past, fresh, depth));
  const ofPastKeys = among(0, past, depth);
  const present: Linear[] = [
    { terms: [{ input: 1, map: ofKeys }, ...(past > 0 ? [{ input: 4, map: ofPastKeys }] : [])] },
    { terms: [{ input: 2, map: ofValues }, ...(past > 0 ? [{ input: 5, map: ofPast }] : [])] },
  ];
  const scored = scoresOf(site, sizes, reading, { ofKeys, ofPastKeys });
  const mode = attributeInt(node, 'qk_matmul_output_mode') ?? 0;
  const derivative = lazy(() => softmaxDerivative(calc, pattern(), 3));
  const handedOut = (): Linear => {
    if (mode === 3 && reading === 'frozen') return HELD;
    const result = { output: node.outputs[3] ?? '', to: scores };
    const kept = scored(mode === 0 ? 'raw' : 'capped');
    const own = mode === 3 ? kept.map(({ input, map }) => ({ input, map: compose(map, derivative) })) : kept;
    return { terms: own, offset: remainder(site, own, result) };
  };
  const outputs = (first: Linear): readonly Linear[] =>
    [first, ...present, ...(node.outputs.length > 3 ? [handedOut()] : [])].slice(0, node.outputs.length);
  const moves = [0, 1, 4].some((position) => site.isActive(position));
  if (reading === 'frozen' || !moves) return outputs({ terms });

  const spreadValues = (): string => {
    const to = [batch, keyHeads, keys, valueDepth];
    const own = valueOf(site, site.input(2), ofValues, to);
    const all = past > 0 ? calc.op('Add', own, valueOf(site, site.input(5), ofPast, to)) : own;
    const spread = forEachHead(site, sizes, keys, valueDepth).forward(calc.reshape(all, [1, ...to]));
    return calc.reshape(spread, [batch, heads, keys, valueDepth]);
  };
  const byPattern = compose(
    derivative,
    lazy(() => timesMatrix(calc, spreadValues(), [batch, heads, keys, valueDepth], scores, apart)),
    joined,
  );
  const moving = scored('capped').map(({ input, map }) => ({ input, map: compose(map, byPattern) }));
  const all = [...terms, ...moving];
  return outputs({ terms: all, offset: remainder(site, all) });
};

/**
 * Queries times keys, scaled, and where that is asked for capped: c tanh(s / c). Frozen, each side has half where both
 * move, and the cap is its secant.
 */
function scoresOf(
  site: Site,
  sizes: Sizes,
  reading: Reading,
  { ofKeys, ofPastKeys }: { readonly ofKeys: LinearMap; readonly ofPastKeys: LinearMap },
): (kind: 'raw' | 'capped') => readonly Term[] {
  const { calc, node } = site;
  const { batch, heads, keyHeads, queries, fresh, past, depth } = sizes;
  const keys = past + fresh;
  const scores: Shape = [batch, heads, queries, keys];
  const query = headsApart(site, batch, heads, queries, depth);
  const everyKey = forEachHead(site, sizes, keys, depth);
  const queryShape: Shape = [batch, heads, queries, depth];
  const queryValue = (): string => valueOf(site, site.input(0), query, queryShape);
  const keyValue = (): string => {
    const to = [batch, keyHeads, keys, depth];
    const own = valueOf(site, site.input(1), ofKeys, to);
    const all = past > 0 ? calc.op('Add', own, valueOf(site, site.input(4), ofPastKeys, to)) : own;
    const spread = calc.reshape(everyKey.forward(calc.reshape(all, [1, ...to])), [batch, heads, keys, depth]);
    return calc.with('Transpose', [spread], { perm: [0, 1, 3, 2] });
  };
  const keyShape: Shape = [batch, heads, depth, keys];
  const byKeys = lazy(() => timesMatrix(calc, keyValue(), keyShape, queryShape, scores));
  const byQueries = compose(
    permute(calc, [0, 1, 3, 2]),
    lazy(() => matrixTimes(calc, queryValue(), queryShape, keyShape, scores)),
  );
  const both = site.isActive(0) && (site.isActive(1) || site.isActive(4));
  const share = reading === 'frozen' && both ? 0.5 : 1;
  const factor = attributeFloat(node, 'scale') ?? 1 / Math.sqrt(depth);
  const softcap = attributeFloat(node, 'softcap') ?? 0;
  const cap = lazy(() => {
    const raw = calc.op('Mul', calc.op('MatMul', queryValue(), keyValue()), factor / softcap);
    const bent = calc.op('Tanh', raw);
    if (reading === 'tangent') return scale(calc, calc.op('Sub', 1, calc.op('Mul', bent, bent)), scores);
    const near = calc.op('Less', calc.op('Abs', raw), 1e-6);
    return scale(calc, calc.op('Where', near, 1, calc.op('Div', bent, raw)), scores);
  });
  return (kind) => {
    const after = compose(scale(calc, factor * share, scores), kind === 'capped' && softcap > 0 ? cap : IDENTITY);
    return [
      { input: 0, map: compose(query, byKeys, after) },
      { input: 1, map: compose(ofKeys, everyKey, byQueries, after) },
      ...(past > 0 ? [{ input: 4, map: compose(ofPastKeys, everyKey, byQueries, after) }] : []),
    ];
  };
}

/** A rotation of pairs: backwards by the other sign of the sine. Seeds are more heads of the same position. */
const rotary: Rule = (site) => {
  const { calc, node, from } = site;
  const heads = attributeInt(node, 'num_heads') ?? 1;
  const [batch = 1] = from;
  const apart = from.length === 4 ? from : [batch, from[1] ?? 1, heads, (from[2] ?? 1) / heads];
  const split = from.length === 4 ? IDENTITY : compose(reshape(calc, from, apart), permute(calc, [0, 2, 1, 3]));
  const [, count = 1, length = 1, depth = 1] =
    from.length === 4 ? apart : [batch, heads, from[1] ?? 1, (from[2] ?? 1) / heads];
  const proto = { ...node.proto, attribute: node.proto.attribute.filter(({ name }) => name !== 'num_heads') };
  const rotated = (sine: () => string) => (v: string) => {
    const inBatch = calc.with('Transpose', [v], { perm: [1, 0, 2, 3, 4] });
    const inputs = [calc.reshape(inBatch, [batch, -1, length, depth]), site.input(1), sine(), ...node.inputs.slice(3)];
    const result = calc.writer.copy(proto, inputs)[0] ?? '';
    return calc.with('Transpose', [calc.reshape(result, [batch, -1, count, length, depth])], { perm: [1, 0, 2, 3, 4] });
  };
  const rotation: LinearMap = {
    forward: rotated(() => site.input(2)),
    transpose: rotated(() => calc.op('Neg', site.input(2))),
  };
  return only(0, compose(split, rotation, transposed(split)));
};

export const ATTENTION_RULES: Readonly<Record<string, Rule>> = {
  Attention: withFixed(3, withFixed(6, attention), 3),
  RotaryEmbedding: withFixed(1, rotary),
};
