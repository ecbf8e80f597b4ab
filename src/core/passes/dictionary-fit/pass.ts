/** Whether an attached dictionary belongs to this model, and where: measured at every place that it fits into. */
import { agreementOf } from '../../dictionary/attach/agreement.js';
import type { AttachedCoder } from '../../dictionary/attach/attached.js';
import { openBestPlace, PLACE_SWEEPS, type BestPlace } from '../../dictionary/attach/best-place.js';
import type { Fidelity } from '../../dictionary/attach/fidelity.js';
import type { MeasuredSite } from '../../dictionary/attach/measure-sites.js';
import { totalWidth } from '../../dictionary/coder.js';
import { fewPlaces } from '../../dictionary/few-places.js';
import { poorFit } from '../../dictionary/poor-fit.js';
import { valueNamed } from '../../dictionary/attach/stated-places.js';
import { SPLICE_SWEEPS, spliceLosses, type Spliced } from '../../dictionary/attach/splice-losses.js';
import { displayText } from '../../display-text.js';
import { asProblem, CancelledError, ProblemError } from '../../errors.js';
import type { ExperimentSubject } from '../../experiment/subject.js';
import type { Experiment } from '../pass.js';
import { NO_ACTIVATIONS, type Finding, type PassResult } from '../result.js';
import { rowWordOf, type RowWord } from './row-word.js';
import { amount } from '../words.js';
import { declaredTable, definitionsTable, equationTable, isNotable, sitesTable, spliceTable } from './tables.js';

const ID = 'dictionary-fit';
/** Two sweeps over all places, then the losses. */
const SWEEPS = PLACE_SWEEPS + SPLICE_SWEEPS;

export const dictionaryFit: Experiment = {
  id: ID,
  version: 8,
  title: 'Dictionary fit',
  question: 'Does the attached dictionary belong to this model, and where?',
  method:
    'The dictionary reads every floating-point value of its width, as it is, less its mean over the width, and before the gain of a normalisation. FVU = Σ‖x − x̂‖² / Σ‖x − mean‖² over all tokens (or places of pictures) and dims, L0 = mean number of features above 0. The place with the smallest FVU is taken, and its value replaced by the reconstruction, by zeros and by its mean: loss, and KL divergence from the clean output.',
  runsPerInput: SWEEPS,
  restsOn: 'dictionary',
  applies({ dictionary }) {
    if (dictionary === undefined)
      return { applies: false, reason: 'No dictionary is attached: “Attach Dictionary…” does that.' };
    if (dictionary.state === 'failed')
      return { applies: false, reason: `The dictionary “${dictionary.name}” cannot be used. ${dictionary.reason}` };
    return { applies: true };
  },
  examine,
};

async function examine(subject: ExperimentSubject): Promise<PassResult> {
  const { dictionary } = subject;
  if (dictionary === undefined) throw new Error('No dictionary is attached.');
  const place = await openBestPlace(subject, dictionary, SPLICE_SWEEPS);
  try {
    const [spliced, why] = await spliceBest(subject, dictionary, place);
    return await resultOf(subject, dictionary, place, spliced, why);
  } finally {
    await place.release();
  }
}

async function spliceBest(
  subject: ExperimentSubject,
  { coder }: AttachedCoder,
  { sweeps, session, best, sites }: BestPlace,
): Promise<[Spliced | undefined, string | undefined]> {
  if (!best.writes.isReplaceable) return [undefined, 'Nothing is put in its place: the value is not in float32.'];
  try {
    return [await spliceLosses(subject, sweeps, coder, session, best, sites.model), undefined];
  } catch (error) {
    // What was measured stands also where the model has no loss.
    if (error instanceof CancelledError) return [undefined, 'The losses were not measured: it was cancelled before.'];
    if (!(error instanceof ProblemError)) throw error;
    return [undefined, asProblem(error).message];
  }
}

