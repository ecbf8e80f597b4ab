/** CROWN through two convolutional networks against another implementation in numpy (test/fixtures/bounds). */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { decodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import { TensorProto_DataType as DataType, type ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import type { Box } from '../../../src/core/rewrite/linearize/bounds/box.js';
import { makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import type { NamedTensors } from '../../../src/core/tensor/tensor.js';
import { loadNativeEngine } from '../../../src/node/native-engine.js';
import { neededData } from '../shared-data.js';
import { expectHeld, expectSummed, recorded, type Listed, type Summed } from './bounds-held.js';
import { boundModel, crownAlone, ends } from './bounds-run.js';
import { float } from './linear-system.js';

/** Pictures of waves, `half` more or less everywhere. */
interface Pictures {
  readonly side: number;
  readonly half: number;
}
type Recorded = Readonly<
  Record<
    'shapes' | 'resnet20',
    {
      readonly alone: Pictures & { readonly crown: Readonly<Record<string, Listed & { readonly every: number }>> };
      readonly chain: Pictures & { readonly bounds: Readonly<Record<string, Summed>> };
    }
  >
>;
const RECORDED = recorded('classifier-crown.json') as Recorded;

/**
 * Share of an interval that single precision may widen it by (bounds-held.ts). In a chain each rectifier widens those behind
 * it, and intervals that CROWN keeps narrow have margins that are no narrower.
 */
const [WIDER, WIDER_CHAIN] = [0.01, 0.07];

const LONG = { timeout: 300_000 };

const NETWORKS = [
  {
    name: 'shapes',
    find: () => fileURLToPath(new URL('../../../media/samples/shapes/shapes-resnet.onnx', import.meta.url)),
    alone: 14,
    chain: 7,
  },
  {
    name: 'resnet20',
    find: (skip: (note: string) => never) => neededData('derived/resnet20-12fca82f.onnx', skip),
    alone: 20,
    chain: 9,
  },
] as const;

test.for(NETWORKS)(
  '$name: CROWN of some inputs of every rectifier, and of the logits',
  LONG,
  async (network, { skip }) => {
    const { alone } = RECORDED[network.name];
    const model = decodeOnnx(readFileSync(network.find(skip)));
    const wanted = Object.entries(alone.crown);
    expect(wanted).toHaveLength(network.alone);
    const units = new Map(wanted.map(([value, { lower, every }]) => [value, lower.map((_, at) => at * every)]));
    const { feeds, box } = around(model, alone);
    const found = await crownAlone(await loadNativeEngine(), model, feeds, box, units);
    for (const [value, want] of wanted) expectHeld(found.get(value), want, WIDER);
  },
);

test.for(NETWORKS)('$name on few pixels: what CROWN and intervals leave', LONG, async (network, { skip }) => {
  const { chain } = RECORDED[network.name];
  const model = resized(decodeOnnx(readFileSync(network.find(skip))), chain.side);
  const wanted = Object.entries(chain.bounds);
  expect(wanted).toHaveLength(network.chain);
  const { feeds, box } = around(model, chain);
  const { targets } = await boundModel(await loadNativeEngine(), model, feeds, box, {
    to: wanted.map(([value]) => value),
  });
  for (const [value, want] of wanted) {
    const got = targets.get(value);
    expect(got?.method).toBe('crown');
    expectSummed(got, want, WIDER_CHAIN);
  }
});

function around(model: ModelProto, { side, half }: Pictures): { readonly feeds: NamedTensors; readonly box: Box } {
  const name = model.graph?.input[0]?.name ?? '';
  const middle = Array.from({ length: 3 * side * side }, (_, at) => {
    const [c, y, x] = [Math.floor(at / (side * side)), Math.floor(at / side) % side, at % side];
    return 0.5 + 0.25 * Math.sin(0.3 * y + c) + 0.2 * Math.cos(0.4 * x - c);
  });
  const moved = (by: number): number[] => middle.map((value) => value + by);
  return {
    feeds: { [name]: float([1, 3, side, side], middle) },
    box: new Map([[name, ends(moved(-half), moved(half))]]),
  };
}

/** The same network for pictures of another size: its weights are convolutions, but for those behind the mean. */
function resized(model: ModelProto, side: number): ModelProto {
  const { graph } = model;
  if (graph === undefined) return model;
  const input = graph.input.map(({ name }) => makeValueInfo(name, DataType.FLOAT, [1, 3, side, side]));
  return { ...model, graph: { ...graph, input, valueInfo: [] } };
}
