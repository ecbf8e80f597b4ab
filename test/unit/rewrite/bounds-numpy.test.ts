/**
 * Intervals and CROWN against another implementation in numpy (test/fixtures/bounds): ours hold its bounds, and are wider
 * by no more than the rounding that they are widened by.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodeOnnx } from '../../../src/core/formats/onnx/decode.js';
import type { ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import type { Box } from '../../../src/core/rewrite/linearize/bounds/box.js';
import type { NamedTensors } from '../../../src/core/tensor/tensor.js';
import { loadNativeEngine } from '../../../src/node/native-engine.js';
import { neededData } from '../shared-data.js';
import { expectHeld, expectSummed, recorded, WIDER, type Listed, type Summed } from './bounds-held.js';
import { boundModel, ends } from './bounds-run.js';
import { float } from './linear-system.js';

const RECORDED = recorded('bounds.json') as {
  readonly acasxu: Listed & { readonly intervals: Record<string, Listed>; readonly crown: Record<string, Listed> };
  readonly resnet20: AroundGray;
  readonly shapes: AroundGray;
};

interface AroundGray {
  readonly side: number;
  readonly middle: number;
  readonly half: number;
  readonly intervals: Record<string, Summed>;
}

const TRANSFORMERS = recorded('transformer-crown.json') as {
  readonly grammar: OverTokens;
  readonly stories: OverTokens & { readonly intervals: Record<string, Summed> };
};

interface OverTokens {
  /** The input of token ids, and the embeddings that are made of it. */
  readonly input: string;
  readonly start: string;
  readonly tokens: number;
  /** Of one token's embedding. */
  readonly box: Listed;
  /** CROWN alone: of every ninth unit of the last token. */
  readonly crown: Record<string, Listed & { readonly every: number }>;
}

test('an ACAS Xu network, by intervals and by CROWN', async ({ skip }) => {
  const model = decodeOnnx(readFileSync(neededData('acasxu/ACASXU_1_1.onnx', skip)));
  const { lower, upper, intervals, crown } = RECORDED.acasxu;
  const box = new Map([['input', ends(lower, upper)]]);
  const feeds = { input: float([1, 1, 1, 5], lower) };
  const engine = await loadNativeEngine();
  const byIntervals = await boundModel(engine, model, feeds, box, { crownBudget: 0 });
  expect([...byIntervals.targets.keys()]).toEqual(Object.keys(intervals));
  for (const [value, want] of Object.entries(intervals)) expectHeld(byIntervals.targets.get(value), want, WIDER);
  const byCrown = await boundModel(engine, model, feeds, box);
  for (const [value, want] of Object.entries(crown)) expectHeld(byCrown.targets.get(value), want, WIDER);
});

test('resnet20, by intervals, around gray pictures', async ({ skip }) => {
  await expectIntervals(readFileSync(neededData('derived/resnet20-12fca82f.onnx', skip)), RECORDED.resnet20, 19);
});

test('the sample classifier, by intervals, around gray pictures', async () => {
  const sample = new URL('../../../media/samples/shapes/shapes-resnet.onnx', import.meta.url);
  await expectIntervals(readFileSync(sample), RECORDED.shapes, 13);
});

test('the sample language model over all tokens, by CROWN through its first block', async () => {
  const sample = new URL('../../../media/samples/grammar-gpt/grammar-gpt.onnx', import.meta.url);
  await expectCrown(decodeOnnx(readFileSync(sample)), TRANSFORMERS.grammar);
});

test('stories260K over all tokens, by intervals, and by CROWN through its first block', async ({ skip }) => {
  const model = decodeOnnx(readFileSync(neededData('derived/stories260K.onnx', skip)));
  const { intervals } = TRANSFORMERS.stories;
  const { feeds, box } = overTokens(TRANSFORMERS.stories);
  const to = Object.keys(intervals);
  const { bounds, targets } = await boundModel(await loadNativeEngine(), model, feeds, box, { to, crownBudget: 0 });
  expect(bounds.cutNodes).toEqual([]);
  for (const [value, want] of Object.entries(intervals)) expectSummed(targets.get(value), want);
  await expectCrown(model, TRANSFORMERS.stories);
});

function overTokens({ input, start, tokens, box }: OverTokens): { readonly feeds: NamedTensors; readonly box: Box } {
  const repeated = (numbers: readonly number[]): number[] => Array.from({ length: tokens }, () => numbers).flat();
  return {
    feeds: { [input]: { type: 'int64', dims: [1, tokens], data: new BigInt64Array(tokens) } },
    box: new Map([[start, ends(repeated(box.lower), repeated(box.upper))]]),
  };
}

async function expectCrown(model: ModelProto, wanted: OverTokens): Promise<void> {
  const { tokens, crown } = wanted;
  const { feeds, box } = overTokens(wanted);
  const engine = await loadNativeEngine();
  for (const [value, want] of Object.entries(crown)) {
    const count = tokens * wanted.box.lower.length;
    const units = want.lower.map((_, at) => count - wanted.box.lower.length + at * want.every);
    const rows = new Float32Array(2 * units.length * count);
    for (const [at, unit] of units.entries()) {
      rows[at * count + unit] = 1;
      rows[(units.length + at) * count + unit] = -1;
    }
    const alone = await boundModel(engine, model, feeds, box, { to: [value], rows: new Map([[value, rows]]) });
    const found = Array.from(alone.rows.get(value) ?? []);
    const got = ends(
      found.slice(units.length).map((upper) => -upper),
      found.slice(0, units.length),
    );
    expectHeld(got, want, WIDER);
  }
}

/** Every ReLU's input. */
async function expectIntervals(file: Uint8Array, recorded: AroundGray, rectifiers: number): Promise<void> {
  const { side, middle, half, intervals } = recorded;
  const model = decodeOnnx(file);
  const [low = [], high = []] = [middle - half, middle + half].map((value) =>
    Array.from({ length: 3 * side * side }, () => value),
  );
  const name = model.graph?.input[0]?.name ?? '';
  const feeds = { [name]: float([1, 3, side, side], low) };
  const box = new Map([[name, ends(low, high)]]);
  const { targets, bounds } = await boundModel(await loadNativeEngine(), model, feeds, box, { crownBudget: 0 });
  expect(bounds.cutNodes).toEqual([]);
  expect(Object.keys(intervals)).toHaveLength(rectifiers);
  for (const [value, want] of Object.entries(intervals)) {
    expectSummed(targets.get(value), want);
  }
}
