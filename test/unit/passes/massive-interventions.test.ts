/** Massive entries taken away: by hand on a network that hands on its stream, and against numpy on real ones. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/core/engine/engine.js';
import type { ModelProto } from '../../../src/core/formats/onnx/onnx_pb.js';
import { randomDimensions, randomEntries } from '../../../src/core/passes/massive-interventions/entries.js';
import { massiveInterventions } from '../../../src/core/passes/massive-interventions/pass.js';
import type { PassResult } from '../../../src/core/passes/result.js';
import { spliceNodes } from '../../../src/core/rewrite/splice-nodes.js';
import { floatTensor } from '../../../src/core/rewrite/nodes.js';
import { loadNativeEngine } from '../../../src/node/native-engine.js';
import { openModelFile } from '../../../src/worker/open-model.js';
import { datasetOf, subjectOf, type ByHand, type SubjectOptions } from '../experiment/subject.js';
import { modelProto, node, valueInfo, weight } from '../graph-builder.js';
import { neededData } from '../shared-data.js';

let engine: Engine;
beforeAll(async () => {
  engine = await loadNativeEngine();
});

type Cells = readonly (string | number)[];

/** Rows of the table, by what was replaced and by what. */
function rowsOf({ tables }: PassResult): ReadonlyMap<string, Cells> {
  return new Map(tables?.[0]?.rows.map(({ cells }) => [`${cells[0]} ${cells[1]}`, cells]));
}

const [TOKENS, WIDTH] = [3, 4];

/** A block that adds nothing: the output is what the stream holds. */
const handingOn = (): ModelProto =>
  modelProto({
    nodes: [
      node('MatMul', ['x', 'up'], ['u']),
      node('Relu', ['u'], ['a']),
      node('MatMul', ['a', 'down'], ['d']),
      node('Add', ['x', 'd'], ['y']),
    ],
    inputs: [valueInfo('x', ['batch', TOKENS, WIDTH])],
    outputs: [valueInfo('y', ['batch', TOKENS, WIDTH])],
    initializers: [
      weight('up', [WIDTH, 8], new Array<number>(WIDTH * 8).fill(0)),
      weight('down', [8, WIDTH], new Array<number>(8 * WIDTH).fill(0)),
    ],
  });

/** 0.125 everywhere but at dimension 3 of the first token. */
const tokens = (value: number): number[] => [0.125, 0.125, 0.125, value, ...new Array<number>(8).fill(0.125)];

async function examine(data: Partial<ByHand>, options: SubjectOptions = {}): Promise<PassResult> {
  const dataset = datasetOf({ input: 'x', dims: [TOKENS, WIDTH], rows: [], ...data });
  const subject = await subjectOf(handingOn(), dataset, engine, { experiment: massiveInterventions, ...options });
  return massiveInterventions.examine(subject);
}

describe('by hand (methods E)', () => {
  const values = [150, -250];
  const norm = (value: number): number => Math.hypot(...tokens(value));

  it('massive entries are set to 0, and to their mean; the output moves by as much', async () => {
    const result = await examine({ rows: values.map(tokens) });
    const rows = rowsOf(result);
    const mean = (each: (value: number) => number): number => (each(150) + each(-250)) / 2;
    const zero = rows.get('massive entries 0');
    expect(zero?.[2]).toBe(1);
    expect(zero?.[4]).toBeCloseTo(
      mean((value) => Math.abs(value) / norm(value)),
      6,
    );
    // Their mean is −50.
    expect(rows.get('massive entries mean')?.[4]).toBeCloseTo(
      mean((value) => Math.abs(-50 - value) / norm(value)),
      6,
    );
    // Of the whole dimension: (150 − 250 + 4 · 0.125) / 6 at all three tokens.
    const all = (150 - 250 + 4 * 0.125) / 6;
    expect(rows.get('outlier dimensions 3 mean')?.[4]).toBeCloseTo(
      mean((value) => Math.hypot(all - value, all - 0.125, all - 0.125) / norm(value)),
      6,
    );
    for (const draw of [1, 2, 3]) {
      const random = rows.get(`random entries, draw ${draw} 0`);
      expect(random?.[2]).toBe(1);
      expect(random?.[4]).toBeCloseTo(
        mean((value) => 0.125 / norm(value)),
        6,
      );
    }
    expect(result.answer).toContain('The massive entries (1 per input) in “start of the stream”');
    expect(result.findings[0]?.sentence).toContain('The network relies on the massive entries');
  });

  it('the mean of a single value is that value: nothing changes, and the answer warns of one input', async () => {
    const result = await examine({ rows: [tokens(150)] });
    expect(rowsOf(result).get('massive entries mean')?.[4]).toBe(0);
    expect(rowsOf(result).get('massive entries 0')?.[5]).toBe('–');
    expect(result.answer).toContain('This rests on one input only.');
  });

  it('takes the largest entry where none is massive, and says so', async () => {
    // 100 exactly is not massive: the bar is strict.
    const result = await examine({ rows: [100, -50].map(tokens) });
    expect(result.answer).toContain('The largest entry of each input (none is massive; 600 times the median)');
    expect(rowsOf(result).get('largest entry of each input 0')?.[2]).toBe(1);
  });

  it('tells the token of the largest entry where the inputs are texts, padding left out', async () => {
    const padded = [...tokens(150).slice(0, 8), 0.125, 9000, 0.125, 0.125];
    const dataset = datasetOf({
      input: 'x',
      dims: [TOKENS, WIDTH],
      rows: [padded, padded],
      targets: [{ filled: 2 }, { filled: 2 }],
      paddedLength: TOKENS,
    });
    const preview = { kind: 'tokens', name: 'a text', tokens: ['<s>', 'a', '<pad>'], ids: [1, 2, 0] } as const;
    const texts = { ...dataset, preview: async () => preview };
    const subject = await subjectOf(handingOn(), texts, engine, { experiment: massiveInterventions });
    expect((await massiveInterventions.examine(subject)).answer).toContain(
      'The largest entry of an input there is most often at the token “<s>” (2 of 2 inputs) and at the 1st token (2 of 2).',
    );
  });

  it('leaves padding alone', async () => {
    const padded = [...tokens(150).slice(0, 8), 0.125, 9000, 0.125, 0.125];
    const targets = [{ filled: 2 }, { filled: 2 }];
    const result = await examine({ rows: [padded, padded], targets, paddedLength: TOKENS });
    expect(rowsOf(result).get('massive entries 0')?.[2]).toBe(1);
    expect([...rowsOf(result).keys()]).toContain('outlier dimensions 3 0');
  });

  it('a cancellation keeps what was measured', async () => {
    const stopping = new AbortController();
    const onProgress = ({ phase }: { readonly phase: string }): void => {
      if (phase.startsWith('Taking away, 3 ')) stopping.abort();
    };
    const result = await examine({ rows: values.map(tokens) }, { signal: stopping.signal, onProgress });
    expect(result.incomplete).toBe('Cancelled after 2 of 16 interventions.');
    expect(result.tables?.[0]?.rows).toHaveLength(3);
  });
});

