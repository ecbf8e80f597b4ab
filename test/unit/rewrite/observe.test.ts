import { describe, expect, test } from 'vitest';
import type { ObservedLayer } from '../../../src/core/graph/layers.js';
import { TensorProto_DataType as DataType, type ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { makeNode, makeValueInfo, floatTensor } from '../../../src/core/rewrite/nodes.js';
import type { ObservationKind } from '../../../src/core/rewrite/observation.js';
import { observe, type ObserveOptions, type ObservedValues } from '../../../src/core/rewrite/observe.js';
import type { Tensor } from '../../../src/core/tensor/tensor.js';
import { ENGINES, modelOf, runnable } from '../engine/engines.js';

const KINDS: readonly ObservationKind[] = [
  'sum',
  'absolute-sum',
  'sum-of-squares',
  'minimum',
  'maximum',
  'zero-count',
  'saturated-count',
  'non-finite-count',
  'zero-count-by-position',
  'zero-count-by-site',
  'first-nonzero-position',
  'sample',
];

/** A model that hands its input on, so that a layer holds exactly the numbers of the test. */
function identity(rank: number, opset = 17, type: DataType = DataType.FLOAT): ModelProto {
  const dims = Array.from({ length: rank }, (_, axis) => `d${axis}`);
  return modelOf({
    node: [makeNode('Identity', ['x'], ['h'])],
    input: [makeValueInfo('x', type, dims)],
    output: [makeValueInfo('h', type, dims)],
    opset,
  });
}

function layer(
  parts: Partial<ObservedLayer> & Pick<ObservedLayer, 'shape' | 'unitAxes' | 'positionAxes' | 'units'>,
): ObservedLayer {
  return {
    value: 'h',
    label: 'h',
    module: [],
    operator: 'Identity',
    family: 'rectifier',
    range: {},
    exampleAxis: 0,
    foldedPositions: undefined,
    unitWord: 'units',
    ...parts,
  };
}

/** Numbers with zeros, negatives and repeats, the same every time. */
function numbers(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => (index % 5 === 0 ? 0 : Math.sin(index * 1.7) * 3));
}

const float = (data: Float32Array, dims: readonly number[]): Tensor => ({ type: 'float32', data, dims });

async function run(
  engine: (typeof ENGINES)[number],
  model: ModelProto,
  observed: ObservedLayer,
  feed: Tensor,
  kinds: readonly ObservationKind[] = KINDS,
  options: ObserveOptions = {},
  examples = feed.dims[observed.exampleAxis ?? 0] ?? 1,
): Promise<ObservedValues> {
  const observing = observe(
    model,
    [observed],
    kinds.map((kind) => ({ layer: observed.value, kind })),
    options,
  );
  const session = await (await engine.load()).open(runnable(observing.model), { threads: 2 });
  const values = observing.read(await session.run({ x: feed }), examples);
  await session.release();
  return values;
}

/** Values of one unit and example, straight from the definition. */
function gather(data: Float32Array, dims: readonly number[], fixed: ReadonlyMap<number, number>): number[] {
  const found: number[] = [];
  const walk = (axis: number, index: number): void => {
    if (axis === dims.length) {
      found.push(data[index] as number);
      return;
    }
    const at = fixed.get(axis);
    for (let place = at ?? 0; place <= (at ?? (dims[axis] as number) - 1); place++)
      walk(axis + 1, index * (dims[axis] as number) + place);
  };
  walk(0, 0);
  return found;
}

/** methods section 0: |got − want| ≤ 1e-5 + 1e-4 · (sum of absolute terms). */
function close(got: Float32Array, want: readonly number[], magnitudes: readonly number[]): void {
  expect(got.length).toBe(want.length);
  const outside = want.filter(
    (number, index) => !(Math.abs((got[index] as number) - number) <= 1e-5 + 1e-4 * (magnitudes[index] as number)),
  );
  expect(outside).toEqual([]);
}

