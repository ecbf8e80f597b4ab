/** Linear systems of whole models, asked as the page asks. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Recipe } from '../../../src/core/dataset/recipe.js';
import type { EngineName } from '../../../src/core/engine/engine.js';
import { CancelledError } from '../../../src/core/errors.js';
import type { SystemDescription, SystemRequest, Vote } from '../../../src/protocol/linear.js';
import type { WorkerApi } from '../../../src/protocol/worker-api.js';
import { neededData } from '../shared-data.js';
import { inspect } from './inspect.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const samples = {
  classifier: join(root, 'media/samples/shapes/shapes-resnet.onnx'),
  language: join(root, 'media/samples/grammar-gpt/grammar-gpt.onnx'),
};

interface OpenOptions {
  readonly recipe?: Recipe;
  readonly engine?: EngineName;
}

async function withModel<T>(
  path: string,
  use: (inspection: WorkerApi) => Promise<T>,
  { recipe, engine = 'native' }: OpenOptions = {},
): Promise<T> {
  const inspection = inspect();
  await inspection.open({
    path,
    recipePaths: 'anywhere',
    settings: { engine, threads: 2, defaultInputs: 6, cacheMegabytes: 0 },
    ...(recipe === undefined ? {} : { recipe }),
  });
  try {
    return await use(inspection);
  } finally {
    await inspection.close({});
  }
}

const system: SystemRequest = { example: 0, reading: 'frozen' };

/** Methods, section 0. */
function expectSum({ value, voteSum, biasSum, voteMagnitude, ledger }: Vote): void {
  const terms = ledger.reduce((sum, each) => sum + Math.abs(each), voteMagnitude);
  expect(Math.abs(voteSum + biasSum - value)).toBeLessThanOrEqual(1e-5 + 1e-4 * terms);
}

const sizeOf = ({ to }: SystemDescription): number => to.values.length;

describe.each(['native', 'wasm'] as const)('the samples with the %s engine', (engine) => {
  it('explains every class of a classifier: votes and biases are the logit, by name', { timeout: 60_000 }, async () => {
    await withModel(
      samples.classifier,
      async (inspection) => {
        const description = await inspection.linearSystem(system);
        const { from, to, classes, exactness, layers, notes, cut } = description;
        expect([from.label, from.item, from.layout.kind]).toEqual(['image', undefined, 'image']);
        expect(classes).toHaveLength(sizeOf(description));
        expect([exactness.isExact, cut, notes]).toEqual([true, [], []]);
        expect(layers.length).toBeGreaterThan(5);
        const votes = await inspection.linearVotes({ system, outputs: [...to.values.keys()] });
        votes.forEach((vote, output) => {
          expect(vote.value).toBe(to.values[output]);
          expect(vote.ledger).toHaveLength(layers.length);
          expectSum(vote);
        });
        // A[i, j] is the same number in row i and in column j.
        const [output, input] = [1, from.values.length >> 1];
        const row = await inspection.linearRow({ system, output });
        const column = await inspection.linearColumn({ system, input });
        expect(row.values).toHaveLength(from.values.length);
        expect(column.values).toHaveLength(to.values.length);
        expect(row.values[input]).toBeCloseTo(column.values[output] ?? NaN, 5);
        expect(row.values.some((each) => each !== 0)).toBe(true);
      },
      { engine },
    );
  });

  it('explains a token’s logits by the tokens before it', { timeout: 60_000 }, async () => {
    await withModel(
      samples.language,
      async (inspection) => {
        const description = await inspection.linearSystem(system);
        const { from, to, notes, exactness } = description;
        const positions = from.layout.kind === 'sequence' ? from.layout.positions : 0;
        expect(positions).toBeGreaterThan(2);
        expect(to.layout).toMatchObject({ kind: 'sequence', positions });
        const { preview: shown } = await inspection.example({ index: system.example });
        expect(shown.kind === 'tokens' && from.layout.kind === 'sequence' && from.layout.tokens).toEqual(
          shown.kind === 'tokens' ? shown.tokens : undefined,
        );
        expect(to.layout).toMatchObject({ tokens: shown.kind === 'tokens' ? shown.tokens : [] });
        expect(notes[0]).toMatch(/holds whole numbers, such as tokens/);
        expect(exactness.isExact).toBe(true);
        const width = sizeOf(description) / positions;
        const [vote] = await inspection.linearVotes({ system, outputs: [1 * width] });
        if (vote === undefined) throw new Error('There is no vote.');
        expectSum(vote);
        // The model looks back only: of the second token’s logits, the first two tokens decide.
        expect(vote.votes.slice(0, 2).every((each) => each !== 0)).toBe(true);
        expect([...vote.votes.slice(2)].every((each) => each === 0)).toBe(true);
      },
      { engine },
    );
  });
});

