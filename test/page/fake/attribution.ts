/** Answers about attributions: closed forms of the fake's votes, and effects that can be counted. */
import { agreementOf } from '../../../src/core/attribution/agreement.js';
import { CancelledError, problem } from '../../../src/core/errors.js';
import type {
  AttributionMethod,
  AttributionQuestions,
  OutputAttribution,
  PatchedSite,
} from '../../../src/protocol/attribution.js';
import type { Vote } from '../../../src/protocol/linear.js';
import { fakeLinearQuestions } from './linear.js';
import { fakeSystem } from './linear-systems.js';
import type { FakeNetwork } from './network.js';

const STEP_MS = 20;

/** An input that does not lie on any other. */
export const ODD_EXAMPLE = 4;

/** What each method makes of a vote; integrated gradients of few steps miss more, and begin at an output of 0.25. */
function factorOf(method: AttributionMethod): { readonly factor: number; readonly reference: number } {
  switch (method.kind) {
    case 'gradient-input':
      return { factor: 1.5, reference: 0 };
    case 'relevance':
      return { factor: method.patterns === 'frozen' ? 1 : 0.5, reference: 0 };
    case 'integrated-gradients':
      return { factor: 1 - 1 / method.steps, reference: 0.25 };
  }
}

function attributionOf(method: AttributionMethod, vote: Vote): OutputAttribution {
  const { factor, reference } = factorOf(method);
  const scores = vote.votes.map((each) => factor * each);
  const sum = factor * vote.voteSum;
  const biasSum = method.kind === 'integrated-gradients' ? 0 : vote.biasSum;
  return {
    output: vote.output,
    value: vote.value,
    reference,
    scores,
    sum,
    magnitude: factor * vote.voteMagnitude,
    biasSum,
    gap: vote.value - reference - sum - biasSum,
  };
}

const PICTURE_SITES: readonly PatchedSite[] = [
  { value: 'image', label: 'image', role: 'start', parts: { kind: 'grid', rows: 2, columns: 2 }, first: 0, count: 4 },
  { value: 'hidden', label: 'stem.relu', item: '#2', role: 'layer', parts: { kind: 'whole' }, first: 4, count: 1 },
];

const TEXT_SITES: readonly PatchedSite[] = ['embedding', 'block.0.add'].map((label, at) => ({
  value: label,
  label,
  role: at === 0 ? ('start' as const) : ('stream' as const),
  parts: { kind: 'positions' as const, starts: Array.from({ length: 28 }, (_, token) => token), size: 28 },
  first: at * 28,
  count: 28,
}));

export function fakeAttributionQuestions(network: FakeNetwork): AttributionQuestions {
  const linear = fakeLinearQuestions(network);
  return {
    async attribute({ system, outputs, method }, signal, onProgress) {
      const steps = method.kind === 'integrated-gradients' ? 12 : 1;
      for (let step = 0; step < steps; step++) {
        await pause(signal);
        onProgress?.((step + 1) / steps);
      }
      const votes = await linear.linearVotes({ system, outputs });
      return {
        outputs: votes.map((vote) => attributionOf(method, vote)),
        notes: method.kind === 'integrated-gradients' ? [`The baseline is ${method.baseline.kind}.`] : [],
        cut: method.kind === 'relevance' ? [{ label: 'stem.sort', item: '#3', reason: 'Sort has no rule' }] : [],
        inexact: [],
      };
    },
    async patch({ system, corrupt, metric, direction }, signal, onProgress) {
      if (corrupt === ODD_EXAMPLE) {
        throw problem('not-applicable', 'The two inputs do not lie on each other: “image” is 1 × 3 in the clean one.', {
          remedy: 'Choose two inputs of the same size.',
        });
      }
      for (let step = 0; step < 12; step++) {
        await pause(signal);
        onProgress?.((step + 1) / 12);
      }
      const sites = network.kind === 'text' ? TEXT_SITES : PICTURE_SITES;
      const metricOf = (example: number): number => {
        const { values } = fakeSystem(network, { ...system, example }).description.to;
        return (values[metric.output] ?? NaN) - (metric.minus === undefined ? 0 : (values[metric.minus] ?? NaN));
      };
      const [clean, other] = [metricOf(system.example), metricOf(corrupt)];
      const span = clean - other;
      const sign = direction === 'denoise' ? 1 : -1;
      const parts = sites.reduce((sum, { count }) => sum + count, 0);
      // A quarter, two quarters, … of the change between both inputs; the last part is estimated at none.
      const effects = Float64Array.from({ length: parts }, (_, at) => (sign * span * (at + 1)) / 4);
      const estimated = (factor: number): Float64Array =>
        effects.map((effect, at) => (at === parts - 1 ? 0 : factor * effect));
      return {
        clean,
        corrupt: other,
        sites,
        effects,
        ...(span === 0 ? {} : { normalised: effects.map((effect) => effect / span) }),
        estimates: (
          [
            ['corrupt', 1],
            ['clean', 3],
            ['mean', 2],
          ] as const
        ).map(([kind, factor]) => {
          const values = estimated(factor);
          return { kind, effects: values, agreement: agreementOf(effects, values) };
        }),
        cut: [],
        leftOut: [{ label: 'stem.log', reason: 'It is not finite on the clean input.' }],
        notes: [],
      };
    },
  };
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  if (signal?.aborted) throw new CancelledError();
}
