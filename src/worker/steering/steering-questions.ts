/** Which features fire on a text, and what the network says where they are changed. */
import { tokenPlace, type Layout } from '../../core/dictionary/attach/layout.js';
import { rowsOfRun } from '../../core/dataset/rows-of-run.js';
import { usedFeeds } from '../../core/engine/used-feeds.js';
import { problem, ProblemError, throwIfCancelled } from '../../core/errors.js';
import type { ExperimentSubject } from '../../core/experiment/subject.js';
import type { AttachedDictionary, OpenAttached } from '../../core/features/attached.js';
import type { FeatureColumns } from '../../core/features/columns.js';
import type { Unembedding } from '../../core/features/logit-effects.js';
import { directEffects } from '../../core/features/steering/direct-effects.js';
import { divergence, largest, logProbabilities, mostProbable } from '../../core/features/steering/distribution.js';
import { activationsOf, firingsBuilder, rankFeatures, type Firings } from '../../core/features/steering/firings.js';
import { changesOf } from '../../core/features/steering/interventions.js';
import type { Scores } from '../../core/features/steering/steer.js';
import type { OnProgress } from '../../protocol/rpc.js';
import {
  MOST_PROMPT_FEATURES,
  type Predicted,
  type PromptAnswer,
  type PromptFacts,
  type PromptFeature,
  type PromptRequest,
  type PromptRun,
  type SteeringAnswer,
  type SteeringRequest,
} from '../../protocol/steering.js';
import { continuations } from './continuations.js';
import { perToken, type Looked, type Prompting } from './prompting.js';
import { tokenNumber } from '../../core/told-numbers.js';

/** Of the pass that was made before. */
export interface PromptSubject {
  readonly subject: ExperimentSubject;
  readonly attached: AttachedDictionary;
  readonly columns: Pick<FeatureColumns, 'density' | 'maximum'>;
  prompting(): Promise<Prompting>;
  reader(): Promise<OpenAttached>;
  unembedding(): Promise<Unembedding>;
}

const CHOICES_SHOWN = 10;

export async function promptFacts({ subject, prompting }: PromptSubject): Promise<PromptFacts> {
  const { prompts } = await prompting();
  const noText =
    prompts.input === undefined
      ? 'The model takes no token ids: choose one of its inputs.'
      : prompts.tokenizer === undefined
        ? 'No tokenizer lies with the model: choose one of its inputs, or put its tokenizer.json beside it.'
        : undefined;
  return {
    inputs: subject.dataset.size,
    ...(noText === undefined ? {} : { noText }),
    ...(prompts.context === undefined ? {} : { context: prompts.context }),
  };
}

export async function answerPrompt(
  from: PromptSubject,
  { prompt, rank, token, most }: PromptRequest,
  signal: AbortSignal,
  onProgress: OnProgress | undefined,
): Promise<PromptAnswer> {
  const opened = await from.prompting();
  const looked = await opened.look(prompt, signal);
  onProgress?.(0.3);
  const firings = (looked.firings ??= await firingsOf(from, looked));
  onProgress?.(0.6);
  if (token !== undefined) checkToken(token, firings.tokens);
  const { density, maximum } = from.columns;
  const count = Math.min(most, MOST_PROMPT_FEATURES);
  const best = predictedOf(looked.run.scores, perToken(opened.measure), firings.tokens);
  const effects = await effectsOf(from, opened, looked, best, rank === 'effect' ? 'all' : 'none', signal);
  const ranked = await rankFeatures(firings, rank, token, density, effects.values, signal);
  const shown = ranked.slice(0, count);
  const only = shown.map(({ feature }) => feature);
  const { values, why } = rank === 'effect' ? effects : await effectsOf(from, opened, looked, best, only, signal);
  return {
    ...shownRun(looked, firings.tokens),
    firing: ranked.length,
    features: shown.map(({ feature, firing }): PromptFeature => ({
      feature,
      activations: activationsOf(firings, feature),
      token: firings.token[firing] as number,
      activation: firings.value[firing] as number,
      density: density[feature] as number,
      maximum: maximum[feature] as number,
      ...(values === undefined ? {} : { effect: values[firing] as number }),
    })),
    predicted: best.map((index, at): Predicted => {
      const logs = logProbabilities(looked.run.scores.row(at));
      return { text: classText(from, opened, index), probability: Math.exp(logs[index] as number) };
    }),
    ...(why === undefined ? {} : { noEffects: why }),
  };
}

