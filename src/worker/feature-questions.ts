/** What is asked about the features of a dictionary on the inputs of the open model. One question at a time. */
import { rowsOfRun } from '../core/dictionary/attach/rows.js';
import { readRows } from '../core/dictionary/feature-matrix.js';
import { checkMatrices } from '../core/dictionary/non-finite.js';
import type { Dataset } from '../core/dataset/dataset.js';
import type { Prompts } from '../core/dataset/prompts.js';
import { usedFeeds } from '../core/engine/used-feeds.js';
import { problem, ProblemError } from '../core/errors.js';
import type { ExperimentSubject } from '../core/experiment/subject.js';
import { openAttached, type AttachedDictionary, type OpenAttached } from '../core/features/attached.js';
import { featureColumns, featureFacts, featureTotals } from '../core/features/columns.js';
import { decoderNorms } from '../core/features/decoder-norms.js';
import { equalBins, LOGIT_BINS } from '../core/features/equal-bins.js';
import { excerptsOf, placeOf, tokensAt, type Excerpt } from '../core/features/excerpts.js';
import { gatherFeatures, type GatheredFeatures } from '../core/features/gather.js';
import { placeWordsOf, type Layout, type PlaceWords } from '../core/features/layout.js';
import { openClassEffects, openUnembedding, type Unembedding } from '../core/features/logit-effects.js';
import { unexplainedVariance } from '../core/dictionary/unexplained-variance.js';
import { dictionaryText } from '../core/formats/dictionary-signature.js';
import type { PassResult } from '../core/passes/result.js';
import type {
  FeatureDetail,
  FeatureOverview,
  FeatureQuestions,
  FeatureRequest,
  TokenEffect,
} from '../protocol/features.js';
import type { OnProgress } from '../protocol/rpc.js';
import type { SteeringQuestions } from '../protocol/steering.js';
import { checkFeature, neighboursOf } from './feature-neighbours.js';
import { featurePlaces, type FeaturePlaces } from './feature-places.js';
import { openDictionary } from './open-dictionary.js';
import { openPrompting, type Prompting } from './steering/prompting.js';
import { answerPrompt, answerSteering, promptFacts, type PromptSubject } from './steering/steering-questions.js';
import { createTurns } from './turns.js';

export interface FeatureAnswers {
  readonly questions: FeatureQuestions & SteeringQuestions;
  /** Stops what is under way and lets go of files and engine. */
  close(): Promise<void>;
}

/** Tokens per feature below which shares and dead features say little. */
const FEW_TOKENS_PER_FEATURE = 10;
const EFFECTS_SHOWN = 10;

/** A pass that was made, with what its features are looked at through. */
interface Gathered {
  readonly overview: FeatureOverview;
  readonly attached: AttachedDictionary;
  readonly gathered: GatheredFeatures;
  readonly subject: ExperimentSubject;
  /** Opened for the first feature that is looked at. */
  readonly reader: Kept<OpenAttached>;
  readonly unembedding: Kept<Unembedding>;
  /** For texts that a person types. */
  readonly prompting: Kept<Prompting>;
  close(): Promise<void>;
}

/** What features are gathered on. */
export interface FeatureSource {
  /** The network and its present inputs. */
  subject(signal: AbortSignal, onProgress: ExperimentSubject['onProgress']): Promise<ExperimentSubject>;
  /** Identity of the present inputs. */
  inputsKey(): string;
  /** What the person's experiment found of the attached dictionary, if it was run. */
  fit(): PassResult | undefined;
  /** For texts that a person types. */
  prompts(): Promise<Prompts>;
}

