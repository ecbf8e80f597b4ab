/** A made-up dictionary: the features that the fake host tells of, in any number. */
import { CancelledError, problem } from '../../../src/core/errors.js';
import { fewPlaces } from '../../../src/core/dictionary/few-places.js';
import { joinLabels } from '../../../src/core/features/lists/join-labels.js';
import { withLabel } from '../../../src/core/features/labels.js';
import type {
  Excerpt,
  FeatureDetail,
  FeatureLabels,
  FeatureNeighbours,
  FeatureOverview,
} from '../../../src/protocol/features.js';
import type { FeatureListAnswer } from '../../../src/protocol/feature-lists.js';
import type { HostApi } from '../../../src/protocol/page-api.js';
import { noise } from './random.js';
import type { Scenario } from './scenarios.js';

const WORDS = [' the', ' of', '\n', ' dog', ' runs', 'ing', ',', ' cat', ' a', '<b>'];
const TOKENS = 32_768;
const STRIDE = 128;
const STEPS = 10;
/** Places of a picture along each axis. */
const SIDE = 12;

export const ATTACHED = {
  name: 'sae.safetensors',
  equation: [
    { what: 'Encoder', formula: 'h = (x − b_dec) W_enc + b_enc' },
    { what: 'Features', formula: 'f = ReLU(h)' },
    { what: 'Output', formula: 'x̂ = f W_dec + b_dec' },
  ],
};

export function isAttached(scenario: Scenario): boolean {
  return scenario === 'attached' || scenario.startsWith('attached-') || scenario === 'unfit' || scenario === 'variant';
}

/** Features are dead where noise says so; densities spread over four orders of magnitude. */
export function fakeOverview(features: number, fvu = 0.0812, tokens = TOKENS): FeatureOverview {
  const indices = Array.from({ length: features }, (_, feature) => feature);
  const fired = Float64Array.from(indices, (feature) =>
    noise(feature, 1) < 0.12 ? 0 : Math.ceil(tokens * 10 ** (-4 * noise(feature, 2) - 0.2)),
  );
  const all = fired.reduce((sum, count) => sum + count, 0);
  const maximum = Float32Array.from(indices, (feature) => (fired[feature] === 0 ? 0 : 0.5 + 12 * noise(feature, 3)));
  const topToken = Int32Array.from(indices, (feature) =>
    fired[feature] === 0 ? -1 : Math.floor(tokens * noise(feature, 4)),
  );
  const placeWords = { one: 'token', many: 'tokens' };
  const few = fewPlaces(tokens, placeWords, features);
  return {
    dictionary: `SAE (SAELens): ${features} features, 96 wide`,
    reads: '/blocks.0/Add_1_output_0',
    writes: '/blocks.0/Add_1_output_0',
    variant: 'as it is',
    placedBy: 'configuration',
    totals: {
      tokens,
      windows: Math.ceil(tokens / STRIDE),
      l0: all / tokens,
      dead: fired.filter((count) => count === 0).length,
      nonFinite: 0,
    },
    layout: { kind: 'sequence' },
    placeWords,
    fvu,
    fvuWithoutFirst: fvu * 1.1,
    data: '256 texts from corpus.npy',
    synthetic: false,
    warnings: [
      ...(few === undefined ? [] : [few.sentence]),
      ...(fvu > 1 ? [`The dictionary does not fit this value (FVU ${fvu}): its features mean nothing here.`] : []),
    ],
    columns: {
      tokens,
      windows: Math.ceil(tokens / STRIDE),
      density: fired.map((count) => count / tokens),
      mean: Float64Array.from(maximum, (largest) => largest * 0.3),
      maximum,
      share: fired.map((count) => count / Math.max(1, all)),
      topToken,
    },
    decoderNorm: Float32Array.from(indices, (feature) => 0.9 + 0.2 * noise(feature, 5)),
    noSourceTokens: 'It reads “/blocks.0/Add_1_output_0”, which is not the output of attention alone.',
    stride: STRIDE,
    topTokens: Array.from(topToken, (token) => (token < 0 ? '' : (WORDS[token % WORDS.length] ?? ''))),
  };
}

/** The same where a normalisation has not yet multiplied with its gain. */
function beforeGain(overview: FeatureOverview): FeatureOverview {
  const value = '/blocks.1/norm2/LayerNormalization_output_0';
  return { ...overview, reads: value, writes: value, variant: 'before the gain', placedBy: 'fit' };
}

/** The same on the heads of attention. */
function onAttention({ noSourceTokens: _, ...overview }: FeatureOverview): FeatureOverview {
  const value = '/blocks.1/attention/Reshape_3_output_0';
  return { ...overview, reads: value, writes: value };
}

