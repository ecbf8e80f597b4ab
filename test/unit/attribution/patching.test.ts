/** Activation patching and attribution patching: the tests of methods, section H1, and what both promise. */
import { describe, expect, test } from 'vitest';
import type { PatchRequest } from '../../../src/core/attribution/patch-request.js';
import { patchActivations, type Patching } from '../../../src/core/attribution/patching.js';
import { exampleAxes } from '../../../src/core/attribution/stack.js';
import { CancelledError, ProblemError } from '../../../src/core/errors.js';
import type { ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import type { NamedTensors } from '../../../src/core/tensor/tensor.js';
import { ENGINES } from '../engine/engines.js';
import { integers, modelProto, node, scalar, valueInfo, weight } from '../graph-builder.js';
import { float } from '../rewrite/linear-system.js';
import { BLOCK, blockModel } from './block.js';
import { subjectOf } from './opened.js';

const LIMITS = { positions: 64, side: 4 };

interface Asked extends Partial<Omit<PatchRequest, 'sites'>> {
  readonly sites: PatchRequest['sites'];
}

async function patch(
  load: (typeof ENGINES)[number]['load'],
  model: ModelProto,
  clean: NamedTensors,
  corrupt: NamedTensors,
  asked: Asked,
): Promise<Patching> {
  const { graph, shapes, runner } = await subjectOf(await load(), model, clean);
  const request = {
    graph,
    shapes,
    runner,
    clean,
    corrupt,
    to: 'y',
    metric: { output: 0 },
    direction: 'denoise',
    limits: LIMITS,
  } as const;
  return patchActivations({ ...request, ...asked });
}

function estimate({ estimates }: Patching, kind: string): number[] {
  return Array.from(estimates.find((each) => each.kind === kind)?.effects ?? []);
}

/** m = a₀ a₁. */
const PRODUCT = modelProto({
  nodes: [
    node('Gather', ['x', 'first'], ['a0'], { attributes: { axis: 0n } }),
    node('Gather', ['x', 'second'], ['a1'], { attributes: { axis: 0n } }),
    node('Mul', ['a0', 'a1'], ['y']),
  ],
  inputs: [valueInfo('x', [2])],
  outputs: ['y'],
  initializers: [integers('first', [0]), integers('second', [1])],
});

/** m = relu(v − 1), v = x. */
const KINK = modelProto({
  nodes: [node('Identity', ['x'], ['v']), node('Sub', ['v', 'one'], ['s']), node('Relu', ['s'], ['y'])],
  inputs: [valueInfo('x', [1])],
  outputs: ['y'],
  initializers: [scalar('one', 1)],
});

/** y = 2 x₀ + 3 x₁ − x₂ + 4, through two layers, for any number of rows. */
const LINEAR = modelProto({
  nodes: [node('Mul', ['x', 'two'], ['h']), node('MatMul', ['h', 'W'], ['p']), node('Add', ['p', 'b'], ['y'])],
  inputs: [valueInfo('x', ['batch', 3])],
  outputs: ['y'],
  initializers: [scalar('two', 2), weight('W', [3, 1], [1, 1.5, -0.5]), weight('b', [1], [4])],
});

describe.each(ENGINES)('patching with the $name engine', ({ load }) => {
  test('H1: m = a₀ a₁ from (1, 1) to (2, 3): single patches 1 and 2, which are estimated exactly; together 5', async () => {
    const sites = [
      { value: 'a0', positionAxes: [] },
      { value: 'a1', positionAxes: [] },
      { value: 'x', positionAxes: [] },
    ];
    const found = await patch(load, PRODUCT, { x: float([2], [2, 3]) }, { x: float([2], [1, 1]) }, { sites });
    expect([found.clean, found.corrupt]).toEqual([6, 1]);
    expect([...found.effects]).toEqual([1, 2, 5]);
    expect([...(found.normalised ?? [])]).toEqual([0.2, 0.4, 1]);
    expect(estimate(found, 'corrupt')).toEqual([1, 2, 3]);
    expect(estimate(found, 'clean')).toEqual([3, 4, 7]);
    expect(estimate(found, 'mean')).toEqual([2, 3, 5]);
    const { agreement } = found.estimates[0] ?? {};
    expect(agreement?.largest).toEqual({ deviation: 2, at: 2 });
    // r of (1, 2, 5) and (1, 2, 3).
    expect(agreement?.correlation).toBeCloseTo(4 / Math.sqrt((26 / 3) * 2), 10);
  });

  test('H1: at the kink of relu(v − 1) from 0 to 3 the patch does 2, the estimate at the corrupt run 0', async () => {
    const sites = [{ value: 'v', positionAxes: [] }];
    const found = await patch(load, KINK, { x: float([1], [3]) }, { x: float([1], [0]) }, { sites });
    expect([...found.effects]).toEqual([2]);
    expect(['corrupt', 'clean', 'mean'].map((kind) => estimate(found, kind))).toEqual([[0], [3], [1.5]]);
    expect(found.estimates[0]?.agreement.correlation).toBeUndefined();
  });

  test('noise is the mirror: the clean run takes what is corrupt', async () => {
    const sites = [
      { value: 'a0', positionAxes: [] },
      { value: 'x', positionAxes: [] },
    ];
    const asked = { sites, direction: 'noise' } as const;
    const found = await patch(load, PRODUCT, { x: float([2], [2, 3]) }, { x: float([2], [1, 1]) }, asked);
    expect([...found.effects]).toEqual([-3, -5]);
    expect([...(found.normalised ?? [])]).toEqual([-0.6, -1]);
    expect(estimate(found, 'clean')).toEqual([-3, -7]);
  });

  test.each([false, true])('a linear m is estimated exactly, place by place (side by side: %s)', async (together) => {
    const [clean, corrupt] = [{ x: float([1, 3], [1, 2, 3]) }, { x: float([1, 3], [0, -1, 5]) }];
    const sites = [
      { value: 'x', positionAxes: [1] },
      { value: 'h', positionAxes: [1] },
      { value: 'p', positionAxes: [] },
    ];
    const inputAxes = together ? exampleAxes(clean, { x: float([2, 3], [0, 0, 0, 0, 0, 0]) }) : undefined;
    const found = await patch(load, LINEAR, clean, corrupt, { sites, inputAxes });
    expect(found.examplesPerRun).toBe(together ? 16 : 1);
    expect(found.sites.map(({ cells }) => cells.length)).toEqual([3, 3, 1]);
    expect([...found.effects]).toEqual([2, 9, 2, 2, 9, 2, 13]);
    for (const { effects, agreement } of found.estimates) {
      expect([...effects]).toEqual([...found.effects]);
      expect(agreement.correlation).toBeCloseTo(1, 10);
    }
  });

  test('patching every position of a block’s input is the clean run; with its own value nothing changes', async () => {
    const clean = { x: float([3, 4], BLOCK.x) };
    const corrupt = {
      x: float(
        [3, 4],
        BLOCK.x.map((each, at) => each + Math.cos(at)),
      ),
    };
    const whole = [
      { value: 'x', positionAxes: [] },
      { value: 'middle', positionAxes: [] },
      { value: 'attention', positionAxes: [0] },
    ];
    const found = await patch(load, blockModel(0.5), clean, corrupt, { sites: whole });
    expect(found.corrupt + (found.effects[0] ?? NaN)).toBe(found.clean);
    expect(found.corrupt + (found.effects[1] ?? NaN)).toBe(found.clean);
    expect(found.sites[2]?.cells).toHaveLength(3);
    // The last token alone reaches the output behind the attention.
    expect([...found.effects.subarray(2, 4)]).toEqual([0, 0]);
    expect(Math.abs(found.effects[4] ?? 0)).toBeGreaterThan(0.01);
    const same = await patch(load, blockModel(0.5), clean, clean, { sites: whole });
    expect([...same.effects]).toEqual([0, 0, 0, 0, 0]);
    expect(same.normalised).toBeUndefined();
  });

  test('patching two positions one after the other leaves none of the first behind', async () => {
    const [clean, corrupt] = [{ x: float([1, 3], [5, 5, 5]) }, { x: float([1, 3], [1, 1, 1]) }];
    const sites = [{ value: 'h', positionAxes: [1] }];
    const inputAxes = exampleAxes(clean, { x: float([2, 3], []) });
    const apart = await patch(load, LINEAR, clean, corrupt, { sites });
    const beside = await patch(load, LINEAR, clean, corrupt, { sites, inputAxes, mostExamples: 2 });
    expect([...apart.effects]).toEqual([8, 12, -4]);
    expect([...beside.effects]).toEqual([8, 12, -4]);
    expect(beside.examplesPerRun).toBe(2);
  });

  test('a difference of two outputs is a metric, and a grid of cells covers a picture', async () => {
    const model = modelProto({
      nodes: [
        node('Conv', ['x', 'w'], ['c'], { attributes: { pads: [1, 1, 1, 1] } }),
        node('Flatten', ['c'], ['f']),
        node('Gemm', ['f', 'W'], ['y']),
      ],
      inputs: [valueInfo('x', ['n', 1, 6, 5])],
      outputs: ['y'],
      initializers: [
        weight(
          'w',
          [2, 1, 3, 3],
          Array.from({ length: 18 }, (_, at) => Math.sin(at)),
        ),
        weight(
          'W',
          [60, 2],
          Array.from({ length: 120 }, (_, at) => Math.cos(3 * at)),
        ),
      ],
    });
    const picture = (seed: number) => ({
      x: float(
        [1, 1, 6, 5],
        Array.from({ length: 30 }, (_, at) => Math.sin(seed + at)),
      ),
    });
    const sites = [{ value: 'c', positionAxes: [2, 3] }];
    const inputAxes = new Map([['x', 0]]);
    const asked = { sites, metric: { output: 1, minus: 0 }, inputAxes, limits: { positions: 64, side: 2 } };
    const found = await patch(load, model, picture(1), picture(2), asked);
    expect(
      found.sites[0]?.cells.map(({ ranges }) => ranges.map(({ start, end }) => `${start}-${end}`).join(' ')),
    ).toEqual(['0-3 0-2', '0-3 2-5', '3-6 0-2', '3-6 2-5']);
    // Linear: the cells add up to the whole change.
    expect(found.effects.reduce((sum, each) => sum + each, 0)).toBeCloseTo(found.clean - found.corrupt, 4);
    expect(found.estimates[0]?.agreement.correlation).toBeCloseTo(1, 6);
  });

  test('a model that looks at its whole batch is patched one run at a time', async () => {
    const model = modelProto({
      nodes: [
        node('ReduceMax', ['x'], ['largest'], { attributes: { keepdims: 0n } }),
        node('Div', ['x', 'largest'], ['h']),
        node('ReduceSum', ['h', 'axis'], ['y']),
      ],
      inputs: [valueInfo('x', ['batch', 2])],
      outputs: ['y'],
      initializers: [integers('axis', [1])],
    });
    const [clean, corrupt] = [{ x: float([1, 2], [1, 4]) }, { x: float([1, 2], [1, 2]) }];
    const inputAxes = new Map([['x', 0]]);
    const found = await patch(load, model, clean, corrupt, { sites: [{ value: 'h', positionAxes: [1] }], inputAxes });
    expect(found.examplesPerRun).toBe(1);
    expect([...found.effects]).toEqual([-0.25, 0]);
  });
});

describe('what cannot be patched', () => {
  const [native] = ENGINES;
  const load = (): ReturnType<(typeof ENGINES)[number]['load']> =>
    native?.load() ?? Promise.reject(new Error('no engine'));
  const sites = [{ value: 'h', positionAxes: [] }];
  const x = { x: float([1, 3], [1, 2, 3]) };

  test.each([
    [
      'inputs of different sizes',
      { x: float([2, 3], [1, 2, 3, 4, 5, 6]) },
      { sites },
      /“x” is 1 × 3 in the clean one and 2 × 3/,
    ],
    ['an output that is not there', x, { sites, metric: { output: 1 } }, /“y” has 1 elements: there is no element 1/],
    ['nothing to patch', x, { sites: [] }, /no value between its input and this output/],
    [
      'a metric that is not finite',
      { x: float([1, 3], [1, Infinity, -Infinity]) },
      { sites: [{ value: 'x', positionAxes: [] }, ...sites] },
      /not finite on the corrupt input/,
    ],
  ])('%s: a problem with a sentence', async (_, corrupt, asked, sentence) => {
    const act = patch(load, LINEAR, x, corrupt, asked);
    await expect(act).rejects.toThrow(ProblemError);
    await expect(act).rejects.toThrow(sentence);
  });

  test('a value that is not finite is left out, and said so', async () => {
    const model = modelProto({
      nodes: [node('Log', ['x'], ['l']), node('Max', ['l', 'zero'], ['h']), node('ReduceSum', ['h'], ['y'])],
      inputs: [valueInfo('x', [2])],
      outputs: ['y'],
      initializers: [scalar('zero', 0)],
    });
    const both = [
      { value: 'l', positionAxes: [] },
      { value: 'h', positionAxes: [] },
    ];
    const found = await patch(load, model, { x: float([2], [0, 5]) }, { x: float([2], [2, 3]) }, { sites: both });
    expect(found.leftOut).toEqual([{ value: 'l', reason: 'It is not finite on the clean input.' }]);
    expect(found.sites.map(({ value }) => value)).toEqual(['h']);
    expect([...found.effects][0]).toBeCloseTo(found.clean - found.corrupt, 6);
  });

  test('where the derivative cannot be followed, patches are still measured', async () => {
    const model = modelProto({
      nodes: [node('Mul', ['x', 'two'], ['h']), node('Round', ['h'], ['r']), node('Hardmax', ['r'], ['y'])],
      inputs: [valueInfo('x', [1, 3])],
      outputs: ['y'],
      initializers: [scalar('two', 2)],
    });
    const corrupt = { x: float([1, 3], [3, 2, 1]) };
    const found = await patch(load, model, x, corrupt, { sites });
    expect(found.effects[0]).toBe(found.clean - found.corrupt);
    expect(found.effects[0]).toBe(-1);
    const known = found.estimates.length === 0 ? found.estimatesDeclined : estimate(found, 'corrupt');
    expect(known).toBeDefined();
  });

  test('stops between runs when cancelled, and tells of its progress', async () => {
    const { graph, shapes, runner } = await subjectOf(await load(), LINEAR, x);
    const controller = new AbortController();
    const shares: number[] = [];
    const corrupt = { x: float([1, 3], [0, 0, 0]) };
    const request = {
      graph,
      shapes,
      runner,
      clean: x,
      corrupt,
      to: 'y',
      metric: { output: 0 },
      direction: 'denoise',
      limits: LIMITS,
    } as const;
    const onProgress = (share: number): void => {
      shares.push(share);
      if (shares.length === 2) controller.abort();
    };
    const act = patchActivations(
      { ...request, sites: [{ value: 'h', positionAxes: [1] }] },
      { signal: controller.signal, onProgress },
    );
    await expect(act).rejects.toThrow(CancelledError);
    expect(shares).toEqual([1 / 3, 2 / 3]);
  });
});
