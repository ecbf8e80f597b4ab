import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CancelledError } from '../../../src/core/errors.js';
import type { Intervention, Positions } from '../../../src/protocol/steering.js';
import type { WorkerApi } from '../../../src/protocol/worker-api.js';
import { inspect } from './inspect.js';

const folder = fileURLToPath(new URL('../../../media/samples/grammar-gpt/', import.meta.url));
const fixture = JSON.parse(readFileSync(new URL('../../fixtures/steering/steering.json', import.meta.url), 'utf8')) as {
  readonly input: number;
  readonly cases: readonly {
    readonly dictionary: string;
    readonly interventions: readonly { feature: number; kind: Intervention['kind']; amount: number }[];
    readonly positions: Positions;
    readonly before: readonly number[];
    readonly after: readonly number[];
    readonly divergence: readonly number[];
    readonly tokens: readonly number[];
    readonly scores: Record<'before' | 'after', readonly number[]>;
    readonly best: { before: number; after: number; probability: Record<'before' | 'after', number> };
    readonly greedy: Record<'original' | 'steered', readonly number[]>;
    readonly followed: { readonly at: number; readonly token: number; readonly before: number; readonly after: number };
    readonly effect: { readonly token: number; readonly value: number };
    readonly firing: number;
    readonly firing_last: number;
  }[];
};
const vocabulary = (
  JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8')) as {
    readonly model: { readonly vocab: Readonly<Record<string, number>> };
  }
).model.vocab;
const idOf = (text: string): number | undefined =>
  text === '<|endoftext|>' ? 0 : (vocabulary[text.replaceAll(' ', 'Ġ').replaceAll('\n', 'Ċ')] ?? undefined);

const opened: WorkerApi[] = [];
async function gathered(dictionary: string, limit = 8): Promise<WorkerApi> {
  const inspection = inspect();
  opened.push(inspection);
  await inspection.open({
    path: join(folder, 'grammar-gpt.onnx'),
    recipePaths: 'anywhere',
    settings: { engine: 'automatic', threads: 1, defaultInputs: limit, limit, cacheMegabytes: 0 },
  });
  await inspection.features({ dictionary: join(folder, 'dictionaries', dictionary, 'sae_weights.safetensors') });
  return inspection;
}
afterAll(async () => {
  for (const inspection of opened) await inspection.close({});
});

/** methods, section 0: |got − want| ≤ 1e-5 + 1e-4 S, with S here the size of what is compared. */
function close(got: number | undefined, want: number, size = Math.abs(want)): void {
  expect(Math.abs((got ?? NaN) - want)).toBeLessThanOrEqual(1e-5 + 2e-4 * Math.max(1, size));
}

describe.each(fixture.cases)('$dictionary with $interventions at $positions', (want) => {
  let inspection: WorkerApi;
  beforeAll(async () => {
    inspection = await gathered(want.dictionary);
  }, 120_000);
  const prompt = { kind: 'input', input: fixture.input } as const;

  it('says what numpy says: activations, KL of every token, probabilities, and what is written on', async () => {
    const found = await inspection.steer({
      prompt,
      interventions: want.interventions.map((each) => ({ ...each, unit: 'absolute' as const })),
      positions: want.positions,
      continuation: { tokens: want.greedy.original.length, temperature: 0, seed: 0 },
    });
    want.before.forEach((value, at) => close(found.features[0]?.before[at], value));
    want.after.forEach((value, at) => close(found.features[0]?.after[at], value));
    expect(found.divergence).toHaveLength(want.divergence.length);
    want.divergence.forEach((value, at) => close(found.divergence[at], value, 10));
    const byIndex = new Map(found.choices.map((choice) => [choice.index, choice]));
    expect(found.choices[0]?.index).toBe(want.best.before);
    close(byIndex.get(want.best.before)?.probability.before, want.best.probability.before);
    close(byIndex.get(want.best.after)?.probability.after, want.best.probability.after);
    want.tokens.forEach((token, at) => {
      const choice = byIndex.get(token);
      if (choice === undefined) return;
      close(choice.score.before, want.scores.before[at] as number, 20);
      close(choice.score.after, want.scores.after[at] as number, 20);
    });
    const ids = (tokens: readonly string[] | undefined) => tokens?.map(idOf);
    const upTo = (all: readonly number[]): readonly number[] =>
      all.includes(0) ? all.slice(0, all.indexOf(0) + 1) : all;
    expect(ids(found.continuation?.original.tokens)).toEqual(upTo(want.greedy.original));
    expect(ids(found.continuation?.steered.tokens)).toEqual(upTo(want.greedy.steered));
    expect(found.predicts).toBe('next token');
    expect(found.synthetic).toBe(false);
  }, 120_000);

  it('tells how probable what really comes next is, before and after', async () => {
    const { at, token, before, after } = want.followed;
    const { followed } = await inspection.steer({
      prompt,
      interventions: want.interventions.map((each) => ({ ...each, unit: 'absolute' as const })),
      positions: want.positions,
      at,
    });
    expect(followed?.index).toBe(token);
    expect(idOf(followed?.text ?? '')).toBe(token);
    close(followed?.logProbability.before, before);
    close(followed?.logProbability.after, after);
  }, 60_000);

  it('features that fire are those of numpy, with the same direct effect', async () => {
    const all = await inspection.prompt({ prompt, rank: 'effect', most: 200 });
    expect(Math.abs(all.firing - want.firing)).toBeLessThanOrEqual(1);
    const first = want.interventions[0]?.feature;
    const feature = all.features.find((each) => each.feature === first);
    expect(feature?.token).toBe(want.effect.token);
    close(feature?.effect, want.effect.value, 10);
    want.before.forEach((value, at) => close(feature?.activations[at], value));
    const last = await inspection.prompt({ prompt, rank: 'activation', token: want.before.length - 1, most: 5 });
    expect(last.firing).toBe(want.firing_last);
    expect(last.features.map(({ activation }) => activation)).toEqual(
      [...last.features.map(({ activation }) => activation)].sort((a, b) => b - a),
    );
    expect(last.features[0]?.effect).toBeDefined();
    expect(all.predicted?.at(-1)).toMatchObject({
      probability: expect.closeTo(want.best.probability.before, 3) as number,
    });
  }, 60_000);
});