describe('one model, many questions', () => {
  it('folds inputs into the mean of their votes', { timeout: 60_000 }, async () => {
    await withModel(samples.classifier, async (inspection) => {
      const outputs = [0, 2];
      const shares: number[] = [];
      const request = { reading: 'frozen', outputs, inputs: 3 } as const;
      const folded = await inspection.linearFold(request, undefined, (share) => shares.push(share));
      const single = await Promise.all(
        [0, 1, 2].map((example) => inspection.linearVotes({ system: { ...system, example }, outputs })),
      );
      expect([folded.inputs, folded.failed]).toEqual([3, []]);
      expect(shares.at(-1)).toBe(1);
      folded.outputs.forEach((mean, at) => {
        const votes = single.map((each) => each[at]);
        const average = (numberOf: (vote: Vote | undefined) => number | undefined): number =>
          votes.reduce((sum, vote) => sum + (numberOf(vote) ?? NaN), 0) / votes.length;
        expect([...mean.values]).toEqual(votes.map((vote) => vote?.value));
        expect([...mean.biasShares]).toEqual(votes.map((vote) => vote?.biasShare));
        mean.meanVotes.forEach((each, place) =>
          expect(each).toBeCloseTo(
            average((vote) => vote?.votes[place]),
            5,
          ),
        );
        mean.meanLedger.forEach((each, layer) =>
          expect(each).toBeCloseTo(
            average((vote) => vote?.ledger[layer]),
            8,
          ),
        );
      });
    });
  });

  it('keeps inputs, readings and cuts apart, also when they are asked for in turn', { timeout: 60_000 }, async () => {
    await withModel(samples.classifier, async (inspection) => {
      const requests: SystemRequest[] = [
        system,
        { ...system, example: 1 },
        { ...system, reading: 'tangent' },
        { ...system, example: 2 },
      ];
      const rows = async () => Promise.all(requests.map((each) => inspection.linearRow({ system: each, output: 0 })));
      const [first, again] = [await rows(), await rows()];
      expect(again).toEqual(first);
      const texts = new Set(first.map(({ values }) => values.join()));
      // A rectifier network with max-pooling has one linear map, whichever way it is read (E4).
      expect(texts.size).toBeGreaterThanOrEqual(3);
    });
  });

  it('lists the values that systems can start and end at, and cuts there', { timeout: 60_000 }, async () => {
    await withModel(samples.classifier, async (inspection) => {
      const choices = await inspection.linearCuts({ example: 0 });
      expect(choices[0]).toMatchObject({ value: 'image', label: 'image' });
      expect(choices.length).toBeGreaterThan(10);
      expect(choices.every(({ dims, label }) => label !== '' && dims.every((size) => size > 0))).toBe(true);
      const [from, to] = [choices[3], choices[8]];
      const cut = { ...system, from: from?.value ?? '', to: to?.value ?? '' };
      const description = await inspection.linearSystem(cut);
      expect([description.from.dims, description.to.dims]).toEqual([from?.dims, to?.dims]);
      expect([description.from.item, description.from.label]).toEqual([from?.item, from?.label]);
      expect(description.exactness.isExact).toBe(true);
      (await inspection.linearVotes({ system: cut, outputs: [0, 7] })).forEach(expectSum);
    });
  });

  it('answers for other inputs once they are chosen', { timeout: 60_000 }, async () => {
    await withModel(samples.classifier, async (inspection) => {
      const before = await inspection.linearSystem(system);
      const source = { source: 'synthetic', distribution: 'normal', seed: 1 } as const;
      await inspection.setInputs({ recipe: { version: 1, inputs: { image: source } } });
      const after = await inspection.linearSystem(system);
      expect(after.from.values).not.toEqual(before.from.values);
      expect(after.classes).toBeUndefined();
    });
  });

  it('says what is wrong with a question', { timeout: 60_000 }, async () => {
    await withModel(samples.classifier, async (inspection) => {
      await expect(inspection.linearSystem({ ...system, example: 6 })).rejects.toThrow(
        'There are 6 inputs: there is no input 7.',
      );
      await expect(inspection.linearVotes({ system, outputs: [] })).rejects.toThrow('From 1 to 16 outputs');
      await expect(inspection.linearVotes({ system, outputs: Array(17).fill(0) })).rejects.toThrow('not 17');
      await expect(inspection.linearSingular({ system, count: 0 })).rejects.toThrow('From 1 to 16 singular vectors');
      await expect(inspection.linearVotes({ system, outputs: [99] })).rejects.toThrow('There is no element 99');
      await expect(inspection.linearSystem({ ...system, to: 'nowhere' })).rejects.toThrow('no value “nowhere”');
      // And goes on answering.
      expect((await inspection.linearSystem(system)).exactness.isExact).toBe(true);
    });
  });

  it('ends its questions before it closes', { timeout: 60_000 }, async () => {
    const unfinished = await withModel(samples.classifier, async (inspection) => {
      await inspection.linearSystem(system);
      return [
        inspection.linearSingular({ system, count: 16 }),
        inspection.linearFold({ reading: 'frozen', outputs: [0], inputs: 6 }),
      ].map((question) => question.catch((error: unknown) => error));
    });
    expect((await Promise.all(unfinished)).map((error) => error instanceof CancelledError)).toEqual([true, true]);
  });
});

