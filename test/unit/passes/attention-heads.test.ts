/** What heads look at: by hand on patterns written out, and against numpy on networks. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/core/dataset/dataset.js';
import type { Engine } from '../../../src/core/engine/engine.js';
import { TensorProto_DataType as DataType, type ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { createGraph } from '../../../src/core/graph/graph.js';
import { attentionHeads } from '../../../src/core/passes/attention-heads/pass.js';
import type { PassResult } from '../../../src/core/passes/result.js';
import { makeValueInfo } from '../../../src/core/rewrite/nodes.js';
import { loadNativeEngine } from '../../../src/node/native-engine.js';
import { openModelFile } from '../../../src/worker/open-model.js';
import { ENGINES } from '../engine/engines.js';
import { datasetOf, subjectOf, type ByHand, type SubjectOptions } from '../experiment/subject.js';
import { integers, modelProto, node, valueInfo, weight } from '../graph-builder.js';
import { neededData } from '../shared-data.js';

type Matrix = readonly (readonly number[])[];

/** Attention whose pattern is what is given, head by head: the scores are its logarithm, whatever the tokens. */
function withPatterns(heads: readonly Matrix[], { keysFrom = 'x', tokens = true } = {}): ModelProto {
  const length = heads[0]?.length ?? 0;
  const parted = (from: string, to: string): ReturnType<typeof node>[] => [
    node('Reshape', [from, 'parts'], [`${from}.parted`]),
    node('Transpose', [`${from}.parted`], [to], { attributes: { perm: [0, 2, 1, 3] } }),
  ];
  const width = heads.length;
  const other = keysFrom === 'x' ? [] : [valueInfo(keysFrom, ['batch', length, width])];
  return modelProto({
    nodes: [
      ...(tokens ? [node('Gather', ['table', 'ids'], ['x'])] : []),
      node('MatMul', ['x', 'wq'], ['q']),
      node('MatMul', [keysFrom, 'wk'], ['k']),
      node('MatMul', [keysFrom, 'wv'], ['v']),
      ...parted('q', 'qh'),
      ...parted('k', 'kh'),
      ...parted('v', 'vh'),
      node('Transpose', ['kh'], ['kt'], { attributes: { perm: [0, 1, 3, 2] } }),
      node('MatMul', ['qh', 'kt'], ['product']),
      node('Add', ['product', 'scores'], ['masked']),
      node('Softmax', ['masked'], ['pattern'], { attributes: { axis: 3n } }),
      node('MatMul', ['pattern', 'vh'], ['z']),
      node('Transpose', ['z'], ['zt'], { attributes: { perm: [0, 2, 1, 3] } }),
      node('Reshape', ['zt', 'whole'], ['joined']),
      node('MatMul', ['joined', 'wo'], ['y']),
    ],
    inputs: [
      tokens ? makeValueInfo('ids', DataType.INT64, ['batch', length]) : valueInfo('x', ['batch', length, width]),
      ...other,
    ],
    outputs: [valueInfo('y', ['batch', length, width])],
    initializers: [
      ...(tokens ? [weight('table', [16, width], new Array<number>(16 * width).fill(1))] : []),
      ...['wq', 'wk', 'wv', 'wo'].map((name) => weight(name, [width, width])),
      weight(
        'scores',
        [1, width, length, length],
        heads.flat(2).map((p) => (p === 0 ? -1e30 : Math.log(p))),
      ),
      integers('parts', [0, 0, width, 1]),
      integers('whole', [0, 0, width]),
    ],
  });
}

let native: Promise<Engine> | undefined;

async function examine(model: ModelProto, data: ByHand, options: SubjectOptions = {}): Promise<PassResult> {
  const engine = await (native ??= loadNativeEngine());
  const subject = await subjectOf(model, datasetOf(data), engine, { experiment: attentionHeads, ...options });
  return attentionHeads.examine(subject);
}

/** Rows of a table as records by column. */
function records({ tables }: PassResult, id: string): Readonly<Record<string, string | number>>[] {
  const table = tables?.find((each) => each.id === id);
  return (table?.rows ?? []).map(({ cells }) =>
    Object.fromEntries(table?.columns.map((column, at) => [column.id, cells[at] ?? '']) ?? []),
  );
}

/** Methods J6. */
const SINKING = [
  [1, 0, 0, 0],
  [0.5, 0.5, 0, 0],
  [0.6, 0.1, 0.3, 0],
  [0.7, 0.1, 0.1, 0.1],
];
const even = (length: number, allowed: (query: number, key: number) => boolean): number[][] =>
  Array.from({ length }, (_, query) => {
    const row = Array.from({ length }, (__, key) => (allowed(query, key) ? 1 : 0));
    const sum = row.reduce<number>((all, each) => all + each, 0);
    return row.map((each) => each / sum);
  });
