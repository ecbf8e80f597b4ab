/**
 * GELU and SiLU that are spelled as several nodes: bounded as one function of one value. Against dense samples of what the
 * engine computes, and against the same nodes where they are not recognised and bounded as products.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../../src/core/engine/engine.js';
import type { ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import type { Ends } from '../../../src/core/rewrite/linearize/bounds/box.js';
import { loadNativeEngine } from '../../../src/node/native-engine.js';
import { modelProto, node, scalar, valueInfo } from '../graph-builder.js';
import { boundModel, ends, valuesAt, type Bounded } from './bounds-run.js';
import { float, numbers } from './linear-system.js';

type Nodes = readonly ReturnType<typeof node>[];

const CONSTANTS = [
  scalar('half', 0.5),
  scalar('one', 1),
  scalar('three', 3),
  scalar('root', Math.SQRT2),
  scalar('inverse', Math.SQRT1_2),
  scalar('quick', 1.702),
  scalar('cubic', 0.044715),
  scalar('wrong', 0.05),
  scalar('tanh', Math.sqrt(2 / Math.PI)),
  scalar('minus', -1),
];

/** 1 + erf(x/√2) as `gate`. */
const BY_ERF: Nodes = [
  node('Div', ['x', 'root'], ['a']),
  node('Erf', ['a'], ['e']),
  node('Add', ['e', 'one'], ['gate']),
];
const byTanh = (cube: Nodes, coefficient = 'cubic'): Nodes => [
  ...cube,
  node('Mul', ['cube', coefficient], ['third']),
  node('Add', ['x', 'third'], ['sum']),
  node('Mul', ['sum', 'tanh'], ['inner']),
  node('Tanh', ['inner'], ['t']),
  node('Add', ['one', 't'], ['gate']),
];
const CUBE = [node('Pow', ['x', 'three'], ['cube'])];

const silu = (x: number): number => x / (1 + Math.exp(-x));

/** By how the files spell it. */
const SPELLED: readonly [string, Nodes][] = [
  ['SiLU', [node('Sigmoid', ['x'], ['gate']), node('Mul', ['x', 'gate'], ['y'])]],
  ['SiLU, gate first', [node('Sigmoid', ['x'], ['gate']), node('Mul', ['gate', 'x'], ['y'])]],
  [
    'QuickGELU',
    [node('Mul', ['x', 'quick'], ['a']), node('Sigmoid', ['a'], ['gate']), node('Mul', ['x', 'gate'], ['y'])],
  ],
  [
    'GELU: ½ · (x · (1 + erf))',
    [...BY_ERF, node('Mul', ['x', 'gate'], ['twice']), node('Mul', ['twice', 'half'], ['y'])],
  ],
  ['GELU: (½ x) · (1 + erf)', [...BY_ERF, node('Mul', ['x', 'half'], ['h']), node('Mul', ['h', 'gate'], ['y'])]],
  ['GELU: x · (½ (1 + erf))', [...BY_ERF, node('Mul', ['gate', 'half'], ['g']), node('Mul', ['x', 'g'], ['y'])]],
  [
    'GELU by tanh: x³ as a power',
    [...byTanh(CUBE), node('Mul', ['x', 'half'], ['h']), node('Mul', ['h', 'gate'], ['y'])],
  ],
  [
    'GELU by tanh: x³ as products',
    [
      ...byTanh([node('Mul', ['x', 'x'], ['square']), node('Mul', ['square', 'x'], ['cube'])]),
      node('Mul', ['x', 'gate'], ['twice']),
      node('Mul', ['half', 'twice'], ['y']),
    ],
  ],
];

const POINTS = 100_000;
const INTERVALS: readonly (readonly [number, number])[] = [
  [-60, 60],
  [-6, 6],
  [-2, 0.3],
  [-0.9, -0.6],
  [-0.75179, 1],
  [-5, -1.3],
  [0.2, 4],
  [-30, -8],
  [1, 1.001],
  [-0.7518, -0.7517],
];
const BOX = ends(
  INTERVALS.map(([low]) => Math.fround(low)),
  INTERVALS.map(([, high]) => Math.fround(high)),
);
const COUNT = INTERVALS.length;

function modelOf(nodes: Nodes): ModelProto {
  return modelProto({ nodes, inputs: [valueInfo('x', ['n', COUNT])], outputs: ['y'], initializers: CONSTANTS });
}

/** The same function of y, where a copy of x keeps it from being seen that both factors hold the same. */
function unrecognised(nodes: Nodes): ModelProto {
  const inGate = (each: Nodes[number]): boolean =>
    each.opType === 'Sigmoid' || each.input.some((name) => name === 'root' || name === 'quick');
  const copied = nodes.map((each) => {
    const input = each.input.map((name) => (name === 'x' && inGate(each) ? 'copy' : name));
    return node(each.opType, input, each.output);
  });
  return modelOf([node('Identity', ['x'], ['copy']), ...copied]);
}