describe('texts that a person types', () => {
  let inspection: WorkerApi;
  const steerText = (text: string, interventions: readonly Intervention[], seed = 1, temperature = 1) =>
    inspection.steer({
      prompt: { kind: 'text', text },
      interventions,
      positions: 'all',
      continuation: { tokens: 12, temperature, seed },
    });
  const TEXT = 'Tom has four black umbrellas. He gives two';
  beforeAll(async () => {
    inspection = await gathered('blocks.1.hook_resid_post', 256);
  }, 120_000);

  it('doing nothing changes nothing exactly, nor what is sampled', async () => {
    for (const interventions of [[], [{ feature: 3, kind: 'add', amount: 0, unit: 'absolute' }] as const]) {
      const { divergence, choices, continuation } = await steerText(TEXT, interventions);
      expect([...divergence].every((each) => each === 0)).toBe(true);
      for (const { score } of choices) expect(score.after).toBe(score.before);
      expect(continuation?.steered).toEqual(continuation?.original);
    }
  });

  it('a change at one token leaves what comes before it exactly as it was', async () => {
    const { divergence } = await inspection.steer({
      prompt: { kind: 'text', text: TEXT },
      interventions: [{ feature: 3, kind: 'add', amount: 4, unit: 'maximum' }],
      positions: [4],
    });
    expect([...divergence.slice(0, 4)]).toEqual([0, 0, 0, 0]);
    expect(divergence[4]).toBeGreaterThan(0.01);
  });

  it('samples by its seed', async () => {
    const of = async (seed: number) => (await steerText(TEXT, [], seed, 3)).continuation?.original.tokens;
    expect(await of(5)).toEqual(await of(5));
    expect(await of(5)).not.toEqual(await of(6));
  });

  it('a text beyond the context is cut, and that is said; what is written on ends there', async () => {
    const long = await inspection.prompt({
      prompt: { kind: 'text', text: 'Tom has four black umbrellas. '.repeat(30) },
      rank: 'activation',
      most: 1,
    });
    expect(long.tokens).toHaveLength(128);
    expect(long.notes.join()).toContain('takes at most 128 tokens: 114 at the end were cut off (“. Tom has');
    const full = await steerText('Tom has four black umbrellas. '.repeat(30), [], 1, 0);
    expect(full.continuation?.original).toMatchObject({ stopped: 'context full' });
    expect(full.continuation?.original.tokens).toHaveLength(1);
  }, 60_000);

  it.each([
    ['an empty text', { prompt: { kind: 'text', text: '' } }, 'The text is empty'],
    ['an input that there is not', { prompt: { kind: 'input', input: 256 } }, 'no input 257'],
    ['a token that there is not', { at: 99 }, 'There is no token 100'],
    ['a position that there is not', { positions: [99] }, 'There is no token 100'],
    ['too many tokens to write', { continuation: { tokens: 1000, temperature: 0, seed: 0 } }, 'From 1 to 256 tokens'],
    ['a temperature below zero', { continuation: { tokens: 1, temperature: -1, seed: 0 } }, 'temperature is from 0'],
  ] as const)('%s is said', async (_, changed, message) => {
    const request = {
      prompt: { kind: 'text', text: TEXT },
      interventions: [{ feature: 1, kind: 'ablate', amount: 0, unit: 'absolute' }],
      positions: 'all',
      ...changed,
    } as const;
    await expect(inspection.steer(request)).rejects.toThrow(message);
  });

  it('is cancelled between two tokens, and tells how far it is', async () => {
    const controller = new AbortController();
    const told: number[] = [];
    const work = inspection.steer(
      {
        prompt: { kind: 'text', text: TEXT },
        interventions: [{ feature: 1, kind: 'set', amount: 1, unit: 'maximum' }],
        positions: 'all',
        continuation: { tokens: 100, temperature: 1, seed: 1 },
      },
      controller.signal,
      (share) => {
        told.push(share);
        if (share > 0.06) controller.abort();
      },
    );
    await expect(work).rejects.toThrow(CancelledError);
    expect(told.at(-1)).toBeLessThan(0.2);
  });

  it('facts of the model: a text can be typed', async () => {
    expect(await inspection.promptFacts({})).toEqual({ inputs: 256 });
  });
});