const causal = (query: number, key: number): boolean => key <= query;
const ids = (rows: readonly (readonly number[])[], more: Partial<ByHand> = {}): ByHand => ({
  input: 'ids',
  type: 'int64',
  dims: [rows[0]?.length ?? 0],
  rows,
  ...more,
});
const entropy = (row: readonly number[]): number => row.reduce((sum, p) => (p === 0 ? sum : sum - p * Math.log(p)), 0);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('by hand', () => {
  it('gives every score of the pattern of methods J6, and of even attention', async () => {
    const result = await examine(withPatterns([SINKING, even(4, causal)]), ids([[5, 7, 5, 5]]));
    const [sinking, uniform] = records(result, 'heads');
    expect(sinking?.self).toBeCloseTo((1 + 0.5 + 0.3 + 0.1) / 4, 6);
    expect(sinking?.previous).toBeCloseTo((0.5 + 0.1 + 0.1) / 3, 6);
    expect(sinking?.first).toBeCloseTo(0.6, 6);
    const rows = SINKING.slice(1).map(entropy);
    expect(sinking?.entropy).toBeCloseTo(mean(rows), 6);
    expect(sinking?.evenness).toBeCloseTo(mean(rows.map((each, at) => each / Math.log(at + 2))), 6);
    // Distances: 0.5 · 1; 0.6 · 2 + 0.1 · 1; 0.7 · 3 + 0.1 · 2 + 0.1 · 1, over four queries.
    expect(sinking?.distance).toBeCloseTo(4.2 / 4, 6);
    expect(sinking?.distanceVariance).toBeCloseTo((0.5 + 2.5 + 6.8) / 4 - 1.05 ** 2, 5);
    // Token 5 of query 2 stood at 0, so its target is key 1; that of query 3 stood at 0 and 2: keys 1 and 3.
    expect(sinking?.induction).toBeCloseTo((0.1 + (0.1 + 0.1)) / 2, 6);
    // (ln 2 + ln 3 + ln 4) / 3: methods J6 without query 0.
    expect(uniform?.entropy).toBeCloseTo(1.0593512769, 6);
    expect(uniform?.evenness).toBeCloseTo(1, 6);
    expect(records(result, 'heads-even')[0]).toMatchObject({ queries: 4, repeated: 2, heads: 2 });
    expect(records(result, 'heads-even')[0]?.induction).toBeCloseTo((1 / 3 + 2 / 4) / 2, 6);
    expect(records(result, 'heads-even')[0]?.mass).toBeCloseTo(1, 6);
    expect(result.answer).toContain('Induction rests on 2 of 4 tokens');
    expect(result.answer).toContain('This rests on one input only.');
  });

  it('names heads that do mostly one thing, with threshold, N and data', async () => {
    const previous = even(8, (query, key) => key === Math.max(0, query - 1));
    const own = even(8, (query, key) => key === query);
    // a b c d a b c d: the second time, what followed the first.
    const induction = even(8, (query, key) => (query < 4 ? key === 0 : key === query - 3));
    const result = await examine(
      withPatterns([previous, own, induction, even(8, causal)]),
      ids([
        [1, 2, 3, 4, 1, 2, 3, 4],
        [5, 6, 7, 8, 5, 6, 7, 8],
      ]),
    );
    expect(records(result, 'heads').map(({ does }) => does)).toEqual([
      'previous, collapsed',
      'self, collapsed',
      'induction, collapsed',
      'diffuse',
    ]);
    const of = (kind: string): string => result.findings.find((finding) => finding.kind === kind)?.sentence ?? '';
    expect(of('previous-token-heads')).toBe(
      '1 of 4 heads looks mostly at the previous token: attention 1, head 0 (100 %) (mean attention to the position before ≥ 50 %, and at least 2 times what even attention would give; 16 tokens, on 2 inputs).',
    );
    expect(of('induction-heads')).toContain('attention 1, head 2 (100 %)');
    expect(of('induction-heads')).toContain('8 tokens that occurred before, on 2 inputs');
    expect(of('collapsed-heads')).toContain('3 of 4 heads look at hardly more than one position at a time');
    expect(of('diffuse-heads')).toContain('attention 1, head 3 (100 %)');
    expect(result.headlines?.map(({ id }) => id)).toEqual([
      'head-previous',
      'head-induction',
      'head-first',
      'head-evenness',
    ]);
    const softmax = createGraph(withPatterns([previous])).nodes.findIndex(({ opType }) => opType === 'Softmax');
    expect(result.nodeMetrics?.find(({ id }) => id === 'node-head-induction')?.values[softmax]).toBeCloseTo(1, 6);
    // Of four heads one has a previous score of 1, the even one 0.21, the others less.
    const curve = result.curves[0]?.series.find(({ label }) => label === 'Previous-token score');
    expect(curve?.y[0]).toBe(1);
    expect(curve?.y[50]).toBe(0.25);
  });

  it('without a mask: all positions are allowed, without token ids there is no induction', async () => {
    const model = withPatterns([even(8, () => true)], { tokens: false });
    const rows = [1, 2].map((value) => new Array<number>(8).fill(value));
    const result = await examine(model, { input: 'x', dims: [8, 1], rows });
    const [head] = records(result, 'heads');
    expect(head?.entropy).toBeCloseTo(2.0794415417, 6);
    expect(head?.evenness).toBeCloseTo(1, 6);
    expect(head?.self).toBeCloseTo(1 / 8, 6);
    expect(head?.induction).toBe('–');
    expect(result.answer).toContain('No token ids belong to these positions');
    expect(result.headlines?.some(({ id }) => id === 'head-induction')).toBe(false);
  });

  it('two inputs of token ids, as of an encoder and a decoder: which a pattern is about is not known', async () => {
    const model = withPatterns([even(4, causal)]);
    model.graph?.node.push(node('Gather', ['table', 'others'], ['embedded others']));
    model.graph?.input.push(makeValueInfo('others', DataType.INT64, ['batch', 4]));
    const result = await examine(model, ids([[5, 7, 5, 5]]));
    const [head] = records(result, 'heads');
    expect(head?.previous).toBeCloseTo((1 / 2 + 1 / 3 + 1 / 4) / 3, 6);
    expect(head?.induction).toBe('–');
    expect(result.answer).toContain('No token ids belong to these positions');
  });

  it('a sliding window: only what it leaves counts as allowed', async () => {
    const window = even(6, (query, key) => key <= query && key > query - 2);
    const [head] = records(await examine(withPatterns([window]), ids([[1, 2, 3, 4, 5, 6]])), 'heads');
    expect(head?.entropy).toBeCloseTo(Math.LN2, 6);
    expect(head?.evenness).toBeCloseTo(1, 6);
    expect(head?.induction).toBe('–');
  });

  it('leaves padding out, of queries and of keys, example by example', async () => {
    const unmasked = [0, 1, 2, 3].map(() => [0.4, 0.3, 0.2, 0.1]);
    const rows = [
      [5, 7, 5, 0],
      [1, 1, 0, 0],
      [1, 2, 3, 4],
    ];
    const targets = [{ filled: 3 }, { filled: 2 }, { filled: 4 }];
    const result = await examine(withPatterns([unmasked]), ids(rows, { targets, paddedLength: 4 }));
    const [head] = records(result, 'heads');
    const [about] = records(result, 'heads-even');
    expect(about).toMatchObject({ queries: 9, repeated: 2 });
    expect(head?.self).toBeCloseTo((0.9 + 0.7 + 1) / 9, 6);
    expect(head?.previous).toBeCloseTo((0.4 + 0.3 + 0.4 + (0.4 + 0.3 + 0.2)) / 6, 6);
    expect(head?.first).toBeCloseTo(0.4, 6);
    // Query 2 of the first: 5 stood at 0, so key 1. Query 1 of the second: 1 stood at 0, so key 1, itself.
    expect(head?.induction).toBeCloseTo(0.3, 6);
    const logs = [0.4, 0.3, 0.2, 0.1].map((p) => -p * Math.log(p));
    const upTo = (keys: number): number => logs.slice(0, keys).reduce((sum, value) => sum + value, 0);
    expect(head?.entropy).toBeCloseTo((2 * upTo(3) + upTo(2) + 3 * upTo(4)) / 6, 6);
    expect(about?.mass).toBeCloseTo((3 * 0.9 + 2 * 0.7 + 4) / 9, 6);
  });

  it('leaves inputs out on which a pattern is not finite, and says so', async () => {
    const model = withPatterns([even(3, () => true)], { tokens: false });
    const result = await examine(model, {
      input: 'x',
      dims: [3, 1],
      rows: [
        [1, 2, 3],
        [1, NaN, 3],
      ],
    });
    expect(records(result, 'heads')[0]?.self).toBeCloseTo(1 / 3, 6);
    expect(result.findings.find(({ kind }) => kind === 'non-finite')?.sentence).toContain('(1 of 2 inputs)');
  });
});