describe('spelled GELU and SiLU', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await loadNativeEngine();
  });

  const bound = (model: ModelProto, to: string, box = BOX, crownBudget?: number): Promise<Bounded> =>
    boundModel(engine, model, { x: float([1, box.lower.length], [...box.lower]) }, new Map([['x', box]]), {
      to: [to],
      ...(crownBudget === undefined ? {} : { crownBudget }),
    });

  test.each(SPELLED)('%s: no point of 100,000 leaves its bounds, and they are close', async (_, nodes) => {
    const model = modelOf(nodes);
    const { targets, bounds } = await bound(model, 'y', BOX, 0);
    // One step for the function: nothing of its inside is bounded on its own.
    expect(bounds.steps.filter(({ kind }) => kind === 'relaxed')).toHaveLength(1);
    const y = targets.get('y') ?? ends([], []);
    const seen = await sampled(model, 'y');
    for (let at = 0; at < COUNT; at++) {
      const [least, most] = [seen.lower[at] ?? NaN, seen.upper[at] ?? NaN];
      const about = `on [${INTERVALS[at]?.join()}]`;
      expect(y.lower[at], about).toBeLessThanOrEqual(least);
      expect(y.upper[at], about).toBeGreaterThanOrEqual(most);
      const room = 1e-5 * (1 + Math.max(...(INTERVALS[at] ?? []).map(Math.abs)));
      expect(y.lower[at], about).toBeGreaterThanOrEqual(least - room);
      expect(y.upper[at], about).toBeLessThanOrEqual(most + room);
    }
  });

  test.each(SPELLED)('%s: lines hold it too, and what is behind it is bounded closer', async (_, nodes) => {
    // y − ½ x: what CROWN keeps and intervals forget.
    const more = [...nodes, node('Mul', ['x', 'half'], ['part']), node('Sub', ['y', 'part'], ['z'])];
    const model = modelOf(more);
    const [crown, intervals] = [await bound(model, 'z'), await bound(model, 'z', BOX, 0)];
    const seen = await sampled(model, 'z');
    const of = ({ targets }: Bounded): Ends => targets.get('z') ?? ends([], []);
    let closer = 0;
    for (let at = 0; at < COUNT; at++) {
      expect(of(crown).lower[at]).toBeLessThanOrEqual(seen.lower[at] ?? NaN);
      expect(of(crown).upper[at]).toBeGreaterThanOrEqual(seen.upper[at] ?? NaN);
      const width = ({ lower, upper }: Ends): number => (upper[at] ?? NaN) - (lower[at] ?? NaN);
      if (width(of(crown)) < 0.9 * width(of(intervals))) closer++;
    }
    expect(closer).toBeGreaterThan(COUNT / 2);
  });

  test.each(SPELLED.filter(([name]) => !name.includes('tanh')))(
    '%s: inside its bounds as a product',
    async (_, nodes) => {
      for (const budget of [0, undefined]) {
        const [ours, product] = [
          (await bound(modelOf(nodes), 'y', BOX, budget)).targets.get('y'),
          (await bound(unrecognised(nodes), 'y', BOX, budget)).targets.get('y'),
        ];
        for (let at = 0; at < COUNT; at++) {
          const slack = 2e-6 * (1 + Math.max(...(INTERVALS[at] ?? []).map(Math.abs)));
          expect(ours?.lower[at]).toBeGreaterThanOrEqual((product?.lower[at] ?? NaN) - slack);
          expect(ours?.upper[at]).toBeLessThanOrEqual((product?.upper[at] ?? NaN) + slack);
        }
        // On [−6, 6] a product may be as low as −6.
        expect(product?.lower[1]).toBeLessThan(-2);
        expect(ours?.lower[1]).toBeGreaterThan(-0.3);
      }
    },
  );

  test('what only looks like one stays a product', async () => {
    const others: readonly Nodes[] = [
      [node('Sigmoid', ['x'], ['s']), node('Add', ['s', 'half'], ['gate']), node('Mul', ['x', 'gate'], ['y'])],
      [node('Mul', ['x', 'minus'], ['n']), node('Sigmoid', ['n'], ['gate']), node('Mul', ['x', 'gate'], ['y'])],
      [...byTanh(CUBE, 'wrong'), node('Mul', ['x', 'gate'], ['y'])],
      [node('Add', ['x', 'one'], ['n']), node('Sigmoid', ['n'], ['gate']), node('Mul', ['x', 'gate'], ['y'])],
    ];
    for (const nodes of others) {
      const { bounds } = await bound(modelOf(nodes), 'y', BOX, 0);
      expect(bounds.steps.filter(({ kind }) => kind === 'relaxed').length).toBeGreaterThan(1);
    }
  });

  test('by hand: SiLU on [−2, 0.3] is −0.27846 at its lowest and SiLU(0.3) at its highest', async () => {
    const { targets } = await bound(modelOf(SPELLED[0]?.[1] ?? []), 'y', BOX, 0);
    expect(targets.get('y')?.lower[2]).toBeCloseTo(-0.2784645, 4);
    expect(targets.get('y')?.upper[2]).toBeCloseTo(silu(0.3), 4);
  });

  /** Least and most at 100,000 points, evenly over each interval, both ends among them. */
  async function sampled(model: ModelProto, value: string): Promise<Ends> {
    const data = new Float32Array(POINTS * COUNT);
    for (let point = 0; point < POINTS; point++) {
      for (let at = 0; at < COUNT; at++) {
        const [low, high] = [BOX.lower[at] ?? NaN, BOX.upper[at] ?? NaN];
        data[point * COUNT + at] = Math.min(high, low + ((high - low) * point) / (POINTS - 1));
      }
    }
    const [values] = await valuesAt(engine, model, [{ x: { type: 'float32', dims: [POINTS, COUNT], data } }]);
    const found = numbers(values?.[value]);
    const seen = ends(
      Array.from({ length: COUNT }, () => Infinity),
      Array.from({ length: COUNT }, () => -Infinity),
    );
    found.forEach((each, place) => {
      const at = place % COUNT;
      seen.lower[at] = Math.min(seen.lower[at] ?? NaN, each);
      seen.upper[at] = Math.max(seen.upper[at] ?? NaN, each);
    });
    return seen;
  }
});