/** The same at places of pictures: the least that differs. */
function onPictures({ topTokens: _, fvuWithoutFirst: __, ...overview }: FeatureOverview): FeatureOverview {
  return {
    ...overview,
    data: '200 images from images/',
    stride: SIDE * SIDE,
    layout: { kind: 'grid', height: SIDE, width: SIDE, axis: 'channels' },
    placeWords: { one: 'place', many: 'places' },
  };
}

function pictureOf(feature: number, rank: number, strongest: number): Excerpt {
  const at = Math.floor(noise(feature, rank) * SIDE * SIDE);
  const [row, column] = [Math.floor(at / SIDE), at % SIDE];
  return {
    input: rank,
    inputName: `picture_${rank}.png`,
    position: at,
    at,
    activations: Float32Array.from({ length: SIDE * SIDE }, (_, place) => {
      const distance = Math.hypot(Math.floor(place / SIDE) - row, (place % SIDE) - column);
      return strongest * Math.max(0, 1 - distance / 3);
    }),
  };
}

function excerptOf(feature: number, rank: number, strongest: number): Excerpt {
  const length = 19;
  const at = 12;
  const next = Int32Array.from({ length }, (_, place) => (place === length - 1 ? -1 : 10 * (place % 10) + 1));
  return {
    input: rank,
    inputName: `corpus.npy row ${rank}`,
    position: 40 + rank,
    at,
    tokens: Array.from(
      { length },
      (_, place) => WORDS[Math.floor(noise(feature, rank, place) * WORDS.length)] ?? ' the',
    ),
    activations: Float32Array.from({ length }, (_, place) =>
      place === at ? strongest : noise(feature, rank, place, 9) < 0.7 ? 0 : strongest * 0.6 * noise(feature, place),
    ),
    followed: {
      tokens: next,
      texts: Array.from(next, (token) => (token < 0 ? '' : (WORDS[(token - 1) / 10] ?? ''))),
      effects: Float32Array.from(next, (token) => (token < 0 ? NaN : 2 - ((token - 1) / 10) * 0.17)),
    },
  };
}

export function fakeDetail({ columns, layout }: FeatureOverview, feature: number): FeatureDetail {
  const example = layout.kind === 'grid' ? pictureOf : excerptOf;
  const strongest = columns.maximum[feature] ?? 0;
  const end = 2 ** Math.ceil(Math.log2(Math.max(strongest, 0.1)));
  const bins = strongest === 0 ? 0 : Math.ceil((strongest / end) * 64);
  const counts = Array.from({ length: bins }, (_, bin) => Math.round(900 * Math.exp(-bin / 12)) + 1);
  const effect = (rank: number, sign: number) => ({
    token: 10 * rank + (sign > 0 ? 1 : 2),
    text: WORDS[rank % WORDS.length] ?? '',
    effect: sign * (2 - rank * 0.17),
  });
  const ranks = Array.from({ length: 10 }, (_, rank) => rank);
  return {
    feature,
    histogram: { edges: Array.from({ length: bins + (bins > 0 ? 1 : 0) }, (_, bin) => (bin * end) / 64), counts },
    top: strongest === 0 ? [] : ranks.map((rank) => example(feature, rank, strongest * (1 - rank * 0.03))),
    intervals:
      strongest === 0
        ? []
        : [3, 2, 1, 0].map((interval) => ({
            from: (interval * strongest) / 4,
            to: ((interval + 1) * strongest) / 4,
            count: 700 - 200 * interval,
            examples: [1, 2].map((rank) => example(feature, 20 + rank, ((interval + 0.5) * strongest) / 4)),
          })),
    logits: {
      histogram: {
        edges: Array.from({ length: 51 }, (_, edge) => -2 + edge * 0.08),
        counts: Array.from({ length: 50 }, (_, bin) => Math.round(40 * Math.exp(-(((bin - 25) / 9) ** 2)))),
      },
      top: ranks.map((rank) => effect(rank, 1)),
      bottom: ranks.map((rank) => effect(rank, -1)),
    },
  };
}

export function fakeNeighbours({ totals, columns }: FeatureOverview, feature: number): FeatureNeighbours {
  const others = Array.from({ length: 10 }, (_, rank) => ({ feature: (feature + 7 * rank + 1) % 2000, rank }));
  const falling = (rank: number): number => 0.9 / (rank + 1);
  const near = others.map(({ feature: other, rank }) => ({ feature: other, cosine: falling(rank) }));
  const aligned = others.map(({ rank }) => ({
    unit: 11 * rank + 3,
    value: falling(rank) * (rank % 2 === 0 ? 1 : -1),
    share: falling(rank) / 10,
  }));
  const density = columns.density[feature] ?? 0;
  const fires = density > 0;
  return {
    feature,
    tokens: totals.tokens,
    fired: Math.round(density * totals.tokens),
    alignment: { reads: aligned, writes: aligned },
    units: fires ? aligned.map(({ unit, value }) => ({ unit, pearson: value, cosine: value / 2 })) : [],
    features: fires ? near.map((each) => ({ ...each, pearson: each.cosine / 2 })) : [],
    nearest: { encoder: near, decoder: near },
    together: fires
      ? others.map(({ feature: other, rank }) => ({
          feature: other,
          jaccard: falling(rank),
          both: 90,
          either: 100 + rank,
        }))
      : [],
    unitWords: { reads: 'dimension', writes: 'dimension' },
    warnings: fires ? [] : ['It fires at none of 16,384 tokens: it goes together with nothing here.'],
  };
}