describe('where nothing can be looked into', () => {
  const reason = (model: ModelProto): string => {
    const answer = attentionHeads.applies({ graph: createGraph(model), layers: [] });
    return answer.applies ? 'applies' : answer.reason;
  };

  it('no attention', () => {
    const model = modelProto({ nodes: [node('Relu', ['x'], ['y'])], outputs: ['y'] });
    expect(reason(model)).toMatch(/^No attention was recognised in this graph/);
  });

  it('a fused operator hides the pattern: which, and what to do', () => {
    const model = modelProto({
      nodes: [
        ...['q', 'k', 'v'].map((to) => node('MatMul', ['x', `w${to}`], [to])),
        node('MultiHeadAttention', ['q', 'k', 'v'], ['y'], { domain: 'com.microsoft', attributes: { num_heads: 2n } }),
      ],
      inputs: [valueInfo('x', ['batch', 4, 8])],
      outputs: ['y'],
      initializers: ['q', 'k', 'v'].map((to) => weight(`w${to}`, [8, 8])),
    });
    expect(reason(model)).toBe(
      'The one attention block of this graph cannot be looked into: the fused operator com.microsoft.MultiHeadAttention keeps its pattern to itself. Export the model with attention spelled out (“eager”), without fusing it.',
    );
  });

  it('cross-attention', () => {
    expect(reason(withPatterns([even(4, () => true)], { keysFrom: 'memory' }))).toContain('(cross-attention)');
    expect(reason(withPatterns([even(4, () => true)]))).toBe('applies');
  });
});