interface Case {
  readonly name: string;
  readonly dims: readonly number[];
  readonly layer: ObservedLayer;
  readonly opset?: number;
}

const big = 2100;
const CASES: readonly Case[] = [
  {
    name: 'channels first, large enough to be reduced in the graph',
    dims: [2, 3, 40, 50],
    layer: layer({ shape: [3, 40, 50], unitAxes: [1], positionAxes: [2, 3], units: 3 }),
  },
  {
    name: 'channels last',
    dims: [2, 40, 50, 3],
    layer: layer({ shape: [40, 50, 3], unitAxes: [3], positionAxes: [1, 2], units: 3 }),
  },
  {
    name: 'tokens by width',
    dims: [2, big, 3],
    layer: layer({ shape: [big, 3], unitAxes: [2], positionAxes: [1], units: 3 }),
  },
  {
    name: 'tokens by width of any length',
    dims: [2, big, 3],
    layer: layer({ shape: [-1, 3], unitAxes: [2], positionAxes: [1], units: 3 }),
  },
  {
    name: 'tokens that share an axis with the examples',
    dims: [2 * big, 3],
    layer: layer({ shape: [3], foldedPositions: big, unitAxes: [1], positionAxes: [], units: 3 }),
  },
  {
    name: 'example axis in the middle, two unit axes out of order',
    dims: [30, 2, 4, 50, 3],
    layer: layer({ shape: [30, 4, 50, 3], exampleAxis: 1, unitAxes: [4, 2], positionAxes: [0, 3], units: 12 }),
  },
  {
    name: 'one small vector per example',
    dims: [3, 7],
    layer: layer({ shape: [7], unitAxes: [1], positionAxes: [], units: 7 }),
  },
  {
    name: 'opset 7',
    dims: [2, 3, 40, 50],
    opset: 7,
    layer: layer({ shape: [3, 40, 50], unitAxes: [1], positionAxes: [2, 3], units: 3 }),
  },
  {
    name: 'opset 11',
    dims: [2, big, 3],
    opset: 11,
    layer: layer({ shape: [big, 3], unitAxes: [2], positionAxes: [1], units: 3 }),
  },
  {
    name: 'opset 20',
    dims: [2, big, 3],
    opset: 20,
    layer: layer({ shape: [big, 3], unitAxes: [2], positionAxes: [1], units: 3 }),
  },
];

/** Axes and shape with folded positions apart, computed here independently of the code under test. */
function view(one: Case): {
  dims: readonly number[];
  example: number;
  units: readonly number[];
  positions: readonly number[];
} {
  const { foldedPositions, exampleAxis = 0, unitAxes, positionAxes } = one.layer;
  if (foldedPositions === undefined)
    return { dims: one.dims, example: exampleAxis, units: unitAxes, positions: positionAxes };
  return { dims: [2, foldedPositions, 3], example: 0, units: [2], positions: [1] };
}

function tuples(dims: readonly number[], axes: readonly number[]): ReadonlyMap<number, number>[] {
  return axes.reduce<ReadonlyMap<number, number>[]>(
    (all, axis) =>
      all.flatMap((so) => Array.from({ length: dims[axis] as number }, (_, at) => new Map(so).set(axis, at))),
    [new Map()],
  );
}