/** @param track told of work that uses the engine. */
export function featureAnswers(source: FeatureSource, track: <T>(work: Promise<T>) => Promise<T>): FeatureAnswers {
  const turns = createTurns(track);
  let last: Gathered | undefined;
  const release = async (): Promise<void> => {
    const old = last;
    last = undefined;
    await old?.close();
  };
  const gathered = (): Gathered => {
    if (last !== undefined) return last;
    throw problem('not-applicable', 'No features were gathered yet.', { remedy: 'Run the dictionary first.' });
  };
  const gatheredFor = (feature: number): Gathered => {
    const found = gathered();
    checkFeature(feature, found.attached.coder.features);
    return found;
  };
  return {
    questions: {
      features: (request, signal, onProgress) =>
        turns.take(signal, async (either) => {
          await release();
          last = await gather(request, source, either, onProgress);
          return last.overview;
        }),
      gatheredFeatures: async () => (last?.subject.dataset.key === source.inputsKey() ? last?.overview : undefined),
      feature: ({ feature }, signal) => turns.take(signal, async () => detail(gatheredFor(feature), feature)),
      featureNeighbours: ({ feature }, signal, onProgress) =>
        turns.take(signal, async (either) => {
          const { attached, overview, subject, reader } = gatheredFor(feature);
          const cancellable = { ...subject, signal: either };
          return neighboursOf(cancellable, attached, await reader.open(), feature, overview.placeWords, onProgress);
        }),
      promptFacts: (_request, signal) => turns.take(signal, () => promptFacts(promptSubject(gathered()))),
      prompt: (request, signal, onProgress) =>
        turns.take(signal, (either) => answerPrompt(promptSubject(gathered()), request, either, onProgress)),
      steer: (request, signal, onProgress) =>
        turns.take(signal, (either) => answerSteering(promptSubject(gathered()), request, either, onProgress)),
    },
    async close() {
      turns.stop();
      await turns.last(release);
    },
  };
}

async function gather(
  request: FeatureRequest,
  source: FeatureSource,
  signal: AbortSignal,
  onProgress: OnProgress | undefined,
): Promise<Gathered> {
  const { file, dictionary, coder, close } = await openDictionary(request.dictionary, request.answers ?? {}, signal);
  try {
    const subject = await source.subject(signal, ({ runsDone, runsPlanned }) => onProgress?.(runsDone / runsPlanned));
    const { placedBy, ...places } = await featurePlaces(request, file, subject.graph, source.fit());
    const attached: AttachedDictionary = {
      coder,
      file: file.weights,
      folder: file.folder,
      model: subject.graph.model,
      ...places,
    };
    // The engine may make 0 of NaN: a feature with broken weights would look dead.
    await checkMatrices(coder, signal);
    const gathered = await gatherFeatures(subject, attached);
    const { all, withoutFirst } = gathered.reconstruction;
    const fvu = unexplainedVariance(all);
    if (!Number.isFinite(all.error)) throw notFinite(places);
    if (fvu > 1 && request.evenIfUnfit !== true) throw unfit(fvu, places.reads);
    const totals = featureTotals(gathered.state);
    const columns = featureColumns(gathered.state);
    const { layout } = gathered;
    const topTokens =
      layout.kind === 'sequence'
        ? await tokensAt(subject.dataset, columns.topToken, gathered.stride, signal)
        : undefined;
    const placeWords = placeWordsOf(layout, topTokens !== undefined);
    const overview: FeatureOverview = {
      dictionary: dictionaryText(dictionary),
      ...places,
      placedBy,
      totals,
      layout,
      placeWords,
      fvu,
      ...(withoutFirst.tokens === 0 ? {} : { fvuWithoutFirst: unexplainedVariance(withoutFirst) }),
      data: subject.dataset.description,
      synthetic: subject.dataset.synthetic,
      warnings: warningsOf(totals.tokens, coder.features, fvu, placeWords),
      columns,
      stride: gathered.stride,
      ...(topTokens === undefined ? {} : { topTokens }),
      decoderNorm: await decoderNorms(coder.decoder, signal),
    };
    const reader = kept(() => openAttached(subject, attached));
    const unembedding = kept(() => openScores(subject, attached, layout));
    const prompting = kept(() => openPrompting(subject, attached, () => source.prompts()));
    const closeAll = async (): Promise<void> => {
      await prompting.release();
      await reader.release();
      await unembedding.release();
      await close();
    };
    return { overview, attached, gathered, subject, reader, unembedding, prompting, close: closeAll };
  } catch (error) {
    await close();
    throw error;
  }
}

function notFinite({ reads, writes }: Pick<FeaturePlaces, 'reads' | 'writes'>): Error {
  return problem(
    'not-applicable',
    `What the dictionary makes of “${reads}” is NaN or infinite on these inputs, though its own weights are not.`,
    {
      place: `value “${writes}”`,
      remedy: 'Find where the model itself first gives such values: run the experiment “Non-finite scan”.',
    },
  );
}

function unfit(fvu: number, value: string): Error {
  return problem(
    'unfit-dictionary',
    `At “${value}” the dictionary explains nothing: its error is ${fvu.toPrecision(3)} times the variance (FVU), where the mean alone would be at 1.`,
    {
      place: `value “${value}”`,
      remedy: 'Choose the value that it was trained on: before or after a normalisation makes all the difference.',
    },
  );
}

