/** Whether an attached dictionary belongs to this model, and where: measured at every place that it fits into. */
import { findSites, type FoundSites } from '../../dictionary/attach/sites.js';
import type { AttachedCoder } from '../../dictionary/attach/attached.js';
import { measureSites, type MeasuredSite } from '../../dictionary/attach/measure-sites.js';
import { SPLICE_SWEEPS, spliceLosses, type Spliced } from '../../dictionary/attach/splice-losses.js';
import { totalWidth } from '../../dictionary/coder.js';
import { checkMatrices } from '../../dictionary/non-finite.js';
import { asProblem, CancelledError, problem, ProblemError } from '../../errors.js';
import { createSweeps } from '../../experiment/sweeps.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import type { Experiment } from '../pass.js';
import { NO_ACTIVATIONS, type Finding, type PassResult } from '../result.js';
import { rowWordOf } from './row-word.js';
import { declaredTable, definitionsTable, equationTable, sitesTable, spliceTable } from './tables.js';

const ID = 'dictionary-fit';
/** Two sweeps over all places, then the losses. */
const SWEEPS = 2 + SPLICE_SWEEPS;
/** Values of one forward that are looked at, all together. */
const OBSERVED_BYTES = 256 * 2 ** 20;

export const dictionaryFit: Experiment = {
  id: ID,
  version: 3,
  title: 'Dictionary fit',
  question: 'Does the attached dictionary belong to this model, and where?',
  method:
    'The dictionary reads every floating-point value of its width, as it is, less its mean over the width, and before the gain of a normalisation. FVU = Σ‖x − x̂‖² / Σ‖x − mean‖² over all tokens (or places of pictures) and dims, L0 = mean number of features above 0 (methods B1). The place with the smallest FVU is taken, and its value replaced by the reconstruction, by zeros and by its mean: loss, and KL divergence from the clean output.',
  runsPerInput: SWEEPS,
  applies({ dictionary }) {
    if (dictionary === undefined)
      return { applies: false, reason: 'No dictionary is attached: “Attach Dictionary…” does that.' };
    if (dictionary.state === 'failed')
      return { applies: false, reason: `The dictionary “${dictionary.name}” cannot be used. ${dictionary.reason}` };
    const { reads, writes } = dictionary.attached.coder;
    return reads.places > 1 || writes.places > 1
      ? {
          applies: false,
          reason: `It reads ${reads.places} and writes ${writes.places} places at once: only dictionaries of one place are measured.`,
        }
      : { applies: true };
  },
  examine,
};

async function examine(subject: ExperimentSubject): Promise<PassResult> {
  const { dictionary, engine, threads, signal } = subject;
  if (dictionary === undefined) throw new Error('No dictionary is attached.');
  const { coder } = dictionary;
  await checkMatrices(coder, signal);
  const widths = [...new Set([totalWidth(coder.reads), totalWidth(coder.writes)])];
  const sites = await findSites(subject, widths);
  const count = widths.reduce((all, width) => all + (sites.byWidth.get(width)?.length ?? 0), 0);
  checkFit(dictionary, sites);
  const sweeps = createSweeps(subject, SWEEPS, OBSERVED_BYTES / (4 * Math.max(...widths) * count * tokensOf(subject)));
  const session = await engine.open(await dictionary.model(), { threads });
  try {
    const measured = await measureSites(subject, sweeps, coder, session, sites);
    const [best] = measured;
    if (best === undefined) {
      throw problem(
        'not-applicable',
        'No place of the model changes from one row to the next: nothing can be compared.',
        {
          remedy: 'Choose other inputs with “Choose Inputs…”.',
        },
      );
    }
    const [spliced, why] = await spliceBest(subject, sweeps, dictionary, session, best, sites);
    return await resultOf(subject, dictionary, measured, best, spliced, why);
  } finally {
    await session.release();
  }
}

/** Tokens of an example, about: as many positions as the widest layer has. */
function tokensOf({ layers }: ExperimentSubject): number {
  const most = layers.map(
    ({ shape, units }) => Math.abs(shape.reduce((all, size) => all * size, 1)) / Math.max(1, units),
  );
  return Math.max(1, ...most);
}