describe.each(ENGINES)('what $name observes', (engine) => {
  test.each(CASES)('agrees with the definitions: $name', async (one) => {
    const data = numbers(one.dims.reduce((product, dim) => product * dim, 1));
    const { dims, example, units, positions } = view(one);
    // first-nonzero-position over two axes is reduced here and not in the graph: ask apart, so that both ways are tested.
    const kinds = KINDS.filter((kind) => kind !== 'first-nonzero-position' || positions.length === 1);
    const values = await run(
      engine,
      identity(one.dims.length, one.opset),
      one.layer,
      float(data, one.dims),
      kinds,
      {},
      dims[example],
    );
    const perUnit = tuples(dims, [example, ...units]).map((fixed) => gather(data, dims, fixed));
    const perPosition = tuples(dims, [example, ...positions]).map((fixed) => gather(data, dims, fixed));
    const sum = (list: readonly number[]) => list.reduce((total, number) => total + number, 0);
    const zeros = (list: readonly number[]) => list.filter((number) => number === 0).length;
    const magnitudes = perUnit.map((list) => sum(list.map(Math.abs)));
    const squares = perUnit.map((list) => sum(list.map((number) => number * number)));
    close(values.get('h', 'sum').data, perUnit.map(sum), magnitudes);
    close(values.get('h', 'absolute-sum').data, magnitudes, magnitudes);
    close(values.get('h', 'sum-of-squares').data, squares, squares);
    expect([...values.get('h', 'minimum').data]).toEqual(perUnit.map((list) => Math.min(...list)));
    expect([...values.get('h', 'maximum').data]).toEqual(perUnit.map((list) => Math.max(...list)));
    expect([...values.get('h', 'zero-count').data]).toEqual(perUnit.map(zeros));
    expect([...values.get('h', 'zero-count-by-position').data]).toEqual(perPosition.map(zeros));
    const perSite = tuples(dims, [...units, ...positions]).map((fixed) => gather(data, dims, fixed));
    expect([...values.get('h', 'zero-count-by-site').data]).toEqual(perSite.map(zeros));
    expect(values.get('h', 'zero-count-by-site').entries).toBe(dims[example]);
    expect([...values.get('h', 'saturated-count').data]).toEqual(
      perUnit.map((list) => list.filter((number) => number < Math.fround(0.01) || number > Math.fround(0.99)).length),
    );
    expect(values.get('h', 'sum').entries).toBe(perUnit[0]?.length);
    expect(values.get('h', 'zero-count-by-position').entries).toBe(perPosition[0]?.length);
    if (positions.length === 1) {
      expect([...values.get('h', 'first-nonzero-position').data]).toEqual(
        perUnit.map((list) => list.findIndex((number) => number !== 0)),
      );
    }
    // Nothing was left out: the sample is every value, ordered by example, unit and position.
    expect([...values.get('h', 'sample').data]).toEqual(perUnit.flat());
  });

  test('counts NaN and infinities exactly, and not what merely overflows when squared', async () => {
    const data = numbers(2 * 3 * 2000);
    data.set([NaN, Infinity, -Infinity], 100);
    data[2000 * 3 + 6] = 1e30;
    const observed = layer({ shape: [3, 2000], unitAxes: [1], positionAxes: [2], units: 3 });
    const values = await run(engine, identity(3), observed, float(data, [2, 3, 2000]), [
      'non-finite-count',
      'zero-count',
    ]);
    expect([...values.get('h', 'non-finite-count').data]).toEqual([3, 0, 0, 0, 0, 0]);
    expect(values.get('h', 'zero-count').data[3]).toBe(400);
  });

  test('counts −0 as zero, and the smallest number that is not zero as not zero', async () => {
    const data = new Float32Array(5000).fill(1);
    data.set([0, -0, 1e-45, -1e-45], 10);
    const observed = layer({ shape: [1, 5000], unitAxes: [1], positionAxes: [2], units: 1 });
    const values = await run(engine, identity(3), observed, float(data, [1, 1, 5000]), ['zero-count']);
    expect([...values.get('h', 'zero-count').data]).toEqual([2]);
  });

  test('gives the number of positions for a unit that is never active', async () => {
    const data = new Float32Array(2000 * 3);
    data[3 * 1234 + 1] = 5;
    const observed = layer({ shape: [2000, 3], unitAxes: [2], positionAxes: [1], units: 3 });
    const values = await run(engine, identity(3), observed, float(data, [1, 2000, 3]), ['first-nonzero-position']);
    expect([...values.get('h', 'first-nonzero-position').data]).toEqual([2000, 1234, 2000]);
  });

  test('samples a regular grid when there are more values than the budget', async () => {
    const data = Float32Array.from({ length: 2 * 40 * 50 }, (_, index) => index);
    const observed = layer({ shape: [2, 40, 50], unitAxes: [1], positionAxes: [2, 3], units: 2 });
    const feed = float(data, [1, 2, 40, 50]);
    for (const shape of [
      [2, 40, 50],
      [2, -1, -1],
    ]) {
      const sample = (
        await run(engine, identity(4), { ...observed, shape }, feed, ['sample'], { sampleBudget: 40 })
      ).get('h', 'sample');
      // 10 × 10 steps: rows 5, 15, 25, 35 and columns 5, 15, 25, 35, 45 of each unit.
      const want = [0, 2000].flatMap((unit) =>
        [5, 15, 25, 35].flatMap((row) => [5, 15, 25, 35, 45].map((column) => unit + row * 50 + column)),
      );
      expect([...sample.data]).toEqual(want);
      expect(sample.entries).toBe(2000);
    }
  });

  test('sums one example alone to the same numbers', async () => {
    const observed = layer({ shape: [big, 3], unitAxes: [2], positionAxes: [1], units: 3 });
    const data = numbers(3 * big);
    data[7] = Infinity;
    const feed = float(data, [1, big, 3]);
    const alone = await run(engine, identity(3), observed, feed, KINDS, { rows: 1 });
    const usual = await run(engine, identity(3), observed, feed, KINDS);
    for (const kind of KINDS) {
      expect(alone.get('h', kind).entries).toBe(usual.get('h', kind).entries);
      const want = usual.get('h', kind).data;
      expect(alone.get('h', kind).data.length).toBe(want.length);
      want.forEach((number, unit) => {
        const got = alone.get('h', kind).data[unit] as number;
        expect(Number.isFinite(number) ? got / (number || 1) : got).toBeCloseTo(
          Number.isFinite(number) ? number / (number || 1) : number,
          4,
        );
      });
    }
    expect([...alone.get('h', 'non-finite-count').data]).toEqual([0, 1, 0]);
  });

  test('leaves out padding rows', async () => {
    const observed = layer({ shape: [3, 2000], unitAxes: [1], positionAxes: [2], units: 3 });
    const data = numbers(4 * 3 * 2000);
    const kinds = ['sum', 'sample', 'zero-count-by-site'] as const;
    const values = await run(engine, identity(3), observed, float(data, [4, 3, 2000]), kinds, { padded: true }, 2);
    expect(values.get('h', 'sum').data.length).toBe(6);
    expect(values.get('h', 'sum').examples).toBe(2);
    expect(values.get('h', 'sample').data.length).toBe(2 * 3 * 2000);
    expect([...values.get('h', 'zero-count-by-site').data]).toEqual(
      Array.from({ length: 6000 }, (_, site) => [site, site + 6000].filter((at) => data[at] === 0).length),
    );
  });

  test('reads half and double precision as float32', async () => {
    const observed = layer({ shape: [1, 5000], unitAxes: [1], positionAxes: [2], units: 1 });
    const half = new Uint16Array(5000).fill(0x3c00);
    half[7] = 0;
    const halves = await run(engine, identity(3, 17, DataType.FLOAT16), observed, {
      type: 'float16',
      data: half,
      dims: [1, 1, 5000],
    });
    expect(halves.get('h', 'sum').data[0]).toBe(4999);
    expect(halves.get('h', 'zero-count').data[0]).toBe(1);
    const double = await run(engine, identity(3, 17, DataType.DOUBLE), observed, {
      type: 'float64',
      data: new Float64Array(5000).fill(2),
      dims: [1, 1, 5000],
    });
    expect(double.get('h', 'sum-of-squares').data[0]).toBe(20_000);
  });

  test('does not change what the model itself computes', async () => {
    const weights = [...numbers(4 * 3 * 9)];
    const model = modelOf({
      node: [
        makeNode('Conv', ['x', 'w', 'b'], ['c'], { pads: [1, 1, 1, 1] }),
        makeNode('BatchNormalization', ['c', 's', 'b', 'm', 'v'], ['n']),
        makeNode('Relu', ['n'], ['h']),
        makeNode('GlobalAveragePool', ['h'], ['y']),
      ],
      input: [makeValueInfo('x', DataType.FLOAT, ['N', 3, 40, 40])],
      output: [makeValueInfo('y', DataType.FLOAT)],
      initializer: [
        floatTensor('w', [4, 3, 3, 3], weights),
        floatTensor('b', [4], [0.1, -0.2, 0.3, 0]),
        floatTensor('s', [4], [1, 2, 0.5, 1]),
        floatTensor('m', [4], [0, 0.1, 0, -0.3]),
        floatTensor('v', [4], [1, 2, 1, 0.5]),
      ],
    });
    const observed = layer({ shape: [4, 40, 40], unitAxes: [1], positionAxes: [2, 3], units: 4, range: { lower: 0 } });
    const observing = observe(
      model,
      [observed],
      KINDS.map((kind) => ({ layer: 'h', kind })),
      { keep: ['y'] },
    );
    const loaded = await engine.load();
    const feeds = { x: float(numbers(2 * 3 * 40 * 40), [2, 3, 40, 40]) };
    const bare = await (await loaded.open(runnable(model), { threads: 1 })).run(feeds);
    const watched = await (await loaded.open(runnable(observing.model), { threads: 1 })).run(feeds);
    expect(watched['y']?.data).toEqual(bare['y']?.data);
  });
});

