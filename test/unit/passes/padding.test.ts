/** Passes count what the examples hold, not what fills them up: methods C1 and E, “mask padding”. */
import { createGraph } from '../../../src/core/graph/graph.js';
import { expect, it } from 'vitest';
import type { Batch, Dataset } from '../../../src/core/dataset/dataset.js';
import { passes } from '../../../src/core/passes/registry.js';
import type { PassResult } from '../../../src/core/passes/result.js';
import { runPasses } from '../../../src/core/passes/run.js';
import { makeNode, makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { TensorProto_DataType as DataType } from '../../../src/core/formats/onnx/onnx_pb.js';
import { ENGINES, modelOf, runnable } from '../engine/engines.js';
import { layer } from './observed-batch.js';

const UNITS = 3;
const LENGTH = 6;
/** Tokens of each document; padding is 9, which no document holds. */
const FILLED = [6, 6, 2, 4, 4, 1, 6];

/** By position. */
const TEXTS = ['<s>', 'b', 'c', 'd', 'e', 'f'];

const model = modelOf({
  node: [makeNode('Relu', ['x'], ['h'])],
  input: [makeValueInfo('x', DataType.FLOAT, ['batch', 'tokens', UNITS])],
  output: [makeValueInfo('h', DataType.FLOAT, ['batch', 'tokens', UNITS])],
});
const value = (example: number, position: number, unit: number): number =>
  Math.round(Math.sin(example * 7.3 + position * 3.1 + unit * 1.9) * 8) / 4;

function dataset(examples: readonly number[], length: number, padded: boolean): Dataset {
  return {
    size: examples.length,
    description: 'documents',
    synthetic: false,
    key: '',
    maximumBatch: Infinity,
    skipped: [],
    ...(padded ? { paddedLength: length } : {}),
    batch(start, end): Promise<Batch> {
      const rows = examples.slice(start, end);
      const data = Float32Array.from({ length: rows.length * length * UNITS }, (_, at) => {
        const example = rows[Math.floor(at / (length * UNITS))] as number;
        const position = Math.floor(at / UNITS) % length;
        return position < (FILLED[example] as number) ? value(example, position, at % UNITS) : 9;
      });
      return Promise.resolve({
        feeds: { x: { type: 'float32', dims: [rows.length, length, UNITS], data } },
        indices: rows.map((_, row) => start + row),
        ...(padded ? { filled: rows.map((example) => FILLED[example] as number) } : {}),
      });
    },
    preview: async () => ({ kind: 'tokens', name: 'document', tokens: TEXTS.slice(0, length), ids: [] }),
    label: () => undefined,
    targets: () => Promise.resolve({}),
  };
}

const tokens = (length: number) =>
  layer({
    value: 'h',
    units: UNITS,
    positionWord: 'tokens',
    positionAxes: [1],
    unitAxes: [2],
    shape: [length, UNITS],
  });

async function results(engine: (typeof ENGINES)[number], of: Dataset, length: number): Promise<readonly PassResult[]> {
  const { passes: found } = await runPasses({
    graph: createGraph(model),
    toRunnable: runnable,
    engine: await engine.load(),
    threads: 1,
    dataset: of,
    layers: [tokens(length)],
    maximumBatch: Infinity,
    passes,
    watched: new Map([['massive-activations', [tokens(length)]]]),
    leftOut: [],
    brokenWeights: [],
    onProgress: () => undefined,
  });
  return found;
}

/** Numbers per layer and unit, by metric. */
const numbers = (found: readonly PassResult[]): ReadonlyMap<string, readonly number[]> =>
  new Map(
    found.flatMap(({ layerMetrics, unitMetrics }) => [
      ...layerMetrics.map(({ id, values }) => [id, [values['h'] ?? NaN]] as const),
      ...unitMetrics.map(({ id, values }) => [id, [...(values['h'] ?? [])]] as const),
    ]),
  );

for (const engine of ENGINES) {
  it(`counts every position of every document once, and none of the padding (${engine.name})`, async () => {
    const found = numbers(await results(engine, dataset([...FILLED.keys()], LENGTH, true), LENGTH));
    const all = FILLED.flatMap((filled, example) =>
      Array.from({ length: filled }, (_, position) =>
        Array.from({ length: UNITS }, (__, unit) => Math.max(0, value(example, position, unit))),
      ),
    );
    const entries = FILLED.reduce((sum, filled) => sum + filled, 0);
    expect(found.get('unit-entries')).toEqual([entries, entries, entries]);
    for (let unit = 0; unit < UNITS; unit++) {
      const own = all.map((row) => row[unit] as number);
      expect(found.get('unit-maximum')?.[unit]).toBe(Math.max(...own));
      expect(found.get('unit-zero-share')?.[unit]).toBeCloseTo(own.filter((each) => each === 0).length / entries, 6);
      expect(found.get('unit-mean')?.[unit]).toBeCloseTo(own.reduce((sum, each) => sum + each, 0) / entries, 6);
    }
  });

  it(`tells tokens by their text where a pass asks, the padding's never (${engine.name})`, async () => {
    const found = await results(engine, dataset([...FILLED.keys()], LENGTH, true), LENGTH);
    const largest = FILLED.map((filled, example) => {
      const peaks = Array.from({ length: filled }, (_, position) =>
        Math.max(...Array.from({ length: UNITS }, (__, unit) => value(example, position, unit)), 0),
      );
      return peaks.indexOf(Math.max(...peaks));
    });
    const often = (position: number): number => largest.filter((each) => each === position).length;
    const most = Math.max(...largest.map(often));
    const table = found.find(({ pass }) => pass === 'massive-activations')?.tables?.[0];
    const cell = String(table?.rows[0]?.cells.at(-1));
    expect(TEXTS.filter((_, position) => often(position) === most).map((text) => `“${text}” (${most} of 7)`)).toContain(
      cell,
    );
  });

  it(`gives of one padded document what the document alone gives (${engine.name})`, async () => {
    const padded = await results(engine, dataset([3], LENGTH, true), LENGTH);
    const alone = await results(engine, dataset([3], FILLED[3] as number, false), FILLED[3] as number);
    expect(padded).toEqual(alone);
  });
}
