/** Rectifiers that are spelled in other ways than Relu: bounded as it is, and held to what the engine computes. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../../src/core/engine/engine.js';
import type { ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { onlyRectifier, rectifiedInput } from '../../../src/core/graph/activations/rectifier.js';
import { loadNativeEngine } from '../../../src/node/native-engine.js';
import { modelProto, node, scalar, valueInfo, weight } from '../graph-builder.js';
import { RECTIFIER_CONSTANTS, SPELLED_RECTIFIERS } from '../spelled-rectifiers.js';
import { boundModel, ends, randomPoints, valuesAt } from './bounds-run.js';
import { float, numbers } from './linear-system.js';

type Spelling = (typeof SPELLED_RECTIFIERS)[number][1];

const [INPUTS, HIDDEN] = [3, 8];
const wave = (count: number, step: number): number[] =>
  Array.from({ length: count }, (_, at) => Math.fround(1.3 * Math.sin(step * (at + 1))));

/** Two layers of rectifiers, and a sum behind them. */
function networkOf(spelled: Spelling): ModelProto {
  return modelProto({
    nodes: [
      node('Gemm', ['x', 'W', 'b'], ['z']),
      ...spelled('z', 'h'),
      node('Gemm', ['h', 'V', 'c'], ['s']),
      ...spelled('s', 'g'),
      node('Gemm', ['g', 'U'], ['y']),
    ],
    inputs: [valueInfo('x', ['n', INPUTS])],
    outputs: ['y'],
    initializers: [
      ...RECTIFIER_CONSTANTS,
      weight('W', [INPUTS, HIDDEN], wave(INPUTS * HIDDEN, 1.7)),
      weight('b', [HIDDEN], wave(HIDDEN, 2.9)),
      weight('V', [HIDDEN, HIDDEN], wave(HIDDEN * HIDDEN, 0.9)),
      weight('c', [HIDDEN], wave(HIDDEN, 3.7)),
      weight('U', [HIDDEN, 2], wave(HIDDEN * 2, 2.3)),
    ],
  });
}

const relu: Spelling = (x, y) => [node('Relu', [x], [y])];
const BOX = ends([-1, -0.5, 0.25], [1, 0.5, 0.5]);
const VALUES = ['h', 's', 'g', 'y'];

describe.each(SPELLED_RECTIFIERS)('%s', (_, spelled) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await loadNativeEngine();
  });

  test('has the bounds of Relu, by intervals and by CROWN, and no point of 20,000 leaves them', async () => {
    const feeds = { x: float([1, INPUTS], [...BOX.lower]) };
    const box = new Map([['x', BOX]]);
    const points = randomPoints(BOX, 20_000);
    const [values] = await valuesAt(engine, networkOf(spelled), [{ x: float([points.length, INPUTS], points.flat()) }]);
    for (const crownBudget of [0, undefined]) {
      const options = { to: VALUES, ...(crownBudget === undefined ? {} : { crownBudget }) };
      const ours = await boundModel(engine, networkOf(spelled), feeds, box, options);
      const twin = await boundModel(engine, networkOf(relu), feeds, box, options);
      expect(ours.bounds.cutNodes).toEqual([]);
      for (const value of VALUES) {
        const found = ours.targets.get(value);
        expect(found, value).toEqual(twin.targets.get(value));
        const seen = numbers(values?.[value]);
        const width = found?.lower.length ?? 0;
        const outside = seen.filter(
          (each, at) => each < (found?.lower[at % width] ?? NaN) || each > (found?.upper[at % width] ?? NaN),
        );
        expect(outside).toEqual([]);
      }
    }
  });

  test('is read off its nodes, and leads to one place', () => {
    const graph = createGraph(networkOf(spelled));
    const last = graph.producerOf('h');
    expect(last?.inputs[(last && rectifiedInput(graph, last)) ?? -1]).toBe('z');
    expect(onlyRectifier(graph, 'z')).toBe(last);
  });
});

test('what only looks like one is none', () => {
  const others = [
    [node('Max', ['x', 'one'], ['y'])],
    [node('Clip', ['x', 'zero', 'one'], ['y'])],
    [node('Less', ['x', 'zero'], ['t']), node('Where', ['t', 'x', 'zero'], ['y'])],
    [node('Greater', ['x', 'one'], ['t']), node('Where', ['t', 'x', 'zero'], ['y'])],
    [node('Greater', ['other', 'zero'], ['t']), node('Where', ['t', 'x', 'zero'], ['y'])],
    [
      node('Less', ['x', 'zero'], ['t']),
      node('Cast', ['t'], ['m'], { attributes: { to: 1n } }),
      node('Mul', ['x', 'm'], ['y']),
    ],
    [node('Max', ['x', 'zero', 'other'], ['y'])],
  ];
  for (const nodes of others) {
    const graph = createGraph(
      modelProto({
        nodes,
        inputs: [valueInfo('x', [1, 2]), valueInfo('other', [1, 2])],
        outputs: ['y'],
        initializers: [scalar('zero', 0), scalar('one', 1)],
      }),
    );
    const last = graph.producerOf('y');
    expect(last && rectifiedInput(graph, last), nodes.map(({ opType }) => opType).join()).toBeUndefined();
  }
});