interface Scores {
  readonly repeated: number;
  readonly queries: number;
  readonly [score: string]: number;
}
interface Recorded {
  readonly ids: readonly (readonly number[])[];
  readonly filled: readonly number[];
  readonly layers: readonly { readonly heads: readonly Scores[]; readonly even: Scores }[];
}
const fixture = new URL('../../fixtures/attention-heads/attention-heads.json', import.meta.url);
const recorded = JSON.parse(readFileSync(fixture, 'utf8')) as Readonly<Record<string, Recorded>>;
const sample = fileURLToPath(new URL('../../../media/samples/grammar-gpt/grammar-gpt.onnx', import.meta.url));

describe('agrees with numpy', () => {
  /** @param cut every window is cut to its tokens instead of padded: windows of several lengths, one at a time. */
  async function agrees(
    engine: Engine,
    path: string,
    input: string,
    name: string,
    batchSize: number,
    cut = false,
  ): Promise<void> {
    const known = recorded[name] as Recorded;
    const length = known.ids[0]?.length ?? 0;
    const { network, close } = await openModelFile(path);
    if (network === undefined) throw new Error('The file holds no network.');
    const padded = known.filled.some((filled) => filled < length);
    const whole = datasetOf({
      ...ids(known.ids),
      input,
      targets: known.filled.map((filled) => ({ filled })),
      ...(padded && !cut ? { paddedLength: length } : {}),
    });
    const windows = known.ids.map((row, at) => datasetOf({ ...ids([row.slice(0, known.filled[at])]), input }));
    const dataset: Dataset = cut
      ? {
          ...whole,
          maximumBatch: 1,
          batch: async (start) => ({ ...(await (windows[start] as Dataset).batch(0, 1)), indices: [start] }),
        }
      : whole;
    const subject = await subjectOf(network.observable.model, dataset, engine, {
      batchSize,
      experiment: attentionHeads,
      toRunnable: network.toRunnable,
    });
    const result = await attentionHeads.examine(subject);
    await close();
    const compare = (rows: ReturnType<typeof records>, expected: readonly Scores[]): void => {
      expect(rows).toHaveLength(expected.length);
      expected.forEach(({ repeated, queries, ...scores }, at) => {
        for (const [score, value] of Object.entries(scores))
          expect(Math.abs(Number(rows[at]?.[score]) - value), `${score} of ${at}`).toBeLessThan(1e-5 + 1e-4 * value);
        if (rows[at]?.queries !== undefined) expect(rows[at]).toMatchObject({ repeated, queries });
      });
    };
    const { layers } = known;
    compare(
      records(result, 'heads'),
      layers.flatMap(({ heads }) => heads),
    );
    compare(
      records(result, 'heads-even'),
      layers.map(({ even: each }) => each),
    );
  }

  it.each(ENGINES)(
    'on the sample language model with padding, in the $name engine',
    async ({ load }) => {
      await agrees(await load(), sample, 'input_ids', 'grammar-gpt', 4);
    },
    120_000,
  );
  it('one input at a time', async () => {
    await agrees(await loadNativeEngine(), sample, 'input_ids', 'grammar-gpt', 1);
  }, 120_000);
  it('windows of several lengths', async () => {
    await agrees(await loadNativeEngine(), sample, 'input_ids', 'grammar-gpt', 1, true);
  }, 120_000);
  it('on stories260K', async ({ skip }) => {
    const path = neededData('derived/stories260K.onnx', skip);
    await agrees(await loadNativeEngine(), path, 'tokens', 'stories260K', 2);
  }, 120_000);
});