function warningsOf(tokens: number, features: number, fvu: number, { many }: PlaceWords): string[] {
  const warnings: string[] = [];
  const count = (value: number): string => value.toLocaleString('en-US');
  if (tokens < FEW_TOKENS_PER_FEATURE * features) {
    warnings.push(
      `Only ${count(tokens)} ${many} were seen for ${count(features)} features: a feature that fires on fewer than one in ${count(tokens)} looks dead, and shares are rough.`,
    );
  }
  if (fvu > 1)
    warnings.push(
      `The dictionary does not fit this value (FVU ${fvu.toPrecision(3)}): its features mean nothing here.`,
    );
  return warnings;
}

async function detail(opened: Gathered, feature: number): Promise<FeatureDetail> {
  const { attached, gathered, subject } = opened;
  const { coder } = attached;
  const reader = await opened.reader.open();
  const { dataset } = subject;
  const known = new Map<number, Promise<Float32Array>>();
  const activations = (input: number): Promise<Float32Array> => {
    const found = known.get(input) ?? activationsOn(reader, dataset, input, feature, coder.features);
    known.set(input, found);
    return found;
  };
  const excerpts = (examples: readonly { readonly token: number }[]): Promise<readonly Excerpt[]> =>
    excerptsOf(
      dataset,
      examples.map(({ token }) => placeOf(token, gathered.stride)),
      gathered.layout,
      activations,
    );
  const { edges, counts, intervals, top } = featureFacts(gathered.state, feature);
  const shown: FeatureDetail['intervals'][number][] = [];
  for (const interval of intervals) shown.push({ ...interval, examples: await excerpts(interval.examples) });
  return {
    feature,
    histogram: { edges, counts },
    top: await excerpts(top),
    intervals: shown,
    ...(await logitsOf(opened, feature)),
  };
}

function promptSubject({ overview, attached, subject, reader, unembedding, prompting }: Gathered): PromptSubject {
  return {
    subject,
    attached,
    columns: overview.columns,
    prompting: () => prompting.open(),
    reader: () => reader.open(),
    unembedding: () => unembedding.open(),
  };
}

async function activationsOn(
  { network, read, run }: OpenAttached,
  dataset: Dataset,
  input: number,
  feature: number,
  features: number,
): Promise<Float32Array> {
  const batch = await dataset.batch(input, input + 1);
  const { feeds, filled } = batch;
  const { x } = read(await network.run(usedFeeds(network, feeds)), rowsOfRun(dataset, batch));
  const found = new Float32Array(Math.min(filled?.[0] ?? x.positions, x.positions));
  await run(x.rows(0, found.length), (tile, _written, first) => {
    for (let row = 0; row < tile.length / features; row++)
      found[first + row] = tile[row * features + feature] as number;
  });
  return found;
}

async function logitsOf(
  { attached: { coder }, subject, unembedding }: Gathered,
  feature: number,
): Promise<Pick<FeatureDetail, 'logits' | 'noLogits'>> {
  try {
    const { effects: effectsOf } = await unembedding.open();
    const effects = await effectsOf(await readRows(coder.decoder, feature, 1));
    const order = [...effects.keys()].sort((a, b) => (effects[b] as number) - (effects[a] as number) || a - b);
    const shown = Math.min(EFFECTS_SHOWN, Math.max(1, Math.floor(order.length / 2)));
    const told = (token: number): TokenEffect => ({
      token,
      text: subject.dataset.classes?.[token] ?? String(token),
      effect: effects[token] as number,
    });
    return {
      logits: {
        top: order.slice(0, shown).map(told),
        bottom: order.slice(-shown).reverse().map(told),
        histogram: equalBins(effects, LOGIT_BINS),
      },
    };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return { noLogits: error.problem.message };
  }
}

async function openScores(
  subject: ExperimentSubject,
  { coder, writes }: AttachedDictionary,
  layout: Layout,
): Promise<Unembedding> {
  const [scores] = subject.graph.outputs;
  if (scores === undefined) throw problem('not-applicable', 'The model has no output.');
  const { width } = coder.writes;
  return layout.kind === 'sequence'
    ? openUnembedding(subject, scores.name, width)
    : openClassEffects(subject, scores.name, width, writes, layout);
}

/** Opened when it is first needed, and kept; where that fails, the next question tries again. */
interface Kept<Value> {
  open(): Promise<Value>;
  release(): Promise<void>;
}

function kept<Value extends { release(): Promise<void> }>(make: () => Promise<Value>): Kept<Value> {
  let opened: Value | undefined;
  return {
    open: async () => (opened ??= await make()),
    async release() {
      const last = opened;
      opened = undefined;
      await last?.release();
    },
  };
}
