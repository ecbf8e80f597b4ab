/** How many neurons could be skipped at each token, and at what loss: measured by networks that skip them. */
import { CancelledError, throwIfCancelled, unlessCancelled } from '../../errors.js';
import { chooseLoss } from '../../experiment/loss-measure.js';
import { lossRuns } from '../../experiment/loss-runs.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import { createSweeps } from '../../experiment/sweeps.js';
import { findRoles } from '../../graph/roles/roles.js';
import { prepareForLinearize } from '../../rewrite/linearize/prepare.js';
import { elementCount } from '../../tensor/tensor.js';
import type { Experiment } from '../pass.js';
import type { PassResult } from '../result.js';
import { needsActivationLayers } from '../units.js';
import { baselines } from './baselines.js';
import { calibrate, type CalibratedLayer } from './calibrate.js';
import { LEAST_POSITIVE, quantileOf, thresholdFor } from './cett.js';
import { maskedLayers, type MaskedLayers } from './masked-layers.js';
import { METHOD, VERSION } from './method.js';
import type { MeasuredPoint } from './examined.js';
import { report } from './report.js';
import { searchTarget, USUAL_STEPS } from './search.js';
import { openSkipping, type Skipped, type Skipping } from './skipping.js';

/** The network as it is, the search, and the lines of other metrics beside it. */
const RUNS = 1 + USUAL_STEPS + 17;
/** Scores of one forward that may be held at once, with their logarithms. */
const SCORE_BYTES = 128 * 2 ** 20;

export const skippableNeurons: Experiment = {
  id: 'skippable-neurons',
  version: VERSION,
  title: 'Skippable neurons',
  question: 'How many neurons could be skipped at each token, and at what loss?',
  method: METHOD,
  runsPerInput: RUNS,
  restsOn: 'allowed-loss-increase',
  applies: needsActivationLayers,
  watches: ({ graph }) =>
    findRoles(graph).mlpBlocks.map(({ down, label }) => ({ value: down.input, label: `${label} neurons` })),
  async examine(subject) {
    const masked = maskedLayers(subject.graph, subject.layers, subject.watched);
    if (masked.layers.length === 0) return nothingToSkip(masked);
    return examineLayers(subject, masked);
  },
};

function nothingToSkip({ leftOut }: MaskedLayers): PassResult {
  const reasons = leftOut.map(({ label, reason }) => `${label}: ${reason}`).join(' ');
  return {
    pass: skippableNeurons.id,
    passVersion: VERSION,
    answer: `Nothing of this model can be skipped site by site. ${reasons}`,
    findings: [],
    layerMetrics: [],
    unitMetrics: [],
    exampleMetrics: [],
    curves: [],
  };
}

async function examineLayers(subject: ExperimentSubject, masked: MaskedLayers): Promise<PassResult> {
  const { layers } = masked;
  const measure = await chooseLoss(subject);
  throwIfCancelled(subject.signal);
  const model = prepareForLinearize(subject.graph.model).model;
  const sweeps = createSweeps(subject, RUNS, SCORE_BYTES / (4 * elementCount(measure.dims)));
  const runs = lossRuns(subject, sweeps, measure);
  const open: Skipping[] = [];
  try {
    const calibration = await calibrate(subject, model, layers, { runs, sweeps });
    const { clean } = calibration;
    const criterion = layers.every(({ block }) => block === undefined) ? 'activation' : 'output';
    const skipping = await openSkipping(subject, model, layers, criterion, runs);
    open.push(skipping);
    const measureAt = (target: number, step: number): Promise<Skipped | undefined> => {
      sweeps.phase(`Searching, step ${step + 1}`);
      return unlessCancelled(skipping.at(calibration.layers.map((layer) => levelFor(layer, target))));
    };
    const search = await searchTarget(measure.kind, clean, measureAt, { budget: subject.allowedLossIncrease });
    if (search === undefined) throw new CancelledError();
    await skipping.release();
    open.pop();

    const points: MeasuredPoint[] = [];
    const wanted = search.isCut ? [] : baselines(calibration.layers);
    let done = 0;
    let now: { readonly criterion: string; readonly skipping: Skipping } | undefined;
    for (const baseline of wanted) {
      sweeps.phase(`Comparing with ${baseline.metric.split(':')[0]}`);
      if (now?.criterion !== baseline.criterion) {
        await open.pop()?.release();
        now = {
          criterion: baseline.criterion,
          skipping: await openSkipping(subject, model, layers, baseline.criterion, runs),
        };
        open.push(now.skipping);
      }
      const skipped = await unlessCancelled(now.skipping.at(baseline.levels));
      if (skipped === undefined) break;
      points.push({ metric: baseline.metric, setting: baseline.setting, skipped });
      done++;
    }
    return await report({
      subject,
      measure,
      masked,
      calibration,
      search,
      points,
      ...(search.isCut
        ? {
            incomplete: `The search was cancelled after ${search.steps.length === 1 ? '1 step' : `${search.steps.length} steps`}, and other metrics were not compared.`,
          }
        : done < wanted.length
          ? {
              incomplete: `Cancelled after ${done} of ${wanted.length} settings of other metrics: the search itself is complete.`,
            }
          : {}),
    });
  } finally {
    for (const each of open) await each.release();
    await runs.release();
  }
}

/** The threshold of a layer: CETT of the target, or (without outgoing weights) a quantile of what it holds. */
function levelFor({ curve, activations }: CalibratedLayer, target: number): number {
  return curve === undefined
    ? Math.max(LEAST_POSITIVE, quantileOf(activations, target))
    : thresholdFor(curve, target).threshold;
}