/** @param text what was typed: numbers of layer 3, of which nothing is known; without: a file of two layers. */
function fakeList(text: string | undefined): FeatureListAnswer {
  const named = (feature: number, name: string) => ({ feature, label: { name, note: '' } });
  if (text !== undefined) {
    const features = text.split(/\D+/).filter(Boolean).map(Number);
    return {
      name: 'what you typed',
      format: 'numbers of features',
      groups: [{ features: features.map((feature) => named(feature, '')) }],
      group: 0,
      notes: [],
    };
  }
  return {
    name: 'dallas-austin.json',
    format: 'a graph of circuit-tracer',
    groups: [
      {
        layer: 0,
        from: 'gemma-2-2b, layer 0',
        features: [named(7, 'ends of sentences'), named(12, 'states'), named(40, 'capital / capital cities')],
      },
      {
        layer: 6,
        from: 'gemma-2-2b, layer 6',
        features: [named(4012, 'Texas')],
        reason: 'It names feature 4,012, but the dictionary has features 0 to 1,999.',
      },
      { layer: 1, from: 'gemma-2-2b, layer 1', features: [named(3, 'say a capital')] },
    ],
    notes: ['2 entries name no feature.'],
  };
}

/** Questions that stop half way, until they are cancelled: a test that cancels need not be fast. */
export const untilCancelled = new Set<string>();

async function steps(
  question: string,
  signal: AbortSignal | undefined,
  onProgress: ((share: number) => void) | undefined,
): Promise<void> {
  for (let step = 1; step <= STEPS; step++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (step > STEPS / 2 && untilCancelled.has(question) && signal?.aborted === false)
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    if (signal?.aborted) throw new CancelledError();
    onProgress?.(step / STEPS);
  }
}

export function fakeFeatureQuestions(
  scenario: Scenario,
  isText: boolean,
): Pick<
  HostApi,
  | 'features'
  | 'gatheredFeatures'
  | 'feature'
  | 'featureNeighbours'
  | 'featureLabels'
  | 'labelFeature'
  | 'takeLabels'
  | 'readFeatureList'
  | 'exportFeatures'
> {
  let known: FeatureOverview | undefined;
  let labels: FeatureLabels = { 7: { name: 'full stops', note: 'mostly at the end of sentences' } };
  return {
    async features({ evenIfUnfit }, signal, onProgress) {
      known = undefined;
      await steps('features', signal, onProgress);
      const unfit = scenario === 'unfit';
      if (unfit && evenIfUnfit !== true) {
        throw problem(
          'unfit-dictionary',
          'At “x” the dictionary explains nothing: its error is 1.61 times the variance.',
          {
            remedy: 'Choose the value that it was trained on.',
          },
        );
      }
      const overview = fakeOverview(
        scenario === 'attached-large' ? 100_000 : 2_000,
        unfit ? 1.61 : undefined,
        scenario === 'attached-few' ? 10 : undefined,
      );
      if (scenario === 'variant') return (known = beforeGain(overview));
      if (scenario === 'attached-attention') return (known = onAttention(overview));
      return (known = isText ? overview : onPictures(overview));
    },
    gatheredFeatures: async () => known,
    featureLabels: async () => labels,
    labelFeature: async ({ feature, label }) => (labels = withLabel(labels, feature, label)),
    async takeLabels({ labels: given, named }) {
      labels = joinLabels(labels, given, named === 'keep-own' ? 'own' : 'listed').labels;
      return labels;
    },
    readFeatureList: async ({ text }) => fakeList(text),
    exportFeatures: async ({ features: wanted }) => ({
      path: '/home/ada/grammar-gpt-features.jsonl',
      sentences: [
        `${wanted?.length ?? 2000} features written as Neuronpedia has them, of model “grammar-gpt” and source “blocks.0”.`,
      ],
    }),
    async feature({ feature }) {
      if (known === undefined) throw problem('not-applicable', 'No features were gathered yet.');
      return fakeDetail(known, feature);
    },
    async featureNeighbours({ feature }, signal, onProgress) {
      if (known === undefined) throw problem('not-applicable', 'No features were gathered yet.');
      await steps('featureNeighbours', signal, onProgress);
      return fakeNeighbours(known, feature);
    },
  };
}