/** A dictionary that is read at another place than it was trained on looks right all the same. */
function placeFindings(
  { declared, name }: AttachedCoder,
  best: MeasuredSite,
  stated: MeasuredSite | undefined,
): Finding[] {
  const [site] = declared.sites;
  if (site === undefined || best.fidelity.fvu > 1) return [];
  const named = `“${displayText(site, 100)}”`;
  if (stated === undefined) {
    return [
      {
        severity: 'warning',
        weight: 0.8,
        sentence: `The configuration of “${name}” names ${named}, which is no value or hook of this model that it could read.`,
        advice: 'Make sure that this is the model it was trained on: the smallest FVU alone does not prove it.',
      },
    ];
  }
  const [there, smallest] = [stated.fidelity.fvu, best.fidelity.fvu];
  if (!isNotable(stated, smallest)) return [];
  return [
    {
      severity: 'warning',
      weight: 0.8,
      sentence: `The configuration of “${name}” names ${named}, where FVU is ${amount(there)}; at ${best.reads.label}, ${best.reads.variant}, it is ${amount(smallest)}.`,
      advice:
        'Compare with the FVU that its makers state: one of both places is wrong, or inputs are prepared differently.',
    },
  ];
}

/** A dictionary that is read where it does not belong may still explain much, with another number of features. */
function sparsityFindings(
  { declared: { l0 }, name }: AttachedCoder,
  { fvu, l0: measured }: Fidelity,
  word: RowWord,
): Finding[] {
  if (l0 === undefined || fvu > 1 || agreementOf(l0.value, measured) !== 'far apart') return [];
  return [
    {
      severity: 'warning',
      weight: 0.8,
      sentence: `“${name}” is declared to fire ${amount(l0.value)} features a ${word}, and fires ${amount(measured)} here: more than a factor of two apart. ${l0.because}`,
      advice: 'The place, how inputs are prepared, or the inputs themselves are others than those it was trained on.',
    },
  ];
}

async function resultOf(
  { graph, dataset, onInputs }: ExperimentSubject,
  attached: AttachedCoder,
  { measured, best }: BestPlace,
  spliced: Spliced | undefined,
  whyNot: string | undefined,
): Promise<PassResult> {
  const on = await onInputs(dataset.size - dataset.skipped.length);
  const word = await rowWordOf(dataset, best.reads);
  const { fvu, l0, tokens } = best.fidelity;
  const few = fewPlaces(tokens, { one: word, many: `${word}s` });
  const place = `${best.reads.label}, ${best.reads.variant}`;
  const named = valueNamed(graph, attached.declared.sites, totalWidth(attached.coder.reads))?.value;
  const stated = measured.find(({ reads }) => reads.value === named && reads.variant === 'as it is');
  const poor = poorFit(fvu, attached.coder);
  const numbers = `FVU ${amount(fvu)}, ${amount(l0)} features a ${word}, over ${tokens.toLocaleString('en')} ${word}s ${on}`;
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
          severity: poor === undefined ? 'information' : 'warning',
          weight: 1,
          sentence: `“${attached.name}” fits best at ${place}: ${numbers}.`,
          ...(poor === undefined ? {} : { advice: poor }),
        },
    ...placeFindings(attached, best, stated),
    ...sparsityFindings(attached, best.fidelity, word),
    ...(whyNot === undefined
      ? []
      : [{ severity: 'information' as const, weight: 0, sentence: `The loss was not measured. ${whyNot}` }]),
    ...(few === undefined ? [] : [{ severity: 'warning' as const, weight: 0.5, sentence: few.sentence }]),
  ];
  return {
    pass: ID,
    passVersion: dictionaryFit.version,
    answer: [
      fvu > 1 ? `No: at its best place, FVU is ${amount(fvu)}.` : `It fits best at ${place}: ${numbers}.`,
      ...(few === undefined ? [] : [few.sentence]),
    ].join(' '),
    findings,
    ...NO_ACTIVATIONS,
    tables: [
      equationTable(attached),
      ...[
        sitesTable(measured, attached.coder.kind === 'SAE', word),
        definitionsTable(best, word),
        declaredTable(attached, best, stated, word),
        ...(spliced === undefined ? [] : [spliceTable(spliced)]),
      ].map((table) => (few === undefined ? table : { ...table, title: `${table.title} (${few.short})` })),
    ],
  };
}