test('names that the model already uses are not used again', () => {
  const model = modelOf({
    node: [makeNode('Relu', ['inspect_0_Cast'], ['h'])],
    input: [makeValueInfo('inspect_0_Cast', DataType.FLOAT, [1, 5000])],
    output: [makeValueInfo('h', DataType.FLOAT)],
  });
  const observed = layer({ shape: [5000], unitAxes: [1], positionAxes: [], units: 5000 });
  const names =
    observe(model, [observed], [{ layer: 'h', kind: 'sum' }]).model.graph?.node.flatMap((node) => node.output) ?? [];
  expect(new Set([...names, 'inspect_0_Cast']).size).toBe(names.length + 1);
});

describe('all values', () => {
  for (const engine of ENGINES) {
    test.each(CASES)(
      `are given with where each lies, ${engine.name}: $name`,
      async ({ dims, layer: observed, opset }) => {
        const data = numbers(dims.reduce((product, size) => product * size, 1));
        const kinds: readonly ObservationKind[] = ['values', 'sum', 'maximum'];
        const got = await run(engine, identity(dims.length, opset), observed, float(data, dims), kinds, {}, 2);
        const { data: values, layout, entries } = got.get('h', 'values');
        const [sum, maximum] = [got.get('h', 'sum'), got.get('h', 'maximum')];
        expect(entries).toBe(sum.entries);
        for (let example = 0; example < sum.examples; example++) {
          for (let unit = 0; unit < observed.units; unit++) {
            const first = example * (layout?.exampleStride ?? NaN) + (layout?.unitOffsets[unit] ?? NaN);
            const own = [...(layout?.positionOffsets ?? [])].map((offset) => values[first + offset] as number);
            const at = example * observed.units + unit;
            const total = own.reduce((all, value) => all + value, 0);
            const size = own.reduce((all, value) => all + Math.abs(value), 0);
            expect(Math.abs((sum.data[at] as number) - total)).toBeLessThanOrEqual(1e-5 + 1e-4 * size);
            expect(maximum.data[at]).toBe(own.reduce((most, value) => Math.max(most, value), -Infinity));
          }
        }
      },
    );
  }
});

