/** Zeros, dead units and units without weights are counted alike, however a file spells its rectifiers. */
import { expect, it } from 'vitest';
import type { ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { detectActivationLayers } from '../../../src/core/graph/layer-detection.js';
import { passes } from '../../../src/core/passes/registry.js';
import { staticDeadUnits } from '../../../src/core/passes/static-dead-units/pass.js';
import type { PassResult } from '../../../src/core/passes/result.js';
import { runPasses } from '../../../src/core/passes/run.js';
import { loadNativeEngine } from '../../../src/node/native-engine.js';
import { runnable } from '../engine/engines.js';
import { datasetOf } from '../experiment/subject.js';
import { modelProto, node, valueInfo, weight } from '../graph-builder.js';
import { RECTIFIER_CONSTANTS, SPELLED_RECTIFIERS } from '../spelled-rectifiers.js';
import { modelSubject } from './file-subject.js';
import { layer } from './observed-batch.js';

type Spelling = (typeof SPELLED_RECTIFIERS)[number][1];

const UNITS = 4;
/** Unit 2 has no incoming weights and a bias below 0, nothing reads unit 3. */
const networkOf = (spelled: Spelling): ModelProto =>
  modelProto({
    nodes: [node('Gemm', ['x', 'W', 'b'], ['z']), ...spelled('z', 'h'), node('Gemm', ['h', 'V'], ['y'])],
    inputs: [valueInfo('x', ['n', 2])],
    outputs: ['y'],
    initializers: [
      ...RECTIFIER_CONSTANTS,
      weight('W', [2, UNITS], [1, -1, 0, 0.5, 1, 0.5, 0, -1]),
      weight('b', [UNITS], [0, -0.25, -1, 0]),
      weight('V', [UNITS, 1], [1, 1, 1, 0]),
    ],
  });
const relu: Spelling = (x, y) => [node('Relu', [x], [y])];

const ROWS = Array.from({ length: 40 }, (_, at) => [Math.sin(at * 1.7), Math.cos(at * 2.3)]);

async function counted(spelled: Spelling): Promise<readonly PassResult[]> {
  const model = networkOf(spelled);
  const graph = createGraph(model);
  const found = detectActivationLayers(graph);
  const ran = await runPasses({
    graph,
    toRunnable: runnable,
    engine: await loadNativeEngine(),
    threads: 1,
    dataset: datasetOf({ input: 'x', dims: [2], rows: ROWS }),
    layers: found.map((each) => layer({ ...each, label: 'h', operator: 'Relu', units: UNITS })),
    watched: new Map([['shifted-relu', [layer({ value: 'z', units: UNITS, family: 'value' })]]]),
    maximumBatch: Infinity,
    passes: passes.filter(({ id }) => ['zero-sparsity', 'dead-units', 'shifted-relu'].includes(id)),
    leftOut: [],
    brokenWeights: [],
    onProgress: () => undefined,
  });
  return [...ran.passes, await staticDeadUnits.examine(await modelSubject(model))];
}

it.each(SPELLED_RECTIFIERS)('%s', async (_, spelled) => {
  const [ours, twin] = [await counted(spelled), await counted(relu)];
  ours.forEach((result, at) => {
    const { answer, layerMetrics, unitMetrics, exampleMetrics, findings } = result;
    expect(answer).toBe(twin[at]?.answer);
    expect(layerMetrics).toEqual(twin[at]?.layerMetrics);
    expect(unitMetrics).toEqual(twin[at]?.unitMetrics);
    expect(exampleMetrics).toEqual(twin[at]?.exampleMetrics);
    expect(findings.map(({ sentence, units }) => [sentence, units])).toEqual(
      twin[at]?.findings.map(({ sentence, units }) => [sentence, units]),
    );
  });
  const zeros = ours
    .find(({ pass }) => pass === 'zero-sparsity')
    ?.unitMetrics.find(({ id }) => id === 'unit-zero-share')?.values['h'];
  const expected = ROWS.filter(([a = 0, b = 0]) => a + b <= 0).length / ROWS.length;
  expect(zeros?.[0]).toBeCloseTo(expected, 6);
  // Dead and useless by their weights.
  expect(ours.at(-1)?.findings.map(({ units }) => units)).toEqual([[2], [3]]);
});
