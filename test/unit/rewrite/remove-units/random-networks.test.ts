/** Random perceptrons and convolutional networks with planted dead units: without them they compute the same. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { normalStream, randomStream } from '../../../../src/core/dataset/random.js';
import type { ModelProto, NodeProto, TensorProto } from '../../../../src/core/formats/onnx/onnx_pb.js';
import { modelProto, node, valueInfo, weight } from '../../graph-builder.js';
import { difference, randomFeeds, removing, type Wanted } from './removing.js';

interface Plan {
  readonly seed: number;
  readonly convolutional: boolean;
  /** Units of each hidden layer, and which of them are dead. */
  readonly layers: readonly { readonly units: number; readonly dead: readonly number[] }[];
}

const SIDE = 4;

const layer = fc.integer({ min: 2, max: 6 }).chain((units) =>
  fc.record({
    units: fc.constant(units),
    dead: fc.uniqueArray(fc.integer({ min: 0, max: units - 1 }), { maxLength: units - 1 }),
  }),
);
const plans: fc.Arbitrary<Plan> = fc.record({
  seed: fc.integer({ min: 1, max: 1e6 }),
  convolutional: fc.boolean(),
  layers: fc.array(layer, { minLength: 1, maxLength: 3 }),
});

/** Dead: no weights, and a bias below 0. The last layer is a product, behind a flattening where there are pictures. */
function network({ seed, convolutional, layers }: Plan): { readonly model: ModelProto; readonly wanted: Wanted[] } {
  const next = normalStream(randomStream(seed, 'network', 0));
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  const wanted: Wanted[] = [];
  let [value, width] = ['x', 3];
  for (const [at, { units, dead }] of layers.entries()) {
    const each = convolutional ? width * 9 : width;
    const rows = Array.from({ length: units * each }, (_, index) =>
      dead.includes(Math.floor(index / each)) ? 0 : 0.5 * next(),
    );
    initializers.push(
      weight(`w${at}`, convolutional ? [units, width, 3, 3] : [units, width], rows),
      weight(
        `b${at}`,
        [units],
        Array.from({ length: units }, (_, unit) => (dead.includes(unit) ? -0.5 : 0.2 * next())),
      ),
    );
    const operands = [value, `w${at}`, `b${at}`];
    nodes.push(
      convolutional
        ? node('Conv', operands, [`z${at}`], { attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] } })
        : node('Gemm', operands, [`z${at}`], { attributes: { transB: 1n } }),
      node('Relu', [`z${at}`], [`a${at}`]),
    );
    wanted.push(...dead.map((unit) => ({ value: `a${at}`, unit, constant: 0 })));
    [value, width] = [`a${at}`, units];
  }
  const columns = convolutional ? width * SIDE * SIDE : width;
  if (convolutional) nodes.push(node('Flatten', [value], ['f']));
  nodes.push(node('MatMul', [convolutional ? 'f' : value, 'out'], ['y']));
  initializers.push(weight('out', [columns, 2], Array.from({ length: columns * 2 }, next)));
  const model = modelProto({
    nodes,
    inputs: [valueInfo('x', convolutional ? ['batch', 3, SIDE, SIDE] : ['batch', 3])],
    outputs: [valueInfo('y')],
    initializers,
  });
  return { model, wanted };
}

it('all planted units leave, and no output changes', async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const { model, wanted } = network(plan);
      const { pruned, choice, dims } = await removing(model, wanted);
      expect(choice.reasons.every((reason) => reason === undefined)).toBe(true);
      plan.layers.forEach(({ units, dead }, at) => expect(dims[`w${at}`]?.[0]).toBe(units - dead.length));
      const feeds = randomFeeds({ x: plan.convolutional ? [3, 3, SIDE, SIDE] : [3, 3] }, plan.seed);
      expect(await difference(model, pruned, feeds)).toBeLessThan(1e-5);
    }),
    { numRuns: 20 },
  );
});