export async function answerSteering(
  from: PromptSubject,
  { prompt, interventions, positions, at, continuation }: SteeringRequest,
  signal: AbortSignal,
  onProgress: OnProgress | undefined,
): Promise<SteeringAnswer> {
  const opened = await from.prompting();
  const looked = await opened.look(prompt, signal);
  const changes = changesOf(interventions, from.columns.maximum);
  throwIfCancelled(signal);
  const { tokens, places, layout, before, after, scores } = await opened.steering.steered(
    looked.run.batch,
    changes,
    positions,
  );
  if (positions !== 'all') for (const position of positions) checkToken(position, places);
  onProgress?.(0.05);
  const each = perToken(opened.measure);
  const rows = each ? tokens : 1;
  const place = each ? (at === undefined ? rows - 1 : tokenPlace(at, layout).token) : 0;
  checkToken(place, rows);
  const clean = looked.run.scores;
  const one = (values: Float32Array, column: number): Float32Array =>
    Float32Array.from({ length: places }, (_, row) => values[row * changes.length + column] as number);
  return {
    ...shownRun(looked, tokens),
    features: changes.map(({ feature }, column) => ({
      feature,
      before: one(before, column),
      after: one(after, column),
    })),
    predicts: each ? 'next token' : 'class',
    at: place,
    ...followedAt(from, opened, looked, each ? place : undefined, scores),
    choices: mostProbable(clean.row(place), scores.row(place), CHOICES_SHOWN).map((choice) => ({
      ...choice,
      text: classText(from, opened, choice.index),
    })),
    divergence: Float64Array.from({ length: rows }, (_, row) =>
      divergence(logProbabilities(clean.row(row)), logProbabilities(scores.row(row))),
    ),
    ...(continuation === undefined
      ? {}
      : await continuations(opened, looked.run, { changes, positions }, continuation, signal, (share) =>
          onProgress?.(0.05 + 0.95 * share),
        )),
  };
}

async function firingsOf({ subject, attached, reader }: PromptSubject, { run: prompt }: Looked): Promise<Firings> {
  const { network, read, run } = await reader();
  const { batch } = prompt;
  const { x } = read(await network.run(usedFeeds(network, batch.feeds)), rowsOfRun(subject.dataset, batch));
  checkTokens(x.layout, attached.reads);
  const tokens = x.upToPadding(batch.filled?.[0]);
  const builder = firingsBuilder(attached.coder.features);
  await run(x.rows(0, tokens), (features, _written, first) => builder.add(features, first));
  return builder.finish(tokens);
}

/** How probable what really comes next is, before and after. */
function followedAt(
  from: PromptSubject,
  opened: Prompting,
  { run }: Looked,
  place: number | undefined,
  after: Scores,
): Pick<SteeringAnswer, 'followed'> {
  const index = place === undefined ? -1 : (run.next?.[place] ?? -1);
  if (place === undefined || index < 0 || index >= after.row(place).length) return {};
  const of = (scores: Scores): number => logProbabilities(scores.row(place))[index] as number;
  const text = classText(from, opened, index);
  return { followed: { index, text, logProbability: { before: of(run.scores), after: of(after) } } };
}

/** The most probable token at every position, or class. */
function predictedOf(scores: Scores, each: boolean, tokens: number): number[] {
  const rows = each ? tokens : 1;
  if (rows > scores.rows) {
    throw problem('not-applicable', `There are scores for ${scores.rows} positions, but ${rows} rows of features.`, {
      remedy: 'Attach the dictionary to a value that has a row for each token.',
    });
  }
  return Array.from({ length: rows }, (_, at) => largest(scores.row(at)));
}

/** Kept where all were asked for. */
async function effectsOf(
  { attached, unembedding }: PromptSubject,
  { steering }: Prompting,
  looked: Looked,
  predicted: readonly number[],
  wanted: 'all' | 'none' | readonly number[],
  signal: AbortSignal,
): Promise<{ readonly values?: Float64Array; readonly why?: string }> {
  if (wanted === 'none') return {};
  if (looked.effects !== undefined) return { values: looked.effects };
  const { firings, run } = looked;
  if (firings === undefined) return {};
  try {
    const opened = await unembedding();
    const gain = await steering.gain(run.batch);
    const best = Int32Array.from({ length: firings.tokens }, (_, at) => predicted[at] ?? predicted[0] ?? 0);
    const only = wanted === 'all' ? undefined : wanted;
    const values = await directEffects(firings, attached.coder, opened, best, gain, only, signal);
    if (wanted === 'all') looked.effects = values;
    return { values };
  } catch (error) {
    if (!(error instanceof ProblemError) || wanted === 'all') throw error;
    return { why: error.problem.message };
  }
}

function classText({ subject }: PromptSubject, { prompts, measure }: Prompting, index: number): string {
  const isToken = perToken(measure) && prompts.input !== undefined;
  return isToken ? prompts.textOf(index) : (subject.dataset.classes?.[index] ?? `class ${index}`);
}

/** What was run, with a text for each row. */
function shownRun({ run }: Looked, rows: number): PromptRun {
  const { tokens, name, synthetic, notes } = run;
  return {
    name,
    synthetic,
    notes,
    tokens: tokens.length === rows ? tokens : Array.from({ length: rows }, (_, at) => `[${at}]`),
  };
}

/** @throws ProblemError `not-applicable` where a token has a place for each head: the table has one row for each token. */
function checkTokens({ kind }: Layout, reads: string): void {
  if (kind !== 'heads') return;
  throw problem(
    'not-applicable',
    `“${reads}” has one row for each head and token, and features on a text are listed by token, which would mix the heads.`,
    {
      place: `value “${reads}”`,
      remedy:
        'Look at the examples of a feature, of which each is of one head: “Run without it” changes it at that head.',
    },
  );
}

function checkToken(token: number, tokens: number): void {
  if (Number.isInteger(token) && token >= 0 && token < tokens) return;
  throw problem('not-applicable', `There is no token ${tokenNumber(token)}: there are ${tokens}.`, {
    remedy: 'Choose one of them.',
  });
}
