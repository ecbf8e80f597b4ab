/** What is lost without the massive activations and outlier dimensions of a residual stream: methods E, the intervention. */
import { CancelledError, throwIfCancelled, unlessCancelled } from '../../errors.js';
import { chooseLoss } from '../../experiment/loss-measure.js';
import { lossRuns } from '../../experiment/loss-runs.js';
import { createSweeps } from '../../experiment/sweeps.js';
import { prepareForLinearize } from '../../rewrite/linearize/prepare.js';
import { elementCount } from '../../tensor/tensor.js';
import type { Experiment } from '../pass.js';
import { RULE } from '../point-magnitudes.js';
import { isStream, needsTokenStream, residualPoints } from '../residual-points.js';
import { NO_ACTIVATIONS, type PassResult } from '../result.js';
import { findMassive, openPrefix, type Prefix } from './find.js';
import { DRAWS, interventions, openInterventions, type Interventions, type Measured } from './measure.js';
import { MASSIVE_INTERVENTIONS_VERSION, report } from './report.js';

/** The network as it is, what stands in its stream on average, and each intervention. */
const RUNS = 2 + 4 * (1 + DRAWS);
/** Scores of one forward that may be held at once, with their logarithms. */
const SCORE_BYTES = 128 * 2 ** 20;

export const massiveInterventions: Experiment = {
  id: 'massive-interventions',
  version: MASSIVE_INTERVENTIONS_VERSION,
  title: 'Massive activations taken away',
  question: 'How much does the network rely on the largest entries and the outlier dimensions of its residual stream?',
  method:
    `Every input goes through the network as it is; the first point of the residual stream with massive entries (${RULE}, ` +
    'decided input by input) is the place, or, where no entry is massive, the point whose largest |h| is the most times the ' +
    'median, and there the largest entry of each input. These entries are set to 0, and to the mean over all inputs of the ' +
    'found entries in their dimension, and the rest of the network runs on. The same is done with whole outlier dimensions ' +
    '(those that hold the largest |h| or a massive entry on at least half of the inputs) at all tokens, whose mean is over ' +
    `all tokens of all inputs. Beside each stands a control: as many other entries of the same input, or other dimensions, ` +
    `drawn at random with a fixed seed, ${DRAWS} times. Source: “Massive Activations in Large Language Models” (Sun, Chen, ` +
    'Kolter, Liu 2024); the choice of place and the controls are ours.',
  runsPerInput: RUNS,
  applies: needsTokenStream,
  watches: residualPoints,
  async examine(subject) {
    const points = subject.watched.filter((point) => isStream(point) && point.unitAxes.length === 1);
    if (points.length === 0) return nothing('No point of its residual stream has one axis of dimensions.');
    const measure = await chooseLoss(subject);
    throwIfCancelled(subject.signal);
    const { model } = prepareForLinearize(subject.graph.model);
    const sweeps = createSweeps(subject, RUNS, SCORE_BYTES / (4 * elementCount(measure.dims)));
    const runs = lossRuns(subject, sweeps, measure);
    let prefix: Prefix | undefined;
    let changed: Interventions | undefined;
    try {
      const { clean, found } = await findMassive(subject, model, points, { runs, sweeps });
      if (found === undefined) return nothing('Nothing in its residual stream is finite on these inputs.');
      prefix = await openPrefix(subject, model, found.magnitudes.point, sweeps);
      const means = await prefix.means(found.rule);
      changed = await openInterventions(model, found, { prefix, means, runs });
      const wanted = interventions(found);
      const measured: Measured[] = [];
      for (const [at, intervention] of wanted.entries()) {
        sweeps.phase(`Taking away, ${at + 1} of ${wanted.length}`);
        const one = await unlessCancelled(changed.measure(intervention));
        if (one === undefined) break;
        measured.push(one);
      }
      if (measured.length === 0) throw new CancelledError();
      const incomplete =
        measured.length < wanted.length
          ? `Cancelled after ${measured.length} of ${wanted.length} interventions.`
          : undefined;
      return await report({
        subject,
        measure,
        clean,
        found,
        means,
        measured,
        ...(incomplete === undefined ? {} : { incomplete }),
      });
    } finally {
      await changed?.release();
      await prefix?.release();
      await runs.release();
    }
  },
};

function nothing(reason: string): PassResult {
  return {
    pass: massiveInterventions.id,
    passVersion: massiveInterventions.version,
    answer: `Nothing could be taken away. ${reason}`,
    findings: [],
    ...NO_ACTIVATIONS,
  };
}
