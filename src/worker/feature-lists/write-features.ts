/** Features of a pass as files of other tools. */
import { cantorPair } from '../../core/dictionary/cantor-pair.js';
import type { Dataset, ExamplePreview } from '../../core/dataset/dataset.js';
import { breather } from '../../core/breathe.js';
import { problem } from '../../core/errors.js';
import { featureFacts } from '../../core/features/columns.js';
import { placeOf, type Excerpt } from '../../core/features/excerpts.js';
import {
  exportedExample,
  type ExportedExample,
  type ExportedFeature,
  type ExportedSource,
} from '../../core/features/lists/exported.js';
import { circuitTracerFeature } from '../../core/features/lists/write-circuit-tracer.js';
import { neuronpediaLine } from '../../core/features/lists/write-neuronpedia.js';
import type { GatheredFeatures } from '../../core/features/gather.js';
import type { FeatureLabels } from '../../core/features/labels.js';
import type { Unembedding } from '../../core/features/logit-effects.js';
import type { FeatureExportAnswer } from '../../protocol/feature-lists.js';
import type { OnProgress } from '../../protocol/rpc.js';
import { activationsOfAll, type ActivationSource } from '../feature-activations.js';
import { detailOf, logitsOf } from '../feature-detail.js';
import { writeParts } from '../write-parts.js';
import { fillNewFolder } from './new-folder.js';

/** Activations of examples that are held at once. */
const HELD_NUMBERS = 2 ** 23;
const MOST_EXAMPLES = 70;
const EFFECTS_AT_ONCE = 16;

export interface WrittenPass {
  readonly activations: ActivationSource;
  readonly gathered: GatheredFeatures;
  unembedding(): Promise<Unembedding>;
  readonly source: ExportedSource;
  readonly labels: FeatureLabels;
}

export interface WriteTask {
  readonly features: readonly number[];
  readonly path: string;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress | undefined;
}

/** @throws ProblemError `file-unwritable`, and as engines and reading do; CancelledError. */
export async function writeNeuronpedia(pass: WrittenPass, task: WriteTask): Promise<FeatureExportAnswer> {
  const encoder = new TextEncoder();
  async function* lines(): AsyncGenerator<Uint8Array> {
    for await (const exported of exportedFeatures(pass, task))
      yield encoder.encode(neuronpediaLine(pass.source, exported));
  }
  await writeParts(task.path, lines());
  const { modelId, sourceId } = pass.source;
  return {
    path: task.path,
    sentences: [
      `${counted(task.features.length)} written as Neuronpedia has them, of model “${modelId}” and source “${sourceId}”.`,
    ],
  };
}

/** @throws as {@link writeNeuronpedia}; ProblemError `not-applicable` where the layer is not known. */
export async function writeCircuitTracer(pass: WrittenPass, task: WriteTask): Promise<FeatureExportAnswer> {
  const { source } = pass;
  const { layer } = source;
  if (layer === undefined) {
    throw problem(
      'not-applicable',
      'circuit-tracer names files by layer, and nothing says which this dictionary is of.',
      {
        remedy:
          'Write “hook_layer” into the configuration beside the dictionary, or use the command line with --layer.',
      },
    );
  }
  return fillNewFolder(task.path, `${source.sourceId}-features`, async ({ path, write }) => {
    for await (const exported of exportedFeatures(pass, task))
      await write(`${cantorPair(layer, exported.feature)}.json`, circuitTracerFeature(source, exported));
    const named = task.features.filter((feature) => pass.labels[feature] !== undefined).length;
    return {
      path,
      sentences: [
        `${counted(task.features.length)} of layer ${layer} written as circuit-tracer’s front end reads them.`,
        ...(named === 0
          ? []
          : [`It keeps no names of features in these files: ${counted(named)} with a name are without.`]),
      ],
    };
  });
}

/** In their order; so many at once that what is held stays bounded, each input run once for all of those. */
async function* exportedFeatures(
  { activations: source, gathered, unembedding, labels }: WrittenPass,
  { features, signal, onProgress }: WriteTask,
): AsyncGenerator<ExportedFeature> {
  const { state, stride, layout } = gathered;
  const example = (excerpt: Excerpt): ExportedExample => exportedExample(excerpt, layout);
  const { subject, attached } = source;
  const { dataset } = subject;
  const pause = breather(signal);
  const perInput = Math.max(1, stride);
  const most = Math.max(1, Math.floor(HELD_NUMBERS / (MOST_EXAMPLES * perInput)));
  for (let first = 0; first < features.length; first += most) {
    const some = features.slice(first, first + most);
    const byInput = new Map<number, number[]>();
    for (const feature of some) {
      const { top, intervals } = featureFacts(state, feature);
      const examples = [...top, ...intervals.flatMap((interval) => interval.examples)];
      for (const input of new Set(examples.map(({ token }) => placeOf(token, stride).input))) {
        const wanted = byInput.get(input);
        if (wanted === undefined) byInput.set(input, [feature]);
        else wanted.push(feature);
      }
      await pause();
    }
    const held = new Map<number, Map<number, Float32Array>>(some.map((feature) => [feature, new Map()]));
    let done = 0;
    for (const [input, wanted] of byInput) {
      const found = await activationsOfAll(source, input, wanted);
      wanted.forEach((feature, at) => held.get(feature)?.set(input, found[at] as Float32Array));
      onProgress?.((first + (++done / byInput.size) * some.length) / features.length);
      await pause();
    }
    const previews = keptPreviews(dataset);
    let effects: Awaited<ReturnType<typeof logitsOf>> = [];
    for (const [at, feature] of some.entries()) {
      if (at % EFFECTS_AT_ONCE === 0) {
        const next = some.slice(at, at + EFFECTS_AT_ONCE);
        effects = await logitsOf(attached, unembedding, dataset.classes, next);
      }
      const detail = await detailOf(gathered, previews, feature, async (input) => {
        const found = held.get(feature)?.get(input);
        if (found === undefined) throw new Error(`Input ${input} was not run for feature ${feature}.`);
        return found;
      });
      const logits = effects[at % EFFECTS_AT_ONCE]?.logits;
      const fired = state.fired[feature] as number;
      const tokens = Math.max(1, state.tokens);
      yield {
        feature,
        label: labels[feature] ?? { name: '', note: '' },
        nonZero: (fired + (state.belowZero[feature] as number)) / tokens,
        density: fired / tokens,
        maximum: detail.top[0]?.activations[detail.top[0].at] ?? 0,
        tokens,
        histogram: detail.histogram,
        top: detail.top.map(example),
        intervals: detail.intervals.map((interval) => ({ ...interval, examples: interval.examples.map(example) })),
        ...(logits === undefined ? {} : { logits }),
      };
      held.delete(feature);
      await pause();
    }
  }
}

function keptPreviews(dataset: Dataset): Pick<Dataset, 'preview'> {
  const known = new Map<number, Promise<ExamplePreview>>();
  return {
    preview(input) {
      const found = known.get(input) ?? dataset.preview(input);
      known.set(input, found);
      return found;
    },
  };
}

export function counted(features: number): string {
  return `${features.toLocaleString('en-US')} ${features === 1 ? 'feature' : 'features'}`;
}