describe('real models', () => {
  it.for([
    ['derived/resnet20-12fca82f.onnx', 'image', 'vector'],
    ['derived/superres_core.onnx', 'image', 'image'],
    ['derived/stories260K.onnx', 'sequence', 'sequence'],
    ['vision-classification/mnist-8-cntk.onnx', 'image', 'vector'],
  ])('the system of %s gives back what it computes', { timeout: 120_000 }, async ([name = '', from, to], { skip }) => {
    await withModel(neededData(name, skip), async (inspection) => {
      const description = await inspection.linearSystem(system);
      expect([description.from.layout.kind, description.to.layout.kind]).toEqual([from, to]);
      expect(description.exactness).toMatchObject({ isExact: true, tolerance: 1e-4 });
      const places = [0, 1, sizeOf(description) - 1];
      (await inspection.linearVotes({ system, outputs: places })).forEach(expectSum);
    });
  });

  it.for([
    ['silero_vad.onnx', 'If_0'],
    ['silero_vad_16k_op15.onnx', 'decoder.If_1'],
  ])(
    'the branches of %s are read as they were taken, and told as the nodes of the file',
    { timeout: 120_000 },
    async ([name = '', branches], { skip }) => {
      await withModel(neededData(`audio/${name}`, skip), async (inspection) => {
        const description = await inspection.linearSystem(system);
        expect(description.cut).toEqual([]);
        expect(description.exactness).toMatchObject({ isExact: true, tolerance: 1e-4 });
        expect(description.layers.map(({ label }) => label)).toContain(branches);
        (await inspection.linearVotes({ system, outputs: [0] })).forEach(expectSum);
      });
    },
  );

  it(
    'finds four singular vectors of the ResNet-20, and stops within 200 ms',
    { timeout: 120_000 },
    async ({ skip }) => {
      await withModel(neededData('derived/resnet20-12fca82f.onnx', skip), async (inspection) => {
        const shares: number[] = [];
        const found = await inspection.linearSingular({ system, count: 4 }, undefined, (share) => shares.push(share));
        expect(found).toHaveLength(4);
        expect([...found].sort((a, b) => b.gain - a.gain)).toEqual(found);
        const [first, second] = found;
        const dot = first?.input.reduce((sum, each, at) => sum + each * (second?.input[at] ?? NaN), 0);
        expect(dot).toBeCloseTo(0, 4);
        // A v = σ u.
        const column = await inspection.linearColumn({ system, input: first?.input ?? 0 });
        column.values.forEach((each, at) =>
          expect(each / (first?.gain ?? NaN)).toBeCloseTo(first?.output[at] ?? NaN, 4),
        );
        expect(shares.length).toBeGreaterThan(4);
        const controller = new AbortController();
        const cancelled = inspection.linearSingular({ system, count: 16 }, controller.signal).catch((error) => error);
        await new Promise((resolve) => setTimeout(resolve, 30));
        const start = performance.now();
        controller.abort();
        expect(await cancelled).toBeInstanceOf(CancelledError);
        expect(performance.now() - start).toBeLessThan(200);
      });
    },
  );
});