/** @throws ProblemError `not-applicable` that says which widths there are. */
function checkFit({ coder, name }: AttachedCoder, { byWidth, widths }: FoundSites): void {
  for (const width of [totalWidth(coder.reads), totalWidth(coder.writes)]) {
    if ((byWidth.get(width)?.length ?? 0) > 0) continue;
    throw problem(
      'not-applicable',
      `“${name}” is for values ${width} wide, and no value of this model is. There are values ${widths.slice(0, 8).join(', ')} wide.`,
      { remedy: 'Attach a dictionary that was trained on this model.' },
    );
  }
}

async function spliceBest(
  subject: ExperimentSubject,
  sweeps: ReturnType<typeof createSweeps>,
  { coder }: AttachedCoder,
  session: Parameters<typeof spliceLosses>[3],
  best: MeasuredSite,
  sites: FoundSites,
): Promise<[Spliced | undefined, string | undefined]> {
  if (!best.writes.isReplaceable)
    return [undefined, 'Nothing is put in its place: the value is part of a normalisation, or not in float32.'];
  try {
    return [await spliceLosses(subject, sweeps, coder, session, best, sites.model), undefined];
  } catch (error) {
    // What was measured stands also where the model has no loss.
    if (error instanceof CancelledError) return [undefined, 'The losses were not measured: it was cancelled before.'];
    if (!(error instanceof ProblemError)) throw error;
    return [undefined, asProblem(error).message];
  }
}

async function resultOf(
  { dataset, onInputs }: ExperimentSubject,
  attached: AttachedCoder,
  measured: readonly MeasuredSite[],
  best: MeasuredSite,
  spliced: Spliced | undefined,
  whyNot: string | undefined,
): Promise<PassResult> {
  const on = await onInputs(dataset.size - dataset.skipped.length);
  const word = await rowWordOf(dataset);
  const { fvu, l0, tokens } = best.fidelity;
  const place = `${best.reads.label}, ${best.reads.variant}`;
  const numbers = `FVU ${fvu.toPrecision(3)}, ${l0.toPrecision(3)} features a ${word}, over ${tokens.toLocaleString('en')} ${word}s ${on}`;
  const findings: Finding[] = [
    fvu > 1
      ? {
          severity: 'error',
          weight: 2,
          sentence: `“${attached.name}” does not belong to this model: where it fits best (${place}), it gives back less than the mean does (${numbers}).`,
          advice:
            'Its features are not shown: they would look like features all the same. Check the model, how its inputs are prepared, and the switches on the dictionary’s own page.',
        }
      : {
          severity: fvu > 0.5 ? 'warning' : 'information',
          weight: 1,
          sentence: `“${attached.name}” fits best at ${place}: ${numbers}.`,
          ...(fvu > 0.5
            ? { advice: 'More than half of the variance is not explained: compare with what its makers state.' }
            : {}),
        },
    ...(whyNot === undefined
      ? []
      : [{ severity: 'information' as const, weight: 0, sentence: `The loss was not measured. ${whyNot}` }]),
    ...(tokens < FEW_TOKENS
      ? [
          {
            severity: 'warning' as const,
            weight: 0.5,
            sentence: `These numbers rest on ${tokens} ${word}s only, ${on}.`,
          },
        ]
      : []),
  ];
  return {
    pass: ID,
    passVersion: dictionaryFit.version,
    answer: fvu > 1 ? `No: at its best place, FVU is ${fvu.toPrecision(3)}.` : `It fits best at ${place}: ${numbers}.`,
    findings,
    ...NO_ACTIVATIONS,
    tables: [
      equationTable(attached),
      sitesTable(measured, attached.coder.kind === 'SAE', word),
      definitionsTable(best, word),
      declaredTable(attached, best, word),
      ...(spliced === undefined ? [] : [spliceTable(spliced)]),
    ],
  };
}

/** Below this, means over tokens say little. */
const FEW_TOKENS = 1000;