describe('padding', () => {
  const [length, filled] = [1500, 1100];
  const LAYOUTS: readonly { readonly name: string; readonly dims: readonly number[]; readonly layer: ObservedLayer }[] =
    [
      {
        name: 'tokens by width',
        dims: [2, length, 3],
        layer: layer({ shape: [length, 3], unitAxes: [2], positionAxes: [1], units: 3 }),
      },
      {
        name: 'tokens that share an axis with the examples',
        dims: [2 * length, 3],
        layer: layer({ shape: [3], foldedPositions: length, unitAxes: [1], positionAxes: [], units: 3 }),
      },
      {
        name: 'few values, which are copied out',
        dims: [2, 12, 3],
        layer: layer({ shape: [12, 3], unitAxes: [2], positionAxes: [1], units: 3 }),
      },
      {
        name: 'attention patterns: both the positions that look and those that are looked at',
        dims: [2, 3, 90, 90],
        layer: layer({ shape: [3, 90, 90], unitAxes: [1], positionAxes: [2, 3], units: 3 }),
      },
    ];

  /** The value with only the first `kept` of `whole` positions. */
  function trimmed(data: Float32Array, dims: readonly number[], whole: number, kept: number): Tensor {
    const axes = dims.map((size) => (size === 2 * whole ? [2, whole] : [size])).flat();
    const sizes = axes.map((size) => (size === whole ? kept : size));
    const strides = axes.map((_, axis) => axes.slice(axis + 1).reduce((product, size) => product * size, 1));
    const values = Float32Array.from({ length: sizes.reduce((product, size) => product * size, 1) }, (_, at) => {
      let [rest, from] = [at, 0];
      for (let axis = sizes.length - 1; axis >= 0; axis--) {
        from += (rest % (sizes[axis] as number)) * (strides[axis] as number);
        rest = Math.floor(rest / (sizes[axis] as number));
      }
      return data[from] as number;
    });
    return float(
      values,
      dims.map((size) => (size === 2 * whole ? 2 * kept : size === whole ? kept : size)),
    );
  }

  for (const engine of ENGINES) {
    test.each(LAYOUTS)(`is left out of every observation, ${engine.name}: $name`, async ({ dims, layer: whole }) => {
      const paddedLength = dims.includes(90) ? 90 : dims.includes(12) ? 12 : length;
      const kept = Math.floor((paddedLength * filled) / length);
      const data = numbers(dims.reduce((product, size) => product * size, 1));
      const kinds = KINDS.filter((kind) => kind !== 'first-nonzero-position' || whole.positionAxes.length < 2);
      const wanted = kinds.map((kind) => ({ layer: 'h', kind }));
      const observing = observe(identity(dims.length), [whole], wanted, { paddedLength });
      const session = await (await engine.load()).open(runnable(observing.model), { threads: 1 });
      const got = observing.read(await session.run({ x: float(data, dims), ...observing.feeds(kept) }), 2);
      const short = trimmed(data, dims, paddedLength, kept);
      const shape = whole.shape.map((size) => (size === paddedLength ? kept : size));
      const plain = { ...whole, shape, ...(whole.foldedPositions === undefined ? {} : { foldedPositions: kept }) };
      const want = await run(engine, identity(dims.length), plain, short, kinds, {}, 2);
      for (const kind of kinds.filter((each) => each !== 'sample')) {
        const magnitudes = want.get('h', 'absolute-sum').data;
        expect(got.get('h', kind).entries, kind).toBe(want.get('h', kind).entries);
        const near = kind === 'sum' || kind === 'absolute-sum' || kind === 'sum-of-squares';
        if (near)
          close(
            got.get('h', kind).data,
            [...want.get('h', kind).data],
            [...magnitudes].map((each) => 9 * each),
          );
        else expect(got.get('h', kind).data, kind).toEqual(want.get('h', kind).data);
      }
      const all = observing.read(await session.run({ x: float(data, dims), ...observing.feeds() }), 2);
      expect(all.get('h', 'sum').entries).toBeCloseTo(
        want.get('h', 'sum').entries / (kept / paddedLength) ** (dims.includes(90) ? 2 : 1),
      );
      await session.release();
    });
  }
});