describe('controls', () => {
  const layout = {
    examples: 1,
    exampleStride: 12,
    unitOffsets: Int32Array.of(0, 1, 2, 3),
    positionOffsets: Int32Array.of(0, 4, 8),
  };
  const values = { index: 5, data: new Float32Array(12), start: 0, layout };

  it('are as many others, each once, and the same every time', () => {
    const found = [0, 1, 2].map((position) => ({ unit: 3, position }));
    const drawn = randomEntries(values, found, 1);
    expect(drawn).toHaveLength(3);
    expect(drawn.some(({ unit }) => unit === 3)).toBe(false);
    expect(new Set(drawn.map(({ unit, position }) => `${unit} ${position}`)).size).toBe(3);
    expect(randomEntries(values, found, 1)).toEqual(drawn);
    expect(randomEntries(values, found, 2)).not.toEqual(drawn);
  });

  it('are fewer where there are no others', () => {
    expect(randomDimensions(3, [0, 1], 0)).toEqual([2]);
    expect(randomDimensions(1, [0], 0)).toEqual([]);
  });
});

interface Recorded {
  readonly ids: readonly (readonly number[])[];
  readonly rule: 'massive' | 'largest';
  readonly entries: number;
  readonly dimensions: readonly number[];
  readonly loss: number;
  readonly increase: Readonly<Record<string, number>>;
  readonly planted?: { readonly position: number; readonly dimension: number; readonly value: number };
}
const fixture = new URL('../../fixtures/massive-interventions/massive-interventions.json', import.meta.url);
const recorded = JSON.parse(readFileSync(fixture, 'utf8')) as Readonly<Record<string, Recorded>>;
const sample = fileURLToPath(new URL('../../../media/samples/grammar-gpt/grammar-gpt.onnx', import.meta.url));

describe('agrees with numpy', () => {
  async function agrees(path: string, input: string, known: Recorded): Promise<void> {
    const { ids, planted } = known;
    const length = ids[0]?.length ?? 0;
    const { network, close } = await openModelFile(path);
    if (network === undefined) throw new Error('The file holds no network.');
    const model =
      planted === undefined
        ? network.observable.model
        : spliceNodes(network.observable.model, ['/position_embedding/Gather_output_0'], (writer, computed) => {
            const added = new Array<number>(length * 96).fill(0);
            added[planted.position * 96 + planted.dimension] = planted.value;
            const constant = writer.initializer((name) => floatTensor(name, [1, length, 96], added));
            return writer.node('Add', [computed, constant]);
          });
    const targets = ids.map((row) => ({ nextTokens: Int32Array.from([...row.slice(1), -1]), filled: row.length }));
    const dataset = datasetOf({ input, dims: [length], type: 'int64', rows: ids, targets });
    const subject = await subjectOf(model, dataset, engine, {
      batchSize: 4,
      experiment: massiveInterventions,
      toRunnable: network.toRunnable,
    });
    const rows = rowsOf(await massiveInterventions.examine(subject));
    await close();
    expect(rows.get('nothing –')?.[3]).toBeCloseTo(known.loss, 5);
    const names = {
      entries: known.rule === 'massive' ? 'massive entries' : 'largest entry of each input',
      dimensions: `outlier dimensions ${known.dimensions.join(', ')}`,
    };
    for (const [key, increase] of Object.entries(known.increase)) {
      const [what, to] = key.split(' ') as ['entries' | 'dimensions', 'zero' | 'mean'];
      const row = rows.get(`${names[what]} ${to === 'zero' ? '0' : 'mean'}`);
      expect(row?.[2]).toBe(what === 'entries' ? known.entries / ids.length : known.dimensions.length);
      expect(Math.abs(Number(row?.[4]) - increase)).toBeLessThan(2e-5 + 1e-4 * Math.abs(increase));
    }
  }

  it('on the sample language model', () => agrees(sample, 'input_ids', recorded['grammar-gpt'] as Recorded), 120_000);
  it('with a massive entry planted', () => agrees(sample, 'input_ids', recorded['planted'] as Recorded), 120_000);
  it('on stories260K', async ({ skip }) => {
    await agrees(neededData('derived/stories260K.onnx', skip), 'tokens', recorded['stories260K'] as Recorded);
  }, 120_000);
});
